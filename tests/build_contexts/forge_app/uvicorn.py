"""As much of uvicorn as a stand-in needs: one application, served over HTTP."""

from __future__ import annotations

import asyncio
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def run(app, *, host: str, port: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = [(k.lower().encode(), v.encode()) for k, v in self.headers.items()]
            sent = []

            async def send(message) -> None:
                sent.append(message)

            scope = {"type": "http", "path": self.path, "headers": headers}
            asyncio.run(app(scope, None, send))
            self.send_response(sent[0]["status"])
            self.send_header("Content-Length", str(len(sent[1]["body"])))
            self.end_headers()
            self.wfile.write(sent[1]["body"])

        def log_message(self, *values: object) -> None:
            pass

    ThreadingHTTPServer((host, port), Handler).serve_forever()
