"""Machines without Docker, and engines that refuse, hang or vanish: no real engine is needed."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from runtime_houses import NAMESPACE, OWNER
from waiting import until

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import RuntimeUnavailable
from coursia_genai_lab.runtimes.base import Instance, Secret, StartOrder
from coursia_genai_lab.runtimes.docker import DockerRuntime
from coursia_genai_lab.runtimes.docker_address import engine_address, usual_sockets
from coursia_genai_lab.runtimes.docker_engine import DockerEngine
from coursia_genai_lab.runtimes.docker_threads import DaemonThreads
from coursia_genai_lab.wire.problems import Problem

SPEC = ServiceSpec.model_validate(
    {
        "name": "one",
        "title": "One",
        "dialect": "comfyui",
        "container": {"image": "no/such:1", "port": 8188},
    }
)
INSTANCE = Instance("one", "docker", "0123456789ab", "http://127.0.0.1:1", Secret("abc"), 0.0)


@pytest.fixture
def place() -> Iterator[Path]:
    # A socket's path is short, and the user of another test must be able to come here.
    with tempfile.TemporaryDirectory(prefix="cgl-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


VERSION = b'{"ApiVersion": "1.41"}'


class HangingEngine:
    """Takes every connection and never says a word, but its version where `tells_version`."""

    def __init__(self, path: Path, *, tells_version: bool = False) -> None:
        self.path = path
        self._tells_version = tells_version
        self.taken: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        self._listening.listen(16)
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.taken.append(connection)
            if self._tells_version and b"/version" in connection.recv(4096):
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                size = b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(VERSION)
                connection.sendall(head + size + VERSION)
                connection.shutdown(socket.SHUT_WR)

    def let_go(self) -> None:
        """Close everything."""
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)
        for connection in self.taken:
            connection.close()


@pytest.fixture
def hanging(place: Path) -> Iterator[HangingEngine]:
    engine = HangingEngine(place / "d.sock")
    yield engine
    engine.let_go()


async def problem_of(runtime: DockerRuntime) -> Problem:
    problem = await runtime.check(SPEC)
    await runtime.close()
    assert problem is not None
    assert problem.message
    assert problem.remedy
    return problem


async def test_a_machine_without_docker_is_told_how_to_get_it(place: Path) -> None:
    runtime = DockerRuntime(environ={}, sockets=[place / "d.sock"])
    problem = await problem_of(runtime)
    assert problem.code == "docker_absent"


async def test_an_address_without_an_engine_is_named(place: Path) -> None:
    runtime = DockerRuntime(environ={"DOCKER_HOST": f"unix://{place}/other.sock"}, sockets=[])
    problem = await problem_of(runtime)
    assert problem.code == "docker_absent"
    assert f"{place}/other.sock" in problem.message


async def test_an_engine_that_does_not_run_is_to_be_started(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(place / "d.sock"))
    problem = await problem_of(DockerRuntime(environ={}, sockets=[place / "d.sock"]))
    assert problem.code == "docker_not_running"
    assert problem.command == "sudo systemctl start docker"


async def test_an_engine_on_another_machine_is_refused() -> None:
    for host in ("tcp://10.1.2.3:2375", "ssh://me@gpu.example.org"):
        problem = await problem_of(DockerRuntime(host=host, environ={}, sockets=[]))
        assert problem.code == "docker_remote"
        assert "gpu.example" not in problem.message


async def test_a_dead_engine_on_a_loopback_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    problem = await problem_of(DockerRuntime(host=f"tcp://127.0.0.1:{port}", environ={}))
    assert problem.code == "docker_not_running"


AS_NOBODY = """
import asyncio, os, sys
sys.path[:0] = {path!r}
from pathlib import Path
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.runtimes.docker import DockerRuntime
spec = ServiceSpec(name="one", title="One", dialect="comfyui", container=dict(image="a", port=1))
here = Path({here!r})

async def ask(socket):
    runtime = DockerRuntime(environ={{}}, sockets=[socket])
    problem = await runtime.check(spec)
    print(problem.code, "|", problem.command)
    await runtime.close()

