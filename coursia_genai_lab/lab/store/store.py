"""A store that never stops anybody: one thread writes, memory answers, trouble is told."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from ...errors import StoreError
from ...wire.problems import Problem
from .keeper import Keeper
from .part import Part, Write
from .place import Place
from .troubles import dropped, silent

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .migrate import Schema

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

MOST_WRITES = 10_000
"""Changes that wait for a store that is away; the oldest give way."""
MOST_READS = 64
MOST_TRANSACTIONS = 1000
"""Questions and transactions that wait for the thread, before another one is refused."""
BATCH = 500
MOST_MENDINGS = 3
"""Times that one flush goes on after a store was lost or damaged and begun anew."""
TRANSACTION_SECONDS = 6.0
"""More than a locked SQLite file or a lock in PostgreSQL is waited for."""
SILENT_SECONDS = 15.0
"""After this the store is told to be silent: a database that hangs answers nothing."""
CLOSE_SECONDS = 2.0


@dataclass(frozen=True)
class _Ask:
    """A question or a transaction that waits for the thread."""

    work: Callable[[Connection], Any]
    way: Literal["read", "transact"]
    future: concurrent.futures.Future[Any]


class Store:
    """Keep changes in the order given, and read behind them.

    `locate` says where, at each try anew. `changed` is called on the event loop when `notes()`
    has changed. Nothing here blocks the loop, raises because of a store, or stops a service.
    """

    def __init__(
        self,
        locate: Callable[[], Place],
        schema: Schema,
        *,
        changed: Callable[[], None] = lambda: None,
        busy_seconds: float | None = None,
        check_seconds: float | None = None,
    ) -> None:
        self._parts: list[Part] = []
        self._changed = changed
        self._keeper = Keeper(
            locate,
            schema,
            self._parts,
            loaded=self._loaded,
            told=self._told,
            busy_seconds=busy_seconds,
            check_seconds=check_seconds,
        )
        self._condition = threading.Condition()
        self._writes: deque[Write] = deque()
        self._asks: deque[_Ask] = deque()
        self._given = 0
        self._dropped = 0
        self._closing = False
        self._busy_since: float | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._settled = asyncio.Event()

    def carry(self, part: Part) -> None:
        """Load a part when the store opens, and write it anew where the store was lost."""
        self._parts.append(part)

    # -- lifetime ------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to open the store, in its own thread. Idempotent."""
        if self._thread is not None:
            return
        self._loop = asyncio.get_running_loop()
        self._closing = False
        self._settled = asyncio.Event()
        # A daemon: a database that hangs must not keep the server from ending.
        self._thread = threading.Thread(target=self._run, name="genai-store", daemon=True)
        self._thread.start()

    async def settled(self, timeout: float) -> bool:
        """Wait until the store was opened and read, or could not be; False: not in time."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._settled.wait(), timeout)
        return self._settled.is_set()

    async def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Write what waits, for at most `timeout` seconds, and let go. Idempotent."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._condition:
            self._closing = True
            self._condition.notify()
        await asyncio.to_thread(thread.join, timeout)
        if thread.is_alive():
            log.warning("The Lab's record did not close in time; its last entries may be lost.")

    # -- use -----------------------------------------------------------------------------------

    def write(self, *changes: Write) -> None:
        """Take changes to be written soon, in this order. Never blocks, never fails."""
        with self._condition:
            for change in changes:
                if len(self._writes) >= MOST_WRITES:
                    self._writes.popleft()
                    self._dropped += 1
                self._writes.append(change)
            self._given += len(changes)
            self._condition.notify()

    async def read(self, ask: Callable[[Connection], Answer], *, timeout: float = 3.0) -> Answer:
        """Return what `ask` finds, after every change given so far has been written.

        Raises:
            StoreError: the store is away, or did not answer within `timeout` seconds.
        """
        return await self._asked(ask, "read", MOST_READS, timeout)

    async def transact(
        self, work: Callable[[Connection], Answer], *, timeout: float = TRANSACTION_SECONDS
    ) -> Answer:
        """Return what `work` answers, once its changes are kept: all of them, or none.

        It runs once, after every change given so far has been written, and no other program
        writes meanwhile where `work` holds the lock of its tables (SQLite always does). What it
        raises becomes a StoreError, so a refusal is to be an answer.

        Raises:
            StoreError: the store is away, or did not answer within `timeout` seconds. Then, and
                when the caller is cancelled, nobody knows whether the changes were kept.
        """
        return await self._asked(work, "transact", MOST_TRANSACTIONS, timeout)

    async def _asked(
        self,
        work: Callable[[Connection], Answer],
        way: Literal["read", "transact"],
        most: int,
        timeout: float,
    ) -> Answer:
        future: concurrent.futures.Future[Answer] = concurrent.futures.Future()
        with self._condition:
            if self._thread is None or self._closing or len(self._asks) >= most:
                raise StoreError("The Lab's record is not open, or too much is asked of it.")
            self._asks.append(_Ask(work, way, future))
            self._condition.notify()
        answer = asyncio.wrap_future(future)
        try:
            # Not wait_for, which before Python 3.12 loses a cancellation that comes with a result.
            await asyncio.wait({answer}, timeout=timeout)
        finally:
            if not answer.done():
                answer.cancel()
        if answer.cancelled():
            raise StoreError("The Lab's record does not answer.", code="store_silent")
        return answer.result()

    def notes(self) -> list[Problem]:
        """Return what a person should know about the store, most pressing first."""
        notes = list(self._keeper.notes())
        since = self._busy_since
        if since is not None and time.monotonic() - since > SILENT_SECONDS:
            notes.insert(0, silent(self._keeper.shown))
        if self._dropped:
            notes.append(dropped(self._dropped))
        return notes

    @property
    def durable(self) -> bool:
        """Whether what is written now lasts."""
        keeper = self._keeper
        return self._thread is not None and keeper.trouble is None and keeper.uuid != ""

    @property
    def uuid(self) -> str:
        """Return the store's own name; empty until it was open."""
        return self._keeper.uuid

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        closing = False
        while not closing:
            self._wait()
            with self._condition:
                closing = self._closing
            self._busy_since = time.monotonic()
            try:
                self._work(closing)
            except Exception as error:
                # The boundary of the thread: it must outlive what nobody thought of.
                log.exception("The thread of the Lab's record met a defect")
                self._keeper.broke(error)
            self._busy_since = None
            self._call(self._settled.set)
        self._keeper.close()
        self._refuse_asks()

    def _work(self, closing: bool) -> None:
        with self._condition:
            # Who asks later may have given changes before that this flush does not see.
            asked = len(self._asks)
        if self._keeper.attend(last=closing):
            self._flush()
        self._refresh()
        self._answer(asked)

    def _wait(self) -> None:
        with self._condition:
            self._condition.wait_for(
                lambda: (
                    self._closing
                    or self._asks
                    or (self._writes and self._keeper.trouble is None)
                    or self._keeper.seconds_left <= 0
                ),
                timeout=max(0.0, self._keeper.seconds_left),
            )

    def _flush(self) -> None:
        mended = 0
        while mended < MOST_MENDINGS:
            with self._condition:
                batch = [self._writes.popleft() for _ in range(min(BATCH, len(self._writes)))]
            if not batch:
                return
            left = self._keeper.write(batch)
            with self._condition:
                self._writes.extendleft(reversed(left))
            if left and self._keeper.trouble is not None:
                return
            mended += bool(left)

    def _refresh(self) -> None:
        with self._condition:
            mark = None if self._writes else self._given
        if mark is not None:
            self._keeper.refresh(mark)

    def _answer(self, most: int) -> None:
        for _ in range(most):
            with self._condition:
                ask = self._asks.popleft()
            if not ask.future.set_running_or_notify_cancel():
                continue
            do = self._keeper.read if ask.way == "read" else self._keeper.transact
            try:
                ask.future.set_result(do(ask.work))
            except StoreError as error:
                ask.future.set_exception(error)

    def _refuse_asks(self) -> None:
        with self._condition:
            left, self._asks = list(self._asks), deque()
        for ask in left:
            if ask.future.set_running_or_notify_cancel():
                ask.future.set_exception(StoreError("The Lab's record is closed."))

    def _loaded(self, mark: int, loads: Iterable[tuple[Part, Any]]) -> None:
        """Hand what was read to the loop; changes given meanwhile are newer than it."""
        kept = list(loads)

        def adopt() -> None:
            if mark == self._given:
                for part, loaded in kept:
                    part.adopt(loaded)
            else:
                self._keeper.stale = True

        self._call(adopt)

    def _told(self) -> None:
        self._call(self._changed)

    def _call(self, call: Callable[[], object]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call)
