"""The counters of the ledger in the store; imported on the store's thread only.

A counter comes into being when the first limit asks for it, as the sum of what the ledger holds
of its window, and follows every charge from then on. Sums would cost more with each picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, cast, delete, func, select, text, update

from ..ledger.counting import Counter, counters_of
from ..ledger.row import BETWEEN, ChargeRow, Counted
from ..ledger.windows import hours
from .tables import charges, counters

_LOCK = 0x6C6564676572
"""Key of PostgreSQL's advisory lock; any number that nobody else takes ("ledger")."""
_LASTING = text("SELECT pg_advisory_xact_lock(:key)")
_PASSING = text("SELECT set_config('synchronous_commit', 'off', true), pg_advisory_xact_lock(:key)")

_ADDITION = (
    update(counters)
    .where(counters.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        pictures=counters.c.pictures + bindparam("more_pictures"),
        gpu_ms=counters.c.gpu_ms + bindparam("more_gpu_ms"),
        microusd=counters.c.microusd + bindparam("more_microusd"),
    )
)
_VALUES = select(counters.c.id, counters.c.pictures, counters.c.gpu_ms, counters.c.microusd).where(
    counters.c.id.in_(bindparam("ids", expanding=True))
)


def lock(connection: Connection, *, lasting: bool = True) -> None:
    """Let nobody else change the ledger until this transaction ends.

    SQLite's writing transaction is such a lock already. In PostgreSQL locks of rows would let
    Labs that share no quota go on side by side, but not see a counter come into being beside a
    charge that belongs into it; one lock makes both databases behave alike.

    Without `lasting` the commit does not wait for PostgreSQL's disk. Should its machine die in
    that moment, a reservation is asked for anew when it is sent, and an end is written anew.
    """
    if connection.dialect.name == "postgresql":
        statement = _LASTING if lasting else _PASSING
        connection.execute(statement, {"key": _LOCK})


def values(
    connection: Connection, asked: Iterable[Counter], *, keep: bool = False
) -> dict[Counter, Counted]:
    """Return what counters stand at; those that do not exist are summed up.

    With `keep` they exist from then on; the ledger must be locked.
    """
    by_id = {one.id: one for one in asked}
    if not by_id:
        return {}
    rows = connection.execute(_VALUES, {"ids": list(by_id)}).all()
    found = {by_id[row[0]]: Counted(*row[1:]) for row in rows}
    missing = {one: _summed(connection, one) for one in by_id.values() if one not in found}
    if missing and keep:
        connection.execute(counters.insert(), [_row(*item) for item in missing.items()])
    return {**found, **missing}


def add(connection: Connection, changes: Iterable[tuple[ChargeRow, Counted]]) -> None:
    """Let the counters that exist follow charges; the ledger must be locked."""
    sums: dict[str, Counted] = defaultdict(Counted)
    for row, more in changes:
        for counter in counters_of(row):
            sums[counter.id] += more
    alike: dict[Counted, list[str]] = defaultdict(list)
    for name, more in sums.items():
        if more:
            alike[more].append(name)
    for more, names in alike.items():
        connection.execute(
            _ADDITION,
            {
                "ids": names,
                "more_pictures": more.pictures,
                "more_gpu_ms": more.gpu_ms,
                "more_microusd": more.microusd,
            },
        )


def prune(connection: Connection, before: str) -> None:
    """Forget the counters of windows that ended before a local hour; a course never ends."""
    for span, length in (("hour", 13), ("day", 10), ("month", 7)):
        past = (counters.c.span == span) & (counters.c.period < before[:length])
        connection.execute(delete(counters).where(past))
    # A week bears the name of its Monday, and may hold an hour a few days later.
    past = (counters.c.span == "week") & (counters.c.period < before[:10])
    connection.execute(delete(counters).where(past))


def _row(counter: Counter, used: Counted) -> dict[str, Any]:
    return {
        "id": counter.id,
        "span": counter.window,
        "period": counter.period,
        "pictures": used.pictures,
        "gpu_ms": used.gpu_ms,
        "microusd": used.microusd,
    }


def _summed(connection: Connection, counter: Counter) -> Counted:
    first, last = hours(counter.window, counter.period)
    columns = charges.c
    which = [columns.local_hour >= first, columns.local_hour <= last]
    if counter.scope == "person":
        which.append(columns.whose == counter.name)
    elif counter.scope == "provider":
        which.append(columns.provider == counter.name)
    elif counter.scope == "group":
        # LIKE takes "A" for "a" in SQLite.
        between = f"{BETWEEN}{counter.name}{BETWEEN}"
        which.append(func.replace(columns.in_groups, between, "") != columns.in_groups)
    sums = [
        cast(func.coalesce(func.sum(column), 0), BigInteger)
        for column in (columns.pictures, columns.gpu_ms, columns.microusd)
    ]
    row = connection.execute(select(*sums).where(*which)).one()
    return Counted(int(row[0]), int(row[1]), int(row[2]))
