"""Read a notebook from disk or from bytes: safely, and within bounds that hold for anything.

What a small notebook may cost is little, so it is read here. A giant, or one that is odd in a
costly way, is read by a process of its own, for a decoder holds the interpreter, and with it the
server, until it is done.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .apart import read_apart
from .fragments import Fragments
from .odd import leniently
from .shapes import Cell, Draft, Malformed, Notebook, Unreadable

__all__ = ["PATIENCE_SECONDS", "Cell", "Notebook", "Unreadable", "read_file", "read_notebook"]

LARGEST_FILE = 100 * 1024 * 1024
LARGEST_HERE = 20 * 1024 * 1024
"""Bytes of a notebook that is decoded here: outputs of that size take 20 ms, numbers 35 ms."""
MOST_BRACKETS_HERE = 100_000
"""Of each kind; one is an object to build, or a step of the decoder that skips it: 25 ms."""
LARGEST_ODD_HERE = 1024 * 1024
"""Bytes of a notebook that the slow decoder takes here: 30 ms."""
MOST_TEXT_HERE = 4 * 1024 * 1024
"""Bytes of code that become texts here: 40 ms where every line is one character."""
LONG_NOTE = "It is very long: its code was scanned, not followed."
PATIENCE_SECONDS = 0.8
"""The longest that a giant may take."""
_BOM = b"\xef\xbb\xbf"


def read_file(path: Path, root: Path | None) -> bytes:
    """Return the bytes of a regular file that lies under root (None: anywhere).

    Opened once; every check is made on the open descriptor, so that a link swapped in between
    leads nowhere.

    Raises:
        Unreadable: absent, a link, no regular file, outside root, or over 100 MB.
    """
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC"):
        flags |= getattr(os, name, 0)
    try:
        # To open a pipe or a device may already wake or change it; a link swapped in after
        # this look is met by the checks below.
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Unreadable("It is not a regular file.")
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise Unreadable(f"The notebook could not be opened: {reason}.") from None
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise Unreadable("It is not a regular file.")
        if info.st_size > LARGEST_FILE:
            raise Unreadable("It is larger than 100 MB and was not examined.")
        if root is not None and not _lies_under(descriptor, path, info, root):
            raise Unreadable("It lies outside the folder that this server shows.")
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
            # A bound near the size: a larger one would allocate that much first.
            return stream.read(info.st_size + 4096) or b""
    except OSError as error:
        raise Unreadable(f"The notebook could not be read: {error.strerror}.") from None
    finally:
        os.close(descriptor)


def _lies_under(descriptor: int, path: Path, info: os.stat_result, root: Path) -> bool:
    real_root = os.path.realpath(root)
    link = f"/proc/self/fd/{descriptor}"
    if os.path.exists(link):  # noqa: PTH110 - pathlib would build objects on the launch's path
        real = os.path.realpath(link)
    else:
        real = os.path.realpath(path)
        now = os.stat(real)  # noqa: PTH116 - as above
        if (now.st_dev, now.st_ino) != (info.st_dev, info.st_ino):
            return False
    return real.startswith(real_root.rstrip(os.sep) + os.sep)


def read_notebook(
    data: bytes, fragments: Fragments, *, patience_seconds: float = PATIENCE_SECONDS
) -> Notebook:
    """Return what detection needs of a notebook in nbformat 2, 3 or 4.

    Its cells are left out where none of the fragments is mentioned and the teacher says nothing.
    A giant takes at most `patience_seconds`.

    Raises:
        Unreadable: empty, not JSON, not a notebook, or more work than it is worth.
    """
    if data[:3] == _BOM:
        data = data[3:]
    # The first bytes tell nearly always; stripping all of a large file would copy it.
    if not data[:64].strip() and not data.strip():
        raise Unreadable("The file is empty.")
    draft = _draft(data)
    if draft is not None and not draft.matters(fragments):
        return draft.without_code()
    if draft is not None and draft.size <= MOST_TEXT_HERE:
        return draft.notebook(fragments)
    return read_apart(data, fragments, patience_seconds)


def _draft(data: bytes) -> Draft | None:
    """Return the notebook taken apart; None where that would hold the interpreter too long."""
    if len(data) > LARGEST_HERE or _is_crowded(data):
        return None
    try:
        return Draft(data)
    except Malformed:
        return Draft(leniently(data)) if len(data) <= LARGEST_ODD_HERE else None


def _is_crowded(data: bytes) -> bool:
    # Finding goes at the speed of memory where counting takes five times as long.
    return len(data) > MOST_BRACKETS_HERE and any(_has_many(data, sign) for sign in (b"{", b"["))


def _has_many(data: bytes, sign: bytes) -> bool:
    place = data.find(sign)
    for _ in range(MOST_BRACKETS_HERE):
        if place < 0:
            return False
        place = data.find(sign, place + 1)
    return True
