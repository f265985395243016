"""Pins: a person's wish that a service stays, whoever uses it, until an hour they name."""

from __future__ import annotations

from .leases import Lease, Leases


class Pins:
    """Set and end pins, at most one a service; the later word counts.

    They stand among the leases and end with this Lab; the store sets those with an end again.
    """

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    def of(self, service: str) -> list[Lease]:
        """Return the pins that name a service."""
        standing = self._leases.standing()
        return [lease for lease in standing if lease.kind == "pin" and service in lease.services]

    def until(self, service: str) -> float | None:
        """Return the Unix time until which a service is pinned; None for no such time."""
        ends = [lease.ends_at for lease in self.of(service) if lease.ends_at is not None]
        return max(ends, default=None)

    def set(self, service: str, *, minutes: float | None, by: str) -> Lease:
        """Keep a service for some minutes, None until it is unpinned; it replaces a former pin."""
        former = self.of(service)
        seconds = None if minutes is None else 60 * minutes
        pin = self._leases.take("pin", (service,), label=by, person=by, ends_after_seconds=seconds)
        # Only now, so that no moment lies between in which nobody holds the service.
        for lease in former:
            self._leases.drop(lease.id)
        return pin

    def end(self, service: str) -> None:
        """End the pins that name a service; ending none is no error."""
        for lease in self.of(service):
            self._leases.drop(lease.id)
