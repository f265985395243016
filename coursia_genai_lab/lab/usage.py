"""What people have used: record and ledger side by side, to look at, to take away, to forget."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..wire.usage import UsageErased, UsageExport, UsageView
from .generation import LONGEST_NAME
from .generations import Generations
from .ledger import Ledger
from .store.kept_text import kept_text
from .store.store import Store
from .usage_rows import cut, joined

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .generation import KeptGeneration
    from .ledger.row import ChargeRow

log = logging.getLogger(__name__)

MOST_EXPORTED = 20_000
"""Rows of one export; some five megabytes."""
EXPORT_SECONDS = 60.0


class Usage:
    """Join what was made with what it cost. `prompts`: whether prompts are recorded now."""

    def __init__(
        self, store: Store, generations: Generations, ledger: Ledger, *, prompts: bool = False
    ) -> None:
        self._store = store
        self._generations = generations
        self._ledger = ledger
        self._prompts = prompts

    async def of(self, person: str, since: float) -> UsageView:
        """Return what a person had made since a Unix time, what it cost, and what is left."""
        usage, account, left = await asyncio.gather(
            self._generations.usage(person, since),
            self._ledger.account(person, since),
            self._ledger.left(person),
        )
        return usage.model_copy(
            update={
                "cents": account.cents,
                "unknown": account.unknown,
                "charges": account.charges,
                "left": left,
            }
        )

    async def export(
        self, person: str | None, since: float, *, limit: int = MOST_EXPORTED
    ) -> UsageExport:
        """Return every job of a person, or for None of everybody, since a Unix time.

        At most `limit` rows, the oldest; `cut` tells of more. Prompts stand in it where they are
        recorded; in everybody's only as long as prompts are recorded now.

        Raises:
            StoreError: the record cannot be read.
        """
        found = await self._store.read(_everything(person, since, limit), timeout=EXPORT_SECONDS)
        rows, is_cut = await asyncio.to_thread(
            lambda: cut(
                joined(*found, prompts=self._prompts or person is not None), *found, limit=limit
            )
        )
        return UsageExport(since=since, person=person or "", cut=is_cut, rows=rows)

    async def erase(self, person: str) -> UsageErased:
        """Take a person's name and prompts from record and ledger, and delete their thumbnails;
        sums and quotas stay right.

        Raises:
            StoreError: the record cannot be written; nothing was forgotten.
        """
        name = kept_text(person, LONGEST_NAME)
        erased = await self._store.transact(_erasing(name), timeout=EXPORT_SECONDS)
        self._generations.forget(name)
        self._ledger.forget(name)
        return erased


def _everything(
    person: str | None, since: float, limit: int
) -> Callable[[Connection], tuple[list[KeptGeneration], list[ChargeRow]]]:
    def ask(connection: Connection) -> tuple[list[KeptGeneration], list[ChargeRow]]:
        from .store import charge_rows, generation_rows

        made = generation_rows.oldest(connection, person, since, limit + 1)
        return made, charge_rows.oldest(connection, person, since, limit + 1)

    return ask


def _erasing(person: str) -> Callable[[Connection], UsageErased]:
    def work(connection: Connection) -> UsageErased:
        from .store import charge_rows, counter_rows, generation_rows, thumbnail_rows

        counter_rows.lock(connection)
        return UsageErased(
            generations=generation_rows.forget(connection, person),
            charges=charge_rows.forget(connection, person),
            thumbnails=thumbnail_rows.forget(connection, person),
        )

    return work
