"""What a picture takes on this host: in memory, and in the host's own store."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .store.part import Write
from .store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_REMEMBERED = 2000
PRUNE_EVERY = 500
LAST = 100
"""Jobs of a service that count: enough for a class, few enough to follow a change."""
SAME_SECONDS = 0.3
"""Ends that lie no further apart were seen in one look at a queue: one time for all of them."""


@dataclass(frozen=True)
class JobTime:
    """What some jobs of a service took that were done one after the other."""

    writer: str
    seq: int
    at: float
    """Unix time, seconds."""
    service: str
    fingerprint: str
    seconds: float
    """For all of them."""
    jobs: int = 1


@dataclass
class _Batch:
    """Jobs whose ends were seen together; times are monotonic seconds."""

    began: float
    ended: float
    jobs: int = 1

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class JobHistory:
    """Remember how long an engine works for a job, the time in its queue left out.

    Engines work on one job after the other: one that waited began when the one before it ended.
    `fingerprint` names what a service runs: the times of something else prove nothing.
    """

    def __init__(self, store: Store, *, fingerprint: Callable[[str], str]) -> None:
        self._store = store
        self._fingerprint = fingerprint
        self._writer = uuid.uuid4().hex
        self._seq = 0
        self._times: deque[JobTime] = deque(maxlen=MOST_REMEMBERED)
        self._latest: dict[str, _Batch] = {}
        store.carry(self)

    def ended(self, service: str, began: float, ended: float) -> None:
        """Note the end of a job that a service was given at `began`; monotonic seconds."""
        last = self._latest.get(service)
        if last is not None and ended - last.ended <= SAME_SECONDS:
            last.jobs += 1
            return
        if last is not None:
            self._keep(service, last)
            began = max(began, last.ended)
        self._latest[service] = _Batch(began, ended)

    def usual(self, service: str) -> tuple[float | None, int]:
        """Return the median seconds of a job, and how many it rests on; (None, 0) for none."""
        fingerprint = self._fingerprint(service)
        known = [
            (one.seconds, one.jobs)
            for one in self._times
            if (one.service, one.fingerprint) == (service, fingerprint)
        ]
        last = self._latest.get(service)
        return usual([*known, (last.seconds, last.jobs)] if last else known)

    def flush(self) -> None:
        """Keep also the last jobs, to which another might have been added."""
        for service, batch in self._latest.items():
            self._keep(service, batch)
        self._latest.clear()

    def _keep(self, service: str, batch: _Batch) -> None:
        self._seq += 1
        kept = JobTime(
            writer=self._writer,
            seq=self._seq,
            at=time.time(),
            service=service,
            fingerprint=self._fingerprint(service),
            seconds=batch.seconds,
            jobs=batch.jobs,
        )
        self._times.append(kept)
        self._store.write(_insertion(kept))
        if self._seq % PRUNE_EVERY == 1:
            self._store.write(_pruning())

    # -- what the store asks -------------------------------------------------------------------

    def load(self, connection: Connection) -> list[JobTime]:
        """Read what is kept."""
        from .store.job_rows import newest

        return newest(connection)

    def adopt(self, loaded: list[JobTime]) -> None:
        """Take over what other servers of this host learned."""
        self._times = deque(loaded, maxlen=MOST_REMEMBERED)

    def rewrite(self) -> Sequence[Write]:
        """Return what puts everything into a new store."""
        return [_insertion(one) for one in list(self._times)]


def usual(times: Sequence[tuple[float, int]]) -> tuple[float | None, int]:
    """Return the median of the newest jobs and their number; times are seconds and jobs."""
    from statistics import median

    single = [seconds / jobs for seconds, jobs in times for _ in range(jobs)][-LAST:]
    return (median(single), len(single)) if single else (None, 0)


def _insertion(one: JobTime) -> Write:
    def write(connection: Connection) -> None:
        from .store.job_rows import insert

        insert(connection, one)

    return write


def _pruning() -> Write:
    def write(connection: Connection) -> None:
        from .store.job_rows import prune

        prune(connection)

    return write
