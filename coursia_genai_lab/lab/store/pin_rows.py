"""Pins in the store; imported on the store's thread only."""

from __future__ import annotations

import time
from dataclasses import asdict

from sqlalchemy import Connection, delete, select

from ..kept_pins import KeptPin
from .insert import insert_or_replace
from .tables import pins


def put(connection: Connection, place: str, pin: KeptPin) -> None:
    """Keep a pin in place of a former one of the same service."""
    insert_or_replace(connection, pins, {"place": place, **asdict(pin)}, key=("place", "service"))


def remove(connection: Connection, place: str, service: str) -> None:
    """Forget a pin."""
    mine = (pins.c.place == place) & (pins.c.service == service)
    connection.execute(delete(pins).where(mine))


def standing(connection: Connection, place: str) -> list[KeptPin]:
    """Return the pins of a place that have not ended."""
    columns = (pins.c.service, pins.c.person, pins.c.since, pins.c.ends_at)
    mine = (pins.c.place == place) & (pins.c.ends_at > time.time())
    return [KeptPin(*row) for row in connection.execute(select(*columns).where(mine))]
