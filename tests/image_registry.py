"""A registry of container images on 127.0.0.1, as small as the protocol allows, with bad days.

It speaks the pull half of the Docker Registry HTTP API V2: manifests by tag and digest, blobs
with ranges. Engines take a registry on a loopback address without TLS.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

BUSYBOX = shutil.which("busybox")
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_PIECE = 65_536
PATIENCE = 60.0


def digest_of(data: bytes) -> str:
    """Return the name of a blob."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(files: dict[str, bytes], *, executable: bool = False) -> bytes:
    """Return a layer, packed, uncompressed within: as large as its files."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755 if executable else 0o644
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), compresslevel=1, mtime=0)


def web_server_layer() -> bytes:
    """Return the layer of a static web server, `/bin/busybox httpd`."""
    assert BUSYBOX is not None
    return layer({"bin/busybox": Path(BUSYBOX).read_bytes()}, executable=True)


@dataclass
class Registry:
    """What is on offer, what goes wrong with it, and what was asked."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    """`GET path` of each request, and ` from N` where it went on at byte N."""
    status: int | None = None
    """Answer everything with it, in place of the truth."""
    said: str = ""
    """The code of that refusal, `TOOMANYREQUESTS`."""
    cuts: int = 0
    """How many answers with a layer end in the middle."""
    held: set[str] = field(default_factory=set)
    """Digests of the blobs that stop in the middle until `gate` opens."""
    gate: threading.Event = field(default_factory=threading.Event)
    reached: threading.Event = field(default_factory=threading.Event)
    """Somebody waits at the gate."""
    left: threading.Event = field(default_factory=threading.Event)
    """Somebody went away from a blob that was not all sent."""
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)

    def offer(self, name: str, layers: Sequence[bytes], command: Sequence[str] = ()) -> str:
        """Put an image on offer under `name:1`; return its reference."""
        for one in layers:
            self.blobs[digest_of(one)] = one
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": list(command) or None},
            "rootfs": {
                "type": "layers",
                "diff_ids": [digest_of(gzip.decompress(x)) for x in layers],
            },
            "history": [{"created_by": "test"} for _ in layers],
        }
        packed = json.dumps(config).encode()
        self.blobs[digest_of(packed)] = packed
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG, "size": len(packed), "digest": digest_of(packed)},
            "layers": [
                {"mediaType": _LAYER, "size": len(one), "digest": digest_of(one)} for one in layers
            ],
        }
        said = json.dumps(manifest).encode()
        self.manifests[f"{name}/manifests/1"] = said
        self.manifests[f"{name}/manifests/{digest_of(said)}"] = said
        return f"{self.address}/{name}:1"

    def hold(self, layer: bytes) -> None:
        """Stop the layer in the middle until the gate opens."""
        self.held.add(digest_of(layer))

    def fetched(self, layer: bytes) -> int:
        """Return how often the layer was asked for."""
        return sum(digest_of(layer) in line for line in self.asked)


class RegistryServer:
    """Serve a `Registry` from threads."""

    def __init__(self) -> None:
        self.registry = registry = Registry()

        class Handler(_Handler):
            offered = registry

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        registry.address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Let everybody go, and listen no more."""
        self.registry.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    offered: Registry

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base names it
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        offered, path = self.offered, unquote(self.path)
        begin = _first_byte(self.headers.get("Range", ""))
        offered.asked.append(f"{self.command} {path}" + (f" from {begin}" if begin else ""))
        if offered.status is not None and path != "/v2/":
            self._refuse(offered.status, offered.said)
        elif path == "/v2/":
            self._send(200, "application/json", b"{}", body=body)
        elif (said := offered.manifests.get(path.removeprefix("/v2/"))) is not None:
            self._send(200, _MANIFEST, said, body=body)
        elif (blob := offered.blobs.get(path.rpartition("/")[2])) is not None:
            self._send_blob(blob, begin, body=body)
        else:
            self._refuse(404, "BLOB_UNKNOWN" if "/blobs/" in path else "MANIFEST_UNKNOWN")

    def _refuse(self, status: int, code: str) -> None:
        errors = {"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}
        self._send(status, "application/json", json.dumps(errors).encode(), body=True)

    def _send(self, status: int, kind: str, content: bytes, *, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Docker-Content-Digest", digest_of(content))
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _send_blob(self, blob: bytes, begin: int, *, body: bool) -> None:
        offered = self.offered
        self.send_response(206 if begin else 200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(blob) - begin))
        self.send_header("Accept-Ranges", "bytes")
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(blob) - 1}/{len(blob)}")
        self.end_headers()
        if not body:
            return
        half = max(begin, len(blob) // 2)
        cut = offered.cuts > 0 and len(blob) > _PIECE
        held = digest_of(blob) in offered.held
        try:
            self._pour(blob, begin, half)
            if cut:
                offered.cuts -= 1
                self.close_connection = True
                return
            if held:
                self._wait_at_the_gate()
            self._pour(blob, half, len(blob))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            offered.left.set()

    def _wait_at_the_gate(self) -> None:
        self.offered.reached.set()
        self.connection.settimeout(0.05)
        while not self.offered.gate.is_set():
            try:
                if self.connection.recv(1) == b"":
                    raise BrokenPipeError
            except TimeoutError:
                continue
        self.connection.settimeout(PATIENCE)

    def _pour(self, blob: bytes, begin: int, end: int) -> None:
        for place in range(begin, end, _PIECE):
            self.wfile.write(blob[place : min(place + _PIECE, end)])
        self.wfile.flush()


def _first_byte(header: str) -> int:
    return int(header.removeprefix("bytes=").partition("-")[0] or 0) if header else 0
