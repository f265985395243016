"""What people have confirmed: that a notebook's metadata may start more than its code shows, and
that what they write, or their pictures, may go to a provider.

A notebook is written by one person and opened by another. What its code calls stands before the
reader's eyes; metadata does not, so metadata alone must not pull, evict or spend. A consent
belongs to one person, one path and one wording: a changed `metadata.genai` or a renamed notebook
asks anew. What goes to a provider is confirmed once a person and wording of that provider's terms.
"""

from __future__ import annotations

import posixpath
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from ..wire.consents import ConsentKind

MOST_KEPT = 10_000
"""Consents kept in memory; the oldest go first, and are asked for again."""
METADATA: ConsentKind = "metadata"


@dataclass(frozen=True)
class Widening:
    """What the metadata of one notebook asks for beyond its code."""

    path: str
    """API path of the notebook, as people see it."""
    digest: str
    """SHA-256 of its `metadata.genai`."""
    services: tuple[str, ...]
    real_path: str | None = None
    """The path with every link resolved, where that is another one: trust is not had by a link."""


@dataclass(frozen=True)
class Consent:
    """One confirmation."""

    person: str
    kind: ConsentKind
    subject: str
    """What it is about: the API path of a notebook, or the service that is a provider."""
    digest: str
    since: float
    """Unix time, seconds."""

    def is_about(self, widening: Widening) -> bool:
        """Say whether just this was confirmed."""
        wanted = (METADATA, _plain(widening.path), widening.digest)
        return (self.kind, self.subject, self.digest) == wanted


class ConsentStore(Protocol):
    """Where consents are kept. Called on the event loop, so it answers from memory."""

    def has(self, person: str, kind: ConsentKind, subject: str, digest: str) -> bool:
        """Say whether just this was confirmed."""

    def add(self, consent: Consent) -> None:
        """Keep a consent; keeping it twice is no error."""

    def remove(self, person: str, kind: ConsentKind, subject: str, digest: str) -> None:
        """Forget a consent; forgetting it twice is no error."""

    def all(self, person: str) -> list[Consent]:
        """Return a person's consents, oldest first."""

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` when others than the caller have changed what is kept."""


class ConsentsInMemory:
    """Keep consents for as long as the server runs."""

    def __init__(self, *, most: int = MOST_KEPT) -> None:
        self._most = most
        self._kept: dict[tuple[str, ConsentKind, str, str], Consent] = {}

    def has(self, person: str, kind: ConsentKind, subject: str, digest: str) -> bool:
        """Say whether just this was confirmed."""
        return (person, kind, subject, digest) in self._kept

    def add(self, consent: Consent) -> None:
        """Keep a consent; keeping it twice is no error."""
        key = (consent.person, consent.kind, consent.subject, consent.digest)
        self._kept.setdefault(key, consent)
        while len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]

    def remove(self, person: str, kind: ConsentKind, subject: str, digest: str) -> None:
        """Forget a consent; forgetting it twice is no error."""
        self._kept.pop((person, kind, subject, digest), None)

    def all(self, person: str) -> list[Consent]:
        """Return a person's consents, oldest first."""
        return [consent for consent in self._kept.values() if consent.person == person]

    def listen(self, listener: Callable[[], None]) -> None:
        """Do nothing: nobody else changes this memory."""


class Consents:
    """Ask for, give and withdraw consents, and tell listeners of each change.

    `trusted_folders` are the operator's: folders below the server's root whose notebooks need no
    consent; `.` trusts every notebook. `clock` is Unix time in seconds.
    """

    def __init__(
        self,
        store: ConsentStore | None = None,
        *,
        trusted_folders: Collection[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store: ConsentStore = ConsentsInMemory() if store is None else store
        self._trusted = tuple(filter(None, map(_plain, trusted_folders)))
        self._clock = clock
        self._listeners: list[Callable[[Consent | None], None]] = []
        self._store.listen(self.look_again)

    def listen(self, listener: Callable[[Consent | None], None]) -> None:
        """Call `listener` after every change: with a consent just given, or with None."""
        self._listeners.append(listener)

    def look_again(self) -> None:
        """Tell every listener that the store knows more, or less, than before."""
        self._tell(None)

    def given(self, person: str, widening: Widening) -> bool:
        """Say whether a widening may start services for a person."""
        return self.trusts(widening.real_path or widening.path) or self.has(
            person, widening.path, widening.digest
        )

    def has(self, person: str, subject: str, digest: str, kind: ConsentKind = METADATA) -> bool:
        """Say whether a person has confirmed this wording of this notebook or provider."""
        return self._store.has(person, kind, _plain(subject), digest)

    def trusts(self, path: str) -> bool:
        """Say whether the operator trusts the folder that a notebook lies in."""
        plain = _plain(path)
        if plain in ("", ".") or plain.startswith("../"):
            return False
        return any(folder == "." or plain.startswith(f"{folder}/") for folder in self._trusted)

    def give(self, person: str, subject: str, digest: str, kind: ConsentKind = METADATA) -> bool:
        """Keep a consent; return whether it is a new one."""
        if self.has(person, subject, digest, kind):
            return False
        consent = Consent(person, kind, _plain(subject), digest, self._clock())
        self._store.add(consent)
        self._tell(consent)
        return True

    def withdraw(
        self, person: str, subject: str, kinds: Collection[ConsentKind] = (METADATA,)
    ) -> int:
        """Forget every consent of a person for a notebook or provider; return their number."""
        mine = [
            one for one in self.of(person) if one.kind in kinds and one.subject == _plain(subject)
        ]
        for one in mine:
            self._store.remove(person, one.kind, one.subject, one.digest)
        if mine:
            self._tell(None)
        return len(mine)

    def of(self, person: str) -> list[Consent]:
        """Return a person's consents, oldest first."""
        return self._store.all(person)

    def _tell(self, given: Consent | None) -> None:
        for listener in self._listeners:
            listener(given)


def _plain(path: str) -> str:
    """Return one spelling of an API path: `a//./b/` and `a/b` are one notebook."""
    inside = path.strip("/")
    return posixpath.normpath(inside) if inside else ""
