"""What makes images where nobody publishes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..catalog.spec import ServiceSpec
from .base import Report

Log = Callable[[str], None]


@dataclass(frozen=True)
class BuildOrder:
    """What is to be built: the image of this service's [container], as its [build] says."""

    spec: ServiceSpec
    base: str = ""
    """Base image in place of the one that the build context names; empty: that one."""
    no_cache: bool = False
    """Whether steps are done again that an earlier build has done."""


class Builder(Protocol):
    """Make images on one engine."""

    async def build(self, order: BuildOrder, report: Report, log: Log) -> None:
        """Return once the image bears its name; `log` gets each line of output.

        Both are called on the event loop. On any failure, cancellation included, nothing that
        this call made is left behind.

        Raises:
            ServiceError, ConfigurationError: why there is none, with the remedy.
        """

    async def close(self) -> None:
        """Let go of clients and threads."""
