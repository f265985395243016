"""Take model files from a folder, for machines without a network."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..catalog.spec import ModelFileSpec
from ..errors import ConfigurationError
from .check import hash_of
from .inventory import find_file
from .part import BLOCK, Part, make_folder, told
from .places import HIDDEN, Place, place_of
from .problems import busy, disk_full, place_taken, root_missing
from .records import FileRecord, write_record
from .terms import Terms
from .writer import WriterLock


@dataclass(frozen=True)
class Offered:
    """One file of the folder."""

    path: Path
    size_bytes: int


@dataclass(frozen=True)
class Brought:
    """What became of one file that was missing: from where it came, or None."""

    file: ModelFileSpec
    origin: Path | None
    linked: bool = False
    reason: str = ""
    """Why a file of that name was not taken."""


def offered_by(folder: Path) -> list[Offered]:
    """Return every file below a folder; linked folders are not entered.

    Raises:
        ConfigurationError: there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigurationError(
            f"There is no folder {folder}.", "Name the folder that holds the model files."
        )
    return sorted(_walk(folder), key=lambda one: str(one.path))


def bring_file(
    file: ModelFileSpec,
    roots: Sequence[str | Path],
    offered: Sequence[Offered],
    terms: Terms,
    report: Callable[[int], None],
    *,
    link: bool = False,
) -> Brought | None:
    """Put a missing file in its place from those that are offered; None: it is here already.

    One is taken that has its hash, where one is published, else its name and size. `link` makes
    a hard link where the disk allows it, else the file is copied. Blocks for long.

    Raises:
        ModelFilesError, Conflict: it cannot be put there.
    """
    place = place_of(file, roots)
    if place is None:
        raise root_missing(None)
    found = find_file(file, roots)
    if found.state == "present":
        return None
    if found.state == "wrong" and not (found.fetched or terms.replace):
        raise place_taken(f"{file.folder}/{file.name}")
    if not place.root.is_dir():
        raise root_missing(place.root)
    reason = ""
    for one in _candidates(file, offered):
        try:
            sha256 = hash_of(one.path, report) if file.sha256 else ""
        except OSError as error:
            reason = f"{one.path} cannot be read: {error.strerror}"
            continue
        if file.sha256 not in (None, sha256):
            reason = f"{one.path} is not the published file"
            continue
        linked = _put(file, place, one, terms, report, link=link)
        return Brought(file, one.path, linked)
    return Brought(file, None, reason=reason)


def _candidates(file: ModelFileSpec, offered: Sequence[Offered]) -> list[Offered]:
    right = [one for one in offered if file.size_bytes in (None, one.size_bytes)]
    named = [one for one in right if one.path.name == file.name]
    # Under another name only its hash can tell, and only where the size leaves few to read.
    others = [one for one in right if one not in named] if file.sha256 and file.size_bytes else []
    return [*named, *others]


def _put(
    file: ModelFileSpec,
    place: Place,
    one: Offered,
    terms: Terms,
    report: Callable[[int], None],
    *,
    link: bool,
) -> bool:
    try:
        for path in (place.part, place.lock, place.record):
            path.parent.mkdir(parents=True, exist_ok=True)
        make_folder(place.target.parent, place.root)
    except OSError as error:
        raise told(error, place.root) from error
    lock = WriterLock(place.lock, place.root)
    if not lock.take():
        raise busy(f"{file.folder}/{file.name}", lock.holder())
    try:
        if link and _linked(file, place, one):
            return True
        _copied(file, place, one, terms, report)
        return False
    except OSError as error:
        raise told(error, place.root) from error
    finally:
        lock.release()


def _linked(file: ModelFileSpec, place: Place, one: Offered) -> bool:
    draft = place.part.with_suffix(".link")
    draft.unlink(missing_ok=True)
    try:
        os.link(one.path.resolve(), draft)
    except OSError as error:
        if error.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP):
            return False
        raise
    try:
        if not draft.stat().st_mode & stat.S_IROTH:
            return False  # A container could not read it; a copy of ours it can.
        write_record(place.record, _record(place, draft.stat(), file.sha256 or "", one))
        draft.replace(place.target)
    finally:
        draft.unlink(missing_ok=True)
    return True


def _copied(
    file: ModelFileSpec,
    place: Place,
    one: Offered,
    terms: Terms,
    report: Callable[[int], None],
) -> None:
    free = terms.free_bytes(place.root)
    if free is not None and free < one.size_bytes + terms.reserve_bytes:
        raise disk_full(place.root, one.size_bytes, free)
    place.journal.unlink(missing_ok=True)
    part = Part(place.part, place.root)
    try:
        part.begin_anew()
        with one.path.open("rb") as source:
            while block := source.read(BLOCK):
                part.append(block)
                report(part.size)
        if file.sha256 not in (None, part.sha256()):
            # It was right a moment ago: somebody writes to it.
            raise OSError(errno.EIO, f"{one.path.name} changed while it was copied")
        write_record(place.record, _record(place, part.settle(), part.sha256(), one))
        part.move_to(place.target)
    finally:
        part.close()
        with suppress(OSError):
            place.part.unlink(missing_ok=True)


def _record(place: Place, info: os.stat_result, sha256: str, one: Offered) -> FileRecord:
    return FileRecord(
        place.folder,
        place.name,
        info.st_size,
        info.st_mtime_ns,
        info.st_ino,
        sha256=sha256,
        fetched=True,
        source=f"imported from {one.path.parent}",
        at=time.time(),
    )


def _walk(folder: Path) -> Iterator[Offered]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != HIDDEN]
        for name in names:
            path = Path(parent) / name
            with suppress(OSError):
                if path.is_file():
                    yield Offered(path, path.stat().st_size)
