"""Whose are the containers and processes on this host: ownership slots, one a live Lab.

A slot is a file with a UUID, locked by the Lab that uses it. What bears the UUID of a locked
slot belongs to a living Lab and is left alone; a slot that nobody locks belonged to one that
ended, and the next Lab takes it over with all that bears its name.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigurationError
from ..runtimes import credentials, process_records

try:
    import fcntl
except ImportError:  # native Windows: no advisory locks, so every Lab takes a new slot
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OwnerSlot:
    """A claimed slot: its UUID, its private folder, and the lock that proves the claim."""

    owner: str
    folder: Path
    lock: int

    def release(self, *, forget: bool = False) -> None:
        """Give the slot back; with `forget` also remove it, when nothing bears its name.

        A credential or a process record shows that something may: an engine that was away could
        not remove its container. Such a slot stays for the next Lab.
        """
        try:
            if forget and not self._has_remains():
                self._remove()
        except OSError as error:
            log.warning("The slot %s stays behind: %s.", self.owner[:8], error.strerror or error)
        finally:
            os.close(self.lock)

    def _has_remains(self) -> bool:
        folders = (self.folder / credentials.FOLDER, self.folder / process_records.FOLDER)
        return any(folder.is_dir() and any(folder.iterdir()) for folder in folders)

    def _remove(self) -> None:
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        self.folder.rmdir()
        self.folder.with_suffix(".owner").unlink(missing_ok=True)


def claim_slots(state_path: Path) -> tuple[OwnerSlot, list[OwnerSlot]]:
    """Claim one slot to use and every abandoned one to clean up.

    `state_path` is made private (0700).

    Raises:
        ConfigurationError: the folder cannot be written or belongs to somebody else.
    """
    try:
        state_path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if hasattr(os, "getuid") and state_path.stat().st_uid != os.getuid():
            raise PermissionError(f"{state_path} belongs to another user")
        state_path.chmod(0o700)
        free = [slot for path in sorted(state_path.glob("*.owner")) if (slot := _try(path))]
        mine = free[0] if free else _new(state_path)
    except OSError as error:
        raise ConfigurationError(
            f"The state folder {state_path} cannot be used: {error.strerror or error}.",
            "Free or correct the folder, or set GenAILab.state_path to a private one.",
        ) from error
    return mine, free[1:]


def _new(state_path: Path) -> OwnerSlot:
    owner = str(uuid.uuid4())
    temporary = state_path / f"{owner}.new"
    lock = os.open(
        temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600
    )
    # Locked before it gets its name, so that no other Lab can see it free.
    if fcntl is not None:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.write(lock, json.dumps({"owner": owner}).encode())
    path = temporary.rename(temporary.with_suffix(".owner"))
    return OwnerSlot(owner, _private_folder(path), lock)


def _private_folder(path: Path) -> Path:
    folder = path.with_suffix("")
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _try(path: Path) -> OwnerSlot | None:
    try:
        flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
        lock = os.open(path, flags)
    except OSError:
        # A Lab that closes removes its slot at this very moment, or it is not ours to open.
        log.warning("The ownership file %s cannot be opened; it is left alone.", path.name)
        return None
    try:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        owner = str(uuid.UUID(json.loads(path.read_text(encoding="utf-8"))["owner"]))
        return OwnerSlot(owner, _private_folder(path), lock)
    except BlockingIOError:
        os.close(lock)
        return None
    except (OSError, ValueError, KeyError, TypeError):
        log.warning("The ownership file %s cannot be read; it is left alone.", path.name)
        os.close(lock)
        return None
