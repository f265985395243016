"""How many starts calls may cause: who hops between services has everybody wait for loading."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from ..errors import TooManyRequests

PERIOD_SECONDS = 60.0
MOST_OF_ONE = 60
"""Starts that the calls of one person may cause a minute. Where services are stopped as soon as
they are idle, each call of a notebook is one."""
MOST_IN_ALL = 240


class StartCap:
    """Count the starts of the last minute. `clock` is monotonic seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._starts: deque[tuple[float, str]] = deque(maxlen=MOST_IN_ALL)

    def count(self, person: str) -> None:
        """Count a start that a person's call is about to cause.

        Raises:
            TooManyRequests: the person, or all together, caused as many as they may.
        """
        now = self._clock()
        while self._starts and now - self._starts[0][0] >= PERIOD_SECONDS:
            self._starts.popleft()
        mine = [at for at, who in self._starts if who == person]
        full = len(self._starts) >= MOST_IN_ALL
        if len(mine) >= MOST_OF_ONE or full:
            refused = TooManyRequests(
                f"Services were started {len(mine)} times for you in the last minute.",
                "Stay with one service, or wait a minute: each start keeps others waiting.",
                code="too_many_starts",
            )
            oldest = self._starts[0][0] if full else mine[0]
            refused.retry_after = max(1.0, PERIOD_SECONDS - (now - oldest))
            raise refused
        self._starts.append((now, person))
