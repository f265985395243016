"""Change a notebook file as a whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from ..detection.read import Unreadable, read_file
from ..errors import Conflict, GenAIError, InvalidRequest, NotAllowed
from .marking import Marked, mark_bytes
from .word import Change


def mark_file(path: Path, change: Change, *, dry_run: bool = False) -> Marked:
    """Change the teacher's word in a file; a file that already says it is not touched.

    The new file is complete on disk before it takes the name; mode and, where the system lets
    us, owner, group, access list and other attributes stay. A link is not followed.

    Raises:
        GenAIError: with code, sentence and remedy; the file is then as it was.
    """
    before = _writable(path)
    try:
        data = read_file(path, None)
    except Unreadable as reason:
        raise InvalidRequest(str(reason), "Check the file.", code="unreadable") from None
    marked = mark_bytes(data, change)
    if marked.changed and not dry_run:
        try:
            _replace(path, marked.data, before)
        except OSError as error:
            raise GenAIError(
                f"It could not be written: {error.strerror}.",
                "Check the folder's permissions and the free space on the disk.",
                code="not_written",
            ) from None
    return marked


def _writable(path: Path) -> os.stat_result:
    try:
        info = path.lstat()
    except OSError as error:
        raise InvalidRequest(
            f"It could not be opened: {error.strerror}.", "Check the name.", code="unreadable"
        ) from None
    if stat.S_ISLNK(info.st_mode):
        raise NotAllowed(
            f"It is a link to {path.readlink()}.",
            "Name the file itself: links are not followed.",
            code="is_a_link",
        )
    if not stat.S_ISREG(info.st_mode):
        raise InvalidRequest("It is not a regular file.", "Name a notebook.", code="unreadable")
    # A superuser may write everything; a file without any write permission still means it.
    if not info.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise NotAllowed(
            "It is read-only.", "Allow writing, if it is yours: chmod u+w FILE", code="read_only"
        )
    if not os.access(path.parent, os.W_OK):
        raise NotAllowed(
            "Its folder is read-only, so no new version can take its place.",
            "Allow writing in the folder, if it is yours.",
            code="read_only",
        )
    return info


def _replace(path: Path, data: bytes, before: os.stat_result) -> None:
    # Not named after the notebook: its name may already be as long as a name can be.
    descriptor, name = tempfile.mkstemp(prefix=".coursia-genai-", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            _keep_owner(stream.fileno(), before)
            _keep_attributes(path, stream.fileno())
            os.fsync(stream.fileno())
        now = path.lstat()
        if _version(now) != _version(before):
            raise Conflict(
                "Somebody else changed it in the meantime; nothing was written.",
                "Run the command again.",
                code="changed_meanwhile",
            )
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    _sync_folder(path.parent)


def _version(info: os.stat_result) -> tuple[int, int, int, int]:
    return info.st_dev, info.st_ino, info.st_mtime_ns, info.st_size


def _keep_owner(descriptor: int, before: os.stat_result) -> None:
    if hasattr(os, "fchown"):
        now = os.fstat(descriptor)
        if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
            with suppress(OSError):
                os.fchown(descriptor, before.st_uid, before.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _keep_attributes(path: Path, descriptor: int) -> None:
    # Among them who else may read it: a class's folder is often shared by access lists.
    if hasattr(os, "listxattr"):
        with suppress(OSError):
            for name in os.listxattr(path, follow_symlinks=False):
                with suppress(OSError):
                    value = os.getxattr(path, name, follow_symlinks=False)
                    os.setxattr(descriptor, name, value)


def _sync_folder(folder: Path) -> None:
    # The rename itself must reach the disk; some file systems cannot sync a folder.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
