"""Pins that outlast the server: those with an end are claimed again by the next one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .leases import Leases
from .pins import Pins
from .store.kept_text import kept_text
from .store.part import Write
from .store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True)
class KeptPin:
    """A person's wish that a service stays until a time; Unix time, seconds."""

    service: str
    person: str
    since: float
    ends_at: float


class KeptPins:
    """Follow the pins among the leases, and set those of an earlier server again, once.

    Setting one again starts nothing: it keeps a service that was adopted, or that somebody
    starts. `place` names this server among those that share a store. `known` says whether there
    is such a service.
    """

    def __init__(self, store: Store, place: str, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._place = kept_text(place)
        self._clock = clock
        self._kept: dict[str, KeptPin] = {}
        self._restored = False
        self._leases: Leases | None = None
        self._pins: Pins | None = None
        self._known: Callable[[str], bool] = lambda service: False
        store.carry(self)

    def attend(self, leases: Leases, pins: Pins, *, known: Callable[[str], bool]) -> None:
        """Begin to follow these leases."""
        self._leases, self._pins, self._known = leases, pins, known

    def compare(self) -> None:
        """Keep what was pinned and forget what was unpinned since the last call."""
        if self._leases is None or not self._restored:
            return
        now = {
            service: KeptPin(service, kept_text(lease.person), lease.since, lease.ends_at)
            for lease in self._leases.standing()
            if lease.kind == "pin" and lease.ends_at is not None
            for service in lease.services
        }
        for pin in now.values():
            if self._kept.get(pin.service) != pin:
                self._store.write(_putting(self._place, pin))
        for service in self._kept.keys() - now.keys():
            self._store.write(_removal(self._place, service))
        self._kept = now

    # -- what the store asks -------------------------------------------------------------------

    def load(self, connection: Connection) -> list[KeptPin]:
        """Read the pins of this place that have not ended."""
        from .store.pin_rows import standing

        return standing(connection, self._place)

    def adopt(self, loaded: list[KeptPin]) -> None:
        """Set the pins of an earlier server again, once: later ones are this server's own."""
        if self._restored or self._pins is None:
            return
        self._kept = {pin.service: pin for pin in loaded}
        for pin in loaded:
            minutes = (pin.ends_at - self._clock()) / 60
            if minutes > 0 and self._known(pin.service) and not self._pins.of(pin.service):
                self._pins.set(pin.service, minutes=minutes, by=pin.person)
        self._restored = True
        self.compare()

    def rewrite(self) -> Sequence[Write]:
        """Return what puts every pin into a new store."""
        return [_putting(self._place, pin) for pin in list(self._kept.values())]


def _putting(place: str, pin: KeptPin) -> Write:
    def write(connection: Connection) -> None:
        from .store.pin_rows import put

        put(connection, place, pin)

    return write


def _removal(place: str, service: str) -> Write:
    def write(connection: Connection) -> None:
        from .store.pin_rows import remove

        remove(connection, place, service)

    return write
