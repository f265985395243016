"""The timeline: what the Lab did to which service, for whom, why, and how long it took."""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..wire.timeline import TimelineView
from .kept_entry import KeptEntry, Stored
from .store.kept_text import kept_text
from .store.part import Write
from .store.store import Store
from .timeline_note import TimelineNote

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAYS = 90.0
MOST_ENTRIES = 20_000
"""How long, and how many, entries stay in the store."""
MOST_REMEMBERED = 2000
"""Entries of this server kept in memory, for as long as no store is there."""
LOADED = 500
PRUNE_EVERY = 500
MOST_A_PAGE = 500
LONGEST_NAME = 200

NOBODY = frozenset(
    {
        "",
        "a request",
        "an earlier Lab",
        "idle",
        "the Lab",
        "the mode",
    }
)
"""Causes that name no person; whatever else stands there is taken for a person's."""


class Timeline:
    """Record notes at once and for long, and give them back page by page.

    `record` fits the Lab's seam: it neither blocks nor raises. `whose` tells for a cause whose
    name or notebook it is; empty: nobody's.
    """

    def __init__(
        self,
        store: Store,
        *,
        whose: Callable[[str], str] = lambda cause: cause,
        days: float = DAYS,
        most: int = MOST_ENTRIES,
    ) -> None:
        self._store = store
        self._whose = whose
        self._days = days
        self._most = most
        self._writer = uuid.uuid4().hex
        self._seq = 0
        self._own: deque[KeptEntry] = deque(maxlen=MOST_REMEMBERED)
        self._loaded: list[KeptEntry] = []
        store.carry(self)

    @property
    def recorded(self) -> int:
        """How many notes this server has recorded."""
        return self._seq

    def record(self, note: TimelineNote) -> None:
        """Keep what happened."""
        self._seq += 1
        cause = kept_text(note.by, LONGEST_NAME)
        entry = KeptEntry(
            writer=self._writer,
            seq=self._seq,
            at=note.at,
            service=kept_text(note.service, LONGEST_NAME),
            event=note.event,
            cause=cause,
            person="" if cause in NOBODY else kept_text(self._whose(note.by), LONGEST_NAME),
            reason=kept_text(note.reason),
            code=note.code,
            seconds=note.seconds,
        )
        self._own.append(entry)
        self._store.write(_insertion(entry))
        if self._seq % PRUNE_EVERY == 1:
            self._store.write(_pruning(self._days, self._most))

    async def page(
        self,
        *,
        person: str | None,
        service: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> TimelineView:
        """Return the newest entries, or those before an id, as `person` may see them.

        `person` None sees all names. Without a store: what this server remembers, `durable` false.
        """
        limit = max(1, min(limit, MOST_A_PAGE))
        try:
            stored = await self._store.read(_question(self._writer, service, before, limit + 1))
            durable = self._store.durable
        except StoreError:
            stored, durable = self._remembered(service, before), False
        found = [*self._unsaved(stored, service, before), *stored.entries]
        entries = [entry.view(person) for entry in found[:limit]]
        return TimelineView(entries=entries, more=len(found) > limit, durable=durable)

    def _remembered(self, service: str | None, before: int | None) -> Stored:
        return Stored(
            [entry for entry in self._loaded if _wanted(entry, service, before)],
            last_id=max((entry.id for entry in self._loaded), default=0),
            last_seq=max((e.seq for e in self._loaded if e.writer == self._writer), default=0),
        )

    def _unsaved(self, stored: Stored, service: str | None, before: int | None) -> list[KeptEntry]:
        """Return our entries that the store has yet to take, newest first, with ids to come."""
        new = [entry for entry in self._own if entry.seq > stored.last_seq]
        numbered = [replace(entry, id=stored.last_id + 1 + n) for n, entry in enumerate(new)]
        return [entry for entry in reversed(numbered) if _wanted(entry, service, before)]

    # -- what the store asks -------------------------------------------------------------------

    def load(self, connection: Connection) -> list[KeptEntry]:
        """Read the newest entries."""
        return _question(self._writer, None, None, LOADED)(connection).entries

    def adopt(self, loaded: list[KeptEntry]) -> None:
        """Remember them for the time when the store is away."""
        self._loaded = loaded

    def rewrite(self) -> Sequence[Write]:
        """Return what puts every remembered entry into a new store, oldest first."""
        entries = {
            (entry.writer, entry.seq): entry for entry in [*reversed(self._loaded), *self._own]
        }
        return [_insertion(entry) for entry in sorted(entries.values(), key=lambda one: one.at)]


def _insertion(entry: KeptEntry) -> Write:
    def write(connection: Connection) -> None:
        from .store.timeline_rows import insert

        insert(connection, entry)

    return write


def _pruning(days: float, most: int) -> Write:
    def write(connection: Connection) -> None:
        from .store.timeline_rows import prune

        prune(connection, days=days, most=most)

    return write


def _wanted(entry: KeptEntry, service: str | None, before: int | None) -> bool:
    return service in (None, entry.service) and (before is None or entry.id < before)


def _question(
    writer: str, service: str | None, before: int | None, limit: int
) -> Callable[[Connection], Stored]:
    def ask(connection: Connection) -> Stored:
        from .store.timeline_rows import newest

        return newest(connection, writer, service=service, before=before, limit=limit)

    return ask
