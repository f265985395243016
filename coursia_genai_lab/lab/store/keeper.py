"""Keep one store open through everything that can happen to it; runs on the store's thread."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import GenAIError, StoreError
from ...wire.problems import Problem
from .part import Part, Write
from .place import Place
from .troubles import BROKEN, CORRUPT, FULL, LOCKED, LOST, REPLACED, store_error

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .database import Database
    from .migrate import Schema

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

FILE_CHECK_SECONDS = 4.0
SERVER_CHECK_SECONDS = 15.0
"""Hundreds of servers may share one database, so it is asked less often than a file."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0)
MOST_SET_ASIDE = 3
"""Damaged files in one life of a server, then the disk itself is at fault."""

Loaded = Callable[[int, Sequence[tuple[Part, Any]]], None]


class Keeper:
    """Own the database: open it, mend what can be mended, and say what cannot.

    `loaded` gets what the parts read; `told` is called when the notes have changed.
    """

    def __init__(
        self,
        locate: Callable[[], Place],
        schema: Schema,
        parts: Sequence[Part],
        *,
        loaded: Loaded,
        told: Callable[[], None],
        busy_seconds: float | None,
        check_seconds: float | None,
    ) -> None:
        self.trouble: StoreError | None = None
        self.uuid = ""
        self.shown = "not opened yet"
        self.stale = True
        """Whether the parts must be read again, whoever wrote."""
        self._locate = locate
        self._schema = schema
        self._parts = parts
        self._report_loaded = loaded
        self._told = told
        self._busy_seconds = busy_seconds
        self._check_seconds = check_seconds
        self._database: Database | None = None
        self._notices: dict[str, Problem] = {}
        self._looked = False
        self._tries = 0
        self._set_aside = 0
        self._due = 0.0

    @property
    def seconds_left(self) -> float:
        """Seconds until the store is to be looked at again."""
        return self._due - time.monotonic()

    def notes(self) -> list[Problem]:
        """Return the present trouble and what happened to the store since the server began."""
        trouble = self.trouble
        now = [] if trouble is None else [Problem(**trouble.to_dict())]
        return [*now, *list(self._notices.values())]

    def attend(self, *, last: bool = False) -> bool:
        """Open, check or try again, when it is time; True: changes may be written now."""
        if self.seconds_left > 0 and not (last and self.trouble is not None):
            return self.trouble is None
        try:
            if self._database is None or self.trouble is not None:
                self._connect()
            else:
                self._database.check()
                self._looked = True
        except StoreError as error:
            self._recover(error)
        else:
            self._well()
        return self.trouble is None

    def write(self, batch: Sequence[Write]) -> Sequence[Write]:
        """Write the changes together; return those that must wait."""
        try:
            self._put(batch)
        except StoreError as error:
            if error.error_code != BROKEN:
                self._recover(error)
                return batch
            return self._one_by_one(batch)
        return ()

    def read(self, ask: Callable[[Connection], Answer]) -> Answer:
        """Return what `ask` finds.

        Raises:
            StoreError: the store is away.
        """
        if self._database is None:
            raise self.trouble or StoreError("The Lab's record is not open.")
        with self._database.reading() as connection:
            return ask(connection)

    def transact(self, work: Callable[[Connection], Answer]) -> Answer:
        """Run a transaction and return its answer once it is kept.

        Raises:
            StoreError: the store is away, or takes no changes now.
        """
        if self.trouble is not None:
            raise self.trouble
        try:
            return self._kept(work)
        except StoreError as error:
            if error.error_code == BROKEN:
                raise
            self._recover(error)
            if error.error_code not in (LOST, REPLACED, CORRUPT) or self.trouble is not None:
                raise
        return self._kept(work)

    def refresh(self, mark: int) -> None:
        """Read the parts again when somebody else may have written; `mark` comes back with them."""
        if self._database is None or not self._parts or not (self._looked or self.stale):
            return
        self._looked = False
        try:
            if not self._database.changed_by_others() and not self.stale:
                return
            with self._database.reading() as connection:
                loads = [(part, part.load(connection)) for part in self._parts]
        except StoreError as error:
            self._recover(error)
            return
        self.stale = False
        self._report_loaded(mark, loads)

    def broke(self, error: Exception) -> None:
        """Begin again after a failure that nobody foresaw."""
        place = Place("", None, self.shown)
        self._troubled(store_error(error, place))

    def close(self) -> None:
        """Let go of the database."""
        if self._database is not None:
            self._database.close()
            self._database = None
        self._due = 0.0

    def _connect(self) -> None:
        trouble = self.trouble
        if self._database is not None and trouble and trouble.error_code in (FULL, LOCKED):
            self._database.check()
            self._database.probe()
            return
        self.close()
        # Here, for at load time nothing may import SQLAlchemy.
        from .database import BUSY_SECONDS, Database

        place = _located(self._locate)
        self.shown = place.shown
        database = Database(place, self._schema, busy_seconds=self._busy_seconds or BUSY_SECONDS)
        try:
            database.open()
        finally:
            # What can be read though not written stays open; what is damaged is set aside.
            self._database = database
        self._opened(database)

    def _opened(self, database: Database) -> None:
        place = database.place
        if place.network:
            self._notice(_on_network(place, place.network))
        known, self.uuid = self.uuid, database.uuid
        self.stale = True
        if known and known != database.uuid:
            # A new store in place of ours: what memory holds is all that is left of it.
            self._put([change for part in self._parts for change in part.rewrite()])
        log.info("The Lab's record is open: %s", place.shown)

    def _put(self, batch: Sequence[Write]) -> None:
        def put(connection: Connection) -> None:
            for change in batch:
                change(connection)

        self._kept(put)

    def _kept(self, work: Callable[[Connection], Answer]) -> Answer:
        if self._database is None:
            raise self.trouble or StoreError("The Lab's record is not open.")
        # A file that lost its name would take everything and keep nothing.
        if self._database.place.path is not None:
            self._database.check()
        with self._database.writing() as connection:
            return work(connection)

    def _one_by_one(self, batch: Sequence[Write]) -> Sequence[Write]:
        """Give up the one change that the store will never take, and keep the others."""
        for done, change in enumerate(batch):
            try:
                self._put([change])
            except StoreError as error:
                if error.error_code != BROKEN or not self._answers():
                    self._recover(error)
                    return batch[done:]
                log.warning("The Lab's record refused an entry: %s", error.message)
        return ()

    def _answers(self) -> bool:
        try:
            if self._database is not None:
                self._database.probe()
                return True
        except StoreError:
            pass
        return False

    def _recover(self, error: StoreError) -> None:
        """Mend at once what can be mended; else remember the trouble and when to try again."""
        try:
            if error.error_code == CORRUPT and self._database is not None:
                self._begin_anew(self._database)
            elif error.error_code in (LOST, REPLACED):
                self._open_another(lost=error.error_code == LOST)
            else:
                raise error
        except StoreError as again:
            self._troubled(again)
        else:
            self._well()

    def _begin_anew(self, damaged: Database) -> None:
        self._set_aside += 1
        if self._set_aside > MOST_SET_ASIDE:
            raise StoreError(
                f"The Lab's record was damaged again and again ({damaged.place.shown}).",
                "Look at the disk, or set GenAILab.store_url to another one.",
                code=CORRUPT,
            )
        aside = damaged.set_aside()
        self._database = None
        if aside is not None:
            self._notice(
                Problem(
                    code=CORRUPT,
                    message="The Lab's record was damaged. It was set aside, and a new one begun.",
                    remedy=f"What can be saved of it lies in {aside}; else delete that file.",
                )
            )
        self._connect()

    def _open_another(self, *, lost: bool) -> None:
        self.close()
        self._connect()
        if lost:
            self._notice(
                Problem(
                    code=LOST,
                    message="The Lab's record was deleted while the server ran "
                    f"({self.shown}). A new one was begun with what this server remembers.",
                    remedy="Nothing needs to be done. To forget it all, stop the server first.",
                )
            )

    def _troubled(self, error: StoreError) -> None:
        if self._database is not None and not self._database.is_open:
            self._database = None
        pause = RETRY_SECONDS[min(self._tries, len(RETRY_SECONDS) - 1)]
        self._tries += 1
        # Servers that lost one database do not come back to it in one instant.
        self._due = time.monotonic() + pause * random.uniform(0.8, 1.0)
        before, self.trouble = self.trouble, error
        if before is None or before.error_code != error.error_code:
            log.warning("%s", error.message)
            self._told()

    def _well(self) -> None:
        self._tries = 0
        database = self._database
        file = database is not None and database.place.path is not None
        usual = FILE_CHECK_SECONDS if file else SERVER_CHECK_SECONDS
        self._due = time.monotonic() + (self._check_seconds or usual)
        if self.trouble is not None:
            self.trouble = None
            log.info("The Lab's record can be written again.")
            self._told()

    def _notice(self, problem: Problem) -> None:
        if self._notices.get(problem.code) != problem:
            self._notices[problem.code] = problem
            log.warning("%s", problem.message)
            self._told()


def _located(locate: Callable[[], Place]) -> Place:
    try:
        return locate()
    except (GenAIError, OSError, RuntimeError) as error:
        # A setting that cannot work is told like a store that cannot be reached.
        raise store_error(error, Place("", None, "GenAILab.store_url")) from None


def _on_network(place: Place, kind: str) -> Problem:
    return Problem(
        code="store_on_network",
        message=f"The Lab's record lies on a network file system ({kind}: {place.shown}), where "
        "locks may fail and writing is slow.",
        remedy="Set GenAILab.store_url to a file on a local disk, or to a PostgreSQL database.",
    )
