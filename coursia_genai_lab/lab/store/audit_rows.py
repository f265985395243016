"""Deeds in the store; imported on the store's thread only."""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, select

from ...wire.audit import AuditEntry
from .insert import insert_once
from .tables import audit

_FIELDS = ("at", "person", "deed", "subject", "detail")


def insert(connection: Connection, writer: str, seq: int, entry: AuditEntry) -> None:
    """Keep a deed."""
    row = {name: getattr(entry, name) for name in _FIELDS}
    insert_once(connection, audit, {"writer": writer, "seq": seq, **row})


def newest(
    connection: Connection, *, deed: str | None, person: str | None, limit: int
) -> list[AuditEntry]:
    """Return the newest deeds, newest first."""
    statement = select(*(audit.c[name] for name in _FIELDS)).order_by(audit.c.id.desc())
    if deed is not None:
        statement = statement.where(audit.c.deed == deed)
    if person is not None:
        statement = statement.where(audit.c.person == person)
    rows = connection.execute(statement.limit(limit)).mappings()
    return [AuditEntry(**row) for row in rows]


def prune(connection: Connection, *, days: float) -> None:
    """Forget what is older than `days`; the store itself refuses to forget what is younger than
    two years.
    """
    connection.execute(delete(audit).where(audit.c.at < time.time() - days * 86400))
