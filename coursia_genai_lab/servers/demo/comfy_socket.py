"""ComfyUI's `/ws`."""

from __future__ import annotations

import asyncio
import json
import uuid

from tornado.websocket import WebSocketClosedError, WebSocketHandler

from .pixels import MAX_UPLOAD
from .web import Guarded

MAX_SOCKETS = 64
MAX_UNREAD = 5000
FEATURES = {"supports_preview_metadata": True, "max_upload_size": MAX_UPLOAD}


class Socket(Guarded, WebSocketHandler):
    """One listener: greets with the status, then passes on what the hub sends."""

    metadata = False
    _sid = ""
    _fresh = True
    _unread = 0

    def check_origin(self, origin: str) -> bool:
        """Let everything in that the gate let in: it has compared the origin already."""
        return True

    async def get(self, *args: object, **kwargs: object) -> None:
        """Open the socket unless there are too many."""
        if len(self.engine.hub) >= MAX_SOCKETS:
            self.set_status(503)
            self.finish({"error": "Too many sockets are open."})
            return
        # The policy headers are for pages; on an upgrade they only confuse strict clients.
        self.clear_header("Content-Security-Policy")
        await super().get()

    def open(self, *args: str, **kwargs: str) -> None:
        """Join the hub and say how things stand, as the real server does."""
        self._sid = self.get_query_argument("clientId", "") or uuid.uuid4().hex
        self.engine.hub.join(self._sid, self)
        greeting = {**self.engine.status(), "sid": self._sid}
        self.send(json.dumps({"type": "status", "data": greeting}))
        comfy = self.engine.comfy
        if comfy.run is not None and comfy.running_client == self._sid and comfy.run.node:
            node = {"node": comfy.run.node, "display_node": comfy.run.node}
            self.send(json.dumps({"type": "executing", "data": node}))

    def on_message(self, message: str | bytes) -> None:
        """Take the feature flags, which count only as the first message."""
        first, self._fresh = self._fresh, False
        if not first:
            return
        try:
            said = json.loads(message)
        except ValueError:
            return
        if isinstance(said, dict) and said.get("type") == "feature_flags":
            flags = said.get("data")
            self.metadata = isinstance(flags, dict) and bool(flags.get("supports_preview_metadata"))
            self.send(json.dumps({"type": "feature_flags", "data": FEATURES}))

    def on_close(self) -> None:
        """Leave the hub."""
        self.engine.hub.leave(self._sid, self)

    def send(self, message: str | bytes) -> None:
        """Send one message; a socket that has gone is no error, one that never reads is cut."""
        try:
            sent = self.write_message(message, binary=isinstance(message, bytes))
        except WebSocketClosedError:
            self.engine.hub.leave(self._sid, self)
            return
        self._unread += 1
        sent.add_done_callback(self._left)
        if self._unread > MAX_UNREAD:
            self.engine.hub.leave(self._sid, self)
            self.close()

    def _left(self, sent: asyncio.Future[None]) -> None:
        self._unread -= 1
        if not sent.cancelled():
            # Looking at the error is all there is to do about it: the socket has closed.
            sent.exception()
