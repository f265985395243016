"""Who listens on `/ws`, and the two kinds of message they get: JSON and pictures."""

from __future__ import annotations

import json
import struct
from typing import Any, Protocol

PREVIEW, PREVIEW_WITH_METADATA = 1, 4
JPEG, PNG = 1, 2


class Listener(Protocol):
    """One open socket. `metadata` says whether it understands pictures that name their job."""

    metadata: bool

    def send(self, message: str | bytes) -> None:
        """Send one message; a socket that is gone is no error."""


class Hub:
    """Knows the open sockets by client id."""

    def __init__(self) -> None:
        self._listeners: dict[str, Listener] = {}

    def __len__(self) -> int:
        return len(self._listeners)

    def join(self, client_id: str, listener: Listener) -> None:
        """Let `listener` get what is meant for `client_id`; an earlier one gets nothing more."""
        self._listeners[client_id] = listener

    def leave(self, client_id: str, listener: Listener) -> None:
        """Forget `listener`, unless a later one took its place already."""
        if self._listeners.get(client_id) is listener:
            del self._listeners[client_id]

    def hears(self, client_id: str | None) -> bool:
        """Return whether somebody listens under `client_id`."""
        return client_id in self._listeners

    def send(self, client_id: str | None, kind: str, data: dict[str, Any]) -> None:
        """Send a JSON message to one client, or to everybody when `client_id` is None."""
        addressed = self._addressed(client_id)
        message = json.dumps({"type": kind, "data": data}) if addressed else ""
        for listener in addressed:
            listener.send(message)

    def send_picture(
        self, client_id: str | None, kind: int, picture: bytes, about: dict[str, Any] | None
    ) -> None:
        """Send a picture of `kind` (JPEG or PNG).

        `about` names node and job; it goes along where the client said that it understands it.
        """
        for listener in self._addressed(client_id):
            if about is not None and listener.metadata:
                words = json.dumps({**about, "image_type": "image/jpeg"}).encode()
                head = struct.pack(">II", PREVIEW_WITH_METADATA, len(words))
                listener.send(head + words + picture)
            else:
                listener.send(struct.pack(">II", PREVIEW, kind) + picture)

    def _addressed(self, client_id: str | None) -> list[Listener]:
        if client_id is None:
            return list(self._listeners.values())
        return [self._listeners[client_id]] if client_id in self._listeners else []
