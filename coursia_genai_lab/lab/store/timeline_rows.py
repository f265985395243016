"""Timeline entries in the store; imported on the store's thread only."""

from __future__ import annotations

import time
from dataclasses import asdict

from sqlalchemy import Connection, delete, func, select

from ..kept_entry import KeptEntry, Stored
from .insert import insert_once
from .tables import timeline

_FIELDS = ("writer", "seq", "at", "service", "event", "cause", "person", "reason", "code")
_COLUMNS = [timeline.c.id, *(timeline.c[name] for name in (*_FIELDS, "seconds"))]


def insert(connection: Connection, entry: KeptEntry) -> None:
    """Insert an entry; the store gives it its id."""
    row = asdict(entry)
    del row["id"]
    insert_once(connection, timeline, row)


def newest(
    connection: Connection, writer: str, *, service: str | None, before: int | None, limit: int
) -> Stored:
    """Return at most `limit` entries, newest first, and how far `writer`'s entries came."""
    statement = select(*_COLUMNS).order_by(timeline.c.id.desc()).limit(limit)
    if service is not None:
        statement = statement.where(timeline.c.service == service)
    if before is not None:
        statement = statement.where(timeline.c.id < before)
    entries = [KeptEntry(**row) for row in connection.execute(statement).mappings()]
    last = connection.execute(select(func.max(timeline.c.id))).scalar()
    mine = select(func.max(timeline.c.seq)).where(timeline.c.writer == writer)
    return Stored(entries, last_id=last or 0, last_seq=connection.execute(mine).scalar() or 0)


def prune(connection: Connection, *, days: float, most: int) -> None:
    """Forget what is older than `days`, and all but the newest `most` entries."""
    connection.execute(delete(timeline).where(timeline.c.at < time.time() - days * 86400))
    ids = select(timeline.c.id).order_by(timeline.c.id.desc()).offset(most).limit(1)
    last = connection.execute(ids).scalar_one_or_none()
    if last is not None:
        connection.execute(delete(timeline).where(timeline.c.id <= last))
