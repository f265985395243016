"""On which line of a TOML text each of its keys and values stands."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping

Place = tuple[str | int, ...]
"""Where a value stands in the table: `("models", 0, "files", 2, "name")`."""

_BARE_ENDS = frozenset(",]}#\n")


def lines_of(text: str) -> Mapping[Place, int]:
    """Return the line, from 1, of everything in a TOML text that a parser has accepted.

    A text that no parser accepts gives what was found up to where it breaks.
    """
    walk = _Walk(text)
    # What breaks off here is no TOML, and its parser has told so.
    with contextlib.suppress(IndexError, RecursionError, ValueError):
        walk.document()
    return walk.found


def line_at(lines: Mapping[Place, int], place: Place) -> int | None:
    """Return the line of a value; of what is missing the line of the table that lacks it."""
    while place and place not in lines:
        place = place[:-1]
    return lines.get(place)


class _Walk:
    """Follow the structure of a text, which is known to be right, character by character."""

    def __init__(self, text: str) -> None:
        self._text = text.replace("\r\n", "\n") + "\n"
        self._at = 0
        self._line = 1
        self.found: dict[Place, int] = {}
        self._counts: Counter[Place] = Counter()

    def document(self) -> None:
        table: Place = ()
        while self._at < len(self._text):
            self._blanks(lines=True)
            if self._at >= len(self._text):
                return
            if self._here == "[":
                table = self._header()
            else:
                self._entry(table)

    @property
    def _here(self) -> str:
        return self._text[self._at]

    def _step(self, count: int = 1) -> None:
        self._line += self._text.count("\n", self._at, self._at + count)
        self._at += count

    def _blanks(self, *, lines: bool) -> None:
        while self._at < len(self._text):
            if self._here == "#":
                self._step(self._text.index("\n", self._at) - self._at)
            elif self._here in " \t" or (lines and self._here == "\n"):
                self._step()
            else:
                return

    def _header(self) -> Place:
        line = self._line
        array = self._text.startswith("[[", self._at)
        self._step(2 if array else 1)
        keys = self._key()
        self._step(2 if array else 1)
        place: Place = ()
        for key in keys[:-1]:
            place = self._newest((*place, key))
            self.found.setdefault(place, line)
        place = (*place, keys[-1])
        if array:
            self.found.setdefault(place, line)
            self._counts[place] += 1
            place = self._newest(place)
        self.found.setdefault(place, line)
        return place

    def _newest(self, place: Place) -> Place:
        # Below an array of tables, its last table is meant.
        return (*place, self._counts[place] - 1) if self._counts[place] else place

    def _entry(self, table: Place) -> None:
        line = self._line
        place = table
        for key in self._key():
            place = (*place, key)
            self.found.setdefault(place, line)
        self._step()  # =
        self._value(place)

    def _key(self) -> list[str]:
        keys = []
        while True:
            self._blanks(lines=False)
            if self._here in "\"'":
                start = self._at
                self._string()
                keys.append(_unquoted(self._text[start : self._at]))
            else:
                start = self._at
                while self._here not in " \t.=]":
                    self._step()
                keys.append(self._text[start : self._at])
            self._blanks(lines=False)
            if self._here != ".":
                return keys
            self._step()

    def _value(self, place: Place) -> None:
        self._blanks(lines=False)
        self.found.setdefault(place, self._line)
        if self._here == "[":
            self._array(place)
        elif self._here == "{":
            self._inline_table(place)
        elif self._here in "\"'":
            self._string()
        else:
            while self._here not in _BARE_ENDS:
                self._step()

    def _array(self, place: Place) -> None:
        self._step()
        index = 0
        while True:
            self._blanks(lines=True)
            if self._here == "]":
                self._step()
                return
            if self._here == ",":
                self._step()
                continue
            self._value((*place, index))
            index += 1

    def _inline_table(self, place: Place) -> None:
        self._step()
        while True:
            self._blanks(lines=True)
            if self._here == "}":
                self._step()
                return
            if self._here == ",":
                self._step()
                continue
            self._entry(place)

    def _string(self) -> None:
        quote = self._here
        mark = quote * 3 if self._text.startswith(quote * 3, self._at) else quote
        self._step(len(mark))
        while not self._text.startswith(mark, self._at):
            self._step(2 if self._here == "\\" and quote == '"' else 1)
        self._step(len(mark))
        while len(mark) == 3 and self._here == quote:
            self._step()  # up to two quotes may end the text itself


def _unquoted(key: str) -> str:
    # Escapes in a key are kept as they are written: no key of ours has one.
    return key[1:-1]