asyncio.run(ask(here / "absent.sock"))  # loads what nobody could load later
if os.geteuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
asyncio.run(ask(here / "d.sock"))
"""


def test_a_user_without_permission_is_told_the_group(hanging: HangingEngine) -> None:
    hanging.path.chmod(0o000)
    source = AS_NOBODY.format(path=sys.path, here=str(hanging.path.parent))
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.splitlines()
    assert lines, done.stderr
    assert lines[-1] == "docker_forbidden | sudo usermod -aG docker $USER"
    assert hanging.taken == []


async def test_a_hanging_engine_is_told_as_such_and_asked_once_only(
    hanging: HangingEngine,
) -> None:
    runtime = DockerRuntime(environ={}, sockets=[hanging.path])
    first = await asyncio.wait_for(runtime.check(SPEC), 20)
    asked = len(hanging.taken)
    assert asked > 0
    again = [await runtime.check(SPEC) for _ in range(5)]
    assert {problem.code for problem in [first, *again] if problem} == {"docker_hangs"}
    assert len(hanging.taken) == asked
    await runtime.close()


async def test_many_questions_to_a_hanging_engine_are_answered_in_time(
    hanging: HangingEngine,
) -> None:
    runtime = DockerRuntime(environ={}, sockets=[hanging.path])
    answers = await asyncio.wait_for(asyncio.gather(*(runtime.check(SPEC) for _ in range(12))), 20)
    assert {problem.code for problem in answers if problem} == {"docker_hangs"}
    await runtime.close()


async def test_a_hanging_engine_is_asked_again_after_a_rest(hanging: HangingEngine) -> None:
    now = 0.0
    engine = DockerEngine(environ={}, sockets=[hanging.path], rest_seconds=10, clock=lambda: now)

    async def ask() -> None:
        with pytest.raises(RuntimeUnavailable, match="does not answer"):
            await engine.call(lambda client: client.ping(), seconds=0.2)

    await ask()
    await until(lambda: bool(hanging.taken))
    first = len(hanging.taken)
    now = 5.0
    await ask()
    assert len(hanging.taken) == first
    now = 11.0
    await ask()
    await until(lambda: len(hanging.taken) > first)
    engine.close()


HANGS_AT_THE_END = """
import asyncio, sys
sys.path[:0] = {path!r}
from pathlib import Path
from coursia_genai_lab.runtimes.docker_engine import DockerEngine

async def main():
    engine = DockerEngine(environ={{}}, sockets=[Path({here!r})])
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask(client):
        loop.call_soon_threadsafe(asked.set)
        client.ping()

    call = asyncio.ensure_future(engine.call(ask))
    await asyncio.wait_for(asked.wait(), 60)
    call.cancel()
    engine.close()
    print("ended", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def hanging_later(place: Path) -> Iterator[HangingEngine]:
    engine = HangingEngine(place / "d.sock", tells_version=True)
    yield engine
    engine.let_go()


def test_a_hanging_engine_does_not_keep_the_server_from_ending(
    hanging_later: HangingEngine,
) -> None:
    # Once the version is known, a call hangs for as long as the client is patient: a minute.
    source = HANGS_AT_THE_END.format(path=sys.path, here=str(hanging_later.path))
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


async def test_without_an_engine_nothing_is_found_and_nothing_starts(
    place: Path, tmp_path: Path
) -> None:
    runtime = DockerRuntime(environ={}, sockets=[place / "d.sock"])
    assert await runtime.find([SPEC], OWNER, NAMESPACE, str(tmp_path)) == []
    order = StartOrder(SPEC, OWNER, NAMESPACE, Secret("abc"), str(tmp_path))
    with pytest.raises(RuntimeUnavailable):
        await runtime.start(order, lambda progress: None)
    with pytest.raises(RuntimeUnavailable):
        await runtime.stop(INSTANCE, 1)
    with pytest.raises(RuntimeUnavailable):
        await runtime.logs(INSTANCE, 10)
    assert list(tmp_path.rglob("*")) == []
    await runtime.close()


async def test_a_container_is_not_given_up_while_its_port_outlives_its_engine(
    place: Path,
) -> None:
    runtime = DockerRuntime(environ={}, sockets=[place / "d.sock"], look_seconds=0.001)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        end = asyncio.create_task(runtime.wait(replace(INSTANCE, url=url)))
        done, _ = await asyncio.wait([end], timeout=0.2)
        assert not done
    ended = await asyncio.wait_for(end, 60)
    assert "Docker engine ended" in ended.reason
    await runtime.close()


def test_the_named_engine_wins_over_the_environments_and_the_usual(place: Path) -> None:
    sockets = []
    for name in ("usual", "environment", "named"):
        one = socket.socket(socket.AF_UNIX)
        one.bind(str(place / name))
        one.listen()
        sockets.append(one)
    usual = [place / "absent", place / "usual"]
    environ = {"DOCKER_HOST": f"unix://{place}/environment"}
    assert engine_address(f"unix://{place}/named", environ, usual) == f"unix://{place}/named"
    assert engine_address(None, environ, usual) == f"unix://{place}/environment"
    assert engine_address(None, {}, usual) == f"unix://{place}/usual"
    for one in sockets:
        one.close()


def test_rootless_and_desktop_engines_are_looked_for() -> None:
    places = usual_sockets({"XDG_RUNTIME_DIR": "/run/user/7", "HOME": "/home/me"})
    assert Path("/var/run/docker.sock") in places
    assert Path("/run/user/7/docker.sock") in places
    assert Path("/home/me/.docker/run/docker.sock") in places
    assert usual_sockets({}) == [Path("/var/run/docker.sock")]


def test_threads_run_what_they_are_given_and_pass_on_what_goes_wrong() -> None:
    threads = DaemonThreads(2, "test")
    assert [threads.submit(lambda n=n: n * n).result(20) for n in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 / 0).result(20)
    gate = threading.Event()
    waiting = [threads.submit(gate.wait) for _ in range(2)]
    queued = threads.submit(lambda: 1)
    assert queued.cancel()
    gate.set()
    assert [one.result(20) for one in waiting] == [True, True]
    threads.close()
    with pytest.raises(RuntimeError):
        threads.submit(lambda: 1)
