"""What past starts took, in the store; imported on the store's thread only."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, select

from ..start_history import StageTime
from .insert import insert_once
from .tables import starts

MOST_ROWS = 5000


def insert(connection: Connection, stage: StageTime) -> None:
    """Keep what one stage took."""
    insert_once(connection, starts, asdict(stage))


def newest(connection: Connection) -> list[StageTime]:
    """Return what is kept, oldest first, and forget what is beyond."""
    columns = [column for column in starts.c if column.name != "id"]
    statement = select(*columns).order_by(starts.c.id.desc()).limit(MOST_ROWS)
    rows = connection.execute(statement).mappings().all()
    return [StageTime(**row) for row in reversed(rows)]


def prune(connection: Connection) -> None:
    """Forget all but the newest rows."""
    ids = select(starts.c.id).order_by(starts.c.id.desc()).offset(MOST_ROWS).limit(1)
    last = connection.execute(ids).scalar_one_or_none()
    if last is not None:
        connection.execute(delete(starts).where(starts.c.id <= last))
