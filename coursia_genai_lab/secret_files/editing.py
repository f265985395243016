"""Sets and removes a secret in one step: whoever reads meanwhile sees the old file or the new.

No copy of the old file is kept: a secret that was replaced is often one that leaked, and nobody
looks after a copy of it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ..errors import ConfigurationError, NotFound
from . import problems
from .folder import MOST_BYTES
from .lines import with_value, without
from .private_file import Exposed, check_folder, opened_folder, read_private
from .secret import Secret

try:
    import fcntl
except ImportError:  # native Windows: two writers at once are nobody's habit there
    fcntl = None  # type: ignore[assignment]

_ENDING = ".new"


def set_secret(path: Path, name: str, value: Secret) -> None:
    """Write the secret into the file; comments and other lines stay as they are.

    The folder is made (0700) where it is missing, and the file (0600).

    Raises:
        InvalidRequest: a name or value that cannot be.
        ConfigurationError: others can read or replace the file, it is no text, or the disk
            refuses; nothing was written.
    """
    change_secrets(path, {name: value})


def change_secrets(path: Path, changes: Mapping[str, Secret | None]) -> None:
    """Write all of these in one step; None removes a name, which may be missing.

    Raises:
        InvalidRequest, ConfigurationError: as `set_secret`.
    """

    def change(text: str) -> str:
        for name, value in changes.items():
            if value is not None:
                text = with_value(text, name, value)
            else:
                left = without(text, name)
                text = text if left is None else left
        return text

    _edit(path, change)


def unset_secret(path: Path, name: str) -> None:
    """Remove every line of the name.

    Raises:
        NotFound: the file has none.
        ConfigurationError: as `set_secret`.
    """

    def change(text: str) -> str:
        left = without(text, name)
        if left is None:
            raise NotFound(f"{path} has no {name}.", "See `coursia-genai secrets list`.")
        return left

    _edit(path, change)


def _edit(path: Path, change: Callable[[str], str]) -> None:
    try:
        _make_folder(path.parent)
        with opened_folder(path.parent) as folder:
            check_folder(path.parent, folder)
            with _alone(folder):
                _replace(path, folder, change(_text_of(path)))
    except Exposed as error:
        raise problems.as_error(error.problem) from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some room, or name another folder in GenAILab.secrets_path.",
            code="secrets_unwritten",
        ) from None


def _make_folder(path: Path) -> None:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)


def _text_of(path: Path) -> str:
    read = read_private(path, MOST_BYTES)
    if read is None:
        return ""
    if len(read.data) > MOST_BYTES:
        raise problems.as_error(problems.too_large(path, MOST_BYTES))
    try:
        text = read.data.decode("utf-8")
    except UnicodeDecodeError:  # it would show the bytes
        text = "\0"
    if "\0" in text:
        raise problems.as_error(problems.not_text(path))
    return text


@contextlib.contextmanager
def _alone(folder: int | None) -> Iterator[None]:
    """Keep other writers out until the block ends."""
    if fcntl is None or folder is None:
        yield
        return
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(folder, fcntl.LOCK_UN)


def _replace(path: Path, folder: int | None, text: str) -> None:
    # What a writer left that was killed holds a secret, too; the lock says that none is at work.
    for left in path.parent.glob(f"{path.name}.*{_ENDING}"):
        left.unlink(missing_ok=True)
    data = text.encode("utf-8")
    if len(data) > MOST_BYTES:
        raise ConfigurationError(
            f"{path} would have more than {MOST_BYTES:,} bytes.", "Remove what is not needed."
        )
    new = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_ENDING}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(new, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    if folder is not None:
        os.fsync(folder)
