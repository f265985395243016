"""Who ends the charges that nobody else will: those of Labs that died, and our own strays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress

from ...errors import StoreError
from ..store.store import Store
from .row import ChargeRow
from .transactions import beating, burial, looking, putting
from .writer import Watch, Writer

log = logging.getLogger(__name__)


class Caretaker:
    """Look after the store's open charges every `seconds`, and show that we live.

    `open_rows` are those that somebody here still holds; `last_word` says what became of another.
    """

    def __init__(
        self,
        store: Store,
        writer: Writer,
        watch: Watch,
        *,
        open_rows: Mapping[str, ChargeRow],
        last_word: Callable[[ChargeRow], ChargeRow],
        seconds: float,
    ) -> None:
        self._store = store
        self._writer = writer
        self._watch = watch
        self._open = open_rows
        self._last_word = last_word
        self._seconds = seconds
        self._strays: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin, at once with what former Labs left open. Idempotent."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """End. Idempotent."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def look_after(self) -> int:
        """Show that we live, end what dead Labs left open, and return how many charges that were.

        Raises:
            StoreError: the store is away.
        """
        others, _ = await self._look()
        return await self._bury(others)

    async def _look(self) -> tuple[list[Writer], list[ChargeRow]]:
        if self._open:
            self._store.write(beating(self._writer))
        return await self._store.read(looking(self._writer))

    async def _bury(self, others: list[Writer]) -> int:
        dead = self._watch.dead(others)
        if not dead:
            return 0
        ended = await self._store.transact(burial(dead))
        for row in ended:
            log.warning(
                "The Lab that worked on job %s has ended: its charge is %s.",
                row.job,
                "unknown" if row.state == "sent" else "refunded",
            )
        return len(ended)

    def _end_strays(self, ours: list[ChargeRow]) -> None:
        """Write again what became of charges whose end did not reach the store.

        Only of those that were strays at the last look, too: one that is reserved at this very
        moment may be in the store before anybody here knows of it.
        """
        strays = {row.id: row for row in ours if row.id not in self._open}
        for name in strays.keys() & self._strays:
            self._store.write(putting(self._last_word(strays[name])))
        self._strays = set(strays)

    async def _go_on(self) -> None:
        while True:
            with suppress(StoreError):
                others, ours = await self._look()
                self._end_strays(ours)
                await self._bury(others)
            await asyncio.sleep(self._seconds)
