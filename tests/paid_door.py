"""A small real server in the place of a door that counts: models, quotas, refusals on demand.

Pictures are made by a demo engine behind it, so that what is shown was really drawn.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FORWARDED = ("Authorization", "Content-Type")


class PaidDoor:
    """Answers `/v1/coursia/usage` with `usage`; refuses pictures while `refusals` lasts."""

    def __init__(self, engine_url: str) -> None:
        self.usage: dict[str, Any] = {"since": 0.0, "pictures": 0, "seconds": 0.0, "services": []}
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.asked: list[bytes] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/v1/coursia/usage":
                    self._say(200, json.dumps(door.usage).encode(), "application/json")
                else:
                    self._forward(None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                door.asked.append(body)
                if door.refusals:
                    status, error = door.refusals.pop(0)
                    self._say(status, json.dumps({"error": error}).encode(), "application/json")
                else:
                    self._forward(body)

            def _forward(self, body: bytes | None) -> None:
                headers = {name: self.headers[name] for name in FORWARDED if self.headers[name]}
                asked = urllib.request.Request(engine_url + self.path, body, headers)
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    self._say(200, answer.read(), answer.headers["Content-Type"])

            def _say(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Keep test output clean."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """The server's address, without a trailing slash."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @contextmanager
    def open(self) -> Iterator[PaidDoor]:
        """Listen within the block."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join(60)
