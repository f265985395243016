"""Counts the pictures in a WebUI's answer while that passes, and holds the first of them; all of
them may be too large to be kept.
"""

from __future__ import annotations

import re
from typing import Literal

_LIST = re.compile(rb'"images"\s*:\s*\[')
_ONE = re.compile(rb'"image"\s*:\s*"[A-Za-z0-9+/]')
"""The answer to a picture that is only enlarged."""
KEPT = 64
"""Bytes at the end of a piece in which a mark may have begun."""
MOST_HELD = 16 * 2**20
"""Bytes of the first picture that are held, in base64; one that is larger is let go."""


class CountedPictures:
    """Count what a job was answered. Pictures in base64 hold neither quotes nor brackets."""

    def __init__(self) -> None:
        self._state: Literal["before", "in", "after"] = "before"
        self._tail = b""
        self._quotes = 0
        self._first: list[bytes] = []
        self._held = 0

    @property
    def pictures(self) -> int:
        """How many have come whole."""
        return self._quotes // 2

    @property
    def first(self) -> bytes:
        """The first picture in base64; empty: it has not come whole, or is too large."""
        return b"".join(self._first) if self.pictures else b""

    def feed(self, piece: bytes) -> None:
        """Take the next piece of the answer."""
        if self._state == "before":
            piece = self._tail + piece
            found = _LIST.search(piece)
            if found is None:
                if _ONE.search(piece):
                    self._quotes, self._state = 2, "after"
                self._tail = piece[-KEPT:]
                return
            piece, self._state = piece[found.end() :], "in"
        if self._state == "in":
            end = piece.find(b"]")
            self._hold(piece if end < 0 else piece[:end])
            self._quotes += piece.count(b'"', 0, len(piece) if end < 0 else end)
            self._state = "in" if end < 0 else "after"

    def _hold(self, piece: bytes) -> None:
        """Keep what a piece of the list has of its first picture."""
        if self._quotes > 1:
            return
        start = 0 if self._quotes else piece.find(b'"') + 1
        if start or self._quotes:
            end = piece.find(b'"', start)
            self._first.append(piece[start:] if end < 0 else piece[start:end])
            self._held += len(self._first[-1])
        if self._held > MOST_HELD:
            self._first.clear()
