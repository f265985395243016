"""Counts the pictures in a WebUI's answer while that passes, which may be too large to be kept."""

from __future__ import annotations

import re
from typing import Literal

_LIST = re.compile(rb'"images"\s*:\s*\[')
_ONE = re.compile(rb'"image"\s*:\s*"[A-Za-z0-9+/]')
"""The answer to a picture that is only enlarged."""
KEPT = 64
"""Bytes at the end of a piece in which a mark may have begun."""


class CountedPictures:
    """Count what a job was answered. Pictures in base64 hold neither quotes nor brackets."""

    def __init__(self) -> None:
        self._state: Literal["before", "in", "after"] = "before"
        self._tail = b""
        self._quotes = 0

    @property
    def pictures(self) -> int:
        """How many have come whole."""
        return self._quotes // 2

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
            self._quotes += piece.count(b'"', 0, len(piece) if end < 0 else end)
            self._state = "in" if end < 0 else "after"
