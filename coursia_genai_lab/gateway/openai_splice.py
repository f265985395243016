"""Our field `coursia` put into answers on their way: they may hold megabytes of pictures."""

from __future__ import annotations

import json
from typing import Any

_EVENT = b"data: {"


class JSONSplice:
    """Put fields at the head of a JSON object."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._insert = _members(fields)
        self._done = False

    @property
    def grows_by(self) -> int:
        """Bytes that are added."""
        return len(self._insert)

    def feed(self, chunk: bytes) -> bytes:
        """Return the next bytes."""
        if self._done or not chunk:
            return chunk
        self._done = True
        return chunk[:1] + self._insert + chunk[1:]


class EventSplice:
    """Put fields at the head of the JSON object of every server-sent event."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._insert = _members(fields)
        self._line_starts = True
        self._kept = b""

    def feed(self, chunk: bytes) -> bytes:
        """Return the next bytes; only the cut-off start of a `data:` line is kept back."""
        text, self._kept = self._kept + chunk, b""
        parts: list[bytes] = []
        place = 0
        while place < len(text):
            if self._line_starts:
                head = text[place : place + len(_EVENT)]
                if len(head) < len(_EVENT) and _EVENT.startswith(head):
                    self._kept = head
                    break
                self._line_starts = False
                if head == _EVENT:
                    parts += [_EVENT, self._insert]
                    place += len(_EVENT)
            end = text.find(b"\n", place) + 1
            parts.append(text[place : end or len(text)])
            place = end or len(text)
            self._line_starts = end > 0
        return b"".join(parts)


def _members(fields: dict[str, Any]) -> bytes:
    # Without the closing brace and with a comma: an answer to be changed has members of its own.
    return json.dumps(fields, ensure_ascii=True)[1:-1].encode("ascii") + b", "
