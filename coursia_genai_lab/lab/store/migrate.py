"""Bring a store to the present shape: numbered SQL files, in order, under one lock."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from sqlalchemy import Connection, inspect, select, text

from ...errors import StoreError
from .tables import meta

Schema = Literal["durable", "host"]
_LOCK = 0x636F7572736961
"""Key of PostgreSQL's advisory lock; any number that nobody else takes ("coursia")."""
_ID = {
    "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}


@dataclass(frozen=True)
class Migration:
    """One numbered step."""

    number: int
    statements: tuple[str, ...]


def migrations(schema: Schema, dialect: str) -> list[Migration]:
    """Return the steps of a schema in order, in the words of one dialect."""
    found = []
    for file in (files(__package__) / "migrations" / schema).iterdir():
        words = file.name.split(".")
        # 0004_audit.sqlite.sql is for one dialect alone: triggers are written differently.
        if words[-1] == "sql" and words[1] in ("sql", dialect):
            sql = file.read_text(encoding="utf-8").replace("$ID", _ID[dialect])
            parts = tuple(part.strip() for part in sql.split(";\n") if part.strip())
            found.append(Migration(int(file.name.partition("_")[0]), parts))
    return sorted(found, key=lambda step: step.number)


def present_version(connection: Connection) -> int:
    """Return the number of the last step that was taken; 0: none."""
    if not inspect(connection).has_table(meta.name):
        return 0
    return int(connection.execute(select(meta.c.version)).scalar_one())


def known_uuid(connection: Connection, schema: Schema) -> str:
    """Return the UUID of a store in the present shape; empty: it has yet to be migrated.

    Raises:
        StoreError: a newer version of this program made the store; it is left as it is.
    """
    latest = migrations(schema, connection.dialect.name)[-1].number
    version = present_version(connection)
    if version > latest:
        raise StoreError(
            f"A newer version of this program made the Lab's record (its form is {version}, "
            f"known here is {latest}); it is left as it is.",
            "Use that version again, or set GenAILab.store_url to another place.",
            code="store_newer",
        )
    if version < latest:
        return ""
    return str(connection.execute(select(meta.c.uuid)).scalar_one())


def migrate(connection: Connection, schema: Schema) -> str:
    """Take the steps that are missing, within the caller's transaction; return the store's UUID.

    Raises:
        StoreError: as `known_uuid`.
    """
    if connection.dialect.name == "postgresql":
        # SQLite's writing transaction is a lock already.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    if uuid_ := known_uuid(connection, schema):
        return uuid_
    version = present_version(connection)
    steps = migrations(schema, connection.dialect.name)
    for step in steps[version:]:
        for statement in step.statements:
            connection.exec_driver_sql(statement)
        if step.number == 1:
            made = {"uuid": str(uuid.uuid4()), "version": 1, "made_at": time.time()}
            connection.execute(meta.insert().values(made))
    connection.execute(meta.update().values(version=steps[-1].number))
    return str(connection.execute(select(meta.c.uuid)).scalar_one())
