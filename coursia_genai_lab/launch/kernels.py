"""What is known of kernels around their start, before anything else of the Lab is loaded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..wire.problems import Problem

LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Kernel:
    """The facts of a kernel that its provisioner knows."""

    id: str
    environment: Mapping[str, str] | None
    """The launch's own environment; None when it takes the server's."""
    kernelspec_environment: Mapping[str, str]


class KernelHook(Protocol):
    """What the provisioner tells of kernels, and asks for them. Nothing of it raises."""

    @property
    def kernels_are_elsewhere(self) -> bool:
        """Whether kernels run far from our addresses."""

    def warn(self, problem: Problem, /) -> None:
        """Show a problem in the panel."""

    def clear_keys(self, environment: MutableMapping[str, str]) -> None:
        """Take what no kernel gets out of an environment."""

    async def before(self, kernel: Kernel) -> Mapping[str, str | None]:
        """Return the variables of a kernel that is about to start; None takes one away."""

    async def started(self, kernel_id: str) -> None:
        """Note that a kernel runs."""

    async def ended(self, kernel_id: str, *, restart: bool) -> None:
        """Note that a kernel has ended, for good or to start again."""


class KernelsInHand:
    """Follow each kernel from the beginning of its launch until Jupyter's table has it.

    `kernels` is Jupyter's kernel manager; None: there is no table.
    """

    def __init__(self, kernels: Any = None) -> None:
        self._kernels = kernels
        self._launching: set[str] = set()
        self._entering: set[str] = set()
        """Kernels that run, and that Jupyter enters in its table within moments."""

    def begin(self, kernel_id: str) -> None:
        """Note that a kernel is about to start."""
        self._launching.add(kernel_id)

    def started(self, kernel_id: str) -> None:
        """Note that it runs."""
        self._launching.discard(kernel_id)
        self._entering = {one for one in {*self._entering, kernel_id} if not self._entered(one)}

    def ended(self, kernel_id: str) -> None:
        """Note that it has ended, or never began."""
        self._launching.discard(kernel_id)
        self._entering.discard(kernel_id)

    async def passed(self, seconds: float) -> None:
        """Return when every kernel in hand is in Jupyter's table, or the time is up."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._all_passed(), seconds)

    async def _all_passed(self) -> None:
        # Jupyter cannot stop while a kernel runs that its table does not have yet: it answers
        # 404 to itself and gives up. Its table tells nobody of a change, so we look.
        while self._launching or not all(map(self._entered, self._entering)):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)

    def _entered(self, kernel_id: str) -> bool:
        return self._kernels is None or kernel_id in self._kernels


def are_elsewhere(kernels: Any) -> bool:
    """Say whether a gateway runs the kernels (`--gateway-url`), far from our addresses."""
    classes = type(kernels).__mro__
    return any(one.__module__.startswith("jupyter_server.gateway") for one in classes)
