"""One connection to a store, for one thread: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from ...errors import StoreError
from .migrate import Schema, known_uuid, migrate
from .place import Place
from .private_file import identity, make_private
from .tables import meta
from .troubles import LOCKED, LOST, REPLACED, USABLE, store_error

BUSY_SECONDS = 2.0
"""How long a locked store is waited for."""
CONNECT_SECONDS = 5
OPENING_TRIES = 20
_POSTGRES_OPTIONS = "-c statement_timeout=10000 -c lock_timeout=5000"


class Database:
    """Open, read, write and check one store; every failure is a StoreError.

    `busy_seconds` bounds the wait for another writer's lock.
    """

    def __init__(self, place: Place, schema: Schema, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.place = place
        self.uuid = ""
        """The store's own name; empty until it was open."""
        self._schema = schema
        self._busy_seconds = busy_seconds
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._writing = False
        self._identity: tuple[int, int] | None = None
        self._data_version = -1

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; it may have been lost meanwhile."""
        return self._connection is not None

    def open(self) -> None:
        """Connect, make or migrate the tables, and look whether the file is sound.

        Raises:
            StoreError: why it cannot be used; nothing stays open, except where it can be read.
        """
        try:
            if self.place.path is not None:
                make_private(self.place.path)
                self._identity = identity(self.place.path)
            self._connect()
            for attempt in range(OPENING_TRIES):
                try:
                    self._prepare()
                    break
                except Exception as error:
                    # Two servers that make one store at one moment meet here; SQLite does not
                    # wait for everybody who switches the journal.
                    code = store_error(error, self.place).error_code
                    if code != LOCKED or attempt == OPENING_TRIES - 1:
                        raise
                    time.sleep(0.05)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like
            trouble = store_error(error, self.place)
            if trouble.error_code not in USABLE or not self.uuid:
                self.close()
            raise trouble from None

    def look(self) -> None:
        """Connect to read what is there; nothing is made or migrated.

        Raises:
            StoreError: it cannot be read, or no Lab of this version has written there.
        """
        try:
            self._connect()
            with self.reading() as connection:
                self.uuid = known_uuid(connection, self._schema)
        except Exception as error:  # noqa: BLE001 - drivers raise what they like
            raise store_error(error, self.place) from None
        if not self.uuid:
            raise StoreError(
                f"No Lab of this version has written to {self.place.shown} yet.",
                "Start JupyterLab once; it brings an older record into the present form.",
            )

    def _connect(self) -> None:
        self._engine = self._new_engine()
        self._connection = self._engine.connect()

    def _prepare(self) -> None:
        if self.place.path is not None and self._pragma("quick_check(1)") != "ok":
            raise _Damaged("malformed")
        with self.reading() as connection:
            self.uuid = known_uuid(connection, self._schema)
        if self.place.path is not None:
            # WAL needs memory that all writers share, which no network file system gives
            # (https://www.sqlite.org/wal.html). The switch writes, so it comes after the reading:
            # what can only be read is then open all the same.
            self._pragma("journal_mode=" + ("DELETE" if self.place.network else "WAL"))
            self._pragma("synchronous=" + ("FULL" if self.place.network else "NORMAL"))
        with self.writing() as connection:
            self.uuid = migrate(connection, self._schema)

    def _pragma(self, words: str) -> Any:
        # Past SQLAlchemy, which would begin a transaction, where the journal cannot be changed.
        assert self._connection is not None
        driver: Any = self._connection.connection.driver_connection
        row = driver.execute("PRAGMA " + words).fetchone()
        return None if row is None else row[0]

    def _new_engine(self) -> Engine:
        path = self.place.path
        # A parameter may be a person's or a notebook's name, which no log is to tell.
        options: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
        if path is None:
            options["connect_args"] = {
                "connect_timeout": CONNECT_SECONDS,
                "options": _POSTGRES_OPTIONS,
                "keepalives_idle": 10,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 15000,
                "application_name": "coursia-genai-lab",
            }
            return create_engine(self.place.url, **options)
        options["connect_args"] = {"timeout": self._busy_seconds}
        engine = create_engine(URL.create("sqlite", database=os.fspath(path)), **options)
        event.listen(engine, "connect", self._set_up_sqlite)
        event.listen(engine, "begin", self._begin_sqlite)
        return engine

    def _set_up_sqlite(self, connection: Any, record: object) -> None:
        # Python's driver would begin transactions by itself, too late and never for DDL.
        connection.isolation_level = None
        # What people have erased must not stay in the file; not every SQLite is built that way.
        connection.execute("PRAGMA secure_delete=ON").close()

    def _begin_sqlite(self, connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if self._writing else "BEGIN")

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are kept together, or not at all."""
        self._writing = True
        try:
            with self._transaction() as connection:
                yield connection
        finally:
            self._writing = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store."""
        with self._transaction() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        if self._connection is None:
            raise StoreError(f"The Lab's record is not open ({self.place.shown}).")
        try:
            if self._connection.in_transaction():
                self._connection.rollback()
            with self._connection.begin():
                yield self._connection
        except Exception as error:
            raise store_error(error, self.place) from error

    def check(self) -> None:
        """See whether the store is still the one that was opened.

        Raises:
            StoreError: `store_lost`, the file was deleted; `store_replaced`, another one bears
                its name; `store_unreachable`, the database is away.
        """
        path = self.place.path
        if path is None:
            with self.reading() as connection:
                connection.exec_driver_sql("SELECT 1")
            return
        # SQLite goes on writing into a file that has no name any more, and says nothing.
        try:
            now = identity(path)
        except OSError as error:
            raise store_error(error, self.place) from None
        if now is None:
            raise StoreError(f"The Lab's record {path} was deleted.", code=LOST)
        if now != self._identity:
            raise StoreError(f"The Lab's record {path} is another one now.", code=REPLACED)

    def probe(self) -> None:
        """Write something that changes nothing.

        Raises:
            StoreError: the store still takes no writes.
        """
        with self.writing() as connection:
            connection.execute(meta.update().values(made_at=meta.c.made_at))

    def changed_by_others(self) -> bool:
        """Say whether another program may have written since the last question."""
        if self.place.path is None:
            return True
        with self.reading():
            version = int(self._pragma("data_version"))
        changed, self._data_version = version != self._data_version, version
        return changed

    def set_aside(self) -> Path | None:
        """Close a damaged file and rename it, never delete it; None: another server has done so.

        Raises:
            StoreError: it cannot be renamed.
        """
        path, damaged = self.place.path, self._identity
        self.close()
        if path is None or damaged is None:
            return None
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{os.getpid()}")
        try:
            # Only the very file that was seen to be damaged: another server may have begun anew.
            if identity(path) != damaged:
                return None
            path.rename(aside)
            for suffix in ("-wal", "-shm", "-journal"):
                beside = path.with_name(path.name + suffix)
                if beside.exists():
                    beside.rename(aside.with_name(aside.name + suffix))
        except OSError as error:
            raise store_error(error, self.place) from None
        return aside

    def close(self) -> None:
        """Let go of the connection; a second call changes nothing."""
        connection, self._connection = self._connection, None
        engine, self._engine = self._engine, None
        try:
            if connection is not None:
                connection.close()
        except Exception:  # noqa: BLE001, S110 - what is broken cannot be closed well either
            pass
        if engine is not None:
            engine.dispose()


class _Damaged(Exception):
    """SQLite's own check found the file malformed."""
