"""Opens a file that nobody else can read or put there, and reads it whole.

The folder is opened first and the file from it, without following a link, so that nothing can be
put in between the look and the reading.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ..wire.problems import Problem
from .problems import exposed, own

_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)
_WRITABLE_BY_OTHERS = 0o022
_OPEN_TO_OTHERS = 0o077

Stamp = tuple[int, ...]


class Exposed(Exception):
    """Others can read or replace the file, or it cannot be opened; `problem` says it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True)
class Read:
    """The bytes of a file, and what tells whether it is still that file."""

    data: bytes
    stamp: Stamp
    changed_ns: int
    """When it was changed last, in nanoseconds since 1970."""
    steady: bool
    """Whether it was the same file before and after reading."""

    def __repr__(self) -> str:
        return f"Read({len(self.data)} bytes)"


def stamp_of(info: os.stat_result) -> Stamp:
    """Return what changes with the content, the owner or the mode of a file."""
    return (
        info.st_mtime_ns,
        info.st_ctime_ns,
        info.st_size,
        info.st_ino,
        info.st_dev,
        info.st_mode,
        info.st_uid,
    )


def look(path: Path) -> Stamp | None:
    """Return the stamp of what bears the name; None for nothing. Follows no link."""
    try:
        return stamp_of(path.lstat())
    except OSError:
        return None


def read_private(path: Path, most: int) -> Read | None:
    """Return up to `most` + 1 bytes of the file; None: there is none.

    Raises:
        Exposed: it, or its folder, is not ours alone; or it cannot be read.
    """
    try:
        with opened_folder(path.parent) as folder, _opened(path, folder) as file:
            before = os.fstat(file)
            _check(path, before)
            check_folder(path.parent, folder)
            data = bytearray()
            while len(data) <= most:
                part = os.read(file, most + 1 - len(data))
                if not part:
                    break
                data += part
            after = os.fstat(file)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Exposed(exposed(path, f"cannot be read: {error.strerror}", own(path))) from None
    stamp = stamp_of(before)
    return Read(bytes(data), stamp, before.st_mtime_ns, stamp_of(after) == stamp)


@contextmanager
def opened_folder(path: Path) -> Iterator[int | None]:
    """Open a folder of secrets; None where the system opens no folders.

    Raises:
        Exposed: somebody else could put files there.
        OSError: it cannot be opened.
    """
    if not _FOLDER:
        yield None
        return
    hidden = path.name.startswith(".")
    try:
        # The operator names the folder and may name a link; what lies in it is no link.
        folder = os.open(path, _FLAGS | _FOLDER | (_NO_FOLLOW if hidden else 0))
    except OSError:
        if hidden and path.is_symlink():
            raise Exposed(exposed(path, "is a link", "Put the folder itself there.")) from None
        raise
    try:
        yield folder
    finally:
        os.close(folder)


def check_folder(path: Path, folder: int | None) -> None:
    """Make sure that nobody else can put files into an open folder.

    Raises:
        Exposed: somebody else can.
    """
    if folder is None:
        return
    info = os.fstat(folder)
    if _of_another(info):
        raise Exposed(exposed(path, "belongs to another user", own(path, "700")))
    if info.st_mode & _WRITABLE_BY_OTHERS:
        remedy = own(path, "700")
        raise Exposed(exposed(path, "is a folder in which others can write", remedy))


@contextmanager
def _opened(path: Path, folder: int | None) -> Iterator[int]:
    at = path if folder is None else Path(path.name)
    try:
        file = os.open(at, _FLAGS | _NO_FOLLOW, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError:
        with suppress(OSError):
            if path.is_symlink():
                remedy = "Put the file itself there."
                raise Exposed(exposed(path, "is a link", remedy)) from None
        raise
    try:
        yield file
    finally:
        os.close(file)


def _check(path: Path, info: os.stat_result) -> None:
    if not stat.S_ISREG(info.st_mode):
        raise Exposed(exposed(path, "is no file", "Put a file there."))
    if _of_another(info):
        raise Exposed(exposed(path, "belongs to another user", own(path)))
    if os.name == "posix" and info.st_mode & _OPEN_TO_OTHERS:
        raise Exposed(exposed(path, "can be read by others", own(path)))


def _of_another(info: os.stat_result) -> bool:
    return hasattr(os, "getuid") and info.st_uid not in (os.getuid(), 0)
