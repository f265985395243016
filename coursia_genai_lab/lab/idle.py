"""The countdown from the last active holder's leaving to a service's stop."""

from __future__ import annotations

import time
from collections.abc import Callable


class IdleStops:
    """Say when each service that nobody holds is to stop; a sweep stops those that are due.

    A service that a person started and nobody has held yet is theirs to stop. While time is not
    `steady`, nothing stops. `clock` is monotonic seconds.
    """

    def __init__(
        self,
        *,
        idle_seconds: Callable[[str], float],
        stop: Callable[[str], None],
        steady: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._idle_seconds = idle_seconds
        self._stop = stop
        self._steady = steady
        self._clock = clock
        self._used: dict[str, float] = {}
        self._ours: set[str] = set()
        self._due: dict[str, float] = {}

    def used_at(self, name: str) -> float:
        """Return the monotonic time of the last use; 0 when it was never used."""
        return self._used.get(name, 0.0)

    def touch(self, name: str) -> None:
        """Note a use, which puts the stop off."""
        self._used[name] = self._clock()
        if name in self._due:
            self._due[name] = max(self._due[name], self._end(name))

    def claim(self, name: str) -> None:
        """Note a use that makes the service ours to stop."""
        self._ours.add(name)
        self.touch(name)

    def leave(self, name: str) -> None:
        """Let a person's start be theirs to end, until somebody uses the service."""
        self._ours.discard(name)
        self._due.pop(name, None)

    def is_ours(self, name: str) -> bool:
        """Say whether the service is ours to stop."""
        return name in self._ours

    def left(self, name: str) -> float | None:
        """Return the seconds until the stop; None when none is counted."""
        due = self._due.get(name)
        return None if due is None else max(0.0, due - self._clock())

    def count(self, name: str, *, at_once: bool = False) -> None:
        """Count down to the stop of a service that nobody holds; `at_once` stops it now."""
        if at_once:
            self._due.pop(name, None)
            self._stop(name)
        elif name in self._ours:
            self._due[name] = self._end(name)
            if self._due[name] <= self._clock() and self._steady():
                self._ring(name)

    def end_count(self, name: str) -> None:
        """Count no more: it is held, or does not run."""
        self._due.pop(name, None)

    def sweep(self) -> None:
        """Stop what is due."""
        now = self._clock()
        for name in [name for name, due in self._due.items() if due <= now]:
            self._ring(name)

    def close(self) -> None:
        """End every countdown."""
        self._due.clear()

    def _end(self, name: str) -> float:
        return self._used.get(name, 0.0) + self._idle_seconds(name)

    def _ring(self, name: str) -> None:
        del self._due[name]
        self._stop(name)
