"""A small picture of what somebody had made, for their own history and for nobody else."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from ..errors import StoreError
from .generation import LONGEST_NAME
from .generations import DAYS
from .store.kept_text import kept_text
from .store.part import Write
from .store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

log = logging.getLogger(__name__)

AFTER_SECONDS = 0.5
"""A picture is made small when its answer has gone out: nobody waits for it."""
MOST_WAITING = 16
MOST_WAITING_BYTES = 64 * 2**20
"""Pictures that wait to be made small; those that come when so many do have no thumbnail."""
MOST_OF_PERSON = 200
MOST_MIB = 64
"""About 13,000 thumbnails: a class of 60 with all that one person may have."""
PRUNE_EVERY = 50
CLOSE_SECONDS = 2.0


class TakePicture(Protocol):
    """Takes a picture that a generation came to; called on the event loop, it neither blocks nor
    raises. `in_base64` says that `data` is the text of one.
    """

    def __call__(self, generation_id: str, data: bytes, *, in_base64: bool = False) -> None: ...


def forget_picture(generation_id: str, data: bytes, *, in_base64: bool = False) -> None:
    """Keep no thumbnail."""


class Thumbnails:
    """Make pictures small in one thread of its own, and keep that in the store.

    `wanted` False: none is made, and those that the store has are deleted when it opens. `days`
    is how long they are kept, `most_bytes` how much all of them may take.
    """

    def __init__(
        self,
        store: Store,
        *,
        wanted: bool = True,
        days: float = DAYS,
        most_bytes: int = MOST_MIB * 2**20,
        after_seconds: float = AFTER_SECONDS,
    ) -> None:
        self.wanted = wanted and most_bytes > 0
        self._store = store
        self._days = days
        self._most_bytes = most_bytes
        self._after = after_seconds
        self._pictures: dict[str, tuple[int, asyncio.Task[None]]] = {}
        """By generation: bytes that are held for it, and what makes them small."""
        self._pool: ThreadPoolExecutor | None = None
        self._made = 0

    def open(self) -> None:
        """Delete what is not to be kept any more, as soon as the store is open."""
        self._store.write(self._pruning() if self.wanted else _clearing)

    def take(self, generation_id: str, data: bytes, *, in_base64: bool = False) -> None:
        """Make a picture small soon, and keep that for whoever the record says had it made.

        Nothing comes of it where too many wait, or where the store takes nothing now.
        """
        held = self._pictures
        bytes_held = sum(size for size, _ in held.values())
        full = len(held) >= MOST_WAITING or bytes_held > MOST_WAITING_BYTES
        if not self.wanted or full or generation_id in held or not self._store.durable:
            return
        work = self._keep(generation_id, data, in_base64)
        task = asyncio.create_task(work, name="genai-thumbnail")
        held[generation_id] = (len(data), task)
        task.add_done_callback(lambda _: held.pop(generation_id, None))

    async def of(self, person: str, generation_id: str) -> bytes | None:
        """Return a person's own thumbnail as WebP; None: there is none, or it is another's.

        Raises:
            StoreError: the store cannot be asked.
        """
        return await self._store.read(_one(kept_text(person, LONGEST_NAME), generation_id))

    async def ids(self, person: str) -> list[str]:
        """Return which of a person's generations have one, the newest first; none without store."""
        with suppress(StoreError):
            return await self._store.read(_ids(kept_text(person, LONGEST_NAME)))
        return []

    async def close(self) -> None:
        """Drop what waits, and let what is under way end, bounded. Idempotent."""
        tasks = [task for _, task in self._pictures.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    # -- one picture ---------------------------------------------------------------------------

    async def _keep(self, generation_id: str, data: bytes, in_base64: bool) -> None:
        await asyncio.sleep(self._after)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="genai-thumbnail")
        loop = asyncio.get_running_loop()
        try:
            small = await loop.run_in_executor(self._pool, _drawn, data, in_base64)
            if small is None:
                return
            # Not among the record's own changes: those must not wait or fail for a thumbnail.
            await self._store.transact(_insertion(generation_id, small))
            self._made += 1
            if self._made % PRUNE_EVERY == 0:
                await self._store.transact(self._pruning())
        except StoreError as error:
            log.debug("A thumbnail was not kept: %s", error.message)
        # The boundary of a task that nobody waits for: a thumbnail is worth no trouble.
        except Exception as error:  # noqa: BLE001
            log.warning("A thumbnail could not be made: %s", type(error).__name__)

    def _pruning(self) -> Write:
        def write(connection: Connection) -> None:
            from .store.thumbnail_rows import prune

            prune(connection, days=self._days, most_bytes=self._most_bytes)

        return write


def _drawn(data: bytes, in_base64: bool) -> bytes | None:
    # Pillow is loaded by the first picture, and in this thread.
    from .thumbnail_drawing import drawn

    if in_base64:
        try:
            data = base64.b64decode(data, validate=True)
        except ValueError:
            return None
    return drawn(data)


def _clearing(connection: Connection) -> None:
    from .store.thumbnail_rows import clear

    clear(connection)


def _insertion(generation_id: str, data: bytes) -> Write:
    def write(connection: Connection) -> None:
        from .store.thumbnail_rows import insert

        insert(connection, generation_id, data, most=MOST_OF_PERSON)

    return write


def _one(person: str, generation_id: str) -> Callable[[Connection], bytes | None]:
    def ask(connection: Connection) -> bytes | None:
        from .store.thumbnail_rows import of_person

        return of_person(connection, person, generation_id)

    return ask


def _ids(person: str) -> Callable[[Connection], list[str]]:
    def ask(connection: Connection) -> list[str]:
        from .store.thumbnail_rows import ids_of

        return ids_of(connection, person, MOST_OF_PERSON)

    return ask
