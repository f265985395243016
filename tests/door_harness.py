"""A small Lab, a small service and open doors for the tests of the gateway."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import ClientSession, web

from coursia_genai_lab.catalog.load import Catalog, load_catalog
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.engines.registered import WorkflowFolder
from coursia_genai_lab.errors import GenAIError, NotAllowed, ServiceNotReady
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.record import Record
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.charge import Charges
from coursia_genai_lab.lab.clouds import Clouds
from coursia_genai_lab.lab.endpoint import Endpoint
from coursia_genai_lab.lab.leases import Leases
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.runtimes.base import Secret
from coursia_genai_lab.servers.demo.server import DemoServer
from coursia_genai_lab.servers.demo.settings import Settings
from coursia_genai_lab.wire.policy import Mode, ModeChange
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import ServiceState

BOUND = 60.0
"""Seconds that any wait of a test may take before it counts as failed."""
CREDENTIAL = "credential-of-the-service"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class SmallService:
    """Whether somebody wants it to run."""

    wanted: bool
    state: ServiceState = "stopped"


class SmallLab:
    """Knows addresses that the test tells it, and starts nothing."""

    def __init__(
        self,
        settings: LabSettings,
        catalog: Catalog | None = None,
        clouds: Clouds | None = None,
    ) -> None:
        self.settings = settings
        self.catalog = catalog or load_catalog()
        self.policy = Policy(settings.mode)
        self.clouds = clouds or Clouds(self.catalog)
        self.leases = Leases()
        self.starts = 0
        self.endpoints: list[Endpoint] = []
        """Every address that was given out."""
        self.touched: list[str] = []
        self.failure: GenAIError | None = None
        self.left: float | None = None
        self.stand_in_for: set[str] = set()
        self.wanted: set[str] = set()
        self.problems: dict[str, Problem] = {}
        self._ready: dict[str, Endpoint] = {}
        self._changed = asyncio.Event()

    def is_ready(
        self, service: str, url: str, *, scheme: Any = "bearer", credential: str = CREDENTIAL
    ) -> None:
        """Let a service answer at an address from now on."""
        dialect = self.catalog[service].dialect
        self._ready[service] = Endpoint(
            service, service, url, Secret(credential), scheme, "genai", dialect
        )
        self._tell()

    def is_gone(self, service: str) -> None:
        """Let a service answer nowhere from now on."""
        self._ready.pop(service, None)
        self._tell()

    def has_failed(self, error: GenAIError) -> None:
        """Let every wait end with an error from now on."""
        self.failure = error
        self._tell()

    def switch(self, mode: Mode) -> None:
        """Set the person's mode."""
        self.policy.change(ModeChange(value=mode), by="a test")

    def service(self, name: str) -> SmallService:
        """Say that a service runs once the test has told its address."""
        ready = name in self._ready
        return SmallService(ready or name in self.wanted, "ready" if ready else "stopped")

    def backend(self, service: str, notebook_mode: Mode | None = None) -> str:
        """Return the service, or demo where the test wants it so."""
        demo = self.policy.effective(notebook_mode) == "demo" or service in self.stand_in_for
        return "demo" if demo else service

    def hindrance(self, service: str, model: str) -> Problem | None:
        """Return what the test set."""
        return self.problems.get(service)

    def estimate(self, service: str) -> float | None:
        """Return what the test set."""
        return self.left

    def touch(self, service: str) -> None:
        """Remember who was used."""
        self.touched.append(service)

    async def endpoint(
        self, service: str, *, timeout: float, notebook_mode: Mode | None = None
    ) -> Endpoint:
        """Wait for `is_ready`, as the Lab waits for a start."""
        if self.policy.effective(notebook_mode) == "off":
            raise NotAllowed("It is off.", "Ask the teacher.", code="mode_off")
        backend = self.backend(service, notebook_mode)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        if backend not in self._ready:
            self.starts += 1
            self.wanted.add(backend)
        while backend not in self._ready:
            if self.failure is not None:
                raise self.failure
            if loop.time() >= deadline:
                raise ServiceNotReady(f"{service} is starting.")
            try:
                await asyncio.wait_for(self._changed.wait(), deadline - loop.time())
            except asyncio.TimeoutError:
                continue
        found = self._ready[backend]
        dialect = self.catalog[service].dialect
        self.endpoints.append(replace(found, service=service, backend=backend, dialect=dialect))
        return self.endpoints[-1]

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@dataclass
class Gateway:
    """Open doors, the Lab behind them and a client in front."""

    lab: SmallLab
    tokens: Tokens
    doors: Doors
    http: ClientSession
    lease_id: str
    services: tuple[str, ...]

    def token(self, *services: str, **more: Any) -> str:
        """Return a token of the kernel's lease."""
        made = self.tokens.mint(
            more.pop("lease_id", self.lease_id),
            person=more.pop("person", "ada"),
            services=services or self.services,
            kernel_id="kernel-1",
            path="course/first.ipynb",
            **more,
        )
        return made.reveal()

    def bearer(self, *services: str, **more: Any) -> dict[str, str]:
        """Return the header with a new token."""
        return {"Authorization": f"Bearer {self.token(*services, **more)}"}


