"""The demo engine as a process: boot, signals, its parent's death, bad switches."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from servers.demo.harness import PATIENCE, text_graph, until

from coursia_genai_lab.servers import demo

MODULE = [sys.executable, "-m", "coursia_genai_lab.servers.demo"]


class Child:
    """A running engine and the lines that it prints."""

    def __init__(self, command: list[str], **more: object) -> None:
        self.process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())

    def line(self, start: str) -> str:
        """Return the next line that begins with `start`."""
        while True:
            self.seen.append(self._lines.get(timeout=PATIENCE))
            if self.seen[-1].startswith(start):
                return self.seen[-1]

    def port(self) -> int:
        """Return the port, once the engine listens."""
        told = json.loads(self.line("{"))
        assert told["event"] == "listening"
        return int(told["port"])

    def end(self) -> tuple[int, str]:
        """Return exit status and error text, once the process has ended by itself."""
        status = self.process.wait(PATIENCE)
        assert self.process.stderr is not None
        return status, self.process.stderr.read()

    def close(self) -> None:
        """Make sure that nothing is left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


Start = Callable[..., Child]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start engines: `start("--seconds-per-step", "0")`; none is left at the end."""
    children: list[Child] = []

    def started(*switches: str, **more: object) -> Child:
        children.append(Child([*MODULE, "--port", "0", *switches], **more))
        return children[-1]

    yield started
    for child in children:
        child.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_ends_an_idle_engine(
    start: Start, number: signal.Signals, tmp_path: Path
) -> None:
    child = start(env={**os.environ, "TMPDIR": str(tmp_path)})
    child.port()
    assert list(tmp_path.iterdir())

    child.process.send_signal(number)

    assert child.end()[0] == 0
    assert not list(tmp_path.iterdir())


def test_the_first_signal_ends_an_engine_whatever_is_pending(start: Start) -> None:
    child = start("--seconds-per-step", "600")
    port = child.port()
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as http,
        socket.create_connection(("127.0.0.1", port)) as silent,
        socket.create_connection(("127.0.0.1", port)) as streaming,
    ):
        silent.sendall(b"POST /prompt HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999\r\n\r\n")
        body = json.dumps({"prompt": "x", "stream": True}).encode()
        head = "POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: "
        streaming.sendall(f"{head}{len(body)}\r\n\r\n".encode() + body)
        for seed in range(3):
            http.post("/prompt", json={"prompt": text_graph(seed=seed)})
        until(lambda: http.get("/queue").json()["queue_running"])

        child.process.terminate()

        assert child.end()[0] == 0


def test_an_engine_can_be_stopped_while_it_draws(start: Start) -> None:
    child = start("--seconds-per-step", "0")
    port = child.port()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
        graph = text_graph("galaxy", width=2048, height=2048, batch_size=8)
        http.post("/prompt", json={"prompt": graph})
        until(lambda: http.get("/queue").json()["queue_running"])

        child.process.terminate()

        assert child.end()[0] == 0


def test_nothing_listens_until_the_engine_has_booted(start: Start, unused_port: int) -> None:
    child = start("--port", str(unused_port), "--boot-seconds", "600")
    child.line("loading model 0%")

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{unused_port}/health")
    child.process.terminate()
    assert child.end()[0] == 0


def test_booting_is_told_in_phases_and_ends(start: Start) -> None:
    child = start("--boot-seconds", "0.1")

    port = child.port()

    assert child.seen[:-1] == [f"loading model {percent}%" for percent in range(0, 100, 10)]
    assert httpx.get(f"http://127.0.0.1:{port}/health").json() == {"status": "ok"}


def test_the_environment_sets_the_same_and_the_command_line_wins(
    start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("from the environment\n", encoding="utf-8")
    environment = {
        **os.environ,
        "GENAI_DEMO_TOKEN_FILE": str(file),
        "GENAI_DEMO_FAIL_AT_STEP": "1",
        "GENAI_DEMO_SECONDS_PER_STEP": "0",
        "GENAI_DEMO_BOOT_SECONDS": "600",
        "GENAI_DEMO_HOST": "127.0.0.1",
    }
    child = start("--boot-seconds", "0", env=environment)
    headers = {"Authorization": "Bearer from the environment"}

    with httpx.Client(base_url=f"http://127.0.0.1:{child.port()}") as http:
        assert http.get("/prompt").status_code == 401
        order = {"prompt": "x", "size": "64x64"}
        answer = http.post("/v1/images/generations", json=order, headers=headers)

    assert answer.status_code == 500
    assert child.seen == child.seen[-1:]


PARENT = """
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
for line in child.stdout:
    print(child.pid, line, end="", flush=True)
    if line.startswith("{"):
        break
