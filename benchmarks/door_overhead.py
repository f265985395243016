"""What a door costs: the same calls straight to a service and through its door.

Service, door and caller are three processes, as in a lab. Calls alternate between the two ways, so
that whatever else the machine does falls on both.

    python -m benchmarks.door_overhead
"""

from __future__ import annotations

import asyncio
import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from aiohttp import ClientSession, web

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.endpoint import Endpoint
from coursia_genai_lab.lab.leases import Leases
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.runtimes.base import Secret
from coursia_genai_lab.wire.policy import Mode

from .measure import Figures, show

SMALL, LARGE, EVENTS = "/queue", "/view?filename=5MB", "/history"
PICTURE = bytes(range(256)) * 4 * 1024 * 5


class Way(NamedTuple):
    """An address and the header that opens it."""

    port: int
    token: str


def measure(*, small: int = 400, large: int = 60, events: int = 60, frames: int = 300) -> None:
    """Print each kind of call; the numbers are calls each way."""
    with _serving("service") as [service], _serving("door", str(service)) as [door, token]:
        ways = (Way(int(service), ""), Way(int(door), str(token)))
        json_calls = _calls(ways, small, lambda c, w: _get(c, w, SMALL))
        _show("small JSON", json_calls, "<= 0.6 ms more")
        pictures = _calls(ways, large, lambda c, w: _get(c, w, LARGE))
        _show("5 MB picture", pictures, "<= 2 x + 4 ms")
        _show("first byte of an event", _calls(ways, events, _first_event), "<= 20 ms")
        _show("socket, 300 bytes there and back", asyncio.run(_frames(ways, frames)), "")


def _show(what: str, samples: tuple[list[float], list[float]], goal: str) -> None:
    straight, through = Figures("straight", samples[0]), Figures(f"{what}, door", samples[1])
    show(through, straight, goal=goal)
    print(f"    {straight}; the door adds {through.median - straight.median:.3f} ms")


def _calls(
    ways: tuple[Way, Way], n: int, call: Callable[[http.client.HTTPConnection, Way], float]
) -> tuple[list[float], list[float]]:
    connections = [http.client.HTTPConnection("127.0.0.1", way.port) for way in ways]
    samples: tuple[list[float], list[float]] = ([], [])
    for round_ in range(n + 5):
        for connection, way, kept in zip(connections, ways, samples, strict=True):
            took = call(connection, way)
            if round_ >= 5:  # The first calls open connections.
                kept.append(1000 * took)
    for connection in connections:
        connection.close()
    return samples


def _get(connection: http.client.HTTPConnection, way: Way, path: str) -> float:
    start = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {way.token}"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"GET {path} answered {answer.status}")
    return time.perf_counter() - start


def _first_event(connection: http.client.HTTPConnection, way: Way) -> float:
    start = time.perf_counter()
    connection.request("GET", EVENTS, headers={"Authorization": f"Bearer {way.token}"})
    answer = connection.getresponse()
    answer.read(1)
    took = time.perf_counter() - start
    answer.read()
    return took


async def _frames(ways: tuple[Way, Way], n: int) -> tuple[list[float], list[float]]:
    samples: tuple[list[float], list[float]] = ([], [])
    async with ClientSession() as http_:
        sockets = [
            await http_.ws_connect(f"http://127.0.0.1:{way.port}/ws?token={way.token}")
            for way in ways
        ]
        for _ in range(n):
            for socket, kept in zip(sockets, samples, strict=True):
                start = time.perf_counter()
                await socket.send_bytes(bytes(300))
                await socket.receive_bytes()
                kept.append(1000 * (time.perf_counter() - start))
        for socket in sockets:
            await socket.close()
    return samples


@contextmanager
def _serving(*role: str) -> Iterator[list[int | str]]:
    command = [sys.executable, "-m", "benchmarks.door_overhead", *role]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


async def _serve_service() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/ws":
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                await socket.send_bytes(message.data)
            return socket
        if request.path == "/view":
            return web.Response(body=PICTURE, content_type="image/png")
        if request.path == EVENTS:
            stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await stream.prepare(request)
            await stream.write(b"data: one\n\n")
            await asyncio.sleep(0.05)
            await stream.write(b"data: two\n\n")
            return stream
        return web.json_response({"queue_running": [], "queue_pending": []})

    runner = web.ServerRunner(web.Server(answer))  # type: ignore[arg-type]
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps([runner.addresses[0][1]]), flush=True)
    await asyncio.Event().wait()


class _Running:
    wanted = True


class _Lab:
    """A Lab whose one service always answers."""

    def __init__(self, port: int) -> None:
        self.settings = LabSettings()
        self.catalog = load_catalog()
        self.policy = Policy("auto")
        self.leases = Leases()
        self._endpoint = Endpoint(
            "comfyui", "comfyui", f"http://127.0.0.1:{port}", Secret("x"), "bearer", "", "comfyui"
        )

    async def endpoint(
        self, service: str, *, timeout: float, notebook_mode: Mode | None = None
    ) -> Endpoint:
        return self._endpoint

    def service(self, name: str) -> _Running:
        return _Running()

    def backend(self, service: str, notebook_mode: Mode | None = None) -> str:
        return service

    def estimate(self, service: str) -> float | None:
        return None

    def touch(self, service: str) -> None:
        pass


async def _serve_door(port: int) -> None:
    lab = _Lab(port)
    tokens = Tokens(lab.leases)
    lease = lab.leases.take("kernel", ["comfyui"], label="bench", person="bench")
    token = tokens.mint(lease.id, person="bench", services=["comfyui"], kernel_id=None)
    address = await Doors(lab, tokens).open("comfyui")
    print(json.dumps([int(address.rpartition(":")[2]), token.reveal()]), flush=True)
    await asyncio.Event().wait()


def main(arguments: list[str]) -> None:
    """Serve a role, or measure and print."""
    if arguments[:1] == ["service"]:
        asyncio.run(_serve_service())
    elif arguments[:1] == ["door"]:
        asyncio.run(_serve_door(int(arguments[1])))
    else:
        measure()


if __name__ == "__main__":
    main(sys.argv[1:])
