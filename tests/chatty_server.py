"""A service for the contract suite: standard library only, tells its secret in its output."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--host", default="127.0.0.1")
parser.add_argument("--port", type=int, required=True)
parser.add_argument("--token-file", required=True)
parser.add_argument("--fail", action="store_true")
parser.add_argument("--deaf", action="store_true", help="ignore polite signals")
options = parser.parse_args()
token = Path(options.token_file).read_text(encoding="utf-8")
if options.fail:
    sys.exit(f"the model is missing, and the token is {token}")
if options.deaf:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


class Handler(BaseHTTPRequestHandler):
    """Answers /ready to all, /die by dying, and the rest to who has the token."""

    def do_GET(self) -> None:
        if self.path == "/die":
            print("told to die", flush=True)
            os._exit(3)
        right = self.headers.get("Authorization") == f"Bearer {token}"
        self.send_response(200 if self.path == "/ready" or right else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()


server = ThreadingHTTPServer((options.host, options.port), Handler)
print(f"listening, and the token is {token}", flush=True)
server.serve_forever()
