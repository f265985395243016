"""Thumbnails in the store; imported on the store's thread only."""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, func, select

from .insert import insert_once
from .tables import generations, thumbnails


def insert(connection: Connection, generation_id: str, data: bytes, *, most: int) -> None:
    """Keep a thumbnail for whoever the record says had the picture made; of theirs the newest
    `most`.

    Nothing is kept where the record does not know the picture, or does not know any more whose it
    was: whoever erases their history is not to find it again in what was under way.
    """
    statement = select(generations.c.person, generations.c.at).where(
        generations.c.id == generation_id, generations.c.person != ""
    )
    # Another server may be erasing it: whoever comes second waits, and then sees the other's work.
    found = connection.execute(statement.with_for_update(read=True)).one_or_none()
    if found is None:
        return
    person, at = found
    row = {"id": generation_id, "at": at, "person": person, "bytes": len(data), "data": data}
    insert_once(connection, thumbnails, row)
    times = select(thumbnails.c.at).where(thumbnails.c.person == person)
    last = times.order_by(thumbnails.c.at.desc()).offset(most).limit(1).scalar_subquery()
    connection.execute(
        delete(thumbnails).where(thumbnails.c.person == person, thumbnails.c.at <= last)
    )


def of_person(connection: Connection, person: str, generation_id: str) -> bytes | None:
    """Return a person's own thumbnail; somebody else's is none."""
    statement = select(thumbnails.c.data).where(
        thumbnails.c.id == generation_id, thumbnails.c.person == person
    )
    data = connection.execute(statement).scalar_one_or_none()
    return None if data is None else bytes(data)


def ids_of(connection: Connection, person: str, most: int) -> list[str]:
    """Return the ids of a person's newest generations that have one, the newest first."""
    statement = select(thumbnails.c.id).where(thumbnails.c.person == person)
    return list(connection.scalars(statement.order_by(thumbnails.c.at.desc()).limit(most)))


def forget(connection: Connection, person: str) -> int:
    """Delete a person's thumbnails; return how many there were.

    To be called after their name has left the generations, for what `insert` does meanwhile.
    """
    return int(connection.execute(delete(thumbnails).where(thumbnails.c.person == person)).rowcount)


def clear(connection: Connection) -> None:
    """Delete all of them."""
    connection.execute(delete(thumbnails))


def prune(connection: Connection, *, days: float, most_bytes: int) -> None:
    """Delete what is older than `days`, what the record knows no more, and all but the newest
    `most_bytes`.
    """
    at = thumbnails.c.at
    connection.execute(delete(thumbnails).where(at < time.time() - days * 86400))
    known = select(generations.c.id).where(
        generations.c.id == thumbnails.c.id, generations.c.person == thumbnails.c.person
    )
    connection.execute(delete(thumbnails).where(~known.correlate(thumbnails).exists()))
    total = func.sum(thumbnails.c.bytes).over(order_by=at.desc(), range_=(None, 0))
    sums = select(at.label("at"), total.label("total")).subquery()
    beyond = select(func.max(sums.c.at)).where(sums.c.total > most_bytes).scalar_subquery()
    connection.execute(delete(thumbnails).where(at <= beyond))
