"""Notice kernels that ended without a word: nobody tells a provisioner of every death.

Jupyter drops a kernel that died too often, or whose auto-restart is off, without any clean-up
call (jupyter_client 8.10, `MultiKernelManager.remove_kernel`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from jupyter_core.utils import ensure_async

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 4.0
"""Longer than the 3 s in which Jupyter's own restarter notices a death."""
STRIKES = 2
"""How often in turn a kernel must be found dead: between death and auto-restart it is, too."""


class KernelWatch:
    """Look at the followed kernels now and then; tell about those that are gone.

    `kernels` is Jupyter's mapping kernel manager; without one nothing is watched.
    """

    def __init__(
        self,
        kernels: Any,
        gone: Callable[[str], Awaitable[None]],
        *,
        interval_seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self._kernels = kernels
        self._gone = gone
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
                if await self._alive(kernel_id):
                    self._strikes[kernel_id] = 0
                elif kernel_id in self._strikes:
                    self._strikes[kernel_id] += 1
                    if self._strikes[kernel_id] >= STRIKES:
                        self.forget(kernel_id)
                        await self._gone(kernel_id)

    async def _alive(self, kernel_id: str) -> bool:
        try:
            if kernel_id not in self._kernels:
                return False
            return bool(await ensure_async(self._kernels.get_kernel(kernel_id).is_alive()))
        except Exception:
            # Managers of other packages raise what they like; a doubt keeps the lease.
            log.exception("Whether kernel %s lives could not be learnt", kernel_id)
            return True
