"""Prometheus metrics on Jupyter's `/metrics`: set when something changes, never at a scrape."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from ..wire.services import LabEvent
from .timeline_note import TimelineNote

PREFIX = "coursia_genai"
START_SECONDS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800)
"""A demo is there in a second; a large model that is pulled and loaded takes half an hour."""


class _Families:
    """The metrics of this process; several Labs in one process add up in them."""

    def __init__(self) -> None:
        self.services = Gauge(f"{PREFIX}_services", "Services by state.", ["state"])
        self.starts = Counter(f"{PREFIX}_starts", "Starts that were begun.", ["service"])
        self.failures = Counter(
            f"{PREFIX}_failures", "Starts and services that failed, by code.", ["service", "code"]
        )
        self.start_seconds = Histogram(
            f"{PREFIX}_start_seconds",
            "Seconds from the wish to the first answer.",
            ["service"],
            buckets=START_SECONDS,
        )
        self.leases = Gauge(
            f"{PREFIX}_leases", "Claims on services by kind and strength.", ["kind", "strength"]
        )
        self.holds = Gauge(
            f"{PREFIX}_holds", "Requests that wait at a door while their service starts."
        )
        self.charges = Counter(f"{PREFIX}_charges", "Charges by how they ended.", ["state"])
        self.spent = Counter(
            f"{PREFIX}_spent_dollars",
            "US dollars that providers charged, or may have charged.",
            ["provider"],
        )


@cache
def families() -> _Families:
    """Return the metrics, defined at the first call: a process can define each name once."""
    return _Families()


@contextmanager
def held() -> Iterator[None]:
    """Count a request that waits at a door, for as long as the block runs."""
    gauge = families().holds
    gauge.inc()
    try:
        yield
    finally:
        gauge.dec()


class LabMetrics:
    """Tell one Lab's changes to the metrics of its process."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}
        self._leases: Counts[tuple[str, str]] = Counts()

    def see(self, event: LabEvent) -> None:
        """Count a service in its new state."""
        if event.service is None or event.state is None:
            return
        before = self._states.get(event.service)
        if before == event.state:
            return
        services = families().services
        if before is not None:
            services.labels(before).dec()
        services.labels(event.state).inc()
        self._states[event.service] = event.state

    def begin(self, states: Iterable[tuple[str, str]]) -> None:
        """Count services, by name and state, that have not changed yet."""
        services = families().services
        for name, state in states:
            if name not in self._states:
                services.labels(state).inc()
                self._states[name] = state

    def note(self, note: TimelineNote) -> None:
        """Count a start, its seconds, or a failure."""
        if note.event == "started":
            families().starts.labels(note.service).inc()
        elif note.event == "ready" and note.seconds is not None:
            families().start_seconds.labels(note.service).observe(note.seconds)
        elif note.event == "failed":
            families().failures.labels(note.service, note.code or "unknown").inc()

    def count_leases(self, leases: Iterable[tuple[str, str]]) -> None:
        """Count the claims that stand, by kind and strength."""
        now = Counts(leases)
        for key in now.keys() | self._leases.keys():
            families().leases.labels(*key).inc(now[key] - self._leases[key])
        self._leases = now

    def close(self) -> None:
        """Count nothing of this Lab any more; what happened stays counted."""
        for state in self._states.values():
            families().services.labels(state).dec()
        self._states.clear()
        self.count_leases(())
