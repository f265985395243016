"""Where a store lies: the default file, a file by URL, PostgreSQL by URL, or a file with a URL."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ...errors import ConfigurationError
from .file_systems import on_network

LONGEST_URL = 4096
_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")
_WAYS = (
    "Set GenAILab.store_url to sqlite:////absolute/path, to postgresql://user@host/database, or to "
    "a private file whose only line is such a URL."
)


@dataclass(frozen=True)
class Place:
    """One store. Its URL may hold a password and is never shown."""

    url: str = field(repr=False)
    """As SQLAlchemy reads it; empty for a file."""
    path: Path | None
    """The SQLite file; None: a database server."""
    shown: str
    """What people may read: the path, or host and database."""
    network: str | None = None
    """Type of the network file system that the file lies on; None: a local disk."""


def default_place(data_folder: str | Path) -> Place:
    """Return the SQLite file in Jupyter's data directory."""
    return file_place(Path(data_folder) / "coursia-genai" / "store.sqlite3")


def file_place(path: Path) -> Place:
    """Return the SQLite file at `path`."""
    path = path.expanduser().absolute()
    return Place(url="", path=path, shown=str(path), network=on_network(path))


def find_place(store_url: str, data_folder: str | Path) -> Place:
    """Return the place that `GenAILab.store_url` names; empty: the default one.

    Raises:
        ConfigurationError: it is no URL of a kind that we know, or the file that should hold the
            URL cannot be trusted. The words never quote the URL.
    """
    text = store_url.strip()
    if not text:
        return default_place(data_folder)
    if "://" not in text:
        text = _content(Path(text).expanduser().absolute())
    if text.startswith("sqlite:"):
        return _sqlite(text)
    if text.startswith(_POSTGRES):
        return _postgres(text)
    raise _wrong("GenAILab.store_url is no URL of SQLite or PostgreSQL.")


def _sqlite(text: str) -> Place:
    path = text.removeprefix("sqlite:///")
    if path == text or "?" in path or path in ("", ":memory:"):
        raise _wrong("GenAILab.store_url names no SQLite file.")
    return file_place(Path(path))


def _postgres(text: str) -> Place:
    rest = text.split("://", 1)[1]
    try:
        parts = urlsplit("postgresql://" + rest)
        host, port = parts.hostname or "the local socket", parts.port
    except ValueError:
        raise _wrong("GenAILab.store_url is no URL of a PostgreSQL database.") from None
    database = unquote(parts.path.lstrip("/")) or "the user's own database"
    at = f"{host}:{port}" if port else host
    return Place("postgresql+psycopg://" + rest, None, f"PostgreSQL database {database} at {at}")


def _content(path: Path) -> str:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode) or not _private(info):
                raise ConfigurationError(
                    f"Others than you may read or change {path}, which GenAILab.store_url names.",
                    "Make it yours alone.",
                    code="store_url_exposed",
                    command=f"chmod 600 {path}",
                )
            text = file.read(LONGEST_URL).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise _wrong(f"{path}, which GenAILab.store_url names, cannot be read: {reason}.") from None
    if "://" not in text or len(text.split()) != 1:
        raise _wrong(f"{path}, which GenAILab.store_url names, holds no URL.")
    return text


def _private(info: os.stat_result) -> bool:
    if not hasattr(os, "getuid"):
        return True
    return info.st_uid in (os.getuid(), 0) and not info.st_mode & 0o077


def _wrong(message: str) -> ConfigurationError:
    return ConfigurationError(message, _WAYS, code="store_url_wrong")


def host_folder(state_path: str = "") -> Path:
    """Return the private folder for what concerns this host alone and may be forgotten.

    `state_path` where the operator chose one; else the user's runtime directory; else a folder
    in /var/tmp, which outlives a reboot and is never shared between hosts.
    """
    if state_path:
        return Path(state_path)
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime and Path(runtime).is_dir() and os.access(runtime, os.W_OK):
        return Path(runtime) / "coursia-genai"
    user = os.getuid() if hasattr(os, "getuid") else "user"
    # Nobody can wait there with a folder of this name: the store refuses one of another user.
    return Path("/var/tmp") / f"coursia-genai-{user}"  # noqa: S108
