"""Consents in the store; imported on the store's thread only."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from ..consents import MOST_KEPT, Consent
from .insert import insert_once
from .tables import consents


def insert(connection: Connection, consent: Consent) -> None:
    """Keep a consent."""
    row = {
        "person": consent.person,
        "kind": consent.kind,
        "subject": consent.subject,
        "digest": consent.digest,
        "given_at": consent.since,
    }
    insert_once(connection, consents, row)


def remove(connection: Connection, person: str, kind: str, subject: str, digest: str) -> None:
    """Forget a consent."""
    connection.execute(
        delete(consents).where(
            consents.c.person == person,
            consents.c.kind == kind,
            consents.c.subject == subject,
            consents.c.digest == digest,
        )
    )


def newest(connection: Connection) -> list[Consent]:
    """Return the newest consents, oldest first."""
    columns = consents.c
    statement = (
        select(columns.person, columns.kind, columns.subject, columns.digest, columns.given_at)
        .order_by(columns.given_at.desc())
        .limit(MOST_KEPT)
    )
    return [Consent(*row) for row in reversed(connection.execute(statement).all())]
