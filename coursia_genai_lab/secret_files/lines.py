"""NAME=value lines: what they say, and how one is changed without touching the others.

Read as python-dotenv reads them, without interpolation: `export` may stand before a name; a bare
value ends at the line's end or at a blank and '#'; in single quotes everything but \\' and \\\\ is
literal; in double quotes \\n and its like are escapes. CRLF and a byte order mark change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from typing import NamedTuple

from ..errors import InvalidRequest
from .secret import Secret

LONGEST_VALUE = 4096
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BARE = re.compile(r"[A-Za-z0-9_.,:/+=@%-]+")
_MARK = "\ufeff"


class Piece(NamedTuple):
    """A part of a file: a binding or a comment with its line end, or blank lines."""

    name: str | None
    text: str
    number: int
    """Of its first line."""
    wrong: bool
    """Whether it is no binding, no comment and not blank."""


@dataclass(frozen=True)
class Said:
    """What a text binds."""

    values: dict[str, Secret] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    """Name -> the line that counts."""
    broken: int | None = None
    """The first line that is no binding, no comment and not blank."""
    repeated: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()
    """Names with a value that nothing could carry; they have none."""


def is_name(name: str) -> bool:
    """Say whether a variable may have this name."""
    return len(name) <= 128 and _NAME.fullmatch(name) is not None


def is_fit(value: str) -> bool:
    """Say whether a value is short enough and free of line breaks and control characters."""
    return len(value) <= LONGEST_VALUE and value.isprintable()


def read_lines(text: str) -> Said:
    """Return what the lines say; a name without a value has none."""
    values: dict[str, Secret] = {}
    lines: dict[str, int] = {}
    repeated: list[str] = []
    unfit: list[str] = []
    broken = None
    for line, value in _pieces(text):
        if line.wrong:
            broken = broken or line.number
        if line.name is None:
            continue
        if line.name in lines:
            repeated.append(line.name)
        values.pop(line.name, None)
        lines[line.name] = line.number
        if not is_fit(value):
            unfit.append(line.name)
        elif value:
            values[line.name] = Secret(value)
    return Said(values, lines, broken, tuple(dict.fromkeys(repeated)), tuple(unfit))


def with_value(text: str, name: str, value: Secret) -> str:
    """Return the text with one line for `name`, in its old place or at the end.

    Raises:
        InvalidRequest: no variable has such a name, or no line can say the value.
    """
    if not is_name(name):
        raise InvalidRequest(
            # Somebody may have given the secret in place of its name.
            "What was given cannot name a secret.",
            "Use letters, digits and '_', not beginning with a digit.",
            code="secret_name",
        )
    end = "\r\n" if "\r\n" in text else "\n"
    new = f"{name}={_quoted(value.reveal())}{end}"
    parts, last = _apart(text, name)
    at = len(parts) if last is None else last
    before = "".join(parts[:at])
    if before.removeprefix(_MARK) and not before.endswith(("\n", "\r")):
        before += end
    made = before + new + "".join(parts[at:])
    found = read_lines(made).values.get(name)
    if found is None or found.reveal() != value.reveal():
        raise InvalidRequest(
            f"The value of {name} cannot be kept in a line: it is empty, too long, or has a line "
            "break or a control character.",
            "Give it as one line of at most 4,096 characters.",
            code="secret_value",
        )
    return made


def without(text: str, name: str) -> str | None:
    """Return the text without the lines of `name`; None: it has none."""
    parts, last = _apart(text, name)
    return None if last is None else "".join(parts)


def _pieces(text: str) -> Iterator[tuple[Piece, str]]:
    """Yield the text in pieces, whole and in order, each with the value that it binds."""
    # At first use: whoever has no file of secrets needs no parser for it.
    from dotenv.parser import parse_stream

    if text.startswith(_MARK):
        yield Piece(None, _MARK, 1, False), ""
    for one in parse_stream(StringIO(text.removeprefix(_MARK), newline="")):
        whole, first = one.original
        blank = whole[: len(whole) - len(whole.lstrip())]
        if blank:
            yield Piece(None, blank, first, False), ""
        empty = one.key is None and not one.error
        wrong = not empty and (one.key is None or one.value is None or not is_name(one.key))
        number = first + len(re.findall(r"\r\n|\n|\r", blank))
        name = None if wrong else one.key
        yield Piece(name, whole[len(blank) :], number, wrong), one.value or ""


def _apart(text: str, name: str) -> tuple[list[str], int | None]:
    """Return the text in parts without the lines of `name`, and where its last one stood."""
    parts: list[str] = []
    last = None
    for piece, _ in _pieces(text):
        if piece.name == name:
            last = len(parts)
        else:
            parts.append(piece.text)
    return parts, last


def _quoted(value: str) -> str:
    # Quoted, so that a shell or Compose that reads the same file takes '$' as it is.
    if _BARE.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
