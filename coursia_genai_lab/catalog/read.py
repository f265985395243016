"""Read one service file: bounded, and with the line of each mistake."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import SpecError
from .lines import lines_of
from .mistakes import Mistake, mistakes_of
from .spec import ServiceSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_BYTES = 128 * 1024
"""The longest of ours has 5 KiB; a longer file than this is none of a service."""
_MOST_OPEN = 100
_MOST_DOTS = 200
_TOML_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_MOST_SHOWN = 5


class BadSpec(Exception):
    """A service file is wrong; `mistakes` say where."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__("; ".join(map(str, mistakes)))
        self.mistakes = mistakes

    def to_error(self) -> SpecError:
        """Return it as an error for people: the first mistakes, with file and line."""
        shown = "; ".join(map(str, self.mistakes[:_MOST_SHOWN]))
        more = len(self.mistakes) - _MOST_SHOWN
        return SpecError(f"{shown}{f'; and {more} more' if more > 0 else ''}.")


def read_spec(path: Path) -> ServiceSpec:
    """Return the spec of one TOML file, named after its stem.

    Raises:
        SpecError: naming the file, and the line and field that are wrong.
    """
    try:
        return examine(path)
    except BadSpec as bad:
        raise bad.to_error() from None


def examine(path: Path) -> ServiceSpec:
    """As `read_spec`, telling every mistake.

    Raises:
        BadSpec: the file cannot be read, is no TOML, or no service.
    """
    text = text_of(path.name, _data_of(path))
    table, lines = table_of(path.name, text), lines_of(text)
    # A file that called itself otherwise would replace a service that nobody looks for in it.
    if table.setdefault("name", path.stem) != path.stem:
        message = f"name is to be {path.stem}, as the file is called; leave it out"
        raise BadSpec((Mistake(path.name, message, lines.get(("name",)), "name"),))
    try:
        return ServiceSpec.model_validate(table)
    except ValidationError as error:
        raise BadSpec(mistakes_of(path.name, error, lines)) from None


def text_of(name: str, data: bytes) -> str:
    """Return the text of a file called `name`, once nothing in it would hold up a parser.

    Raises:
        BadSpec: it is too large, not in UTF-8, or made to take long.
    """
    if len(data) > MOST_BYTES:
        raise _whole(name, f"has more than {MOST_BYTES // 1024} KiB, which none needs")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _whole(name, "is not in UTF-8") from None
    # Each level costs the parser a call; the deepest of a service is four.
    if _deepest(text) > _MOST_OPEN:
        raise _whole(name, "nests too many brackets")
    # A key of n parts costs the parser the square of n: two minutes at the size that is allowed.
    if any(_parts(line) > _MOST_DOTS for line in text.split("\n") if line.count(".") > _MOST_DOTS):
        raise _whole(name, "has a line with too many dots; break it")
    return text


def table_of(name: str, text: str) -> dict[str, Any]:
    """Return what a TOML text says.

    Raises:
        BadSpec: it is no TOML.
    """
    try:
        table: dict[str, Any] = tomllib.loads(text)
        return table
    except tomllib.TOMLDecodeError as error:
        raise BadSpec((_syntax(name, text, str(error)),)) from None
    except (ValueError, RecursionError):
        # A number of thousands of digits, or nesting past what `text_of` sees.
        raise _whole(name, "holds a number that is too long, or nests too deeply") from None


def _data_of(path: Path) -> bytes:
    try:
        return _bytes_of(path)
    except OSError as error:
        raise _whole(path.name, f"cannot be read: {error.strerror or error}") from None


def _parts(line: str) -> int:
    return sum(part != "" for part in "".join(line.split()).split("."))


def _bytes_of(path: Path) -> bytes:
    # Not blocking: a named pipe would keep the server from starting for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is no plain file")
        return file.read(MOST_BYTES + 1)


def _deepest(text: str) -> int:
    deepest = depth = 0
    for char in text:
        if char in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif char in "]}" and depth:
            depth -= 1
    return deepest


def _syntax(name: str, text: str, said: str) -> Mistake:
    place = _TOML_PLACE.search(said)
    line = None
    if place:
        last = max(1, len(text.rstrip().splitlines()))
        line = int(place["line"]) if place["line"] else last
        said = said[: place.start()]
    return Mistake(name, f"no TOML: {said}", line)


def _whole(name: str, message: str) -> BadSpec:
    return BadSpec((Mistake(name, message),))
