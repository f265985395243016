"""The audit: who changed what others may do, or what is known of them; kept, never changed."""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..wire.audit import AuditEntry, AuditView, Deed
from .clock import Clock
from .store.kept_text import kept_text
from .store.part import Write
from .store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

DAYS = 731.0
"""Two years, and a day for clocks that differ: the store refuses to forget sooner."""
MOST_REMEMBERED = 1000
"""Deeds of this server kept in memory, for as long as no store is there."""
MOST_A_PAGE = 500
PRUNE_EVERY = 200
LONGEST_NAME = 200

Note = Callable[[str, Deed, str, str], None]
"""Person, deed, subject, detail; neither blocks nor raises."""


def forget(person: str, deed: Deed, subject: str, detail: str = "") -> None:
    """Keep no audit."""


class Audit:
    """Note deeds at once and for long, and give them back.

    The store's own triggers refuse to change a deed, and to remove it within two years.
    """

    def __init__(self, store: Store, *, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or Clock()
        self._writer = uuid.uuid4().hex
        self._seq = 0
        self._own: deque[tuple[int, AuditEntry]] = deque(maxlen=MOST_REMEMBERED)
        store.carry(self)

    def note(self, person: str, deed: Deed, subject: str, detail: str = "") -> None:
        """Keep a deed; neither blocks nor raises. No secrets, no prompts.

        `person` is who did it, empty for the Lab itself; `subject` what it was done to.
        """
        self._seq += 1
        entry = AuditEntry(
            at=self._clock.wall(),
            person=kept_text(person, LONGEST_NAME),
            deed=deed,
            subject=kept_text(subject, LONGEST_NAME),
            detail=kept_text(detail),
        )
        self._own.append((self._seq, entry))
        self._store.write(_insertion(self._writer, self._seq, entry))
        if self._seq % PRUNE_EVERY == 1:
            self._store.write(_pruning)
        # Names come from people: none may write a line of the log.
        log.info("%r did: %s %r", entry.person or "The Lab", deed, entry.subject)

    async def page(
        self, *, deed: Deed | None = None, person: str | None = None, limit: int = 100
    ) -> AuditView:
        """Return the newest deeds, newest first; None stands for any.

        Without a store: what this server remembers.
        """
        limit = max(1, min(limit, MOST_A_PAGE))
        try:
            entries = await self._store.read(_question(deed, person, limit))
        except StoreError:
            own = [entry for _, entry in reversed(self._own)]
            wanted = [one for one in own if deed in (None, one.deed)]
            entries = [one for one in wanted if person in (None, one.person)][:limit]
        return AuditView(entries=entries)

    # -- what the store asks -------------------------------------------------------------------

    def load(self, connection: Connection) -> None:
        """Read nothing: the store itself is asked."""

    def adopt(self, loaded: None) -> None:
        """Take nothing."""

    def rewrite(self) -> Sequence[Write]:
        """Return what puts every remembered deed into a new store, oldest first."""
        return [_insertion(self._writer, seq, entry) for seq, entry in list(self._own)]


def _insertion(writer: str, seq: int, entry: AuditEntry) -> Write:
    def write(connection: Connection) -> None:
        from .store.audit_rows import insert

        insert(connection, writer, seq, entry)

    return write


def _pruning(connection: Connection) -> None:
    from .store.audit_rows import prune

    prune(connection, days=DAYS)


def _question(
    deed: Deed | None, person: str | None, limit: int
) -> Callable[[Connection], list[AuditEntry]]:
    def ask(connection: Connection) -> list[AuditEntry]:
        from .store.audit_rows import newest

        return newest(connection, deed=deed, person=person, limit=limit)

    return ask
