"""The record of all generations: who had what made by which service, and what became of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import StoreError
from ..wire.usage import ServiceUsage, UsageView
from .generation import Generation, KeptGeneration, kept
from .store.part import Write
from .store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAYS = 365.0
"""A school year: a picture handed in at its beginning can be looked up at its end."""
MOST_ROWS = 200_000
"""A class of 40 that makes 20 pictures each on every day of it; about 200 MB."""
MOST_REMEMBERED = 2000
"""Rows of this server kept in memory, for as long as no store is there."""
LOADED = 500
PRUNE_EVERY = 500

Sums = tuple[str, int, float, int]
"""Service, pictures, seconds, failures."""


class Generations:
    """Note what ended, at once and for long, and give it back by id or as somebody's usage.

    `note` fits the gateway's seam: it neither blocks nor raises. `prompts` also keeps what was
    asked for, in the words of whoever asked; else only a hash of it.
    """

    def __init__(
        self, store: Store, *, prompts: bool = False, days: float = DAYS, most: int = MOST_ROWS
    ) -> None:
        self._store = store
        self._prompts = prompts
        self._days = days
        self._most = most
        self._noted = 0
        self._own: deque[KeptGeneration] = deque(maxlen=MOST_REMEMBERED)
        self._loaded: list[KeptGeneration] | None = None
        store.carry(self)

    def note(self, generation: Generation) -> None:
        """Keep what became of a job; a second note of the same id changes nothing."""
        row = kept(generation, with_prompt=self._prompts)
        self._noted += 1
        self._own.append(row)
        self._store.write(_insertion(row))
        if self._noted % PRUNE_EVERY == 1:
            self._store.write(_pruning(self._days, self._most))

    async def find(self, generation_id: str) -> KeptGeneration | None:
        """Return one generation; None: the record does not know it, or no more.

        Raises:
            StoreError: this server does not remember it, and the store cannot be asked.
        """
        for row in self._remembered():
            if row.id == generation_id:
                return row
        return await self._store.read(_one(generation_id))

    async def usage(self, person: str | None, since: float) -> UsageView:
        """Return what a person, or for None everybody, had made since a Unix time.

        Without a store: what this server remembers of it.
        """
        try:
            sums = await self._store.read(_sums(person, since))
        except StoreError:
            sums = _added(
                row
                for row in self._remembered()
                if person in (None, row.person) and row.at >= since
            )
        services = [
            ServiceUsage(service=service, pictures=pictures, seconds=round(seconds, 3), failed=bad)
            for service, pictures, seconds, bad in sums
        ]
        return UsageView(
            since=since,
            pictures=sum(one.pictures for one in services),
            seconds=round(sum(one.seconds for one in services), 3),
            failed=sum(one.failed for one in services),
            services=services,
        )

    def forget(self, person: str) -> None:
        """Take a person's name and words from what this server remembers; not from the store."""
        known = [row.anonymous() if row.person == person else row for row in self._own]
        self._own = deque(known, maxlen=MOST_REMEMBERED)
        if self._loaded is not None:
            loaded = self._loaded
            self._loaded = [row.anonymous() if row.person == person else row for row in loaded]

    def _remembered(self) -> Iterable[KeptGeneration]:
        rows = {row.id: row for row in [*(self._loaded or ()), *self._own]}
        return rows.values()

    # -- what the store asks -------------------------------------------------------------------

    def load(self, connection: Connection) -> list[KeptGeneration] | None:
        """Read the newest rows, once: what comes later is our own, or is asked of the store."""
        from .store.generation_rows import newest

        return newest(connection, LOADED) if self._loaded is None else None

    def adopt(self, loaded: list[KeptGeneration] | None) -> None:
        """Remember them for the time when the store is away."""
        if self._loaded is None:
            self._loaded = loaded

    def rewrite(self) -> Sequence[Write]:
        """Return what puts every remembered row into a new store, oldest first."""
        return [_insertion(row) for row in sorted(self._remembered(), key=lambda row: row.at)]


def _added(rows: Iterable[KeptGeneration]) -> list[Sums]:
    sums: dict[str, Sums] = {}
    for row in rows:
        _, pictures, seconds, failed = sums.get(row.service, ("", 0, 0.0, 0))
        failed += row.outcome == "failed"
        sums[row.service] = (row.service, pictures + row.pictures, seconds + row.seconds, failed)
    return sorted(sums.values())


def _insertion(row: KeptGeneration) -> Write:
    def write(connection: Connection) -> None:
        from .store.generation_rows import insert

        insert(connection, row)

    return write


def _pruning(days: float, most: int) -> Write:
    def write(connection: Connection) -> None:
        from .store.generation_rows import prune

        prune(connection, days=days, most=most)

    return write


def _one(generation_id: str) -> Callable[[Connection], KeptGeneration | None]:
    def ask(connection: Connection) -> KeptGeneration | None:
        from .store.generation_rows import by_id

        return by_id(connection, generation_id)

    return ask


def _sums(person: str | None, since: float) -> Callable[[Connection], list[Sums]]:
    def ask(connection: Connection) -> list[Sums]:
        from .store.generation_rows import sums_of

        return sums_of(connection, person, since)

    return ask
