"""A file that only we can read, and how to know it again."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ...errors import StoreError


def identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode; None: there is no file of this name."""
    try:
        info = path.stat()
    except FileNotFoundError:
        return None
    return (info.st_dev, info.st_ino)


def make_private(path: Path) -> None:
    """Make the file and its folder, for us alone; leave the modes of folders that were there."""
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = path.parent.stat()
    if _foreign(folder) and folder.st_uid != 0:
        raise StoreError(
            f"{path.parent} belongs to another user, so the Lab keeps no record there.",
            "Remove it, or set GenAILab.store_url to another place.",
            code="store_foreign",
        )
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except OSError:
        if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
            return  # It can still be read.
        raise
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or _foreign(info):
            raise StoreError(
                f"{path} is not a file of this user, so the Lab keeps no record there.",
                "Remove it, or set GenAILab.store_url to another place.",
                code="store_foreign",
            )
        if info.st_mode & 0o077:
            path.chmod(0o600)
    finally:
        os.close(descriptor)


def _foreign(info: os.stat_result) -> bool:
    return hasattr(os, "getuid") and info.st_uid != os.getuid()
