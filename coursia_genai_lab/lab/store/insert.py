"""Insert a row once, however often it is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row; one with the same key stays as it is."""
    connection.execute(_insert(connection, table).values(dict(row)).on_conflict_do_nothing())


def insert_or_replace(
    connection: Connection, table: Table, row: Mapping[str, Any], *, key: Sequence[str]
) -> None:
    """Insert a row, or give the one with the same `key` the new values."""
    rest = {name: value for name, value in row.items() if name not in key}
    statement = _insert(connection, table).values(dict(row))
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=rest))


def _insert(connection: Connection, table: Table) -> Any:
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