@asynccontextmanager
async def gateway(
    workflows: WorkflowFolder | None = None,
    record: Record | None = None,
    charges: Charges | None = None,
    **settings: Any,
) -> AsyncIterator[Gateway]:
    """Run doors before a small Lab; settings are the Lab's, `workflows` the registered ones.

    `record` hears of every job that ended, `charges` keeps the account.
    """
    lab = SmallLab(LabSettings(**{"hold_seconds": BOUND, **settings}))
    tokens = Tokens(lab.leases)
    doors = Doors(lab, tokens, workflows=workflows, record=record, charges=charges)
    services = tuple(lab.catalog)
    lease = lab.leases.take("kernel", services, label="first.ipynb", person="ada")
    try:
        async with ClientSession() as http:
            yield Gateway(lab, tokens, doors, http, lease.id, services)
    finally:
        await doors.close()


@dataclass
class Service:
    """A small upstream server and what it was sent."""

    url: str = ""
    seen: list[web.Request] = field(default_factory=list)
    calls: int = 0


@asynccontextmanager
async def service(answer: Handler) -> AsyncIterator[Service]:
    """Run an upstream whose every request `answer` answers."""
    state = Service()

    async def handle(request: web.Request) -> web.StreamResponse:
        state.calls += 1
        state.seen.append(request)
        return await answer(request)

    app = web.Application(client_max_size=2**28)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    state.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield state
    finally:
        await runner.cleanup()


async def echo(request: web.Request) -> web.Response:
    """Answer with what came."""
    body = await request.read()
    return web.json_response(
        {
            "method": request.method,
            "target": request.raw_path,
            "headers": {name.lower(): value for name, value in request.headers.items()},
            "body": body.decode("utf-8", "replace")[:1000],
            "length": len(body),
        }
    )


@asynccontextmanager
async def demo_engine(**settings: Any) -> AsyncIterator[str]:
    """Run the real demo engine in this process; return its address."""
    server = DemoServer(Settings(token=CREDENTIAL, **{"seconds_per_step": 0.0, **settings}))
    port = await server.open()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await server.close()


@contextmanager
def taken_port() -> Iterator[int]:
    """Hold a loopback port with a listener."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


async def soon(condition: Callable[[], bool]) -> None:
    """Wait, bounded, until a condition holds."""

    async def wait() -> None:
        # What is waited for has no event of its own; the pause only lets the loop run.
        while not condition():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), BOUND)


async def say(address: str, text: bytes) -> bytes:
    """Send raw bytes to an address and return all that comes back."""
    host, port = address.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(text)
        await writer.drain()
        return await asyncio.wait_for(reader.read(), BOUND)
    finally:
        writer.close()
        await writer.wait_closed()
