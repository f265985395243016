"""The Lab's time, so that an hour can pass in a test without anybody waiting for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None:
        """Let it not happen."""


class Clock:
    """The machine's own clocks, and the event loop's timers."""

    def monotonic(self) -> float:
        """Return seconds that never go back; while a laptop sleeps, Linux does not count them."""
        return time.monotonic()

    def wall(self) -> float:
        """Return Unix time, seconds, as people and other machines see it."""
        return time.time()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        """Call back on the running event loop after some seconds."""
        return asyncio.get_running_loop().call_later(seconds, callback)
