"""The token for gated model files, from the operator's secrets file. It is shown nowhere."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..errors import ConfigurationError
from .problems import SECRETS_FILE, TOKEN_NAME

_LONGEST = 65_536


def read_token(folder: str | Path, *, notebook_root: Path | None = None) -> str:
    """Return the hub token of `.env.genai-extension` in this folder; empty: there is none.

    Raises:
        ConfigurationError: the file lies among the notebooks, is a link, belongs to somebody
            else, or can be read by others.
    """
    if not folder:
        return ""
    path = Path(folder).expanduser() / SECRETS_FILE
    if notebook_root is not None and path.resolve().is_relative_to(notebook_root.resolve()):
        raise _exposed(
            path,
            "lies among the notebooks, where every kernel reads it",
            "Move it to a folder outside the notebook root and name that in GenAILab.secrets_path.",
        )
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    flags |= getattr(os, "O_NONBLOCK", 0)
    try:
        file = os.open(path, flags)
    except FileNotFoundError:
        return ""
    except OSError as error:
        if path.is_symlink():
            raise _exposed(path, "is a link", "Put the file itself there.") from error
        raise _exposed(path, f"cannot be read: {error.strerror}", _own(path)) from error
    try:
        info = os.fstat(file)
        if not stat.S_ISREG(info.st_mode):
            raise _exposed(path, "is no file", "Put a file there.")
        if hasattr(os, "getuid") and info.st_uid not in (os.getuid(), 0):
            raise _exposed(path, "belongs to another user", _own(path))
        if info.st_mode & 0o077:
            raise _exposed(path, "can be read by others", _own(path))
        text = os.read(file, _LONGEST).decode("utf-8", "replace")
    finally:
        os.close(file)
    return _value(text)


def _value(text: str) -> str:
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip() == TOKEN_NAME:
            token = value.strip().strip("\"'")
            # What no header may carry would be shown by the error that says so.
            return token if token.isascii() and token.isprintable() and " " not in token else ""
    return ""


def _own(path: Path) -> str:
    owner = os.getuid() if hasattr(os, "getuid") else "you"
    return f"Run: chown {owner} {path} && chmod 600 {path}"


def _exposed(path: Path, reason: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"The secrets file {path} {reason}; it was not used.", remedy, code="secrets_exposed"
    )
