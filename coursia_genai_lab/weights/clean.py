"""What lies in model roots and nobody needs: old parts, and our files that no spec names."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .part import told
from .places import Place, parts_folder, records_folder
from .records import FileRecord, read_record
from .stock import FileKey
from .writer import WriterLock

DAY_SECONDS = 86_400.0


@dataclass(frozen=True)
class Leftover:
    """One file that may go."""

    kind: Literal["part", "file"]
    path: Path
    size_bytes: int
    age_seconds: float
    root: Path
    lock: Path


def leftovers(
    roots: Sequence[str | Path], named: Collection[FileKey] | None, *, part_days: float
) -> list[Leftover]:
    """Return parts that nobody wrote to for so many days, and files that no spec names.

    Of files only those that the Lab put there and that have not changed since; `named` are the
    (folder, name) of the catalogue. None, where not all of that could be read, lists no file.
    Blocks shortly.
    """
    found: list[Leftover] = []
    for root in map(Path, roots):
        found += _parts(root, part_days)
        found += _copies(root, named or (), part_days)
        if named is not None:
            found += _files(root, named)
    return found


def remove(leftover: Leftover) -> bool:
    """Remove it; say whether it was there and free.

    Raises:
        ModelFilesError: it cannot be removed.
    """
    try:
        leftover.lock.parent.mkdir(parents=True, exist_ok=True)
        lock = WriterLock(leftover.lock, leftover.root)
        if not lock.take():
            return False  # Somebody goes on with it at this moment.
        try:
            leftover.path.unlink()
            if leftover.kind == "part":
                leftover.path.with_suffix(".json").unlink(missing_ok=True)
        finally:
            lock.release()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise told(error, leftover.root) from error
    return True


def _parts(root: Path, days: float) -> Iterator[Leftover]:
    locks = parts_folder(root).parent / "locks"
    for path in sorted(parts_folder(root).glob("*.part")):
        with suppress(OSError):
            info = path.stat()
            age = max(0.0, time.time() - info.st_mtime)
            if age >= days * DAY_SECONDS:
                lock = locks / f"{path.stem}.lock"
                yield Leftover("part", path, info.st_size, age, root, lock)


def _copies(root: Path, named: Collection[FileKey], days: float) -> Iterator[Leftover]:
    recorded = {(record.folder, record.name) for record in _records(root)}
    for folder, name in sorted(recorded.union(named)):
        place = Place(root, folder, name)
        with suppress(OSError):
            info = place.coming.lstat()
            age = max(0.0, time.time() - info.st_mtime)
            if age >= days * DAY_SECONDS:
                yield Leftover("part", place.coming, info.st_size, age, root, place.lock)


def _files(root: Path, named: Collection[FileKey]) -> Iterator[Leftover]:
    for record in _records(root):
        if not record.fetched or (record.folder, record.name) in named:
            continue
        place = Place(root, record.folder, record.name)
        with suppress(OSError):
            info = place.target.lstat()
            if record.is_of(info):
                age = max(0.0, time.time() - record.at)
                yield Leftover("file", place.target, info.st_size, age, root, place.lock)


def _records(root: Path) -> Iterator[FileRecord]:
    for path in sorted(records_folder(root).glob("*.json")):
        record = read_record(path)
        if record is None or ".." in record.folder.split("/") or "/" in record.name:
            continue
        # A record names its own file, or somebody wrote it who is not us.
        if Place(root, record.folder, record.name).record == path:
            yield record
