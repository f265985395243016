"""The Labs that write into the ledger; imported on the store's thread only."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, select, update

from ..ledger.writer import Writer
from .insert import insert_once
from .tables import writers

_COLUMNS = [writers.c[name] for name in ("id", "machine", "pid", "began", "beat")]


def keep(connection: Connection, writer: Writer) -> None:
    """Make a writer known; one that is known stays as it is."""
    insert_once(connection, writers, asdict(writer))


def beat(connection: Connection, writer: Writer) -> None:
    """Let others see that a writer lives."""
    connection.execute(
        update(writers).where(writers.c.id == writer.id).values(beat=writers.c.beat + 1)
    )


def forget(connection: Connection, writer_id: str) -> None:
    """Forget a writer that has nothing open."""
    connection.execute(delete(writers).where(writers.c.id == writer_id))


def known(connection: Connection) -> list[Writer]:
    """Return every writer."""
    return [Writer(**row) for row in connection.execute(select(*_COLUMNS)).mappings()]
