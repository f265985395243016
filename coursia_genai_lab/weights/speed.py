"""Bytes a second, over the last seconds: what came before says little of what comes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 10.0
_LEAST_SECONDS = 0.5


class Speed:
    """Hears how many bytes are here, and says how fast they come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def hear(self, done: int) -> None:
        """Note that so many bytes are here now; fewer than before begin anew."""
        now = self._clock()
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[1][0] > WINDOW_SECONDS:
            self._seen.popleft()

    def forget(self) -> None:
        """Begin anew: what comes next is of another kind."""
        self._seen.clear()

    @property
    def bytes_per_second(self) -> float | None:
        """The mean over the window; None while too little is known."""
        if len(self._seen) < 2:
            return None
        (then, before), (_, now) = self._seen[0], self._seen[-1]
        seconds = self._clock() - then
        return (now - before) / seconds if seconds >= _LEAST_SECONDS and now > before else None
