"""Consents that outlast the server: answered from memory, kept in the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..wire.consents import ConsentKind
from .consents import MOST_KEPT, Consent
from .store.kept_text import kept_text
from .store.part import Write
from .store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST_KEY = 4000
"""Characters of a path, the longest that Linux has."""

_Key = tuple[str, ConsentKind, str, str]


class KeptConsents:
    """Keep consents in memory, and in the store as soon as it can be written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[_Key, Consent] = {}
        self._listeners: list[Callable[[], None]] = []
        store.carry(self)

    def has(self, person: str, kind: ConsentKind, subject: str, digest: str) -> bool:
        """Say whether just this was confirmed."""
        return _key(person, kind, subject, digest) in self._kept

    def add(self, consent: Consent) -> None:
        """Keep a consent; keeping it twice is no error."""
        key = _key(consent.person, consent.kind, consent.subject, consent.digest)
        if key in self._kept:
            return
        kept = replace(consent, person=key[0], subject=key[2], digest=key[3])
        self._kept[key] = kept
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        self._store.write(_insertion(kept))

    def remove(self, person: str, kind: ConsentKind, subject: str, digest: str) -> None:
        """Forget a consent; forgetting it twice is no error."""
        key = _key(person, kind, subject, digest)
        self._kept.pop(key, None)
        self._store.write(_removal(key))

    def all(self, person: str) -> list[Consent]:
        """Return a person's consents, oldest first."""
        name = kept_text(person, LONGEST_KEY)
        return [consent for consent in self._kept.values() if consent.person == name]

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` when the store has brought other consents than memory had."""
        self._listeners.append(listener)

    # -- what the store asks -------------------------------------------------------------------

    def load(self, connection: Connection) -> list[Consent]:
        """Read the newest consents."""
        from .store.consent_rows import newest

        return newest(connection)

    def adopt(self, loaded: list[Consent]) -> None:
        """Take what the store holds for the truth: another server may have changed it."""
        before = self._kept
        self._kept = {_key(one.person, one.kind, one.subject, one.digest): one for one in loaded}
        if self._kept.keys() != before.keys():
            for listener in self._listeners:
                listener()

    def rewrite(self) -> Sequence[Write]:
        """Return what puts every consent into a new store."""
        return [_insertion(consent) for consent in list(self._kept.values())]


def _key(person: str, kind: ConsentKind, subject: str, digest: str) -> _Key:
    return (
        kept_text(person, LONGEST_KEY),
        kind,
        kept_text(subject, LONGEST_KEY),
        kept_text(digest, LONGEST_KEY),
    )


def _insertion(consent: Consent) -> Write:
    def write(connection: Connection) -> None:
        from .store.consent_rows import insert

        insert(connection, consent)

    return write


def _removal(key: _Key) -> Write:
    def write(connection: Connection) -> None:
        from .store.consent_rows import remove

        remove(connection, *key)

    return write
