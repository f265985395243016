"""Look at the kernels that hold a lease: whether they live and work, about once a second.

It is their heartbeat. Nobody tells a provisioner of every death: Jupyter drops a kernel that died
too often, or whose auto-restart is off, without any clean-up call (jupyter_client 8.10,
`MultiKernelManager.remove_kernel`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from jupyter_core.utils import ensure_async

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
STRIKES = 2
"""How often in turn a kernel must be found dead; so its lease ends within 5 s."""
STRIKES_BEFORE_RESTART = 4
"""The same where Jupyter is about to start it again, which it notices within 3 s, or where it is
about to enter it in its table."""

Beat = Callable[[str, bool], None]
"""Called with a kernel's id and whether it works, as long as it lives."""


def _nobody(kernel_id: str, busy: bool) -> None:
    """Tell nobody."""


class KernelWatch:
    """Look at the followed kernels; pass on their heartbeat, and tell about those that are gone.

    `kernels` is Jupyter's mapping kernel manager, which hears what each kernel says of its state;
    without one nothing is watched.
    """

    def __init__(
        self,
        kernels: Any,
        gone: Callable[[str], Awaitable[None]],
        *,
        beat: Beat = _nobody,
        interval_seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self._kernels = kernels
        self._gone = gone
        self._beat = beat
        self._interval = interval_seconds
        self._strikes: dict[str, int] = {}
        self._task: asyncio.Task[None] | None = None

    def follow(self, kernel_id: str) -> None:
        """Begin to watch a kernel."""
        if self._kernels is None:
            return
        self._strikes[kernel_id] = 0
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(), name="genai-kernel-watch")

    def forget(self, kernel_id: str) -> None:
        """Watch a kernel no longer."""
        self._strikes.pop(kernel_id, None)

    async def close(self) -> None:
        """Stop watching."""
        self._strikes.clear()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _look(self) -> None:
        while self._strikes:
            await asyncio.sleep(self._interval)
            for kernel_id in list(self._strikes):
                await self._look_at(kernel_id)

    async def _look_at(self, kernel_id: str) -> None:
        alive, busy, strikes = await self._state(kernel_id)
        if kernel_id not in self._strikes:
            return
        if alive:
            self._strikes[kernel_id] = 0
            self._beat(kernel_id, busy)
            return
        self._strikes[kernel_id] += 1
        if self._strikes[kernel_id] >= strikes:
            self.forget(kernel_id)
            await self._gone(kernel_id)

    async def _state(self, kernel_id: str) -> tuple[bool, bool, int]:
        """Return whether a kernel lives, if it works, and the strikes after which it is gone."""
        try:
            if kernel_id not in self._kernels:
                return False, False, STRIKES_BEFORE_RESTART
            kernel = self._kernels.get_kernel(kernel_id)
            comes_back = bool(getattr(kernel, "autorestart", False))
            alive = bool(await ensure_async(kernel.is_alive()))
            busy = getattr(kernel, "execution_state", None) == "busy"
            return alive, busy, STRIKES_BEFORE_RESTART if comes_back else STRIKES
        except Exception:
            # Managers of other packages raise what they like; a doubt keeps the lease.
            log.exception("Whether kernel %s lives could not be learnt", kernel_id)
            return True, False, STRIKES
