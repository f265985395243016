"""How many bytes of request bodies are kept in memory, per person and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..errors import TooManyRequests

MAX_BODY_BYTES = 110 * 2**20
"""Above ComfyUI's own limit for uploads, 100 MiB (`max_upload_size` in `GET /features`)."""
MOST_OF_ONE = 256 * 2**20
"""Bytes of one person: two of the largest bodies."""
MOST_IN_ALL = 2**30


class BodyRoom:
    """Count what running calls keep of their bodies."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()
        self._in_all = 0

    @contextmanager
    def counting(self, person: str) -> Iterator[None]:
        """Count what is kept in the block as a person's, and give it back at its end."""
        kept = _Kept(self, person)
        before = _KEPT.set(kept)
        try:
            yield
        finally:
            _KEPT.reset(before)
            self._add(person, -kept.size)

    def take(self, person: str, size: int) -> None:
        """Count `size` more bytes.

        Raises:
            TooManyRequests: the person, or all together, keep as much as they may.
        """
        if self._of[person] + size > MOST_OF_ONE or self._in_all + size > MOST_IN_ALL:
            raise TooManyRequests(
                "Too many large requests are in memory already.",
                "Wait until some of them are done, or send smaller ones.",
                code="too_many_bytes",
            )
        self._add(person, size)

    def _add(self, person: str, size: int) -> None:
        self._in_all += size
        self._of[person] += size
        if not self._of[person]:
            del self._of[person]


class _Kept:
    """The bytes of one call."""

    def __init__(self, room: BodyRoom, person: str) -> None:
        self.room, self.person, self.size = room, person, 0


# Whose body it is is known where it is admitted, not where it is read.
_KEPT: ContextVar[_Kept | None] = ContextVar("coursia_genai_lab_kept", default=None)


def keep(size: int) -> None:
    """Count bytes that the running call keeps; raises TooManyRequests as `BodyRoom.take` does."""
    kept = _KEPT.get()
    if kept is not None:
        kept.room.take(kept.person, size)
        kept.size += size
