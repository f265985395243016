"""The output of a child process: a file of its own, kept short."""

from __future__ import annotations

import os
from pathlib import Path

from .credentials import private_folder

_TAIL_BYTES = 256 * 1024


class OutputFile:
    """A log that a child appends to and that outlives the Lab.

    A file and not a pipe: a child that outlives its reader must not die of a broken pipe.
    """

    def __init__(self, path: Path, *, limit_bytes: int = 4 * 1024 * 1024) -> None:
        self.path = path
        self._limit = limit_bytes

    def clear(self) -> None:
        """Make an empty file, readable by us only."""
        private_folder(self.path.parent)
        self.path.unlink(missing_ok=True)
        os.close(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    def tail(self, lines: int) -> list[str]:
        """Return the last lines, oldest first; none when there is no file."""
        if lines <= 0:
            return []
        return self._end().decode("utf-8", "replace").splitlines()[-lines:]

    def trim(self) -> None:
        """Keep only the end when the file has passed its limit.

        The child writes with O_APPEND, so it goes on at the new end. A line that it writes at
        this very moment may be lost.
        """
        try:
            if self.path.stat().st_size <= self._limit:
                return
            end = self._end()
            os.truncate(self.path, 0)
            with self.path.open("ab") as file:
                file.write(end)
        except FileNotFoundError:
            return

    def remove(self) -> None:
        """Remove the file; it may be gone already."""
        self.path.unlink(missing_ok=True)

    def _end(self) -> bytes:
        wanted = min(_TAIL_BYTES, self._limit // 2)
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - wanted))
                end = file.read(wanted)
        except FileNotFoundError:
            return b""
        # A line cut in half at the front is left out.
        return end.partition(b"\n")[2] if size > wanted else end
