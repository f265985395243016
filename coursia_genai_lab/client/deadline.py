"""The end of a caller's time, asked at every step of a call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ..errors import GenerationTimedOut
from .lean_httpx import httpx

T = TypeVar("T")


class Deadline:
    """Begins now and ends after `seconds`; None never ends. `clock` is monotonic seconds."""

    def __init__(
        self, seconds: float | None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._ends = None if seconds is None else clock() + seconds

    @property
    def left(self) -> float | None:
        """The seconds that are left, 0 at the least; None: no limit."""
        return None if self._ends is None else max(0.0, self._ends - self._clock())

    def check(self) -> None:
        """Raise GenerationTimedOut once the time is used up."""
        if self.left == 0:
            raise self.passed()

    def passed(self) -> GenerationTimedOut:
        """Return the error that says so."""
        return GenerationTimedOut(f"There was no picture within {self._seconds:g} seconds.")

    def blames(self, error: httpx.HTTPError) -> bool:
        """Say whether a request failed for the deadline's sake, and not for the server's."""
        return isinstance(error, httpx.TimeoutException) and self.left == 0

    async def within(self, step: Coroutine[Any, Any, T]) -> T:
        """Return what a step returns; cancel it when the time is used up.

        Raises:
            GenerationTimedOut: it was.
        """
        if self._ends is None:
            return await step
        task = asyncio.ensure_future(step)
        try:
            # Not wait_for: before Python 3.12 it may lose a cancellation.
            await asyncio.wait({task}, timeout=self.left)
            if task.done():
                return task.result()
            raise self.passed()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
