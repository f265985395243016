"""A runtime for tests of what stands on runtimes: real HTTP, in this process, no child."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from aiohttp import web

from ..catalog.spec import ServiceSpec
from ..errors import GPUTaken, ServiceError
from ..wire.problems import Problem
from ..wire.services import RuntimeName
from . import credentials
from .base import Exit, Instance, Progress, Report, Runtime, StartOrder
from .fingerprint import fingerprint
from .gpu_claims import SeenClaim, default_devices, give_way, join_devices

Answerer = Callable[[web.Request], "web.StreamResponse"]


@dataclass
class _Served:
    order: StartOrder
    instance: Instance
    runner: web.AppRunner
    ended: asyncio.Future[Exit]
    lines: list[str]


@dataclass
class FakeWorld:
    """What goes on when a FakeRuntime is closed, as containers do; share one to play a restart."""

    served: dict[str, _Served] = field(default_factory=dict)
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def end(self, service: str, exit_: Exit) -> None:
        """Let the service end by itself."""
        for served in [one for one in self.served.values() if one.order.spec.name == service]:
            await _end(served, exit_)

    async def close(self) -> None:
        """End everything."""
        for identifier in list(self.served):
            await _end(self.served.pop(identifier), Exit(0, "the world ended"))


class FakeRuntime(Runtime):
    """Serve readiness, and `answer` for the rest, from this process.

    Args:
        world: where the services live; None makes one that ends with `close()`.
        problem: what `check` says about a service.
        failure: raised by `start` when it returns an error for the spec.
        phases: reported one after the other while starting.
        phase_seconds: how long each of them takes.
        boot_seconds: how long a started service answers 503 at first.
        life_seconds: service -> seconds after which it ends by itself.
        answer: what a service says to a request with its credential, besides readiness.
        gpus: whether its services use this host's GPUs; in one world they see each other's.
    """

    name: ClassVar[RuntimeName] = "fake"

    def __init__(
        self,
        *,
        world: FakeWorld | None = None,
        problem: Callable[[ServiceSpec], Problem | None] | None = None,
        failure: Callable[[ServiceSpec], ServiceError | None] | None = None,
        phases: Sequence[str] = ("pretending to start",),
        phase_seconds: float = 0.0,
        boot_seconds: float = 0.0,
        life_seconds: Mapping[str, float] | None = None,
        answer: Answerer | None = None,
        gpus: bool = False,
    ) -> None:
        self.world = FakeWorld() if world is None else world
        self.starts: list[str] = []
        """Names of the services in the order in which they were really started."""
        self.takes_gpus = gpus
        self._own_world = world is None
        self._problem = problem
        self._failure = failure
        self._phases = tuple(phases)
        self._phase_seconds = phase_seconds
        self._boot_seconds = boot_seconds
        self._life_seconds = dict(life_seconds or {})
        self._answer = answer
        self._timers: list[asyncio.Task[None]] = []

    def fits(self, spec: ServiceSpec) -> bool:
        """Say whether the service is local, however it would run really."""
        return spec.kind == "local"

    async def check(self, spec: ServiceSpec) -> Problem | None:
        """Say what the test wants said; None without a wish."""
        return self._problem(spec) if self._problem else None

    async def start(self, order: StartOrder, report: Report) -> Instance:
        """Listen on a free loopback port.

        Raises:
            ServiceError: as the test ordered.
        """
        for served in self._ours(order.owner, order.namespace):
            if served.order.spec.name == order.spec.name:
                if not served.ended.done() and _same(served.order.spec, order.spec):
                    return replace(served.instance, adopted=True)
                await self.stop(served.instance, 0)
        for number, phase in enumerate(self._phases):
            report(Progress(phase, 100 * number / len(self._phases)))
            await asyncio.sleep(self._phase_seconds)
        if self._failure and (error := self._failure(order.spec)) is not None:
            raise error
        served = await self._serve(order)
        self.world.served[served.instance.identifier] = served
        try:
            self._give_way(served)
        except GPUTaken:
            await self.stop(served.instance, 0)
            raise
        self.starts.append(order.spec.name)
        if order.spec.name in self._life_seconds:
            self._timers.append(asyncio.create_task(self._end_later(served)))
        return served.instance

    async def wait(self, instance: Instance) -> Exit:
        """Return when it has ended."""
        served = self.world.served.get(instance.identifier)
        return await asyncio.shield(served.ended) if served else Exit(None, "not running")

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        """Stop listening."""
        served = self.world.served.pop(instance.identifier, None)
        if served is not None:
            await _end(served, Exit(0, "exited with status 0"))

    async def logs(self, instance: Instance, tail: int) -> list[str]:
        """Return one line for each request."""
        served = self.world.served.get(instance.identifier)
        if served is None or tail <= 0:
            return []
        return credentials.redact(served.lines[-tail:], instance.credential)

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        """Adopt what goes on in the world; remove what ended there."""
        by_name = {spec.name: spec for spec in specs}
        found = []
        for served in self._ours(owner, namespace):
            spec = by_name.get(served.order.spec.name)
            if served.ended.done() or spec is None or not _same(spec, served.order.spec):
                await self.stop(served.instance, 0)
            else:
                found.append(replace(served.instance, adopted=True))
        return found

    async def claims(self, owner: str, state_folder: str) -> list[SeenClaim]:
        """Return what services of other owners in this world hold."""
        served = [one for one in self.world.served.values() if not one.ended.done()]
        return [_claim(one) for one in served if one.order.owner != owner and one.order.spec.gpu]

    def _give_way(self, mine: _Served) -> None:
        if self.takes_gpus and mine.order.spec.gpu is not None:
            others = [
                _claim(one)
                for one in self.world.served.values()
                if one.order.spec.gpu is not None and one.order.owner != mine.order.owner
            ]
            give_way(mine.order.spec, _claim(mine), others, mine.order.gpu_rooms)

    async def close(self) -> None:
        """End the timers, and a world that is this runtime's own."""
        for timer in self._timers:
            timer.cancel()
        await asyncio.gather(*self._timers, return_exceptions=True)
        self._timers.clear()
        if self._own_world:
            await self.world.close()

    async def _serve(self, order: StartOrder) -> _Served:
        number = next(self.world.numbers)
        application = web.Application()
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        headers = credentials.credential_headers(order.spec.credential, order.credential)
        clock = asyncio.get_running_loop().time
        lines = [f"{order.spec.name}: listening"]
        ready_at = clock() + self._boot_seconds

        async def respond(request: web.Request) -> web.StreamResponse:
            lines.append(f"{request.method} {request.path_qs}")
            if clock() < ready_at:
                return web.json_response({"error": "booting"}, status=503)
            if request.path == order.spec.readiness.path:
                return web.json_response(
                    {"service": order.spec.name}, status=order.spec.readiness.statuses[0]
                )
            if any(request.headers.get(name) != value for name, value in headers.items()):
                return web.json_response({"error": "authentication required"}, status=401)
            if self._answer is not None:
                return self._answer(request)
            return web.json_response({"service": order.spec.name, "path": request.path})

        application.router.add_route("*", "/{path:.*}", respond)
        # Cancelled in its last step, asyncio's create_server loses a socket that listens already.
        listening = asyncio.ensure_future(_listen(runner))
        try:
            await asyncio.shield(listening)
        except BaseException:
            await asyncio.wait([listening])
            await asyncio.shield(runner.cleanup())
            raise
        port = runner.addresses[0][1]
        instance = Instance(
            service=order.spec.name,
            runtime=self.name,
            identifier=f"fake-{number}",
            url=f"http://127.0.0.1:{port}",
            credential=order.credential,
            started_at=time.time(),
            detail={"gpus": join_devices(_devices(order))} if self.takes_gpus else {},
        )
        ended: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        return _Served(order, instance, runner, ended, lines)

    async def _end_later(self, served: _Served) -> None:
        await asyncio.sleep(self._life_seconds[served.order.spec.name])
        await _end(served, Exit(1, "exited with status 1"))

    def _ours(self, owner: str, namespace: str) -> list[_Served]:
        return [
            served
            for served in self.world.served.values()
            if (served.order.owner, served.order.namespace) == (owner, namespace)
        ]


def _devices(order: StartOrder) -> tuple[str, ...]:
    gpu = order.spec.gpu
    return () if gpu is None else tuple(order.device_ids) or default_devices(gpu.ids, gpu.count)


def _claim(served: _Served) -> SeenClaim:
    order, gpu = served.order, served.order.spec.gpu
    assert gpu is not None
    return SeenClaim(
        identifier=served.instance.identifier,
        service=order.spec.name,
        owner=order.owner,
        devices=_devices(order),
        mib=gpu.vram_mib,
        exclusive=gpu.exclusive,
        since=served.instance.started_at,
        rank=served.instance.identifier.removeprefix("fake-").zfill(9),
    )


def _same(one: ServiceSpec, other: ServiceSpec) -> bool:
    return fingerprint(one) == fingerprint(other)


async def _listen(runner: web.AppRunner) -> None:
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()


async def _end(served: _Served, exit_: Exit) -> None:
    if not served.ended.done():
        served.ended.set_result(exit_)
        await served.runner.cleanup()
