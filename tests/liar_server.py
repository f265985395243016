"""A file server on 127.0.0.1 with bad days: it cuts, lies, stalls, refuses and sends elsewhere.

It also speaks the little of a model hub that a download needs: `/<owner>/<name>/resolve/<rev>/…`
answers with commit, size and hash, and sends on to where the bytes are.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PATIENCE = 120.0
COMMIT = "c0ffee" + "0" * 34


@dataclass(frozen=True)
class Mood:
    """How one answer goes wrong; the default one is honest."""

    status: int | None = None
    """Answer this in place of the file."""
    headers: tuple[tuple[str, str], ...] = ()
    """More headers, or others."""
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    stall_after: int | None = None
    """Send nothing more after so many bytes, until the server closes or the caller is gone."""
    no_ranges: bool = False
    """Answer a range with the whole file."""
    shifted: int = 0
    """Send, and say, a range that begins so much later."""
    lie: bool = False
    """Say that the range is the wanted one, and send the file from its beginning."""
    body: bytes | None = None
    """Other bytes than the file's."""
    length: int | None = None
    """Say this length in place of the true one."""
    chunked: bool = False
    """Say no length at all."""


@dataclass
class Asked:
    """One request that came."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def start(self) -> int:
        """Where the wanted range begins; 0 for the whole file."""
        text = self.headers.get("range", "")
        return int(text.removeprefix("bytes=").removesuffix("-")) if text else 0


@dataclass
class Liar:
    """What is on offer, the moods of the next answers, and what was asked."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """Path below the server, and content."""
    moods: list[Mood] = field(default_factory=list)
    """Used up one by one, by answers to GET; then it is honest."""
    always: Mood | None = None
    """The mood once the list is used up."""
    etags: bool = True
    redirects: dict[str, str] = field(default_factory=dict)
    """Path, and where it sends on to."""
    token: str | None = None
    """What a hub path wants as its bearer token."""
    asked: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    """Somebody hangs in a stall."""

    def offer(self, path: str, data: bytes) -> str:
        """Put a file on offer; return its address."""
        self.files[path] = data
        return f"{self.address}{path}"

    def gets(self, path: str = "") -> list[Asked]:
        """Return the GET requests for a path, or all."""
        return [one for one in self.asked if one.method == "GET" and path in ("", one.path)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    liar: Liar

    def log_message(self, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(Mood())

    def do_GET(self) -> None:
        liar = self.liar
        hub = "/resolve/" in self.path
        mood = Mood() if hub else liar.moods.pop(0) if liar.moods else liar.always or Mood()
        try:
            self._answer(mood)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, mood: Mood) -> None:
        liar = self.liar
        headers = {key.lower(): value for key, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers)
        liar.asked.append(asked)
        path = self.path.partition("?")[0]
        if "/resolve/" in path:
            self._answer_as_hub(path, asked)
        elif path in liar.redirects:
            self._end(302, {"Location": liar.redirects[path]})
        elif mood.status is not None:
            self._end(mood.status, dict(mood.headers), b"no")
        elif path not in liar.files:
            self._end(404, {}, b"no such file")
        else:
            self._send_file(liar.files[path], mood, asked)

    def _answer_as_hub(self, path: str, asked: Asked) -> None:
        liar = self.liar
        repository, _, rest = path.partition("/resolve/")
        data = liar.files.get(f"{repository}/{rest.partition('/')[2]}")
        if liar.token is not None and asked.headers.get("authorization") != f"Bearer {liar.token}":
            status = 403 if "authorization" in asked.headers else 401
            self._end(status, {"X-Error-Code": "GatedRepo"})
        elif data is None:
            self._end(404, {"X-Error-Code": "EntryNotFound"})
        else:
            where = f"{repository}/{rest.partition('/')[2]}?Signature=secret%2Fsigned"
            told = {
                "X-Repo-Commit": COMMIT,
                "X-Linked-Size": str(len(data)),
                "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
                "Location": liar.redirects.get("hub", liar.address) + where,
            }
            self._end(302, told)

    def _send_file(self, data: bytes, mood: Mood, asked: Asked) -> None:
        etag = f'"{hashlib.md5(data).hexdigest()}"'
        data = data if mood.body is None else mood.body
        start = asked.start
        fresh = asked.headers.get("if-range", etag) in (etag, "")
        if mood.no_ranges or not fresh:
            start = 0
        if start and start >= len(data):
            self._end(416, {"Content-Range": f"bytes */{len(data)}"})
            return
        headers = {"ETag": etag} if self.liar.etags else {}
        if start:
            start = min(start + mood.shifted, len(data) - 1)
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        body = data[: len(data) - start] if mood.lie else data[start:]
        length = len(body) if mood.length is None else mood.length
        self.send_response(206 if start else 200)
        if mood.chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(length)
        for key, value in {**headers, **dict(mood.headers)}.items():
            self.send_header(key, value)
        self.end_headers()
        self._send_body(body, mood)

    def _send_body(self, body: bytes, mood: Mood) -> None:
        ends = [end for end in (mood.cut_after, mood.stall_after) if end is not None]
        sent = body[: min(ends)] if ends else body
        if mood.chunked and sent:
            self.wfile.write(f"{len(sent):x}\r\n".encode() + sent + b"\r\n")
        else:
            self.wfile.write(sent)
        self.wfile.flush()
        if mood.stall_after is not None:
            self.liar.reached.set()
            self.liar.closing.wait(PATIENCE)
        if ends:
            self.close_connection = True
        elif mood.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _end(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    # A caller that hangs up is no news here.
    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def liar_server(host: str = "127.0.0.1", *, certificate: Path | None = None) -> Iterator[Liar]:
    """Yield a server on a free port; it is gone afterwards, stalls included.

    With `certificate`, a file with certificate and key, it speaks TLS.
    """
    liar = Liar()
    handler = type("Handler", (_Handler,), {"liar": liar})
    server = _Server((host, 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # The handshake belongs to the thread of its caller: one that hangs up holds up nobody.
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    scheme = "http" if certificate is None else "https"
    liar.address = f"{scheme}://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield liar
    finally:
        liar.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
