"""Tokens of people who come through Jupyter, kept in this process for as long as they call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..catalog.load import Catalog
from ..lab.leases import Leases
from ..runtimes.base import Secret
from .tokens import Tokens

IDLE_SECONDS = 300.0
"""How long a token outlives its last call, so that a page's next one finds it."""


@dataclass
class _Held:
    lease_id: str
    token: Secret = field(repr=False)
    calls: int = 0


class PersonTokens:
    """Lend each person one token, whatever they call, so that their share is one person's.

    Its lease names no service: it keeps none alive. Every call through a door takes its own.
    """

    def __init__(self, leases: Leases, tokens: Tokens, catalog: Catalog) -> None:
        self._leases = leases
        self._tokens = tokens
        self._services = frozenset(catalog)
        self._held: dict[str, _Held] = {}

    @contextmanager
    def lent(self, person: str) -> Iterator[Secret]:
        """Lend the person's token for one call; it must not leave this process."""
        held = self._held.get(person)
        if held is None or not self._leases.live(held.lease_id):
            self._forget_lapsed()
            held = self._held[person] = self._made(person)
        held.calls += 1
        self._leases.confirm(held.lease_id)
        try:
            yield held.token
        finally:
            held.calls -= 1
            if not held.calls:
                self._leases.suspend(held.lease_id, IDLE_SECONDS)

    def _made(self, person: str) -> _Held:
        lease = self._leases.take("kernel", (), label="through Jupyter", person=person)
        token = self._tokens.mint(
            lease.id, person=person, services=self._services, kernel_id=None, path=""
        )
        return _Held(lease.id, token)

    def _forget_lapsed(self) -> None:
        for person, held in list(self._held.items()):
            if not self._leases.live(held.lease_id):
                del self._held[person]
