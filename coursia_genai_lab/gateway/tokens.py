"""Kernel tokens: made for a lease, stored hashed, good only while the lease lives."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from ..errors import TokenMissing, TokenRefused
from ..lab.leases import Leases
from ..runtimes.base import Secret
from ..wire.policy import Fallback, Mode

PREFIX = "cgl_"
RANDOM_BYTES = 32
LENGTH = len(PREFIX) + 43
"""32 random bytes are 43 characters of URL-safe base64."""


def _nothing(service: str) -> bool:
    return False


def _as_said(person: str, word: Mode | None) -> Mode | None:
    return word


@dataclass(frozen=True, eq=False)
class Grant:
    """What a token opens, and for whom. Two grants are the same only if one token made them."""

    lease_id: str
    kernel_id: str | None
    person: str
    services: frozenset[str]
    """The services whose doors it opens."""
    path: str = ""
    """API path of the notebook."""
    word: Mode | None = None
    """The notebook's own on the mode; it may only narrow the Lab's."""
    fallback: Fallback | None = None
    """The notebook's own word on clouds that stand in; it may only narrow the policy's."""
    withholds: Callable[[str], bool] = field(default=_nothing, repr=False)
    """Whether a service waits, at this moment, for its person's consent: it must not be started,
    but while it runs it may be used. Asked at every call, for a consent can be withdrawn."""
    digest: bytes = field(default=b"", repr=False)
    """The hash of the token, by which its store finds it again."""
    narrowed: Callable[[str, Mode | None], Mode | None] = field(default=_as_said, repr=False)
    """Narrows a notebook's word to its person's own; asked at every call."""

    @property
    def mode(self) -> Mode | None:
        """The notebook's word on the mode, narrowed to what its person has chosen by now."""
        return self.narrowed(self.person, self.word)


@dataclass(frozen=True)
class _Entry:
    grant: Grant
    expires_at: float | None


class Tokens:
    """Mint and check tokens. Nothing here can tell a token back.

    `narrowed` narrows a notebook's word on the mode to its person's; `clock` is Unix time in
    seconds.
    """

    def __init__(
        self,
        leases: Leases,
        *,
        narrowed: Callable[[str, Mode | None], Mode | None] = _as_said,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._leases = leases
        self._narrowed = narrowed
        self._clock = clock
        self._entries: dict[bytes, _Entry] = {}

    def mint(
        self,
        lease_id: str,
        *,
        person: str,
        services: Collection[str],
        kernel_id: str | None,
        path: str = "",
        mode: Mode | None = None,
        fallback: Fallback | None = None,
        withholds: Callable[[str], bool] = _nothing,
        lifetime_seconds: float | None = None,
    ) -> Secret:
        """Return a new token for a lease; None as lifetime lets the lease alone decide."""
        self._forget_dead()
        text = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
        digest = _digest(text)
        self._entries[digest] = _Entry(
            Grant(
                lease_id,
                kernel_id,
                person,
                frozenset(services),
                path,
                mode,
                fallback,
                withholds,
                digest,
                self._narrowed,
            ),
            expires_at=None if lifetime_seconds is None else self._clock() + lifetime_seconds,
        )
        return Secret(text)

    def check(self, text: str) -> Grant:
        """Return what a token opens.

        Raises:
            TokenMissing: there is none.
            TokenRefused: it is unknown, expired, or its lease has ended.
        """
        if not text:
            raise TokenMissing("This address needs the GenAI token of a kernel.")
        if len(text) != LENGTH or not text.isascii() or not text.startswith(PREFIX):
            raise TokenRefused("That is no GenAI token.")
        digest = _digest(text)
        entry = self._entries.get(digest)
        if entry is None or not hmac.compare_digest(entry.grant.digest, digest):
            raise TokenRefused("This GenAI token is not known here, or its kernel has ended.")
        if not self._valid(entry):
            del self._entries[digest]
            raise TokenRefused("This GenAI token has ended with its kernel or its time.")
        return entry.grant

    def holds(self, grant: Grant) -> bool:
        """Say whether a grant still stands, for what was opened with it and stays open."""
        entry = self._entries.get(grant.digest)
        return entry is not None and entry.grant is grant and self._valid(entry)

    def revoke(self, lease_id: str) -> None:
        """End every token of a lease; ending them twice is no error."""
        for digest, entry in list(self._entries.items()):
            if entry.grant.lease_id == lease_id:
                del self._entries[digest]

    def _valid(self, entry: _Entry) -> bool:
        if entry.expires_at is not None and entry.expires_at <= self._clock():
            return False
        return self._leases.live(entry.grant.lease_id)

    def _forget_dead(self) -> None:
        for digest, entry in list(self._entries.items()):
            if not self._valid(entry):
                del self._entries[digest]


def _digest(text: str) -> bytes:
    # The token has 256 random bits, so a plain hash cannot be guessed back; no salt is needed.
    return hashlib.sha256(text.encode("ascii")).digest()
