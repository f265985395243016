"""What a door costs: the same calls straight to a service, through its door, and through
jupyter-server-proxy where that is installed.

Service, door and caller are processes of their own, as in a lab. Calls alternate between the ways,
so that whatever else the machine does falls on all of them. jupyter-server-proxy is no dependency:
name an interpreter that has it.

    python -m venv /tmp/proxy && /tmp/proxy/bin/pip install jupyter-server-proxy
    JUPYTER_SERVER_PROXY_PYTHON=/tmp/proxy/bin/python python -m benchmarks.door_overhead
"""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from aiohttp import ClientSession, WSMsgType

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.clouds import Clouds
from coursia_genai_lab.lab.endpoint import Endpoint
from coursia_genai_lab.lab.leases import Leases
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.runtimes.base import Secret
from coursia_genai_lab.wire.policy import Mode
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import ServiceState

from . import small_service
from .measure import Figures, show

PROXY = "JUPYTER_SERVER_PROXY_PYTHON"
CLIENTS = 16
UP_SECONDS = 60.0
GRAPH = {"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "bench"}}}
ORDER = {"model": "demo", "prompt": "a fox", "size": "512x512", "seed": 1}


class Way(NamedTuple):
    """How to reach the service: ports and path prefixes of its two APIs, and what opens them."""

    name: str
    comfyui: int
    openai: int
    prefix: str
    header: str

    @property
    def headers(self) -> dict[str, str]:
        """The header of every call."""
        return {"Authorization": self.header, "Content-Type": "application/json"}


Samples = dict[str, list[float]]
Call = Callable[[http.client.HTTPConnection, Way], float]


def measure(
    *, small: int = 400, large: int = 40, streams: int = 40, rounds: int = 5, jobs: int = 5
) -> None:
    """Print each kind of call; the numbers are calls, rounds or jobs each way."""
    with ExitStack() as stack:
        port = stack.enter_context(_serving("service"))["port"]
        door = stack.enter_context(_serving("door", str(port)))
        bearer = f"Bearer {door['token']}"
        ways = [
            Way("straight", port, port, "", "Bearer x"),
            Way("door", door["comfyui"], door["openai"], "", bearer),
        ]
        proxy = stack.enter_context(_jupyter_proxy())
        if proxy is None:
            print(f"  jupyter-server-proxy: skipped, {PROXY} names no interpreter that has it")
        else:
            ways.append(Way("jupyter-server-proxy", proxy, proxy, f"/proxy/{port}", "token bench"))
        texts, frames = asyncio.run(_jobs(ways, jobs))
        _show("small JSON", _calls(ways, small, _get("/features")), "<= 0.6 ms more")
        _show(f"one of {CLIENTS} clients' calls", asyncio.run(_crowd(ways, rounds)), "")
        picture = _get(f"/view?filename={small_service.NAME}&type=output")
        _show("5 MB picture", _calls(ways, large, picture), "<= 2 x + 4 ms")
        _show("message of a socket", texts, "")
        _show("frame of 1 MiB of a socket", frames, "")
        _show("first byte of an event", _calls(ways, streams, _first_event), "<= 20 ms")
        _show("a picture by the whole road", _calls(ways, large, _draw), "<= 10 ms more")


def _show(what: str, samples: Samples, goal: str) -> None:
    figures = {name: Figures(name, values) for name, values in samples.items()}
    straight = figures.pop("straight")
    for name, other in figures.items():
        of = Figures(f"{what}, {name}", other.milliseconds)
        show(of, straight, goal=goal if name == "door" else "")
        print(f"    {name} adds {other.median - straight.median:.3f} ms")
    print(f"    {straight}")


# -- HTTP ------------------------------------------------------------------------------------------


def _calls(ways: list[Way], n: int, call: Call) -> Samples:
    connections: dict[tuple[str, int], http.client.HTTPConnection] = {}
    samples: Samples = {way.name: [] for way in ways}
    for round_ in range(n + 3):
        for way in ways:
            key = way.name, way.openai if call in (_first_event, _draw) else way.comfyui
            if key not in connections:
                connections[key] = http.client.HTTPConnection("127.0.0.1", key[1])
            took = call(connections[key], way)
            if round_ >= 3:  # The first calls open connections.
                samples[way.name].append(1000 * took)
    for connection in connections.values():
        connection.close()
    return samples


def _get(path: str) -> Call:
    def call(connection: http.client.HTTPConnection, way: Way) -> float:
        start = time.perf_counter()
        connection.request("GET", way.prefix + path, headers=way.headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"{way.name}: GET {path} answered {answer.status}")
        return time.perf_counter() - start

    return call


def _first_event(connection: http.client.HTTPConnection, way: Way) -> float:
    body = json.dumps({**ORDER, "stream": True, "partial_images": 1})
    return _post(connection, way, body, first=True)


def _draw(connection: http.client.HTTPConnection, way: Way) -> float:
    return _post(connection, way, json.dumps(ORDER), first=False)


def _post(connection: http.client.HTTPConnection, way: Way, body: str, *, first: bool) -> float:
    start = time.perf_counter()
    connection.request(
        "POST", f"{way.prefix}/v1/images/generations", body=body, headers=way.headers
    )
    answer = connection.getresponse()
    answer.read(1 if first else None)
    took = time.perf_counter() - start
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"{way.name}: a picture answered {answer.status}")
    return took


