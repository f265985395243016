"""What the three file formats have in common: a file is a row of parts, some of them ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_PARTS = 200_000
"""More than any real file has; each costs its reader a moment."""
MOST_TEXT = 2**20
"""Bytes of one text of a file, unpacked; the longest prompt that is taken is far below."""


class BrokenFile(ValueError):
    """The bytes are no whole file of this format."""


@dataclass(frozen=True)
class Part:
    """One chunk or segment: its name, where it lies in the file, and where its content lies."""

    name: bytes
    start: int
    end: int
    content: int
    size: int


def joined(data: bytes, parts: Iterable[Part]) -> list[bytes | memoryview]:
    """Return the bytes of some parts; what lies side by side is one piece."""
    view = memoryview(data)
    pieces: list[bytes | memoryview] = []
    start = end = 0
    for part in parts:
        if part.start != end:
            pieces.append(view[start:end])
            start = part.start
        end = part.end
    pieces.append(view[start:end])
    return pieces
