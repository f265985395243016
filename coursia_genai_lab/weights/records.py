"""Small JSON files beside the models: what was found out once need not be computed again."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

_LONGEST = 65_536


@dataclass(frozen=True)
class FileRecord:
    """What is known of one file that lies in its place, as long as it has not changed."""

    folder: str
    name: str
    size_bytes: int
    mtime_ns: int
    inode: int
    sha256: str = ""
    """Its hash when it was last read as a whole; empty: it never was."""
    published: str = ""
    """The hash that its publisher named when it was fetched; empty: none."""
    fetched: bool = False
    """Whether the Lab put it there; only such a file is ever replaced or removed."""
    source: str = ""
    at: float = 0.0
    """When that was, seconds since 1970."""

    def is_of(self, info: os.stat_result) -> bool:
        """Say whether the file is still the one that the record is about."""
        return (self.size_bytes, self.mtime_ns, self.inode) == (
            info.st_size,
            info.st_mtime_ns,
            info.st_ino,
        )


def record_of(
    folder: str, name: str, info: os.stat_result, *, sha256: str = "", source: str = ""
) -> FileRecord:
    """Return the record of a file in this state, that nobody fetched."""
    return FileRecord(
        folder, name, info.st_size, info.st_mtime_ns, info.st_ino, sha256=sha256, source=source
    )


def known_hash(path: Path, record: Path) -> str | None:
    """Return the SHA-256 of a file as it was computed since it last changed; None: it was not.

    Costs two small reads; an unreadable place is one where nothing is known.
    """
    try:
        info, known = path.stat(), read_record(record)
    except OSError:
        return None
    return (known.sha256 or None) if known is not None and known.is_of(info) else None


def read_record(path: Path) -> FileRecord | None:
    """Return the record; None when there is none or it makes no sense."""
    table = read_table(path)
    if table is None:
        return None
    names = {field.name for field in fields(FileRecord)}
    try:
        found = FileRecord(**{key: value for key, value in table.items() if key in names})
    except TypeError:
        return None
    texts = (found.folder, found.name, found.sha256, found.published, found.source)
    numbers = (found.size_bytes, found.mtime_ns, found.inode)
    good = all(isinstance(one, str) for one in texts) and all(
        isinstance(one, int) for one in numbers
    )
    return found if good and isinstance(found.at, (int, float)) else None


def write_record(path: Path, record: FileRecord) -> None:
    """Put the record in place in one step.

    Raises:
        OSError: the place cannot be written.
    """
    write_table(path, asdict(record))


def read_table(path: Path) -> dict[str, Any] | None:
    """Return the JSON object of a small file; None when there is none."""
    try:
        with path.open("rb") as file:
            table = json.loads(file.read(_LONGEST))
    except (OSError, ValueError):
        return None
    return table if isinstance(table, dict) else None


def write_table(path: Path, table: Mapping[str, Any]) -> None:
    """Put a JSON object in place in one step, so that nobody ever reads half of one.

    Raises:
        OSError: the place cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that nobody else has, for two threads may write one table at a time; and a new file,
    # for others who may write into the folder could have laid a link there.
    draft = path.with_name(f".{path.name[:200]}.{secrets.token_hex(8)}.draft")
    try:
        with draft.open("x", encoding="utf-8") as file:
            json.dump(table, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
