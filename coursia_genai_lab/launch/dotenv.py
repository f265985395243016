"""Which variables the notebook's own `.env` sets: their names, never their values.

Course notebooks look for `.env` upwards from their folder and load it over the environment, so
what it sets is the user's word.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

MAX_BYTES = 256 * 1024
"""A `.env` of course material has a few kilobytes; a larger file is none."""
_FILE_NAME = ".env"


def names_set(folder: Path, root: Path, names: Collection[str]) -> Mapping[str, str]:
    """Return which of `names` the nearest `.env` sets, each with the place that sets it.

    Looks from `folder` up to `root`, both resolved and included. A value that is empty, as in a
    template that nobody has filled in, sets nothing. A file that exists but may not be examined
    (a link that leaves the root, one of excessive size) counts as setting every name: what it
    says is unknown, and our token must not go to an address that it might hold. Never raises.
    """
    for candidate in _upwards(folder, root):
        file = candidate / _FILE_NAME
        try:
            text = _read(file, root)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue  # What we may not read, the notebook cannot read either.
        except (OSError, ValueError):
            place = f"{_place(file, root)}, which could not be examined"
            return dict.fromkeys(names, place)
        values = dotenv_values(stream=StringIO(text), interpolate=False)
        return {name: _place(file, root) for name in names if values.get(name)}
    return {}


def _upwards(folder: Path, root: Path) -> list[Path]:
    if not folder.is_relative_to(root):
        return []
    return [folder, *(parent for parent in folder.parents if parent.is_relative_to(root))]


def _place(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()


def _read(file: Path, root: Path) -> str:
    """Return the text of a regular file under `root`; ValueError for anything else."""
    file.lstat()  # A dangling link raises below as "not under the root", an absent file here.
    real = Path(os.path.realpath(file))
    if not real.is_relative_to(root):
        raise ValueError("the file leads out of the notebook folder")
    # Non-blocking, for opening a FIFO would wait for its writer.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(real, flags), "rb") as stream:
        info = os.fstat(stream.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_BYTES:
            raise ValueError("not a small regular file")
        return stream.read(MAX_BYTES + 1).decode("utf-8-sig", errors="replace")
