"""Servers that the operator runs."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest
from aiohttp import web
from waiting import until

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.runtimes.base import Secret, StartOrder
from coursia_genai_lab.runtimes.external import ExternalRuntime
from coursia_genai_lab.runtimes.loopback import free_port
from coursia_genai_lab.secret_files.folder import SecretsFolder


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


TOKEN = "$2b$12$a-hash-that-opens"


async def locked(token: list[str], seen: list[str]) -> tuple[web.AppRunner, str]:
    """Answer as ComfyUI does behind its login, to whoever brings the last of `token`."""

    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        if seen[-1] != f"Bearer {token[-1]}":
            return web.json_response({"error": "Authentication required."}, status=401)
        return web.json_response({"system": {}, "devices": []})

    application = web.Application()
    application.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


def with_secret(spec: ServiceSpec) -> ServiceSpec:
    credential = spec.credential.model_copy(update={"secret": "COMFYUI_BEARER_TOKEN"})
    return spec.model_copy(update={"credential": credential})


async def test_a_locked_server_is_opened_with_the_operators_secret() -> None:
    seen: list[str] = []
    tokens = [TOKEN]
    runner, address = await locked(tokens, seen)
    known = {"COMFYUI_BEARER_TOKEN": Secret(TOKEN)}
    runtime = ExternalRuntime(credentials=known.get, watch_seconds=0.02)
    spec = with_secret(at(address))
    assert await runtime.check(spec) is None
    assert seen == ["", f"Bearer {TOKEN}"]
    instance = await runtime.start(order(spec), lambda progress: None)
    assert instance.credential.reveal() == TOKEN
    assert TOKEN not in repr(instance)
    watching = asyncio.create_task(runtime.wait(instance))
    known["COMFYUI_BEARER_TOKEN"] = Secret("a-newer-one")
    await until(lambda: instance.credential.reveal() == "a-newer-one")
    watching.cancel()
    await asyncio.wait([watching], timeout=60)
    await runtime.close()
    await runner.cleanup()


async def test_a_secret_that_the_server_does_not_take_is_told_without_being_shown() -> None:
    runner, address = await locked(["another"], [])
    runtime = ExternalRuntime(credentials=lambda name: Secret(TOKEN))
    problem = await runtime.check(with_secret(at(address)))
    assert problem is not None
    assert problem.code == "external_locked"
    assert "COMFYUI_BEARER_TOKEN" in problem.remedy
    assert TOKEN not in problem.model_dump_json()
    await runtime.close()
    await runner.cleanup()


async def test_a_secret_that_others_can_read_is_told_and_goes_nowhere(tmp_path: Path) -> None:
    path = tmp_path / ".env.genai-extension"
    path.write_text(f"COMFYUI_BEARER_TOKEN='{TOKEN}'\n")
    path.chmod(0o644)
    seen: list[str] = []
    runner, address = await locked([TOKEN], seen)
    runtime = ExternalRuntime(credentials=SecretsFolder(tmp_path).get)
    problem = await runtime.check(with_secret(at(address)))
    assert problem is not None
    assert problem.code == "secrets_exposed"
    assert seen == []
    await runtime.close()
    await runner.cleanup()
