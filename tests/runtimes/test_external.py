"""Servers that the operator runs."""

from __future__ import annotations

import asyncio
import contextlib
import socket

import pytest
from aiohttp import web

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.runtimes.base import Secret, StartOrder
from coursia_genai_lab.runtimes.external import ExternalRuntime
from coursia_genai_lab.runtimes.loopback import free_port


def at(address: str | None) -> ServiceSpec:
    return ServiceSpec.model_validate(
        {
            "name": "theirs",
            "title": "Theirs",
            "dialect": "comfyui",
            "address": address,
            "process": {"command": ["nothing"]},
        }
    )


def order(spec: ServiceSpec) -> StartOrder:
    return StartOrder(spec, "owner", "namespace", Secret("ours"), "/nowhere")


async def listen(status: int, body: object) -> tuple[web.AppRunner, str]:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


async def test_an_address_where_nobody_listens_is_told() -> None:
    runtime = ExternalRuntime()
    port = free_port()
    problem = await runtime.check(at(f"http://127.0.0.1:{port}"))
    assert problem is not None
    assert problem.code == "external_unreachable"
    assert f"127.0.0.1:{port}" in problem.message
    await runtime.close()


async def test_a_server_of_another_kind_is_told() -> None:
    runtime = ExternalRuntime()
    runner, address = await listen(200, ["not", "comfyui"])
    problem = await runtime.check(at(address))
    assert problem is not None
    assert problem.code == "external_wrong_dialect"
    await runtime.close()
    await runner.cleanup()


async def test_a_locked_server_will_do() -> None:
    runtime = ExternalRuntime()
    runner, address = await listen(401, {"detail": "locked"})
    assert await runtime.check(at(address)) is None
    await runtime.close()
    await runner.cleanup()


async def test_our_credential_never_goes_to_a_foreign_server() -> None:
    runtime = ExternalRuntime()
    instance = await runtime.start(order(at("http://127.0.0.1:1/v1/")), lambda progress: None)
    assert instance.url == "http://127.0.0.1:1"
    assert instance.credential.reveal() == ""
    await runtime.close()


async def test_a_service_without_an_address_is_not_external() -> None:
    runtime = ExternalRuntime()
    assert not runtime.fits(at(None))
    with pytest.raises(ServiceError):
        await runtime.start(order(at(None)), lambda progress: None)
    await runtime.close()


async def test_a_server_that_comes_back_after_two_silences_is_not_gone() -> None:
    looks = 0
    many = asyncio.Event()

    async def every_third(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal looks
        looks += 1
        await reader.readuntil(b"\r\n\r\n")
        if looks % 3 == 0:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        if looks == 9:
            many.set()
        writer.close()

    server = await asyncio.start_server(every_third, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    runtime = ExternalRuntime(watch_seconds=0.02)
    instance = await runtime.start(order(at(f"http://127.0.0.1:{port}")), lambda progress: None)
    end = asyncio.create_task(runtime.wait(instance))
    await asyncio.wait_for(many.wait(), 60)
    assert not end.done()
    server.close()
    assert (await asyncio.wait_for(end, 60)).code is None
    await runtime.close()


async def test_a_machine_that_takes_no_connections_any_more_is_gone() -> None:
    with contextlib.ExitStack() as sockets:
        full = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        runtime = ExternalRuntime(watch_seconds=0.02, look_seconds=0.2)
        spec = at(f"http://127.0.0.1:{full.getsockname()[1]}")
        instance = await runtime.start(order(spec), lambda progress: None)
        assert (await asyncio.wait_for(runtime.wait(instance), 60)).code is None
        await runtime.close()
