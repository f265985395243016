"""The credential of one start: its file, its header, and its removal from output."""

from __future__ import annotations

import base64
import os
import secrets
import stat
import time
from collections.abc import Collection, Iterable
from pathlib import Path

from ..catalog.spec import CredentialSpec
from ..errors import ConfigurationError
from .base import Secret

FOLDER = "credentials"
_LONGEST = 4096
_SWEEP_AFTER_SECONDS = 60.0


def credential_headers(spec: CredentialSpec, credential: Secret) -> dict[str, str]:
    """Return the headers that prove a caller to the service; none when there is no credential."""
    text = credential.reveal()
    if spec.scheme == "none" or not text:
        return {}
    if spec.scheme == "basic":
        pair = base64.b64encode(f"{spec.user}:{text}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {text}"}


def private_folder(path: Path) -> Path:
    """Make sure that `path` is a folder that only we can enter, and return it.

    Raises:
        ConfigurationError: it belongs to somebody else, or something else bears its name.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    info = path.lstat()
    if not stat.S_ISDIR(info.st_mode) or (hasattr(os, "getuid") and info.st_uid != os.getuid()):
        raise ConfigurationError(
            f"{path} is not a folder of this user, so no credential can be kept there.",
            "Correct GenAILab.state_path, or remove what stands there.",
        )
    if info.st_mode & 0o077:
        path.chmod(0o700)
    return path


def new_credential_name(stem: str) -> str:
    """Return a fresh file name, so that a new start never touches the file of an older one."""
    return f"{stem}.{secrets.token_hex(4)}"


def credential_path(state_folder: str | Path, name: str) -> Path:
    """Return where the credential file `name` lies.

    Raises:
        ConfigurationError: the name would leave the folder.
    """
    if not name or name != Path(name).name or name.startswith("."):
        raise ConfigurationError("A credential file has a name that is not a plain file name.")
    return Path(state_folder) / FOLDER / name


def write_credential(path: Path, credential: Secret, mode: int = 0o600) -> None:
    """Write the credential into a new file of a private folder.

    Raises:
        ConfigurationError: the folder is not ours.
        OSError: the disk refuses, or the file exists already.
    """
    private_folder(path.parent)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(credential.reveal())
    path.chmod(mode)  # whatever the umask says


def read_credential(path: Path) -> Secret | None:
    """Return what the file holds; None when it is gone, empty, a link or somebody else's."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                return None
            if hasattr(os, "getuid") and info.st_uid != os.getuid():
                return None
            text = file.read(_LONGEST).decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return Secret(text) if text else None


def remove_credential(path: Path) -> None:
    """Remove the file; it may be gone already."""
    path.unlink(missing_ok=True)


def sweep_credentials(state_folder: str | Path, stem: str, keep: Collection[str]) -> None:
    """Remove the files beginning with `stem` that nothing refers to.

    Files younger than a minute stay: another process may be about to refer to them.
    """
    folder = Path(state_folder) / FOLDER
    if not folder.is_dir():
        return
    for path in folder.glob(f"{stem}*"):
        if path.name in keep:
            continue
        try:
            if time.time() - path.lstat().st_mtime > _SWEEP_AFTER_SECONDS:
                path.unlink()
        except FileNotFoundError:
            continue  # its owner was quicker


def redact(lines: Iterable[str], credential: Secret) -> list[str]:
    """Return the lines with the credential replaced by dots."""
    text = credential.reveal()
    return [line.replace(text, "…") for line in lines] if text else list(lines)
