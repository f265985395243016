"""Read server-sent events: lines in, JSON objects out (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import json
from typing import Any

from ..errors import LabUnreachable


class EventReader:
    """Puts the lines of one stream together; knows nothing of sockets."""

    def __init__(self) -> None:
        self._name = ""
        self._data: list[str] = []
        self.ended = False

    def feed(self, line: str) -> dict[str, Any] | None:
        """Take one line without its end; return the event that it completes, if it does.

        The name of an event, where the object has no `type` of its own, becomes its `type`.

        Raises:
            LabUnreachable: the data is no JSON object.
        """
        if line:
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if name == "data":
                self._data.append(value)
            elif name == "event":
                self._name = value
            return None
        text, name = "\n".join(self._data), self._name
        self._data, self._name = [], ""
        if text == "[DONE]":
            self.ended = True
        if not text or self.ended:
            return None
        try:
            value_read = json.loads(text)
        except ValueError:
            value_read = None
        if not isinstance(value_read, dict):
            raise LabUnreachable("The server sent an event that cannot be read.")
        if name:
            value_read.setdefault("type", name)
        return value_read
