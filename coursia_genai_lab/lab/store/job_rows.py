"""What past jobs took, in the store; imported on the store's thread only."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import Connection, delete, select

from ..job_history import JobTime
from .insert import insert_once
from .tables import jobs

MOST_ROWS = 2000


def insert(connection: Connection, one: JobTime) -> None:
    """Keep what some jobs took."""
    insert_once(connection, jobs, asdict(one))


def newest(connection: Connection) -> list[JobTime]:
    """Return what is kept, oldest first."""
    columns = [column for column in jobs.c if column.name != "id"]
    statement = select(*columns).order_by(jobs.c.id.desc()).limit(MOST_ROWS)
    rows = connection.execute(statement).mappings().all()
    return [JobTime(**row) for row in reversed(rows)]


def prune(connection: Connection) -> None:
    """Forget all but the newest rows."""
    ids = select(jobs.c.id).order_by(jobs.c.id.desc()).offset(MOST_ROWS).limit(1)
    last = connection.execute(ids).scalar_one_or_none()
    if last is not None:
        connection.execute(delete(jobs).where(jobs.c.id <= last))
