"""Servers that somebody already runs on this machine: found, used, never touched."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Sequence

import pytest
from aiohttp import web

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.gateway.headers import GUARDS
from coursia_genai_lab.runtimes.base import NO_NEIGHBOUR, Secret, StartOrder
from coursia_genai_lab.runtimes.external import ExternalRuntime
from coursia_genai_lab.runtimes.loopback import free_port
from coursia_genai_lab.runtimes.neighbours import KnownContainer

PATIENCE = 60.0
STATS = {"system": {}, "devices": []}


NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")


@contextlib.asynccontextmanager
async def listening(
    body: object = STATS,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    port: int = 0,
    user: int | None = None,
) -> AsyncIterator[int]:
    """Give one answer to everything, on the port that is yielded; as another user where asked."""

    async def answer(request: web.Request) -> web.Response:
        return web.json_response(body, status=status, headers=headers)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.SockSite(runner, bound(port, user)).start()
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def bound(port: int, user: int | None) -> socket.socket:
    """Return a socket of a user, who is whoever makes it."""
    ours = os.geteuid()
    os.seteuid(ours if user is None else user)
    try:
        return socket.create_server(("127.0.0.1", port))
    finally:
        os.seteuid(ours)


class Engine:
    """A list of containers; a woken one gets the address that is given."""

    def __init__(self, *containers: KnownContainer, woken: str = "") -> None:
        self.containers = list(containers)
        self.woken = woken
        self.calls: list[str] = []

    async def known(self, names: Sequence[str], port: int | None) -> list[KnownContainer]:
        return [one for one in self.containers if one.name in names]

    async def wake(self, name: str) -> None:
        self.calls.append(name)
        addresses = (self.woken,) if self.woken else ()
        self.containers = [KnownContainer(name, True, addresses)]

    async def close(self) -> None:
        self.calls.append("closed")


def a_service(port: int) -> ServiceSpec:
    return ServiceSpec.model_validate(
        {
            "name": "comfyui-qwen",
            "title": "ComfyUI Qwen",
            "dialect": "comfyui",
            "door_port": port,
            "known_containers": ["comfyui-qwen"],
            "container": {"image": "x", "port": 8188},
        }
    )


def order(spec: ServiceSpec) -> StartOrder:
    return StartOrder(spec, "owner", "namespace", Secret("ours"), "/nowhere")


async def used(runtime: ExternalRuntime, spec: ServiceSpec) -> tuple[str, str | None]:
    assert await runtime.check(spec) is None
    instance = await runtime.start(order(spec), lambda progress: None)
    assert instance.credential.reveal() == ""
    await runtime.stop(instance, 0)
    await runtime.close()
    return instance.url, instance.external_owner


async def test_a_server_on_the_preferred_port_is_used_with_its_owner_shown() -> None:
    async with listening() as port:
        url, owner = await used(ExternalRuntime(), a_service(port))
    assert url == f"http://127.0.0.1:{port}"
    assert owner is not None
    assert owner.endswith(f"on port {port}")


async def test_a_known_container_comes_before_the_preferred_port() -> None:
    async with listening() as theirs, listening() as other:
        address = f"http://127.0.0.1:{theirs}"
        engine = Engine(KnownContainer("comfyui-qwen", True, (address,), "coursia"))
        url, owner = await used(ExternalRuntime(containers=engine), a_service(other))
    assert url == f"http://127.0.0.1:{theirs}"
    assert owner == "the container comfyui-qwen of the project coursia"
    assert engine.calls == ["closed"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [(["another", "dialect"], None), (STATS, {"Server": GUARDS["Server"]})],
    ids=["another dialect", "the door of a Lab"],
)
async def test_what_is_no_such_server_is_nobody(
    body: object, headers: dict[str, str] | None
) -> None:
    runtime = ExternalRuntime()
    async with listening(body, headers=headers) as port:
        problem = await runtime.check(a_service(port))
    assert problem is not None
    assert problem.code == NO_NEIGHBOUR
    await runtime.close()


@needs_root
async def test_the_server_of_another_user_is_told_and_not_used() -> None:
    runtime = ExternalRuntime()
    async with listening(user=NOBODY) as port:
        problem = await runtime.check(a_service(port))
    assert problem is not None
    assert problem.code == "external_foreign"
    assert f"http://127.0.0.1:{port}" in problem.remedy
    await runtime.close()


@needs_root
async def test_a_port_that_another_user_takes_over_is_left_at_once() -> None:
    runtime = ExternalRuntime(watch_seconds=0.02)
    spec = a_service(free_port())
    async with listening(port=spec.door_port or 0):
        instance = await runtime.start(order(spec), lambda progress: None)
    async with listening(port=spec.door_port or 0, user=NOBODY):
        end = await asyncio.wait_for(runtime.wait(instance), PATIENCE)
    assert "another user" in end.reason
    await runtime.close()


async def test_the_end_of_somebodys_server_is_told_soon() -> None:
    runtime = ExternalRuntime()
    async with listening() as port:
        instance = await runtime.start(order(a_service(port)), lambda progress: None)
        end = asyncio.create_task(runtime.wait(instance))
    assert "does not answer any more" in (await asyncio.wait_for(end, 60)).reason
    await runtime.close()


async def test_a_free_port_is_nobody_and_a_start_says_so() -> None:
    runtime = ExternalRuntime()
    spec = a_service(free_port())
    with pytest.raises(ServiceError) as told:
        await runtime.start(order(spec), lambda progress: None)
    assert told.value.error_code == NO_NEIGHBOUR
    await runtime.close()


@needs_root
async def test_whoever_took_the_port_is_not_told_what_opens_the_server() -> None:
    seen: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.json_response({}, status=401)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.SockSite(runner, bound(0, NOBODY)).start()
    spec = a_service(int(runner.addresses[0][1]))
    credential = spec.credential.model_copy(update={"secret": "COMFYUI_BEARER_TOKEN"})
    runtime = ExternalRuntime(credentials=lambda name: Secret("opens"))
    problem = await runtime.check(spec.model_copy(update={"credential": credential}))
    assert problem is not None
    assert problem.code == "external_foreign"
    assert seen == [""]
    await runtime.close()
    await runner.cleanup()


async def test_a_locked_server_is_told_with_what_to_do() -> None:
    runtime = ExternalRuntime()
    async with listening({}, status=401) as port:
        problem = await runtime.check(a_service(port))
    assert problem is not None
    assert problem.code == "external_locked"
    assert ".env" in problem.remedy
    await runtime.close()


async def test_a_stopped_container_is_left_alone() -> None:
    engine = Engine(KnownContainer("comfyui-qwen", False))
    runtime = ExternalRuntime(containers=engine)
    problem = await runtime.check(a_service(free_port()))
    assert problem is not None
    assert problem.code == NO_NEIGHBOUR
    await runtime.close()
    assert engine.calls == ["closed"]


async def test_a_stopped_container_is_started_where_the_operator_allows_it() -> None:
    async with listening() as port:
        address = f"http://127.0.0.1:{port}"
        engine = Engine(KnownContainer("comfyui-qwen", False), woken=address)
        runtime = ExternalRuntime(containers=engine, may_wake=True)
        found = await used(runtime, a_service(free_port()))
    assert found == (address, "the container comfyui-qwen")
    assert engine.calls == ["comfyui-qwen", "closed"]


async def test_small_services_of_ours_have_no_neighbours() -> None:
    spec = ServiceSpec.model_validate(
        {
            "name": "mine",
            "title": "Mine",
            "dialect": "comfyui",
            "door_port": 8188,
            "process": {"command": ["x"]},
        }
    )
    assert not ExternalRuntime().fits(spec)
