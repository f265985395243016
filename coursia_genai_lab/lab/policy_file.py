"""The policy of a class in a file: looked at often, read when it has changed and come to rest.

Nobody but the operator may be able to change it. It may be read by everybody, and may be a link,
as a mounted ConfigMap is: what it leads to is examined.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from ..catalog.read import MOST_BYTES
from .policy_problems import Unread, exposed, gone

_SETTLED_SECONDS = 2.0
"""Clocks of file systems are coarse: what changed so recently may change again unseen."""

Stamp = tuple[int, ...]


class PolicyFile:
    """One file. Used by one thread at a time; each call may block."""

    def __init__(self, path: Path, notebook_root: Path | None = None) -> None:
        self.shown = str(path)
        self._path = path
        self._root = notebook_root
        self._read: Stamp | None = None
        self._seen: Stamp | None = None

    def look(self, *, at_once: bool = False) -> bytes | None:
        """Return the content if it may have changed since it was returned last; else None.

        A change counts when two looks have found the same, for its writer may be in the middle;
        `at_once` does without the second look.

        Raises:
            Unread: it is gone, or others can change it.
        """
        stamp = self._stamp()
        if stamp == self._read:
            return None
        if stamp != self._seen and not at_once:
            self._seen = stamp
            return None
        data, read = self._content()
        self._seen = read
        if read != stamp:
            return None
        changed = max(read[0], read[1]) / 1e9
        self._read = read if abs(time.time() - changed) > _SETTLED_SECONDS else None
        return data

    def forget(self) -> None:
        """Return the content at a later look, though it may be the same."""
        self._read = None

    def _stamp(self) -> Stamp:
        try:
            return _stamp_of(self._path.stat())
        except OSError as error:
            self._read = self._seen = None
            raise Unread(gone(self.shown, error.strerror or "it is gone")) from None

    def _content(self) -> tuple[bytes, Stamp]:
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            # What is examined is what was opened, wherever a link leads in the next moment.
            real = self._path.resolve(strict=True)
            with os.fdopen(os.open(real, flags), "rb") as file:
                info = os.fstat(file.fileno())
                self._examine(real, info, _read_only(file.fileno()))
                data = file.read(MOST_BYTES + 1)
                return data, _stamp_of(os.fstat(file.fileno()))
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or "it cannot be opened"
            raise Unread(gone(self.shown, reason)) from None

    def _examine(self, real: Path, info: os.stat_result, read_only: bool) -> None:
        if not stat.S_ISREG(info.st_mode):
            raise Unread(exposed(self.shown, "is no file", "Put a file there."))
        if self._root is not None and real.is_relative_to(self._root.resolve()):
            raise Unread(
                exposed(
                    self.shown,
                    "lies among the notebooks, where every kernel can change it",
                    "Move it to a folder outside the notebook root and name that in "
                    "GenAILab.policy_source.",
                )
            )
        if not hasattr(os, "getuid") or read_only:
            return
        folder = real.parent
        for place, found in ((real, info), (folder, folder.stat())):
            sticky = place == folder and bool(found.st_mode & stat.S_ISVTX)
            open_to_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky
            if found.st_uid not in (os.getuid(), 0) or open_to_others:
                raise Unread(
                    exposed(
                        str(place),
                        "belongs to another user or can be written by others",
                        f"Run: chown {os.getuid()} {place} && chmod go-w {place}",
                    )
                )


def _read_only(file: int) -> bool:
    if not hasattr(os, "fstatvfs"):
        return False
    return bool(os.fstatvfs(file).f_flag & os.ST_RDONLY)


def _stamp_of(info: os.stat_result) -> Stamp:
    return (
        info.st_mtime_ns,
        info.st_ctime_ns,
        info.st_size,
        info.st_ino,
        info.st_dev,
        info.st_mode,
        info.st_uid,
    )
