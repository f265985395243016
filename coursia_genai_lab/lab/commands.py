"""Wishes that people, notebooks and requests have: each is checked, noted and set."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ..errors import Conflict, NotFound
from ..wire.policy import Mode
from .holders import Holders
from .idle import IdleStops
from .kept_entry import SOMEBODY
from .pins import Pins
from .room import make_room
from .routing import Routing
from .service import Service
from .timeline_note import Record, TimelineNote

log = logging.getLogger(__name__)


class Commands:
    """Set wishes on services, or on what stands in for them."""

    def __init__(
        self,
        *,
        services: Mapping[str, Service],
        routing: Routing,
        holders: Holders,
        pins: Pins,
        idle: IdleStops,
        record: Record,
        most: int,
    ) -> None:
        self._services = services
        self._routing = routing
        self._holders = holders
        self._pins = pins
        self._idle = idle
        self._record = record
        self._most = most

    def cell(self, name: str) -> Service:
        """Return a service's state; NotFound when the catalogue has no such name."""
        try:
            return self._services[name]
        except KeyError:
            known = ", ".join(sorted(self._services)) or "none: the Lab is closed"
            raise NotFound(f"There is no service {name!r}.", f"Known: {known}.") from None

    def backing(self, name: str, mode: Mode | None = None) -> Service:
        """Return the state of what answers for a service."""
        return self.cell(self._routing.backend(self.cell(name).spec.name, mode))

    def start(self, service: str, *, by: str, mode: Mode | None = None) -> None:
        """Want a service to run; the errors are those of `Lab.start`."""
        cell = self.backing(service, mode)
        if cell.spec.kind == "cloud":
            raise Conflict(
                f"{cell.spec.title} is not run here; it is asked when a notebook calls it.",
                "There is nothing to start: name one of its models in a call.",
            )
        self._routing.refuse(cell.spec, mode)
        if cell.meant_to_run:
            cell.rouse()
            return
        name = cell.spec.name
        make_room(
            cell,
            self._services.values(),
            most=self._most,
            held=self._holders.held,
            used_at=self._idle.used_at,
        )
        if not self._holders.of(name) and not self._holders.held(name):
            self._idle.leave(name)
        self._record(TimelineNote(name, "asked", by=by))
        cell.wish(True, by=by)
        cell.rouse()

    def stop(self, service: str, *, by: str, force: bool) -> None:
        """Want a service not to run; the errors are those of `Lab.stop`."""
        cell = self.backing(service)
        self._refuse_others(cell)
        self._refuse_in_use(cell, by=by, force=force)
        if force:
            # A pin that stayed would be a wish against this one, which came later.
            self._pins.end(service)
            self._pins.end(cell.spec.name)
        log.info("%s: stop asked by %s", cell.spec.name, by)
        cell.wish(False, by=by, reason="Asked to stop.")

    def restart(self, service: str, *, by: str, force: bool) -> None:
        """Want a service to run anew; the errors are those of `Lab.stop` and `Lab.start`."""
        cell = self.backing(service)
        if cell.instance is None and not cell.meant_to_run:
            self.start(service, by=by)
            return
        self._routing.refuse(cell.spec)
        self._refuse_others(cell)
        self._refuse_in_use(cell, by=by, force=force)
        cell.wish_again(by=by, reason="Asked to start anew.")

    def pin(self, service: str, *, minutes: float | None, by: str) -> None:
        """Want a service to run and to stay; the errors are those of `Lab.start`."""
        self.start(service, by=by)
        self._pins.set(service, minutes=minutes, by=by)
        length = "until it is unpinned" if minutes is None else f"for {minutes:g} minutes"
        self._record(TimelineNote(service, "kept", by=by, reason=f"Pinned {length}."))

    def unpin(self, service: str, *, by: str) -> None:
        """End a pin, if there is one."""
        name = self.cell(service).spec.name
        if self._pins.of(name):
            log.info("%s: unpinned by %s", name, by)
            self._pins.end(name)

    def _refuse_others(self, cell: Service) -> None:
        if cell.instance is not None and cell.instance.external_owner:
            raise Conflict(
                f"{cell.spec.title} is run by {cell.instance.external_owner}, not by this Lab.",
                "Ask whoever runs it.",
            )

    def _refuse_in_use(self, cell: Service, *, by: str, force: bool) -> None:
        working = self._holders.working(cell.spec.name)
        if working and not force:
            labels = {one.label if one.person == by else SOMEBODY for one in working}
            names = ", ".join(sorted(labels))
            raise Conflict(
                f"{cell.spec.title} is in use by {names}.",
                "Shut those kernels down first, or stop it with force.",
                code="in_use",
            )
