"""Who may come through a door: where the caller stands, its token, its share of the seats."""

from __future__ import annotations

import base64
import binascii
import logging
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Protocol
from urllib.parse import parse_qsl

from ..errors import GenAIError, NotAllowed, TokenRefused, TooManyRequests
from ..runtimes.base import Secret
from ..wire.policy import Mode
from .body_room import MAX_BODY_BYTES as MAX_BODY_BYTES
from .body_room import BodyRoom
from .standing import Standing
from .tokens import Grant, Tokens

log = logging.getLogger(__name__)

SeatKind = Literal["request", "hold", "socket"]

SEATS: Mapping[SeatKind, int] = {"request": 64, "hold": 16, "socket": 16}
"""What one token may have open at a time: a kernel with a thread pool stays below."""
SEATS_OF_ONE: Mapping[SeatKind, int] = {"request": 192, "hold": 48, "socket": 64}
"""What all tokens of one person may have open: three busy kernels, or many quiet ones."""
SEATS_IN_ALL: Mapping[SeatKind, int] = {"request": 512, "hold": 128, "socket": 128}
"""What all tokens together may have open, well below the usual limit of 1024 descriptors."""
BAD_TOKENS = 30
BAD_TOKEN_SECONDS = 60.0
"""So many refused tokens in so many seconds; further ones learn nothing more."""
PROVIDERS_KEY = re.compile(r"sk-[A-Za-z0-9_-]{16,400}")
"""What keys of OpenAI and OpenRouter look like; a token of ours does not."""
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost"})
_WHOSE = {"token": "this kernel", "person": "this person", "all": "everybody together"}
OPEN_SITES = frozenset({"", "none", "same-origin"})


class Headers(Protocol):
    """Request headers: names without regard to case, several values a name."""

    def getall(self, key: str, default: list[str]) -> list[str]:
        """Return every value of a header."""


def refuse_foreign(headers: Headers) -> None:
    """Let pass only who names this machine and comes from no other page.

    A page that was re-bound to 127.0.0.1 by DNS still sends its own Host; a page on another
    port, Jupyter's too, sends its own Origin or says `cross-site`.

    Raises:
        NotAllowed: 403.
    """
    hosts = headers.getall("Host", [])
    name, _, port = hosts[0].partition(":") if len(hosts) == 1 else ("", "", "")
    if name.lower() not in LOCAL_NAMES or (port and not port.isdecimal()):
        raise NotAllowed(
            "This door answers to 127.0.0.1 and localhost only.",
            "Use the address that the kernel was given.",
            code="foreign_host",
        )
    own = f"http://{hosts[0].lower()}"
    if any(origin.lower() != own for origin in headers.getall("Origin", [])):
        raise NotAllowed(
            "Pages of another origin may not use this door.",
            "Call it from the notebook's code.",
            code="foreign_origin",
        )
    if any(site.lower() not in OPEN_SITES for site in headers.getall("Sec-Fetch-Site", [])):
        raise NotAllowed(
            "Requests from other sites are refused.",
            "Call the door from the notebook's code.",
            code="cross_site",
        )


def offered_token(headers: Headers, raw_query: str, *, upgrade: bool) -> str:
    """Return the token of a request: Bearer, a Basic password, `?token=` on a socket; or ''.

    Raises:
        TokenRefused: there are several Authorization headers.
    """
    values = headers.getall("Authorization", [])
    if len(values) > 1:
        raise TokenRefused("The request has more than one Authorization header.")
    if values:
        scheme, _, rest = values[0].partition(" ")
        if scheme.lower() == "bearer":
            return rest.strip()
        if scheme.lower() == "basic":
            return _basic_password(rest.strip())
    if upgrade:
        for key, value in parse_qsl(raw_query):
            if key == "token":
                return value
    return ""


def _basic_password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _always_on(notebook_mode: Mode | None) -> Mode:
    return "auto"


