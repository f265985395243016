"""Whether a provider may be asked now: not while it fails, and then once, to see."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

FAILURES = 5
"""So many in a row, and it is left alone for a while."""
FIRST_SECONDS = 30.0
MOST_SECONDS = 600.0


class Breaker:
    """Count what became of calls to one provider, and say whether it may be asked.

    Closed lets every call through. After `failures` in a row, or at once where the account is at
    fault, it opens for `first_seconds`; then one call may try (half-open). A try that fails opens
    it for twice as long, up to `most_seconds`; one that succeeds closes it.
    """

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        first_seconds: float = FIRST_SECONDS,
        most_seconds: float = MOST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most_failures = failures
        self._first_seconds, self._most_seconds = first_seconds, most_seconds
        self._clock = clock
        self._failures = 0
        self._pause = 0.0
        self._open_until: float | None = None
        self._trying = False

    @property
    def state(self) -> Literal["closed", "open", "half_open"]:
        """Whether calls go through: all, none, or one."""
        if self._open_until is None:
            return "closed"
        return "open" if self.seconds_left > 0 else "half_open"

    @property
    def seconds_left(self) -> float:
        """Seconds until the next call may try; 0 when one may now."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - self._clock())

    def admit(self) -> bool:
        """Say whether a call may be sent; each that may is told of by one of the methods below."""
        state = self.state
        if state == "closed":
            return True
        if state == "open" or self._trying:
            return False
        self._trying = True
        return True

    def succeeded(self) -> None:
        """Note that the provider is well: it answered, with whatever it had to say."""
        self._failures, self._pause = 0, 0.0
        self._open_until, self._trying = None, False

    def failed(self) -> None:
        """Note that it gave no answer, or broke down over one."""
        self._failures += 1
        if self._trying or self._failures >= self._most_failures:
            self._open()

    def refused(self) -> None:
        """Note that it wants nothing to do with the account: more calls would change nothing."""
        self._open()

    def withdrawn(self) -> None:
        """Note that a call was called off before anything was heard; another may try."""
        self._trying = False

    def _open(self) -> None:
        if self.state == "open":
            # A call that was under way when it opened says nothing new.
            return
        self._pause = min(self._most_seconds, self._pause * 2 or self._first_seconds)
        self._open_until = self._clock() + self._pause
        self._trying = False
