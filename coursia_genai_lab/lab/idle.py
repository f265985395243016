"""The countdown from the last holder's leaving to a service's stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class IdleStops:
    """Stop each unheld service after its idle time, once it has been held.

    A service that a person started and nobody has held yet is theirs to stop. `held` says
    whether anything holds it, `forbidden` whether the mode wants it gone now.
    """

    def __init__(
        self,
        *,
        idle_seconds: Callable[[str], float],
        held: Callable[[str], bool],
        forbidden: Callable[[str], bool],
        stop: Callable[[str], None],
    ) -> None:
        self._idle_seconds = idle_seconds
        self._held = held
        self._forbidden = forbidden
        self._stop = stop
        self._timers: dict[str, tuple[float, asyncio.TimerHandle]] = {}
        self._used: dict[str, float] = {}
        self._known: set[str] = set()

    def used_at(self, name: str) -> float:
        """Return the monotonic time of the last use; 0 when it was never used."""
        return self._used.get(name, 0.0)

    def touch(self, name: str) -> None:
        """Note a use, which puts the stop off."""
        self._used[name] = time.monotonic()

    def claim(self, name: str) -> None:
        """Note that somebody holds or held the service, so that it is ours to stop."""
        self._known.add(name)
        self.touch(name)

    def left(self, name: str) -> float | None:
        """Return the seconds until the stop; None when none is counted."""
        timer = self._timers.get(name)
        return None if timer is None else max(0.0, timer[0] - time.monotonic())

    def reconsider(self, name: str, *, running: bool) -> None:
        """Begin, end or go on with the countdown of one service."""
        old = self._timers.pop(name, None)
        if old is not None:
            old[1].cancel()
        if not running or self._held(name):
            return
        if self._forbidden(name):
            self._count(name, 0.0)
        elif name in self._known:
            end = self._used.get(name, 0.0) + self._idle_seconds(name)
            self._count(name, max(0.0, end - time.monotonic()))

    def close(self) -> None:
        """Cancel every countdown."""
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _count(self, name: str, delay: float) -> None:
        timer = asyncio.get_running_loop().call_later(delay, self._ring, name)
        self._timers[name] = (time.monotonic() + delay, timer)

    def _ring(self, name: str) -> None:
        self._timers.pop(name, None)
        left = self._used.get(name, 0.0) + self._idle_seconds(name) - time.monotonic()
        if left > 0 and not self._forbidden(name):
            self._count(name, left)
            return
        self._known.discard(name)
        self._stop(name)
