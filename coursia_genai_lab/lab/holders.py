"""Who keeps which service, how strongly, and when it is let go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from .idle import IdleStops
from .leases import HOLDING, Lease, Leases
from .routing import Routing
from .service import Service
from .timeline_note import Record, TimelineNote

SERVED_BEATS = 2
"""For how many beats of the pulse whoever waited for a service may take to claim it."""


class Holders:
    """Weigh the claims on every service and begin or end its countdown.

    Dormant and suspended claims are shown and keep nothing. `mend` is asked to renew a service
    that nobody holds and that has `drifted` from its spec; it says whether it did.
    """

    def __init__(
        self,
        *,
        leases: Leases,
        idle: IdleStops,
        routing: Routing,
        services: Mapping[str, Service],
        record: Record,
        drifted: Callable[[Service], bool],
        mend: Callable[[Service], bool],
    ) -> None:
        self._leases = leases
        self._idle = idle
        self._routing = routing
        self._services = services
        self._record = record
        self._drifted = drifted
        self._mend = mend
        self._awaited: Counter[str] = Counter()
        self._served: dict[str, int] = {}
        self._held: set[str] = set()
        self._released: set[str] = set()

    def of(self, service: str) -> list[Lease]:
        """Return the claims on a service, also those on what it stands in for."""
        return [
            lease
            for lease in self._leases.standing()
            if any(
                name == service or self._routing.backend(name) == service for name in lease.services
            )
        ]

    def working(self, service: str) -> list[Lease]:
        """Return the claims that keep a service: jobs, pins, and kernels that work."""
        return [lease for lease in self.of(service) if self._leases.strength(lease) in HOLDING]

    def held(self, service: str) -> bool:
        """Say whether anything keeps a service under the mode in force."""
        if self._routing.forbidden(self._services[service].spec):
            # A job that runs is never broken, not even by a change of mode.
            return any(lease.kind == "job" for lease in self.of(service))
        return bool(self._awaited[service] or self.working(service))

    @contextmanager
    def awaited(self, service: str) -> Iterator[None]:
        """Keep a service for as long as somebody waits for its answer."""
        self._idle.claim(service)
        self._awaited[service] += 1
        try:
            yield
        finally:
            # The countdown begins with the next sweep: who waited has yet to claim it.
            self._awaited[service] -= 1
            self._served[service] = SERVED_BEATS
            self._idle.touch(service)

    def just_served(self, service: str) -> bool:
        """Say whether somebody got what they waited for a moment ago, and may yet claim it."""
        return service in self._served

    def changed(self, services: Iterable[str]) -> None:
        """Look anew at the services that a claim names, and at what stands in for them."""
        named = set(services)
        for name in {self._routing.backend(service) for service in named} | named:
            if name in self._services:
                self.reconsider(name)

    def reconsider(self, name: str) -> None:
        """Begin, end or go on with the countdown of one service."""
        cell, held = self._services[name], self.held(name)
        if held:
            self._idle.claim(name)
        if cell.instance is None or cell.instance.external_owner:
            self._held.discard(name)
            self._released.discard(name)
            self._idle.end_count(name)
        elif held:
            self._idle.end_count(name)
            self._note_kept(name)
        elif self._routing.forbidden(cell.spec):
            self._idle.count(name, at_once=True)
        else:
            self._note_released(name)
            if not self._mend(cell):
                self._idle.count(name)

    def sweep(self) -> None:
        """Begin the countdowns that a wait's end left open; mend what could not be until now."""
        self._served = {name: left - 1 for name, left in self._served.items() if left > 1}
        for name, cell in self._services.items():
            running = cell.instance is not None and cell.wanted
            if running and (self._idle.left(name) is None or self._drifted(cell)):
                self.reconsider(name)

    def _note_kept(self, name: str) -> None:
        self._held.add(name)
        if name in self._released:
            self._released.discard(name)
            by = ", ".join(sorted({lease.label for lease in self.working(name)}))
            self._record(TimelineNote(name, "kept", by=by or "a request", reason="In use again."))

    def _note_released(self, name: str) -> None:
        if name not in self._held:
            return
        self._held.discard(name)
        self._released.add(name)
        self._idle.touch(name)
        dormant = ", ".join(sorted({lease.label for lease in self.of(name)}))
        reason = f"Dormant: {dormant}." if dormant else "Nobody holds it any more."
        self._record(TimelineNote(name, "released", by="the Lab", reason=reason))
