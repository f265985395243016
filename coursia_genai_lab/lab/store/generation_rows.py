"""Generations in the store; imported on the store's thread only."""

from __future__ import annotations

import time
from dataclasses import asdict, fields

from sqlalchemy import Connection, case, delete, func, select, update

from ..generation import KeptGeneration
from .insert import insert_once
from .tables import generations

_COLUMNS = [generations.c[field.name] for field in fields(KeptGeneration)]


def insert(connection: Connection, row: KeptGeneration) -> None:
    """Keep a row; one with the same id stays as it is."""
    insert_once(connection, generations, asdict(row))


def newest(connection: Connection, limit: int) -> list[KeptGeneration]:
    """Return the newest rows, oldest first."""
    statement = select(*_COLUMNS).order_by(generations.c.at.desc()).limit(limit)
    rows = connection.execute(statement).mappings().all()
    return [KeptGeneration(**row) for row in reversed(rows)]


def by_id(connection: Connection, generation_id: str) -> KeptGeneration | None:
    """Return one row."""
    statement = select(*_COLUMNS).where(generations.c.id == generation_id)
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else KeptGeneration(**row)


def sums_of(
    connection: Connection, person: str | None, since: float
) -> list[tuple[str, int, float, int]]:
    """Return service, pictures, seconds and failures of what a person, or everybody, had made."""
    columns = generations.c
    whose = () if person is None else (columns.person == person,)
    failed = func.sum(case((columns.outcome == "failed", 1), else_=0))
    statement = (
        select(columns.service, func.sum(columns.pictures), func.sum(columns.seconds), failed)
        .where(*whose, columns.at >= since)
        .group_by(columns.service)
        .order_by(columns.service)
    )
    rows = connection.execute(statement).all()
    return [(name, int(made), float(worked), int(bad)) for name, made, worked, bad in rows]


def oldest(
    connection: Connection, person: str | None, since: float, limit: int
) -> list[KeptGeneration]:
    """Return the rows of a person, or of everybody, since a time, the oldest first."""
    whose = () if person is None else (generations.c.person == person,)
    statement = select(*_COLUMNS).where(*whose, generations.c.at >= since)
    rows = connection.execute(statement.order_by(generations.c.at, generations.c.id).limit(limit))
    return [KeptGeneration(**row) for row in rows.mappings()]


def forget(connection: Connection, person: str) -> int:
    """Take a person's name and words from the rows; return of how many."""
    statement = (
        update(generations)
        .where(generations.c.person == person)
        .values(person="", prompt=None, prompt_hash="", facts="")
    )
    return int(connection.execute(statement).rowcount)


def prune(connection: Connection, *, days: float, most: int) -> None:
    """Forget what is older than `days`, and all but the newest `most` rows."""
    at = generations.c.at
    connection.execute(delete(generations).where(at < time.time() - days * 86400))
    last = connection.execute(select(at).order_by(at.desc()).offset(most).limit(1)).scalar()
    if last is not None:
        connection.execute(delete(generations).where(at <= last))