time.sleep(600)
"""


@pytest.mark.parametrize("switches", [["--boot-seconds", "0"], ["--seconds-per-step", "600"]])
def test_an_engine_ends_with_its_parent(switches: list[str]) -> None:
    parent = Child([sys.executable, "-c", PARENT, *MODULE, "--port", "0", *switches])
    line = parent.line("")
    while "{" not in line:
        line = parent.line("")
    number = int(line.split()[0])
    port = json.loads(line.partition(" ")[2])["port"]
    httpx.post(f"http://127.0.0.1:{port}/prompt", json={"prompt": text_graph()})

    parent.process.kill()

    until(lambda: not alive(number))
    parent.close()


def test_an_engine_ends_with_the_process_it_was_told_to_watch(start: Start) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    child = start("--parent-pid", str(other.pid))
    child.port()

    other.kill()
    other.wait(PATIENCE)

    assert child.end()[0] == 0


def test_an_engine_told_to_can_outlive_its_parent() -> None:
    command = [sys.executable, "-c", PARENT, *MODULE, "--port", "0", "--parent-pid", "0"]
    parent = Child(command)
    number, _, told = parent.line("").partition(" ")
    parent.process.kill()
    parent.process.wait(PATIENCE)
    try:
        answers = [
            httpx.get(f"http://127.0.0.1:{json.loads(told)['port']}/health").status_code
            for _ in range(3)
        ]
    finally:
        os.kill(int(number), signal.SIGTERM)
    until(lambda: not alive(int(number)))
    parent.close()

    assert answers == [200, 200, 200]


def alive(number: int) -> bool:
    with contextlib.suppress(OSError):
        # A dead process that nobody has asked about still has an entry, in state Z.
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_parents_thread_may_end_without_ending_the_engine(start: Start) -> None:
    children: list[Child] = []
    thread = threading.Thread(target=lambda: children.append(start()))
    thread.start()
    thread.join(PATIENCE)
    port = children[0].port()

    answers = [httpx.get(f"http://127.0.0.1:{port}/health").status_code for _ in range(3)]

    assert answers == [200, 200, 200]
    assert children[0].process.poll() is None


@pytest.mark.parametrize(
    "switches",
    [
        ["--port", "x"], ["--port", "70000"], ["--boot-seconds", "-1"], ["--fail-at-step", "0"],
        ["--seconds-per-step", "nan"], ["--unknown"], ["--preview-method", "magic"],
    ],
)  # fmt: skip
def test_bad_usage_is_told_with_status_2(start: Start, switches: list[str]) -> None:
    status, text = start(*switches).end()

    assert status == 2
    assert "usage" in text


def test_a_token_file_that_is_none_is_refused(start: Start, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text("secret", encoding="utf-8")
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")

    for name in ("link", "empty", "absent", "pipe", "."):
        status, text = start("--token-file", str(tmp_path / name)).end()
        assert status == 2
        assert "token file" in text


def test_a_taken_port_is_told_in_one_sentence(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        status, text = start("--port", str(port)).end()

    assert status == 1
    assert text.startswith(f"Port {port} cannot be used")


def test_no_secret_and_no_prompt_is_ever_printed(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("very-secret-token", encoding="utf-8")
    child = start("--token-file", str(file), "--fail-at-step", "1")
    with httpx.Client(base_url=f"http://127.0.0.1:{child.port()}") as http:
        headers = {"Authorization": "Bearer very-secret-token"}
        http.get("/ws?token=very-secret-token")
        http.post("/v1/images/generations", json={"prompt": "private words"}, headers=headers)
        http.post("/prompt?token=very-secret-token", content=b"{", headers=headers)
        graph = text_graph("private words")
        job = http.post("/prompt", json={"prompt": graph}, headers=headers).json()["prompt_id"]
        until(lambda: http.get(f"/history/{job}", headers=headers).json())
    child.process.terminate()

    status, text = child.end()

    assert status == 0
    assert "very-secret-token" not in text
    assert "private words" not in text
    assert not any("secret" in line for line in child.seen)


def test_the_folder_runs_alone(tmp_path: Path) -> None:
    source = Path(demo.__file__).parent
    shutil.copytree(source, tmp_path / "demo", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}

    child = Child([sys.executable, "-m", "demo", "--port", "0"], cwd=tmp_path, env=environment)

    assert httpx.get(f"http://127.0.0.1:{child.port()}/health").status_code == 200
    child.process.terminate()
    assert child.end()[0] == 0
    child.close()
