"""Time that passes when told."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from coursia_genai_lab.lab.clock import Clock


class _Call:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class SimulatedClock(Clock):
    """Two clocks that go on with `advance` only, which rings the timers on its way."""

    def __init__(self) -> None:
        self._now = 1_000.0
        self._offset = 1_700_000_000.0
        self._calls: list[tuple[float, int, _Call]] = []
        self._numbers = itertools.count()

    def monotonic(self) -> float:
        """Return the seconds that passed."""
        return self._now

    def wall(self) -> float:
        """Return Unix time."""
        return self._now + self._offset

    def call_later(self, seconds: float, callback: Callable[[], None]) -> _Call:
        """Call back when so much has passed."""
        call = _Call(callback)
        heapq.heappush(self._calls, (self._now + seconds, next(self._numbers), call))
        return call

    def advance(self, seconds: float) -> None:
        """Let time pass, second by second, as a machine that is awake sees it."""
        end = self._now + seconds
        while self._calls and self._calls[0][0] <= end:
            due, _, call = heapq.heappop(self._calls)
            self._now = max(self._now, due)
            if call.callback is not None:
                call.callback()
        self._now = end

    def pause(self, seconds: float) -> None:
        """Let time pass in which nothing of ours ran: a stopped process."""
        self._now += seconds

    def sleep(self, seconds: float) -> None:
        """Let a laptop sleep: the wall's clock goes on, the monotonic one does not."""
        self._offset += seconds
