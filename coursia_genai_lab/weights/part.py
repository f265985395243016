"""The unfinished file of a fetch: bytes that are here, and their hash."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ..errors import ModelFilesError
from .problems import disk_fails, disk_full, root_readonly

BLOCK = 4 * 2**20
_NO_ROOM = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
_MODE_OF_A_MODEL, _MODE_OF_A_FOLDER = 0o644, 0o755
"""Containers read model files as users of their own, whatever the mask of who fetched them."""


class Part:
    """An open part; its methods block, and one of them runs at a time.

    Raises:
        ModelFilesError: the disk is full or fails, or the place cannot be written.
    """

    def __init__(self, path: Path, root: Path) -> None:
        self._path, self._root = path, root
        self._hash = hashlib.sha256()
        self._stop = threading.Event()
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            self._file = os.open(path, flags, 0o600)
        except OSError as error:
            raise self._told(error) from error
        self.size = 0
        """Bytes that were written and hashed."""

    def stop(self) -> None:
        """Let a hash that is being rebuilt end soon; may be called from elsewhere."""
        self._stop.set()

    def take_up(self, report: Callable[[int], None]) -> None:
        """Read and hash what is here; `report` hears how many bytes have been read."""
        try:
            os.lseek(self._file, 0, os.SEEK_SET)
            while not self._stop.is_set() and (block := os.read(self._file, BLOCK)):
                self._hash.update(block)
                self.size += len(block)
                report(self.size)
        except OSError as error:
            raise self._told(error) from error

    def begin_anew(self) -> None:
        """Forget what is here."""
        try:
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)
        except OSError as error:
            raise self._told(error) from error
        self._hash, self.size = hashlib.sha256(), 0

    def append(self, data: bytes | bytearray) -> None:
        """Write and hash more bytes."""
        view = memoryview(data)
        try:
            while view:
                written = os.write(self._file, view)
                self._hash.update(view[:written])
                self.size += written
                view = view[written:]
        except OSError as error:
            raise self._told(error) from error

    def sha256(self) -> str:
        """Return the hash of all bytes that are here."""
        return self._hash.hexdigest()

    def settle(self) -> os.stat_result:
        """Bring every byte to the disk, let others read the file, and return its state."""
        try:
            os.fchmod(self._file, _MODE_OF_A_MODEL)
            os.fsync(self._file)
            return os.fstat(self._file)
        except OSError as error:
            raise self._told(error) from error

    def move_to(self, target: Path) -> None:
        """Give the file its final name in one step, whole and on the disk."""
        try:
            make_folder(target.parent, self._root)
            try:
                self._path.replace(target)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                self._copy_to(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise self._told(error) from error

    def close(self) -> None:
        """Close the file; what is in it stays."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _copy_to(self, target: Path) -> None:
        # The folder is a link or a mount of another file system: a rename does not reach there.
        draft = target.with_name(f".{self._path.name}.coming")
        try:
            with draft.open("wb") as file:
                os.lseek(self._file, 0, os.SEEK_SET)
                while block := os.read(self._file, BLOCK):
                    file.write(block)
                file.flush()
                os.fchmod(file.fileno(), _MODE_OF_A_MODEL)
                os.fsync(file.fileno())
            info = os.fstat(self._file)
            os.utime(draft, ns=(info.st_atime_ns, info.st_mtime_ns))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def _told(self, error: OSError) -> ModelFilesError:
        return told(error, self._root)


def make_folder(folder: Path, root: Path) -> None:
    """Make what is missing of a folder below a model root, for everybody to read.

    Raises:
        OSError: the place cannot be written.
    """
    for place in [*reversed(folder.relative_to(root).parents), folder.relative_to(root)]:
        with suppress(FileExistsError):
            (root / place).mkdir()
            (root / place).chmod(_MODE_OF_A_FOLDER)


def told(error: OSError, root: Path) -> ModelFilesError:
    """Return what the failure of a disk means."""
    if error.errno in _NO_ROOM:
        return disk_full(root, None, None)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return root_readonly(root)
    return disk_fails(root, error.strerror or type(error).__name__)


def _sync_folder(folder: Path) -> None:
    # Some network file systems cannot; the name is then as safe as they make it.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