async def _crowd(ways: list[Way], rounds: int, calls: int = 40) -> Samples:
    """Time calls of many clients at once; a sample is a round's time by its calls."""
    samples: Samples = {way.name: [] for way in ways}
    async with ClientSession() as session:

        async def client(way: Way) -> None:
            url = f"http://127.0.0.1:{way.comfyui}{way.prefix}/features"
            for _ in range(calls):
                async with session.get(url, headers=way.headers) as answer:
                    await answer.read()
                    answer.raise_for_status()

        for round_ in range(rounds + 1):
            for way in ways:
                start = time.perf_counter()
                await asyncio.gather(*(client(way) for _ in range(CLIENTS)))
                if round_:
                    took = (time.perf_counter() - start) / (calls * CLIENTS)
                    samples[way.name].append(1000 * took)
    return samples


# -- sockets ---------------------------------------------------------------------------------------


async def _jobs(ways: list[Way], n: int) -> tuple[Samples, Samples]:
    """Run jobs of ComfyUI and note how old each message is when it comes."""
    texts: Samples = {way.name: [] for way in ways}
    frames: Samples = {way.name: [] for way in ways}
    async with ClientSession() as session:
        for round_ in range(n):
            for way in ways:
                await _job(session, way, f"{way.name}-{round_}", texts, frames)
    return texts, frames


async def _job(
    session: ClientSession, way: Way, client: str, texts: Samples, frames: Samples
) -> None:
    base = f"http://127.0.0.1:{way.comfyui}{way.prefix}"
    address = f"{base}/ws?clientId={client}"
    async with session.ws_connect(address, headers=way.headers, max_msg_size=0) as listening:
        # jupyter-server-proxy accepts a caller before it has reached the service.
        await listening.receive(timeout=UP_SECONDS)
        order = {"prompt": GRAPH, "client_id": client}
        async with session.post(f"{base}/prompt", json=order, headers=way.headers) as answer:
            if answer.status != 200:
                raise SystemExit(f"{way.name}: a job answered {await answer.text()}")
        while True:
            message = await listening.receive(timeout=UP_SECONDS)
            now = time.perf_counter()
            if message.type is WSMsgType.BINARY:
                (sent,) = struct.unpack(">d", message.data[-8:])
                frames[way.name].append(1000 * (now - sent))
                continue
            told = json.loads(message.data)
            if told["type"] == "progress":
                texts[way.name].append(1000 * (now - told["data"]["sent"]))
            elif told["type"] == "executing" and told["data"]["node"] is None:
                return


# -- the processes ---------------------------------------------------------------------------------


@contextmanager
def _serving(*role: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks.door_overhead", *role]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def _jupyter_proxy() -> Iterator[int | None]:
    """Run a Jupyter server with jupyter-server-proxy; give its port, None without it."""
    python = os.environ.get(PROXY)
    look = [python or sys.executable, "-c", "import jupyter_server_proxy"]
    if subprocess.run(look, check=False, capture_output=True).returncode:
        yield None
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with tempfile.TemporaryDirectory() as home:
        command = [
            look[0],
            "-m",
            "jupyter_server",
            "--no-browser",
            "--allow-root",
            "--log-level=40",
        ]
        command += [f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={home}"]
        command += ["--IdentityProvider.token=bench"]
        clean = {"HOME": home, "JUPYTER_CONFIG_DIR": home, "JUPYTER_DATA_DIR": home}
        with subprocess.Popen(command, env={**os.environ, **clean}) as process:
            try:
                _until_up(port)
                yield port
            finally:
                process.terminate()


def _until_up(port: int) -> None:
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the Jupyter server with jupyter-server-proxy did not come up")


class Running:
    wanted = True
    state: ServiceState = "ready"


class ReadyLab:
    """A Lab whose services always answer, all at one address."""

    def __init__(self, port: int) -> None:
        self.settings = LabSettings()
        self.catalog = load_catalog()
        self.policy = Policy("auto")
        self.clouds = Clouds(self.catalog)
        self.leases = Leases()
        self._url = f"http://127.0.0.1:{port}"

    async def endpoint(
        self, service: str, *, timeout: float, notebook_mode: Mode | None = None
    ) -> Endpoint:
        dialect = self.catalog[service].dialect
        backend = self.backend(service)
        return Endpoint(service, backend, self._url, Secret("x"), "bearer", "", dialect)

    def service(self, name: str) -> Running:
        return Running()

    def backend(self, service: str, notebook_mode: Mode | None = None) -> str:
        return service if service == "comfyui" else "demo"

    def hindrance(self, service: str, model: str) -> Problem | None:
        return None

    def estimate(self, service: str) -> float | None:
        return None

    def touch(self, service: str) -> None:
        pass


async def _serve_door(port: int) -> None:
    lab = ReadyLab(port)
    tokens = Tokens(lab.leases)
    lease = lab.leases.take("kernel", tuple(lab.catalog), label="bench", person="bench")
    token = tokens.mint(lease.id, person="bench", services=tuple(lab.catalog), kernel_id=None)
    doors = Doors(lab, tokens)
    ports = {
        "comfyui": int((await doors.open("comfyui")).rpartition(":")[2]),
        "openai": int((await doors.open_openai()).removesuffix("/v1").rpartition(":")[2]),
    }
    print(json.dumps({**ports, "token": token.reveal()}), flush=True)
    await asyncio.Event().wait()


def main(arguments: list[str]) -> None:
    """Serve a role, or measure and print."""
    if arguments[:1] == ["service"]:
        asyncio.run(small_service.serve())
    elif arguments[:1] == ["door"]:
        asyncio.run(_serve_door(int(arguments[1])))
    else:
        measure()


if __name__ == "__main__":
    main(sys.argv[1:])
