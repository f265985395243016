"""How long a start will take, learned from past starts of the same thing on this host."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..wire.services import LabEvent
from .start_history import Stage, StageTime, StartHistory

LAST = 7
"""Starts that count: enough to forget one that was disturbed, few enough to learn."""
RATE_AFTER_SECONDS = 3.0
"""A pull tells its own speed once it has run this long."""

Bytes = tuple["int | None", "int | None"]
"""Fetched so far, and in all, where it is known."""
_STAGES: tuple[Stage, ...] = ("pulling", "building", "starting")


@dataclass
class _Start:
    """A start under way; times are monotonic seconds."""

    began: float
    stage: Stage
    stage_began: float
    spent: dict[Stage, float] = field(default_factory=dict)
    fetched: int | None = None

    def turn(self, stage: Stage, now: float) -> None:
        """End the present stage and begin another."""
        self.spent[self.stage] = self.in_stage(self.stage, now)
        self.stage, self.stage_began = stage, now

    def in_stage(self, stage: Stage, now: float) -> float:
        """Return the seconds spent in a stage so far; a stage may be left and come back."""
        running = now - self.stage_began if stage == self.stage else 0.0
        return self.spent.get(stage, 0.0) + running


class Estimates:
    """Watch starts, and say what they are expected to take in all.

    `fingerprint` names what a service runs: a start of something else proves nothing. `fetched`
    says how far a pull is. `expected` fits the Lab's seam.
    """

    def __init__(
        self,
        history: StartHistory,
        *,
        fingerprint: Callable[[str], str],
        fetched: Callable[[str], Bytes] = lambda service: (None, None),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._history = history
        self._fingerprint = fingerprint
        self._fetched = fetched
        self._clock = clock
        self._starts: dict[str, _Start] = {}

    def see(self, event: LabEvent) -> None:
        """Follow a change of a service."""
        if event.service is None:
            return
        now = self._clock()
        start = self._starts.get(event.service)
        stage = next((stage for stage in _STAGES if stage == event.state), None)
        if stage is None:
            ended = self._starts.pop(event.service, None)
            if ended is not None and event.state == "ready":
                self._learn(event.service, ended, now)
        elif start is None:
            self._starts[event.service] = _Start(began=now, stage=stage, stage_began=now)
        else:
            if start.stage != stage:
                start.turn(stage, now)
            if stage == "pulling":
                start.fetched = self._fetched(event.service)[0] or start.fetched

    def expected(self, service: str) -> float | None:
        """Return the seconds that the present, or the next, start takes in all; None: unknown."""
        fingerprint = self._fingerprint(service)
        boot = self._usual(self._of_this_temperature(service, fingerprint))
        start, now = self._starts.get(service), self._clock()
        if start is None:
            return boot
        other = sum(start.in_stage(one, now) for one in _STAGES if one != "starting")
        if start.stage == "starting":
            return None if boot is None else other + boot
        left = self._left_of(start, service, fingerprint, now)
        if left is None:
            return None
        return other + left + max(boot or 0.0, start.in_stage("starting", now))

    def _left_of(self, start: _Start, service: str, fingerprint: str, now: float) -> float | None:
        """Return the seconds left of a pull, by bytes, or of a build, by past ones."""
        spent = start.in_stage(start.stage, now)
        if start.stage == "pulling":
            done, total = self._fetched(service)
            rate = self._rate(done, spent)
            if done is not None and total and rate:
                return max(0.0, (total - done) / rate)
        usual = self._usual(self._history.of(start.stage, service, fingerprint))
        return None if usual is None else max(0.0, usual - spent)

    def _rate(self, done: int | None, seconds: float) -> float | None:
        """Return bytes a second: of this pull once it has run for a while, else of past ones."""
        if done and seconds >= RATE_AFTER_SECONDS:
            return done / seconds
        past = [
            one.bytes / one.seconds
            for one in self._history.of("pulling")[-LAST:]
            if one.bytes and one.seconds > 0
        ]
        return _median(past) if past else None

    def _of_this_temperature(self, service: str, fingerprint: str) -> Sequence[StageTime]:
        """Return past boots of the service that were as warm as the present one will be.

        The first start after the host booted reads everything from the disk.
        """
        known = self._history.of("starting", service, fingerprint)
        seen: set[str] = set()
        cold: list[StageTime] = []
        warm: list[StageTime] = []
        for one in known:
            (warm if one.boot in seen else cold).append(one)
            seen.add(one.boot)
        alike = warm if self._history.boot in seen else cold
        return alike or known

    def _usual(self, known: Sequence[StageTime]) -> float | None:
        return _median([one.seconds for one in known[-LAST:]]) if known else None

    def _learn(self, service: str, start: _Start, now: float) -> None:
        start.turn(start.stage, now)
        fingerprint = self._fingerprint(service)
        for stage, seconds in start.spent.items():
            fetched = start.fetched if stage == "pulling" else None
            self._history.add(service, fingerprint, stage, seconds, fetched)


def _median(values: Sequence[float]) -> float:
    # Here, because the library loads fractions and decimals at every start of a server.
    from statistics import median

    return median(values)
