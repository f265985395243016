"""Where the members of a JSON object stand, in bytes that are known to be valid JSON.

Nothing is decoded and nothing is recursive: 50 MB of outputs cost a walk over their quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

_BACKSLASH = 0x5C
_WHITE = re.compile(rb"[ \t\r\n]*")
_STRUCTURE = re.compile(rb'["\[\]{}]')
_END_OF_SCALAR = re.compile(rb"[,\]} \t\r\n]|\Z")


@dataclass(frozen=True)
class Member:
    """One `"key": value` of an object; the places count from the start of the bytes."""

    key: str
    start: int
    """The quote that opens the key."""
    key_end: int
    """Behind the quote that closes the key."""
    value_start: int
    end: int
    """Behind the value."""


@dataclass(frozen=True)
class ObjectSpan:
    """An object: its brackets, and its members in their order."""

    start: int
    end: int
    """Behind the closing bracket."""
    members: tuple[Member, ...]

    def named(self, key: str) -> list[Member]:
        """Return the members of that name: nearly always one or none."""
        return [member for member in self.members if member.key == key]


def object_at(
    data: bytes, start: int = 0, known: Mapping[str, msgspec.Raw] | None = None
) -> ObjectSpan | None:
    """Return the object that begins at `start`, or None where something else does.

    `known` holds values as a parser cut them out: long ones are then stepped over at once.
    """
    if data[start : start + 1] != b"{":
        return None
    members: list[Member] = []
    at = white_end(data, start + 1)
    while data[at] != ord("}"):
        if data[at] == ord(","):
            at = white_end(data, at + 1)
        key_end = _string_end(data, at)
        key = json.loads(data[at:key_end].decode("utf-8", errors="replace"))
        value_start = white_end(data, white_end(data, key_end) + 1)
        end = _known_end(data, value_start, (known or {}).get(key)) or value_end(data, value_start)
        members.append(Member(key, at, key_end, value_start, end))
        at = white_end(data, end)
    return ObjectSpan(start, at + 1, tuple(members))


def white_end(data: bytes, at: int) -> int:
    """Return where the white space that begins at `at` ends."""
    found = _WHITE.match(data, at)
    return found.end() if found else at


def value_end(data: bytes, at: int) -> int:
    """Return the place behind the value that begins at `at`."""
    if data[at] == ord('"'):
        return _string_end(data, at)
    if data[at] not in b"{[":
        found = _END_OF_SCALAR.search(data, at)
        return found.start() if found else len(data)
    depth = 0
    while True:
        found = _STRUCTURE.search(data, at)
        if found is None:
            raise ValueError("the brackets do not match")
        at = found.end()
        sign = found.group()
        if sign == b'"':
            at = _string_end(data, at - 1)
        elif sign in b"{[":
            depth += 1
        else:
            depth -= 1
            if not depth:
                return at


def _known_end(data: bytes, start: int, raw: msgspec.Raw | None) -> int:
    # Of a key that stands twice the parser kept one value, so that the bytes are compared. An
    # array or object ends by itself: equal bytes are the same value.
    if raw is None or data[start] not in b"{[":
        return 0
    # Copies: bytes are compared at the speed of memory, views one item at a time.
    value = bytes(raw)
    end = start + len(value)
    return end if data[start:end] == value else 0


def _string_end(data: bytes, start: int) -> int:
    at = start
    while True:
        at = data.index(b'"', at + 1)
        before = at - 1
        while data[before] == _BACKSLASH:
            before -= 1
        # An odd number of backslashes makes the quote a part of the text.
        if (at - before) % 2:
            return at + 1
