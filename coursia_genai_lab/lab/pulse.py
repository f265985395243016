"""The Lab's own heartbeat: by it the Lab knows that time went on as usual.

A laptop that slept, a virtual machine that was paused, a process that was stopped and a clock
that somebody set have one thing in common: what the Lab believes of others is older than it
looks. So nothing is released until everybody had one interval to report again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from .clock import Clock, Timer

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
"""Between two looks at leases, countdowns and jobs; what a release may come late by."""
HEARTBEAT_SECONDS = 10.0
"""How long a holder that reports every second or so may keep silent: one full interval."""
JUMP_SECONDS = 5.0
"""A difference between the clocks, or a late beat, beyond this is no ordinary delay."""


class Pulse:
    """Call `on_beat` about once a second, and say whether the last interval was an ordinary one."""

    def __init__(self, clock: Clock, on_beat: Callable[[], None]) -> None:
        self._clock = clock
        self._on_beat = on_beat
        self._timer: Timer | None = None
        self._monotonic = clock.monotonic()
        self._wall = clock.wall()
        self._steady_at = self._monotonic

    def open(self) -> None:
        """Begin to beat. Idempotent."""
        if self._timer is None:
            self._monotonic, self._wall = self._clock.monotonic(), self._clock.wall()
            self._timer = self._clock.call_later(BEAT_SECONDS, self._beat)

    def close(self) -> None:
        """Beat no more. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def steady(self) -> bool:
        """Whether time went on as usual for at least one interval."""
        self._look()
        return self._clock.monotonic() >= self._steady_at

    def disturb(self) -> None:
        """Give everybody one interval to report: what is known of them may be old."""
        self._steady_at = self._clock.monotonic() + HEARTBEAT_SECONDS

    def _look(self) -> None:
        monotonic, wall = self._clock.monotonic(), self._clock.wall()
        passed = monotonic - self._monotonic
        jump = wall - self._wall - passed
        self._monotonic, self._wall = monotonic, wall
        if self._timer is not None and (
            abs(jump) > JUMP_SECONDS or passed > BEAT_SECONDS + JUMP_SECONDS
        ):
            log.info("The clock jumped by %.0f s, or nothing ran for %.0f s", jump, passed)
            self.disturb()

    def _beat(self) -> None:
        self._look()
        self._timer = self._clock.call_later(BEAT_SECONDS, self._beat)
        self._on_beat()
