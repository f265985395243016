"""Fixtures: a real demo engine in a process of its own, and a port where nobody listens."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from coursia_genai_lab.runtimes.loopback import free_port

START_SECONDS = 120


@dataclass(frozen=True)
class DemoEngine:
    """A running demo engine: its address without a trailing slash, its token and its process."""

    url: str
    token: str = field(repr=False)
    process: subprocess.Popen[str]


StartDemo = Callable[..., DemoEngine]


def _listening(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> int:
    seen = []
    while (line := lines.get(timeout=START_SECONDS)) is not None:
        seen.append(line)
        if line.startswith("{"):
            return int(json.loads(line)["port"])
    raise AssertionError(f"the demo engine ended with {process.wait()}: {''.join(seen)}")


def _drain(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put(None)


@pytest.fixture(scope="session")
def start_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartDemo]:
    """Start demo engines: `start_demo("--seconds-per-step", "0")`; all end with the session."""
    started: list[tuple[subprocess.Popen[str], threading.Thread]] = []

    def start(*switches: str, token: str = "demo-engine-token-for-tests") -> DemoEngine:
        file: Path = tmp_path_factory.mktemp("demo") / "token"
        file.write_text(token, encoding="utf-8")
        command = [sys.executable, "-m", "coursia_genai_lab.servers.demo", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--token-file", str(file), *switches],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines: queue.Queue[str | None] = queue.Queue()
        reader = threading.Thread(target=_drain, args=(process, lines), daemon=True)
        started.append((process, reader))
        reader.start()
        return DemoEngine(f"http://127.0.0.1:{_listening(process, lines)}", token, process)

    yield start
    for process, _ in started:
        process.terminate()
    for process, reader in started:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        if process.poll() is None:
            process.kill()
            process.wait(5)
        reader.join(5)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def demo_engine(start_demo: StartDemo) -> DemoEngine:
    """One quick engine that all tests of a session may share."""
    return start_demo("--seconds-per-step", "0.002")


@pytest.fixture
def unused_port() -> int:
    """A port of 127.0.0.1 where nobody listens."""
    return free_port()
