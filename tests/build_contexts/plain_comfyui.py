"""A stand-in for ComfyUI with the login node's rules, of the standard library alone.

As the real node: the first line of login/PASSWORD is the bearer, read once, and told in the log;
without the file everybody gets in.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PASSWORD = Path(__file__).resolve().parent / "login" / "PASSWORD"


def first_line() -> str:
    try:
        return PASSWORD.read_text().splitlines()[0]
    except FileNotFoundError:
        return ""


TOKEN = first_line()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = not TOKEN or self.headers.get("Authorization") == f"Bearer {TOKEN}"
        status = 200 if known else 401
        told = {"argv": sys.argv, "environ": dict(os.environ), "known": known}
        body = json.dumps(told if known else {"error": "Authentication required."}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form: str, *values: object) -> None:
        print(form % values, file=sys.stderr, flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--listen")
parser.add_argument("--port", type=int)
arguments, _ = parser.parse_known_args()
print(f"For direct API calls, use token={TOKEN}", file=sys.stderr, flush=True)
# As a progress bar does: painted over, and cut in the middle of the word.
sys.stdout.write(f"\r 10% {TOKEN[:7]}")
sys.stdout.flush()
sys.stdout.write(f"{TOKEN[7:]} 20%\r")
sys.stdout.flush()
ThreadingHTTPServer((arguments.listen, arguments.port), Handler).serve_forever()
