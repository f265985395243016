"""What the notebook's own `.env` sets: names, switches, and whether an address is hosted.

Course notebooks look for `.env` upwards from their folder and load it over the environment, so
what it sets is the user's word. No value leaves this module.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Literal, NamedTuple

from .signs import judge_address
from .values import Text

MAX_BYTES = 256 * 1024
"""A `.env` of course material has a few kilobytes; a larger file is none."""
MOST_LEVELS = 10
"""Folders that are looked through; real notebooks climb four to ten."""
_FILE_NAME = ".env"
_BESIDE = "00-GenAI-Environment"
"""Courses keep one `.env` for all their modules in this sibling folder."""
_LEVELS_BESIDE = 3
_BLANKS = re.compile(r"[^\S\r\n]+")
_NOT_FOR_NOTEBOOKS = (
    FileNotFoundError,
    NotADirectoryError,
    IsADirectoryError,
    PermissionError,
)
"""What the notebook cannot read either; a folder of that name is a Python environment."""
_ON, _OFF = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}

Stamp = tuple[int, int, int]


class Consulted(NamedTuple):
    """A place that was looked at, and what stood there; None for nothing."""

    path: str
    stamp: Stamp | None


def unchanged(consulted: Iterable[Consulted]) -> bool:
    """Return whether every place is as it was: the quick answer of every cached profile."""
    for path, stamp in consulted:
        if stamp is None:
            # Four times as quick as a stat that raises.
            if os.access(path, os.F_OK):
                return False
        elif stamp_of(path) != stamp:
            return False
    return True


def stamp_of(path: str) -> Stamp | None:
    """Return what changes when the file does; None where there is none."""
    try:
        info = os.stat(path)  # noqa: PTH116 - on the way of every cached answer
    except (OSError, ValueError):
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino


class Surroundings:
    """The nearest `.env` of a notebook, read at the first question.

    Looks from `folder` up to `root`, both included (root None: to the top), at most
    MOST_LEVELS folders; folder None knows of no file. A file that may not be examined says
    nothing here. Never raises.
    """

    def __init__(self, folder: Path | None = None, root: Path | None = None) -> None:
        self._folder = folder
        self._root = root
        self._consulted: list[Consulted] = []

    @property
    def consulted(self) -> tuple[Consulted, ...]:
        """Where was looked so far: an answer holds as long as all of it stays the same."""
        return tuple(self._consulted)

    @property
    def place(self) -> str:
        """The file that answered, below the root; empty if there is none."""
        return self._found[0]

    def switch(self, name: str) -> bool | None:
        """Return whether the file turns a switch on or off; None if it holds no such word."""
        word = self._found[1].get(name, "").strip().lower()
        return True if word in _ON else False if word in _OFF else None

    def address(self, name: str) -> Literal["local", "hosted"] | None:
        """Return where an address in the file leads; None if the name holds none."""
        value = self._found[1].get(name, "").strip()
        if not value.startswith(("http://", "https://", "ws://", "wss://")):
            return None
        return "hosted" if judge_address(Text(value)) == "hosted" else "local"

    @cached_property
    def _found(self) -> tuple[str, Mapping[str, str]]:
        if self._folder is None:
            return "", {}
        root = Path(os.path.realpath(self._root)) if self._root is not None else None
        for file in _candidates(Path(os.path.realpath(self._folder)), root):
            stamp = stamp_of(str(file))
            self._consulted.append(Consulted(str(file), stamp))
            if stamp is None:
                continue
            try:
                return _place(file, root), _values(_read(file, root))
            except _NOT_FOR_NOTEBOOKS:
                continue
            except (OSError, ValueError):
                return "", {}
        return "", {}


def names_set(folder: Path, root: Path, names: Collection[str]) -> Mapping[str, str]:
    """Return which of `names` the nearest `.env` sets, each with the place that sets it.

    Looks from `folder` up to `root`, both resolved and included. A value that is empty, as in a
    template that nobody has filled in, sets nothing. A file that exists but may not be examined
    (a link that leaves the root, one of excessive size) counts as setting every name: what it
    says is unknown, and our token must not go to an address that it might hold. Never raises.
    """
    for file in _candidates(folder, root):
        try:
            text = _read(file, root)
        except _NOT_FOR_NOTEBOOKS:
            continue
        except (OSError, ValueError):
            place = f"{_place(file, root)}, which could not be examined"
            return dict.fromkeys(names, place)
        values = _values(text)
        return {name: _place(file, root) for name in names if values.get(name)}
    return {}


def _candidates(folder: Path, root: Path | None) -> Iterator[Path]:
    if root is not None and not folder.is_relative_to(root):
        return
    for level, here in enumerate([folder, *folder.parents][:MOST_LEVELS]):
        if root is not None and not here.is_relative_to(root):
            return
        yield here / _FILE_NAME
        if level < _LEVELS_BESIDE:
            yield here / _BESIDE / _FILE_NAME


def _values(text: str) -> dict[str, str]:
    # At first use: most notebooks have no `.env`, and the extension loads without it.
    from dotenv import dotenv_values

    # Blanks say nothing in an address or a switch, but the parser goes from each of a run to its
    # end: a run of 250 KB would hold the interpreter for a minute and a half.
    plain = _BLANKS.sub(" ", text)
    found = dotenv_values(stream=StringIO(plain), interpolate=False)
    return {key: value for key, value in found.items() if value}


def _place(file: Path, root: Path | None) -> str:
    return (file if root is None else file.relative_to(root)).as_posix()


def _read(file: Path, root: Path | None) -> str:
    """Return the text of a regular file under `root`; ValueError for anything else."""
    file.lstat()  # A dangling link raises below as "not under the root", an absent file here.
    real = Path(os.path.realpath(file))
    if root is not None and not real.is_relative_to(root):
        raise ValueError("the file leads out of the notebook folder")
    # Non-blocking, for opening a FIFO would wait for its writer.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    if real.is_dir():
        # Python would open it, then refuse, and leave the descriptor open.
        raise IsADirectoryError
    with os.fdopen(os.open(real, flags), "rb") as stream:
        info = os.fstat(stream.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_size > MAX_BYTES:
            raise ValueError("not a small regular file")
        return stream.read(MAX_BYTES + 1).decode("utf-8-sig", errors="replace")
