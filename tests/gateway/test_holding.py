from __future__ import annotations

import asyncio
import contextlib

import pytest
from aiohttp import ClientConnectionError, ClientResponse, web
from door_harness import BOUND, Gateway, echo, gateway, service, soon
from prometheus_client import REGISTRY

from coursia_genai_lab.errors import ImageMissing, ServiceDied


async def ask(g: Gateway, method: str, address: str) -> ClientResponse:
    async with g.http.request(method, address, headers=g.bearer()) as got:
        await got.read()
        return got


async def test_a_post_waits_until_its_service_is_ready_and_then_passes() -> None:
    async with service(echo) as upstream, gateway() as g:
        door = await g.doors.open("forge-turbo")
        call = asyncio.ensure_future(
            g.http.post(f"{door}/sdapi/v1/refresh-checkpoints", data=b"work", headers=g.bearer())
        )
        await soon(lambda: g.lab.starts > 0)
        g.lab.is_ready("forge-turbo", upstream.url)
        async with await asyncio.wait_for(call, BOUND) as got:
            assert got.status == 200
            assert (await got.json())["body"] == "{}"


async def test_a_read_that_needs_the_service_waits_like_a_post() -> None:
    async with service(echo) as upstream, gateway() as g:
        door = await g.doors.open("comfyui")
        call = asyncio.ensure_future(ask(g, "GET", f"{door}/object_info/KSampler"))
        await soon(lambda: g.lab.starts > 0)
        g.lab.is_ready("comfyui", upstream.url)
        assert (await asyncio.wait_for(call, BOUND)).status == 200


async def test_after_the_hold_the_caller_learns_why_and_when_to_ask_again() -> None:
    async with gateway(hold_seconds=0.05) as g:
        door = await g.doors.open("comfyui")
        got = await ask(g, "POST", f"{door}/prompt")
        told = await got.json()
        assert got.status == 503
        assert told["coursia"]["code"] == "service_not_ready"
        assert "starting" in told["error"]["message"]
        assert int(got.headers["Retry-After"]) >= 1
        assert got.headers["x-should-retry"] == "true"


async def test_a_probe_of_a_starting_comfyui_says_200_starting_in_the_shape_that_it_reads() -> None:
    async with gateway(hold_seconds=0.05) as g:
        door = await g.doors.open("comfyui")
        for path in ("/system_stats", "/api/system_stats"):
            got = await ask(g, "GET", f"{door}{path}")
            told = await got.json()
            assert got.status == 200
            assert got.headers["X-CoursIA-State"] == "starting"
            assert told["coursia"]["state"] == "starting"
            assert told["system"]["comfyui_version"] == "starting"
            (device,) = told["devices"]
            assert device["name"] == "starting"
            assert device["vram_total"] > 0
        got = await ask(g, "GET", f"{door}/")
        assert await got.json() == {"service": "comfyui", "state": "starting"}


async def test_a_probe_says_503_when_the_start_will_outlast_the_hold() -> None:
    async with gateway(hold_seconds=0.05) as g:
        g.lab.left = 180.0
        door = await g.doors.open("comfyui")
        got = await ask(g, "GET", f"{door}/system_stats")
        assert got.status == 503
        assert "Retry-After" in got.headers


async def test_without_holding_every_call_is_answered_at_once_and_truly() -> None:
    async with gateway(hold_seconds=0) as g:
        door = await g.doors.open("comfyui")
        for method, path in (("GET", "/system_stats"), ("POST", "/prompt")):
            assert (await ask(g, method, f"{door}{path}")).status == 503


async def test_a_start_that_fails_ends_the_hold_with_the_reason_and_the_remedy() -> None:
    async with gateway() as g:
        door = await g.doors.open("comfyui")
        call = asyncio.ensure_future(ask(g, "POST", f"{door}/prompt"))
        await soon(lambda: g.lab.starts > 0)
        g.lab.has_failed(ServiceDied("ComfyUI ended with status 1.", "Read its log."))
        got = await asyncio.wait_for(call, BOUND)
        told = await got.json()
        assert got.status == 503
        assert told["error"]["message"] == "ComfyUI ended with status 1."
        assert told["error"]["details"] == "Read its log."
        assert got.headers["x-should-retry"] == "false"


async def test_a_probe_of_a_service_that_cannot_start_is_told_so() -> None:
    async with gateway() as g:
        g.lab.has_failed(ImageMissing("The image is not here.", "Pull it."))
        door = await g.doors.open("comfyui")
        assert (await ask(g, "GET", f"{door}/system_stats")).status == 503


async def test_a_caller_that_goes_away_ends_its_hold_and_not_the_start() -> None:
    async with service(echo) as upstream, gateway() as g:
        door = await g.doors.open("forge-turbo")
        call = asyncio.ensure_future(ask(g, "POST", f"{door}/sdapi/v1/refresh-checkpoints"))
        await soon(lambda: g.lab.starts > 0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        g.lab.is_ready("forge-turbo", upstream.url)
        assert (await ask(g, "POST", f"{door}/sdapi/v1/refresh-checkpoints")).status == 200
        assert upstream.calls == 1


async def test_closing_answers_what_is_held_and_cuts_what_runs() -> None:
    reached = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        reached.set()
        await asyncio.wait_for(asyncio.Event().wait(), 3 * BOUND)
        return response

    async with service(endless) as upstream, gateway(hold_seconds=600) as g:
        g.lab.is_ready("comfyui", upstream.url)
        running, starting = await g.doors.open("comfyui"), await g.doors.open("comfyui-qwen")
        openai = await g.doors.open_openai()
        held = [
            asyncio.ensure_future(ask(g, "POST", f"{starting}/prompt")),
            asyncio.ensure_future(g.http.ws_connect(f"{starting}/ws", headers=g.bearer())),
            asyncio.ensure_future(
                g.http.post(
                    f"{openai}/images/generations", json={"prompt": "a"}, headers=g.bearer()
                )
            ),
        ]
        stream = asyncio.ensure_future(ask(g, "GET", f"{running}/models/a"))
        await asyncio.wait_for(reached.wait(), BOUND)
        await soon(lambda: g.lab.starts >= 3)
        await asyncio.wait_for(g.doors.close(), BOUND)
        answers = await asyncio.wait_for(
            asyncio.gather(*held, stream, return_exceptions=True), BOUND
        )
        assert isinstance(answers[0], ClientResponse)
        assert answers[0].status == 503
        assert all(not task.cancelled() for task in held)
        assert isinstance(answers[3], Exception)
        with contextlib.suppress(ClientConnectionError):
            # Somebody else's door may have been given the port meanwhile; it knows no such token.
            assert (await ask(g, "GET", f"{running}/queue")).status == 401
        await g.doors.close()


async def test_a_held_call_is_counted_among_the_metrics_until_it_ends() -> None:
    def holds() -> float:
        return REGISTRY.get_sample_value("coursia_genai_holds") or 0.0

    before = holds()
    async with service(echo) as upstream, gateway() as g:
        door = await g.doors.open("forge-turbo")
        call = asyncio.ensure_future(ask(g, "POST", f"{door}/sdapi/v1/refresh-checkpoints"))
        await soon(lambda: holds() == before + 1)
        g.lab.is_ready("forge-turbo", upstream.url)
        assert (await asyncio.wait_for(call, BOUND)).status == 200
        assert holds() == before
