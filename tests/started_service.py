"""Run the entry point of an image as a process, in a folder laid out as the image is."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

CONTEXTS = Path(__file__).resolve().parent.parent / "coursia_genai_lab" / "build_contexts"
STAND_INS = Path(__file__).resolve().parent / "build_contexts"
TOKEN = "cQ3b9_random-text-of-this-start-4711"
PATIENCE = 90.0


@dataclass
class StartedService:
    """A running entry point."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    image: Path

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask the server."""
        return httpx.get(
            f"http://127.0.0.1:{self.port}{path}", headers=dict(headers or {}), timeout=30
        )

    def wait_until_it_answers(self) -> None:
        """Return when it answers anything."""
        until = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(httpx.TransportError):
                self.get("/")
                return
            time.sleep(0.05)
        raise AssertionError(f"it does not answer: {self.text}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal to the entry point; return its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    @property
    def text(self) -> str:
        """What it printed so far."""
        return self.log.read_text(errors="replace")


def image_folder(folder: Path, context: str, entry: str) -> Path:
    """Lay out `entry` and what it needs as /opt/genai in the image."""
    place = folder / "genai"
    place.mkdir()
    for source in [CONTEXTS / "shared" / "service_start.py", *(CONTEXTS / context).glob("*")]:
        if source.is_file():
            shutil.copy(source, place)
    assert (place / entry).is_file()
    return place / entry


@contextlib.contextmanager
def started(
    folder: Path, entry: Path, app: Path, *arguments: str, **variables: str
) -> Iterator[StartedService]:
    """Run the entry point; the credential is in the file that it is told."""
    token = folder / "token"
    if "GENAI_TOKEN_FILE" not in variables:
        token.write_text(TOKEN)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log"
    environment = {
        **os.environ,
        "GENAI_TOKEN_FILE": str(token),
        "GENAI_APP_FOLDER": str(app),
        "GENAI_DATA_FOLDER": str(folder / "data"),
        "GENAI_PORT": str(port),
        **variables,
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(entry), *arguments],
            stdout=out,
            stderr=out,
            env=environment,
            start_new_session=True,
        )
    try:
        yield StartedService(process, port, log, entry.parent)
    finally:
        # With its server, as the end of a container does.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
