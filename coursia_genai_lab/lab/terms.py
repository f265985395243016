"""How long things may last: idle services, a kernel's work, a job without progress."""

from __future__ import annotations

from ..catalog.load import Catalog
from ..config import LabSettings
from .leases import Lease

LEAST_ACTIVE_SECONDS = 60.0
"""A kernel's claim stays active at least so long after its last work, also where idle time is 0:
a service must not bounce between two cells."""


class Terms:
    """The service files' own terms, else the operator's; seconds."""

    def __init__(self, catalog: Catalog, settings: LabSettings) -> None:
        self._catalog = catalog
        self._settings = settings

    def idle_seconds(self, service: str) -> float:
        """Return how long a service stays once nobody works with it."""
        minutes = self._catalog[service].idle_minutes
        return 60 * (self._settings.idle_minutes if minutes is None else minutes)

    def active_seconds(self, lease: Lease) -> float:
        """Return how long a kernel's claim is active after its last work."""
        known = [self.idle_seconds(name) for name in lease.services if name in self._catalog]
        return max([LEAST_ACTIVE_SECONDS, *known])

    def job_seconds(self, lease: Lease) -> float | None:
        """Return how long a job may show no progress; None for no limit."""
        specs = [self._catalog[name] for name in lease.services if name in self._catalog]
        limits = [s.no_progress_seconds for s in specs if s.no_progress_seconds is not None]
        return min(limits, default=None)