class Admission:
    """Check callers, count their seats, and end their calls when their tokens end.

    `mode` says which mode is in force for a notebook's own word; `clock` is monotonic seconds.
    """

    def __init__(
        self,
        tokens: Tokens,
        *,
        open_to: frozenset[str] | None = None,
        mode: Callable[[Mode | None], Mode] = _always_on,
        own_keys: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`open_to` names the services that tokenless local callers may use; None: none may.

        `own_keys` lets callers bring a provider's key of their own.
        """
        self._tokens = tokens
        self._anyone = (
            None if open_to is None else Grant("", None, "anyone on this machine", open_to)
        )
        self._own_keys = own_keys
        self._owner = Grant("", None, "whoever brings a key", frozenset())
        self._mode = mode
        self._standing = Standing(self.why_ended)
        self._clock = clock
        self._bodies = BodyRoom()
        self._taken: Counter[tuple[SeatKind, str, str]] = Counter()
        self._bad: deque[float] = deque(maxlen=BAD_TOKENS)

    def admit(self, headers: Headers, raw_query: str, *, upgrade: bool = False) -> Grant:
        """Return what the caller may use.

        Raises:
            NotAllowed: it does not come from this machine, or the mode is off.
            TokenMissing, TokenRefused: it has no good token.
            TooManyRequests: there were too many bad tokens lately; good ones still pass.
        """
        refuse_foreign(headers)
        text = offered_token(headers, raw_query, upgrade=upgrade)
        grant = self._anyone if not text and self._anyone is not None else self._checked(text)
        if self._mode(grant.mode) == "off":
            raise _off()
        return grant

    def own_key(self, headers: Headers) -> tuple[Grant, Secret] | None:
        """Return a provider's key that a caller brings along, where that is allowed; else None.

        Raises:
            NotAllowed: it does not come from this machine, or the mode is off.
        """
        text = offered_token(headers, "", upgrade=False)
        if not self._own_keys or not _looks_like_a_key(text):
            return None
        refuse_foreign(headers)
        if self._mode(None) == "off":
            raise _off()
        return self._owner, Secret(text)

    def _checked(self, text: str) -> Grant:
        try:
            return self._tokens.check(text)
        except TokenRefused:
            self._count_bad_token()
            if _looks_like_a_key(text):
                raise _no_own_key() from None
            raise

    # -- while a call goes on ------------------------------------------------------------------

    def why_ended(self, grant: Grant) -> GenAIError | None:
        """Return why the caller would not be admitted any more; None while it would."""
        if self._mode(grant.mode) == "off":
            return _off()
        if grant in (self._anyone, self._owner) or self._tokens.holds(grant):
            return None
        return TokenRefused("This GenAI token has ended with its kernel or its time.")

    def stands(self, grant: Grant) -> bool:
        """Say whether the caller would still be admitted."""
        return self.why_ended(grant) is None

    async def until_ended(self, grant: Grant) -> GenAIError:
        """Return why a grant has ended, once it has, within half a second: mode off, kernel gone.

        For work that goes on after its request, or has more to say than an error: cancel this
        when the work is done.
        """
        return await self._standing.until_ended(grant)

    @contextmanager
    def bound_to(self, grant: Grant) -> Iterator[None]:
        """Cancel what the current task does in the block when the grant ends.

        The bytes of its body that it keeps are counted as its person's.

        Raises:
            NotAllowed, TokenRefused: the grant has ended, in place of the cancellation.
        """
        with self._standing.bound_to(grant), self._bodies.counting(grant.person):
            yield

    # -- seats ---------------------------------------------------------------------------------

    @contextmanager
    def seat(self, grant: Grant, kind: SeatKind) -> Iterator[None]:
        """Take a seat for as long as the block runs.

        Raises:
            TooManyRequests: the token, its person, or all together have as many as they may.
        """
        mine, persons, alls = (
            (kind, "token", grant.lease_id),
            (kind, "person", grant.person),
            (kind, "all", ""),
        )
        limits = {mine: SEATS, persons: SEATS_OF_ONE, alls: SEATS_IN_ALL}
        for key, most in limits.items():
            if self._taken[key] >= most[kind]:
                raise TooManyRequests(
                    f"There are too many open calls of this kind: {self._taken[key]} of "
                    f"{_WHOSE[key[1]]}.",
                    "Wait until some have ended; close sockets that are not used any more.",
                )
        for key in limits:
            self._taken[key] += 1
        try:
            yield
        finally:
            for key in limits:
                self._taken[key] -= 1
                if not self._taken[key]:
                    del self._taken[key]

    def _count_bad_token(self) -> None:
        now = self._clock()
        full = len(self._bad) == BAD_TOKENS and now - self._bad[0] < BAD_TOKEN_SECONDS
        self._bad.append(now)
        if full:
            log.warning("gateway: many requests with bad tokens")
            raise TooManyRequests(
                "Too many requests with bad tokens were made on this machine.",
                "Wait a minute, then restart the kernel to get a good token.",
                code="too_many_bad_tokens",
            )


def _looks_like_a_key(text: str) -> bool:
    return PROVIDERS_KEY.fullmatch(text) is not None


def _no_own_key() -> TokenRefused:
    return TokenRefused(
        "That is a provider's key, not the GenAI token of a kernel.",
        "Leave the key that the kernel was given in place. A key of one's own is taken only where "
        "whoever administers this server, or your teacher, allows it (GenAILab.allow_own_keys).",
    )


def _off() -> NotAllowed:
    return NotAllowed(
        "GenAI is switched off on this server.",
        'The GenAI panel says who set the mode, under "Mode and policy"; they can change it.',
        code="mode_off",
    )
