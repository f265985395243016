"""One writer a file, across all processes of the machine."""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from .part import told

try:
    import fcntl
except ImportError:  # Windows: one writer a process then, which the caller sees to.
    fcntl = None  # type: ignore[assignment, unused-ignore]


class WriterLock:
    """The right to write one file; the system takes it back from a process that dies.

    The lock file keeps its name for ever: if it were removed, two processes could each lock a
    file of that name.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self._path, self._root = path, root
        self._file = -1

    def take(self) -> bool:
        """Take the lock if it is free; say whether it is ours now.

        Raises:
            ModelFilesError: the place cannot be written, or its file system has no locks.
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            file = os.open(self._path, flags, 0o644)
        except OSError as error:
            raise told(error, self._root) from error
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            who = {"pid": os.getpid(), "user": _user(), "host": socket.gethostname()}
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps({**who, "since": time.time()}).encode(), 0)
        except BlockingIOError:
            os.close(file)
            return False
        except OSError as error:
            os.close(file)
            raise told(error, self._root) from error
        self._file = file
        return True

    def release(self) -> None:
        """Let others write; a second call changes nothing."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def holder(self) -> str:
        """Return who holds the lock, in words."""
        try:
            with self._path.open("rb") as file:
                said: Any = json.loads(file.read(4096))
            return f"process {int(said['pid'])} of {said['user']} on {said['host']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "an unnamed user"
