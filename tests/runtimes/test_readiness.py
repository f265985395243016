"""Readiness by HTTP, tried on a real server that says what a test wants."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from coursia_genai_lab.catalog.spec import ReadinessSpec
from coursia_genai_lab.errors import StartTimedOut
from coursia_genai_lab.runtimes.loopback import free_port
from coursia_genai_lab.runtimes.readiness import answers, speaks, until_ready
from coursia_genai_lab.wire.services import Dialect

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
QUICK = ReadinessSpec(path="/ready", interval_seconds=0.02, timeout_seconds=0.2)


@dataclass
class Place:
    url: str
    session: aiohttp.ClientSession


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Place]:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Place(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
    finally:
        await runner.cleanup()


async def test_a_service_is_up_when_it_has_left_off_saying_no() -> None:
    asked: list[str] = []

    async def third_time(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=200 if len(asked) == 3 else 503)

    async with serving(third_time) as place:
        await until_ready(place.url, QUICK, timeout_seconds=20, session=place.session)
    assert asked == ["/ready"] * 3


async def test_a_locked_service_is_up_where_its_spec_says_so() -> None:
    async def locked(request: web.Request) -> web.Response:
        return web.Response(status=401)

    async with serving(locked) as place:
        assert not await answers(place.url, QUICK, session=place.session)
        also = QUICK.model_copy(update={"statuses": [200, 401]})
        assert await answers(place.url, also, session=place.session)


async def test_a_redirect_is_not_followed() -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path == "/login":
            return web.Response()
        return web.Response(status=302, headers={"Location": "/login"})

    async with serving(elsewhere) as place:
        assert not await answers(place.url, QUICK, session=place.session)
        assert await speaks(place.url, "comfyui", session=place.session) == "other"
    assert "/login" not in asked


async def test_headers_are_sent_with_the_question() -> None:
    async def strict(request: web.Request) -> web.Response:
        right = request.headers.get("Authorization") == "Bearer abc"
        return web.Response(status=200 if right else 401)

    async with serving(strict) as place:
        proven = {"Authorization": "Bearer abc"}
        assert await answers(place.url, QUICK, session=place.session, headers=proven)
        assert not await answers(place.url, QUICK, session=place.session)


async def test_a_timeout_names_the_last_status() -> None:
    async def never(request: web.Request) -> web.Response:
        return web.Response(status=500)

    async with serving(never) as place:
        with pytest.raises(StartTimedOut, match=r"Chatty did not answer.*status 500"):
            await until_ready(
                place.url, QUICK, timeout_seconds=0.1, session=place.session, title="Chatty"
            )


async def test_a_timeout_says_that_nobody_listened() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(StartTimedOut, match="nobody listened"):
            await until_ready(
                f"http://127.0.0.1:{free_port()}", QUICK, timeout_seconds=0.05, session=session
            )


async def test_a_timeout_says_that_the_service_kept_silent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with aiohttp.ClientSession() as session:
            with pytest.raises(StartTimedOut, match="kept silent"):
                await until_ready(url, QUICK, timeout_seconds=0.3, session=session)
            patience = 0.2
            answer = await speaks(url, "comfyui", session=session, timeout_seconds=patience)
            assert answer == "silent"


SHAPES: dict[Dialect, tuple[str, object]] = {
    "comfyui": ("/system_stats", {"system": {"os": "posix"}, "devices": []}),
    "a1111": ("/sdapi/v1/sd-models", [{"title": "sdxl"}]),
    "openai_images": ("/v1/models", {"object": "list", "data": []}),
    "openrouter": ("/v1/models", {"data": []}),
}


@pytest.mark.parametrize("dialect", list(SHAPES))
async def test_a_server_is_known_by_the_shape_of_its_answer(dialect: Dialect) -> None:
    path, body = SHAPES[dialect]

    async def right(request: web.Request) -> web.Response:
        return web.json_response(body) if request.path == path else web.Response(status=404)

    async with serving(right) as place:
        assert await speaks(place.url, dialect, session=place.session) == "speaks"
        assert await speaks(f"{place.url}/v1", dialect, session=place.session) == "speaks"
        others = [other for other, (wanted, _) in SHAPES.items() if wanted != path]
        for other in others:
            assert await speaks(place.url, other, session=place.session) == "other"


@pytest.mark.parametrize("dialect", list(SHAPES))
async def test_a_server_that_wants_a_credential_is_locked(dialect: Dialect) -> None:
    async def locked(request: web.Request) -> web.Response:
        return web.json_response({"detail": "Not authenticated"}, status=401)

    async with serving(locked) as place:
        assert await speaks(place.url, dialect, session=place.session) == "locked"


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[" * 5_000_000, b"null"])
async def test_a_page_of_something_else_is_no_service(body: bytes) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(body=body)

    async with serving(page) as place:
        assert await speaks(place.url, "comfyui", session=place.session) == "other"
