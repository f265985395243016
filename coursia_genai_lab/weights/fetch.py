"""Bring one model file: whole, checked, in one step; what is here of it is never brought twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog.spec import ModelFileSpec
from .inventory import FileFound, find_file
from .journal import Journal
from .off_loop import in_thread
from .part import Part, told
from .places import Place
from .problems import (
    Interruption,
    busy,
    cut,
    disk_full,
    hash_wrong,
    place_taken,
    root_missing,
    size_wrong,
    source_wrong,
)
from .records import FileRecord, write_record
from .sources import Origin
from .terms import Report, Step, Terms
from .transfer import NoSuchPiece, Reply, asked
from .writer import WriterLock

if TYPE_CHECKING:
    from aiohttp import ClientSession

LOOK_AT_DISK_BYTES = 64 * 2**20
_WRITE_BYTES = 2**20


async def fetch_file(
    file: ModelFileSpec, place: Place | None, terms: Terms, session: ClientSession, report: Report
) -> None:
    """Return when the file lies in its place, whole and checked.

    A cancelled or failed fetch keeps what it brought; the next one goes on from there.

    Raises:
        ModelFilesError, Conflict: why it cannot be had, with a remedy.
    """
    if place is None:
        raise root_missing(None)
    if await asyncio.to_thread(_is_here, file, place, terms):
        return
    async with _the_only_writer(file, place, terms, report) as we_write:
        if we_write:
            await _Fetch(file, place, terms, session, report).run()


def new_session() -> ClientSession:
    """Return an HTTP session as fetches want it: no cookies, no netrc, nothing unpacked."""
    import aiohttp

    return aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar())


def _is_here(file: ModelFileSpec, place: Place, terms: Terms) -> bool:
    """Say whether the file is here already; make the folders for it where it is not.

    Raises:
        ModelFilesError, Conflict: it cannot be put there.
    """
    found = find_file(file, [place.root])
    if found.state == "present":
        return True
    if found.state == "wrong" and not (found.fetched or terms.replace):
        raise place_taken(f"{file.folder}/{file.name}")
    if not place.root.is_dir():
        raise root_missing(place.root)
    try:
        for path in (place.part, place.lock, place.record):
            path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise told(error, place.root) from error
    return False


@asynccontextmanager
async def _the_only_writer(
    file: ModelFileSpec, place: Place, terms: Terms, report: Report
) -> AsyncIterator[bool]:
    """Yield True holding the lock, or False once another process has brought the file."""
    lock = WriterLock(place.lock, place.root)
    try:
        while not await in_thread(lock.take):
            who = await asyncio.to_thread(lock.holder)
            if not terms.wait_for_others:
                raise busy(f"{file.folder}/{file.name}", who)
            found = await asyncio.to_thread(find_file, file, [place.root])
            report(Step(f"waiting for {who}", found.done_bytes, file.size_bytes))
            await asyncio.sleep(terms.patience.look_seconds)
        # Whoever held the lock may have brought it.
        yield not await asyncio.to_thread(_is_here, file, place, terms)
    finally:
        lock.release()


class _Fetch:
    """One fetch of one file by the holder of its lock."""

    def __init__(
        self,
        file: ModelFileSpec,
        place: Place,
        terms: Terms,
        session: ClientSession,
        report: Report,
    ) -> None:
        self._file, self._place, self._terms = file, place, terms
        self._session, self._report = session, report
        self._what = f"{file.folder}/{file.name}"
        self._total = file.size_bytes
        self._fresh = True
        """Whether every byte of the part came in one answer from its beginning."""
        self._looked = 0
        """At how many bytes the disk was looked at last."""

    async def run(self) -> None:
        # Also one that was opened while somebody cancelled is closed.
        opened: list[Part] = []
        try:
            await in_thread(lambda: opened.append(Part(self._place.part, self._place.root)))
            part = opened[0]
            await self._take_up(part)
            origin = await self._until_whole(part)
            await self._put_in_place(part, origin)
        finally:
            for one in opened:
                one.close()

    async def _take_up(self, part: Part) -> None:
        """Hash what an earlier fetch left, where that can still be part of the file."""
        journal = await asyncio.to_thread(Journal.read, self._place.journal)
        if journal is None or not journal.can_go_on(self._file):
            await in_thread(part.begin_anew)
            return
        self._fresh = False
        report = self._report
        total = self._total

        def tell(done: int) -> None:
            report(Step("checking what is here", done, total))

        await in_thread(lambda: part.take_up(tell), stop=part.stop)

    async def _until_whole(self, part: Part) -> Origin:
        """Ask as often as it takes; return the origin of a part that is whole and right."""
        patience, failures, most = self._terms.patience, 0, part.size
        tries = 0
        while True:
            tries += 1
            try:
                self._tell("asking the source", part)
                origin = await in_thread(lambda: self._terms.sources.find(self._file))
                origin = await self._attempt(part, origin)
                await self._compare(part, origin)
                return origin
            except Interruption as interruption:
                failures = failures + 1 if part.size <= most else 1
                most = max(most, part.size)
                if failures >= patience.attempts or tries >= patience.most_attempts:
                    raise interruption.error from interruption
                await self._pause(part, interruption, failures)

    async def _pause(self, part: Part, interruption: Interruption, failures: int) -> None:
        patience = self._terms.patience
        pause = min(patience.first_pause * 2 ** (failures - 1), patience.longest_pause)
        if interruption.pause is not None:
            pause = min(max(pause, interruption.pause), patience.longest_wish)
        self._tell("waiting for the source", part)
        await asyncio.sleep(pause)

    async def _attempt(self, part: Part, origin: Origin) -> Origin:
        """Bring what one connection brings; return what the source now says of the file.

        Raises:
            Interruption: the file is not whole; worth another try.
            ModelFilesError: it cannot be had.
        """
        journal = await asyncio.to_thread(Journal.read, self._place.journal)
        if part.size and (journal is None or not journal.is_of(origin)):
            await self._begin_anew(part)
            journal = None
        if journal is not None and part.size and origin.size_bytes is None:
            origin = replace(origin, size_bytes=journal.size_bytes)
        size = origin.size_bytes
        if size is not None and part.size == size:
            return replace(origin, sha256=origin.sha256 or (journal.sha256 if journal else None))
        if size is not None and part.size > size:
            await self._begin_anew(part)
        validator = journal.validator if journal is not None and part.size else ""
        try:
            async with asked(
                self._session,
                origin,
                self._terms.patience,
                offset=part.size,
                validator=validator,
            ) as reply:
                if journal is not None and not journal.is_version(reply):
                    raise NoSuchPiece
                return await self._receive(part, origin, reply)
        except NoSuchPiece:
            await self._begin_anew(part)
            reason = "it sends other pieces than were asked for"
            raise Interruption(source_wrong(origin.host, reason)) from None

    async def _receive(self, part: Part, origin: Origin, reply: Reply) -> Origin:
        origin = self._with_what_is_told(origin, reply)
        if part.size and reply.start == 0:
            await self._begin_anew(part)  # It knows no ranges, or has another file now.
        total = origin.size_bytes
        self._total = total
        await self._see_to_the_disk(part)
        self._fresh = not part.size
        journal = Journal.of(origin, reply.validator)
        await in_thread(lambda: self._write_journal(journal))
        block = bytearray()
        try:
            async with aclosing(reply.pieces()) as pieces:
                async for piece in pieces:
                    block += piece
                    if len(block) >= _WRITE_BYTES:
                        full, block = block, bytearray()
                        await self._append(part, full, origin)
        finally:
            # What came before a cut, or before somebody cancelled, need not come again.
            if block:
                await self._append(part, block, origin)
        if total is not None and part.size < total:
            raise Interruption(cut(origin.host))
        return origin

    async def _append(self, part: Part, block: bytearray, origin: Origin) -> None:
        if self._total is not None and part.size + len(block) > self._total:
            raise source_wrong(origin.host, "it sends more than it said")
        await in_thread(partial(part.append, block))
        self._tell("fetching", part)
        if part.size - self._looked >= LOOK_AT_DISK_BYTES:
            self._looked = part.size
            await self._see_to_the_disk(part)

    def _with_what_is_told(self, origin: Origin, reply: Reply) -> Origin:
        """Return the origin with size and hash, as far as the source itself says them."""
        said, told_hash = reply.told.size_bytes, reply.told.sha256
        for size in (said, reply.total):
            if size is not None and origin.size_bytes not in (None, size):
                raise size_wrong(self._what, size, int(origin.size_bytes or 0))
        if told_hash and origin.sha256 not in (None, told_hash):
            raise hash_wrong(self._what, told_hash, str(origin.sha256))
        size = origin.size_bytes or said or reply.total
        sha256 = origin.sha256 or told_hash
        if size is None and sha256 is None:
            raise source_wrong(origin.host, "it does not say how large the file is")
        return replace(origin, size_bytes=size, sha256=sha256)

    def _write_journal(self, journal: Journal) -> None:
        try:
            journal.write(self._place.journal)
        except OSError as error:
            raise told(error, self._place.root) from error

    async def _compare(self, part: Part, origin: Origin) -> None:
        """Return when the whole part is the published file; one that is not begins anew.

        Raises:
            Interruption: its pieces may have been of several files; worth another try.
            ModelFilesError: the source itself has other bytes.
        """
        found = part.sha256()
        if origin.sha256 in (None, found):
            return
        fresh = self._fresh
        await self._begin_anew(part)
        await in_thread(lambda: _drop(self._place))
        wrong = hash_wrong(self._what, found, str(origin.sha256))
        if fresh:
            raise wrong
        raise Interruption(wrong)

    async def _put_in_place(self, part: Part, origin: Origin) -> None:
        self._tell("putting it in place", part)

        def put() -> None:
            place = self._place
            info = part.settle()
            record = FileRecord(
                place.folder,
                place.name,
                info.st_size,
                info.st_mtime_ns,
                info.st_ino,
                sha256=part.sha256(),
                published=origin.sha256 or "",
                fetched=True,
                source=origin.label,
                at=time.time(),
            )
            _make_room(self._file, place, self._terms)
            # Before the file has its name: a record of no file says nothing, a file of ours
            # without a record would be taken for somebody else's.
            write_record(place.record, record)
            part.move_to(place.target)
            now = place.target.stat()
            if not record.is_of(now):
                moved = replace(record, inode=now.st_ino, mtime_ns=now.st_mtime_ns)
                write_record(place.record, moved)
            place.journal.unlink(missing_ok=True)

        await in_thread(lambda: _on_disk(put, self._place.root))

    async def _begin_anew(self, part: Part) -> None:
        self._fresh = True
        await in_thread(part.begin_anew)

    async def _see_to_the_disk(self, part: Part) -> None:
        """Raise when the rest of the file does not fit beside the reserve."""
        free = await asyncio.to_thread(self._terms.free_bytes, self._place.root)
        left = 0 if self._total is None else max(0, self._total - part.size)
        if free is not None and free < left + self._terms.reserve_bytes:
            raise disk_full(self._place.root, left or None, free)

    def _tell(self, phase: str, part: Part) -> None:
        self._report(Step(phase, part.size, self._total))


def _make_room(file: ModelFileSpec, place: Place, terms: Terms) -> None:
    """Remove a wrong file that may be replaced.

    Raises:
        Conflict: somebody's own file lies there.
    """
    found: FileFound = find_file(file, [place.root])
    folder = place.target.is_dir() and not place.target.is_symlink()
    if folder or (found.state == "wrong" and not (found.fetched or terms.replace)):
        raise place_taken(f"{file.folder}/{file.name}")
    if found.state == "wrong":
        # Gone before its record is: after a crash in between it would be taken for somebody's.
        place.target.unlink(missing_ok=True)


def _drop(place: Place) -> None:
    with suppress(OSError):
        place.journal.unlink(missing_ok=True)


def _on_disk(work: Callable[[], None], root: Path) -> None:
    try:
        work()
    except OSError as error:
        raise told(error, root) from error
