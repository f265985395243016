"""What a service needs of its Lab to come up, and to keep its GPU memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..runtimes.base import Instance, Report, Runtime, StartOrder

if TYPE_CHECKING:
    from .service import Service


@dataclass(frozen=True)
class Means:
    """Asked for anew at each start."""

    runtime: Runtime
    order: StartOrder


class Launcher(Protocol):
    """Who lets a runtime start a service, at its time."""

    async def launch(self, runtime: Runtime, order: StartOrder, report: Report) -> Instance:
        """Start it; the errors are the runtime's, and why it cannot have what it needs."""

    async def reclaim(self, service: Service, report: Report) -> None:
        """Return when a service that rests may work again."""


class AtOnce:
    """Start everything at once."""

    async def launch(self, runtime: Runtime, order: StartOrder, report: Report) -> Instance:
        """Start it."""
        return await runtime.start(order, report)

    async def reclaim(self, service: Service, report: Report) -> None:
        """Let it work."""
