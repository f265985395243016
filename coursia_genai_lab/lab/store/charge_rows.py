"""The charges of the ledger in the store; imported on the store's thread only."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    bindparam,
    case,
    cast,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

from ...wire.usage import ChargeState
from ..ledger.row import OPEN, ChargeRow, Counted
from . import counter_rows
from .tables import charges

_IS_OPEN = text("state IN ('reserved', 'sent')")
"""As the index has it, word by word: with parameters neither database would use it."""
_COLUMNS = [charges.c[field.name] for field in fields(ChargeRow)]
_ONE = select(*_COLUMNS).where(charges.c.id == bindparam("charge"))
_CHANGE = (
    update(charges)
    .where(charges.c.id == bindparam("charge"), charges.c.state == bindparam("old_state"))
    .values(
        state=bindparam("new_state"),
        pictures=bindparam("new_pictures"),
        gpu_ms=bindparam("new_gpu_ms"),
        microusd=bindparam("new_microusd"),
    )
)


def add(connection: Connection, rows: Sequence[ChargeRow]) -> None:
    """Keep new charges and count them; the ledger must be locked."""
    connection.execute(charges.insert(), [asdict(row) for row in rows])
    counter_rows.add(connection, [(row, row.counted) for row in rows])


def change(connection: Connection, row: ChargeRow, state: ChargeState, counted: Counted) -> bool:
    """Give a charge another state and amount, and count the difference; locked.

    False: it is not in the state that `row` has, and stays as it is.
    """
    values = {
        "charge": row.id,
        "old_state": row.state,
        "new_state": state,
        "new_pictures": counted.pictures,
        "new_gpu_ms": counted.gpu_ms,
        "new_microusd": counted.microusd,
    }
    if connection.execute(_CHANGE, values).rowcount != 1:
        return False
    counter_rows.add(connection, [(row, counted - row.counted)])
    return True


def send(connection: Connection, row: ChargeRow) -> bool:
    """Let a charge that is reserved be sent; False: it is not reserved any more.

    Nothing is counted, so no lock is needed.
    """
    assert row.state == "reserved"
    return change(connection, row, "sent", row.counted)


def end(connection: Connection, before: ChargeRow, row: ChargeRow) -> None:
    """Let the store hold the end of a charge that it should have as it was `before`."""
    counter_rows.lock(connection, lasting=False)
    if not change(connection, before, row.state, row.counted):
        put(connection, row)


def put(connection: Connection, row: ChargeRow, *, only_known: bool = False) -> None:
    """Let the store hold what the Lab that answers for a charge says of it, however often.

    What is settled stays. A charge that the store has lost is kept anew, unless `only_known`.
    """
    counter_rows.lock(connection, lasting=False)
    known = by_id(connection, row.id)
    if known is not None:
        if known.state != "settled" and (known.state, known.counted) != (row.state, row.counted):
            change(connection, known, row.state, row.counted)
    elif not only_known:
        add(connection, [row])


def by_id(connection: Connection, charge: str) -> ChargeRow | None:
    """Return one charge."""
    found = connection.execute(_ONE, {"charge": charge}).mappings().one_or_none()
    return None if found is None else ChargeRow(**found)


def of_job(connection: Connection, job: str) -> list[ChargeRow]:
    """Return the charges of a job, or the one of this id, oldest first."""
    named = or_(charges.c.job == job, charges.c.id == job)
    return _rows(connection, select(*_COLUMNS).where(named).order_by(charges.c.at))


def open_of(connection: Connection, writer: str, most: int) -> list[ChargeRow]:
    """Return charges of a writer that have not ended."""
    statement = select(*_COLUMNS).where(_IS_OPEN, charges.c.writer == writer)
    return _rows(connection, statement.limit(most))


def open_writers(connection: Connection) -> list[str]:
    """Return the writers that have charges open."""
    statement = select(charges.c.writer).where(_IS_OPEN).distinct()
    return list(connection.execute(statement).scalars())


def newest(
    connection: Connection,
    person: str | None,
    *,
    states: Collection[ChargeState] = (),
    since: float = 0.0,
    limit: int,
) -> list[ChargeRow]:
    """Return charges of a person, or for None of everybody, the newest first.

    Those of `states`; without, those that somebody was paid for, and those whose end is to come.
    """
    columns = charges.c
    wanted: ColumnElement[bool]
    if states:
        wanted = columns.state.in_(states)
    else:
        bought = (columns.provider != "") & (columns.state == "settled")
        wanted = or_(bought, columns.state.in_((*OPEN, "unknown")))
    whose = () if person is None else (columns.person == person,)
    statement = select(*_COLUMNS).where(wanted, *whose, columns.at >= since)
    return _rows(connection, statement.order_by(columns.at.desc()).limit(limit))


def oldest(connection: Connection, person: str | None, since: float, limit: int) -> list[ChargeRow]:
    """Return all charges of a person, or of everybody, since a time, the oldest first."""
    whose = () if person is None else (charges.c.person == person,)
    statement = select(*_COLUMNS).where(*whose, charges.c.at >= since)
    return _rows(connection, statement.order_by(charges.c.at, charges.c.id).limit(limit))


def money(connection: Connection, person: str | None, since: float) -> tuple[int, int]:
    """Return the millionths of a dollar that were spent since a time, and how many are unknown."""
    columns = charges.c
    counts = columns.state.in_(("settled", "unknown"))
    whose = () if person is None else (columns.person == person,)
    spent = cast(func.coalesce(func.sum(case((counts, columns.microusd), else_=0)), 0), BigInteger)
    unknown = func.coalesce(func.sum(case((columns.state == "unknown", 1), else_=0)), 0)
    row = connection.execute(select(spent, unknown).where(*whose, columns.at >= since)).one()
    return int(row[0]), int(row[1])


def forget(connection: Connection, person: str) -> int:
    """Take a person's name from the charges; return of how many.

    What has ended becomes sums of an hour, a model and a provider; what has not keeps its row,
    for its end and its price are still to come. The ledger must be locked.
    """
    rows = _rows(connection, select(*_COLUMNS).where(charges.c.person == person))
    sums: dict[ChargeRow, Counted] = defaultdict(Counted)
    for row in rows:
        if row.state == "settled":
            sums[row.anonymous()] += row.counted
    named = charges.c.person == person
    connection.execute(delete(charges).where(named, charges.c.state.in_(("settled", "refunded"))))
    connection.execute(update(charges).where(named).values(person=""))
    for row, counted in sums.items():
        connection.execute(charges.insert(), asdict(row.become("settled", counted).renamed()))
    return len(rows)


def prune(connection: Connection, *, days: float, most: int) -> None:
    """Forget what has ended and is older than `days`, or beyond the newest `most` charges.

    What is open or unknown stays; the counters of what is forgotten stay as well.
    """
    at, ended = charges.c.at, charges.c.state.in_(("settled", "refunded"))
    connection.execute(delete(charges).where(ended, at < time.time() - days * 86400))
    last = connection.execute(select(at).order_by(at.desc()).offset(most).limit(1)).scalar()
    if last is not None:
        connection.execute(delete(charges).where(ended, at <= last))


def _rows(connection: Connection, statement: Any) -> list[ChargeRow]:
    return [ChargeRow(**row) for row in connection.execute(statement).mappings()]
