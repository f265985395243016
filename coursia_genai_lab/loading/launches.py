"""Kernels that start while the parts of the Lab are built: they wait for them, bounded."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from ..launch.kernels import Kernel, KernelHook, KernelsInHand, are_elsewhere
from .built_once import BuiltOnce

if TYPE_CHECKING:
    from ..wire.problems import Problem

log = logging.getLogger(__name__)

WAIT_SECONDS = 30.0
"""The longest that a kernel's start waits for the parts; a quarter of a second is usual."""
CLOSE_SECONDS = 2.0
"""How long closing waits for launches in hand to pass, as the launcher does."""


class HasLauncher(Protocol):
    """What is built, as far as kernels are concerned."""

    @property
    def launcher(self) -> KernelHook:
        """What knows what kernels get."""


T = TypeVar("T", bound=HasLauncher)


class AwaitedLauncher(Generic[T]):
    """Stand where the provisioner asks, and hand everything on to the launcher once it is there.

    `kernels` is Jupyter's kernel manager; `in_hand` is the one that the launcher will use. The
    thread that makes this is the one whose kernels wait: those of other threads, as of nbconvert,
    start at once and unchanged.
    """

    def __init__(self, built: BuiltOnce[T], *, kernels: Any, in_hand: KernelsInHand) -> None:
        self._built = built
        self._kernels = kernels
        self._in_hand = in_hand
        self._thread = threading.get_ident()
        self.missed = 0
        """Kernels that began without GenAI because the parts were not there in time."""
        self.problems: list[Problem] = []
        """What is to be shown in the panel then."""

    @property
    def kernels_are_elsewhere(self) -> bool:
        """Whether a gateway runs the kernels, far from our addresses."""
        return are_elsewhere(self._kernels)

    def warn(self, problem: Problem, /) -> None:
        """Show a problem in the panel, once there is one."""
        if self._launcher is None:
            self.problems.append(problem)
        else:
            self._launcher.warn(problem)

    def clear_keys(self, environment: MutableMapping[str, str]) -> None:
        """Take what no kernel gets out of an environment."""
        # Where keys are kept from every kernel the launcher is there from the beginning.
        if self._launcher is not None:
            self._launcher.clear_keys(environment)

    async def before(self, kernel: Kernel) -> Mapping[str, str | None]:
        """Return what the launcher gives; nothing where it cannot be built in time."""
        if threading.get_ident() != self._thread:
            return {}
        self._in_hand.begin(kernel.id)
        built = await self._built.within(WAIT_SECONDS)
        if built is not None:
            return await built.launcher.before(kernel)
        self.missed += 1
        log.warning("GenAI is not loaded; kernel %s starts without it", kernel.id)
        return {}

    async def started(self, kernel_id: str) -> None:
        """Note that a kernel runs."""
        if self._launcher is not None:
            await self._launcher.started(kernel_id)
        elif threading.get_ident() == self._thread:
            self._in_hand.started(kernel_id)

    async def ended(self, kernel_id: str, *, restart: bool) -> None:
        """Note that a kernel has ended."""
        if self._launcher is not None:
            await self._launcher.ended(kernel_id, restart=restart)
        elif threading.get_ident() == self._thread:
            self._in_hand.ended(kernel_id)

    async def close(self) -> None:
        """Let the launches pass that no launcher was built for, so that the server can stop."""
        await self._in_hand.passed(CLOSE_SECONDS)

    @property
    def _launcher(self) -> KernelHook | None:
        return None if self._built.value is None else self._built.value.launcher
