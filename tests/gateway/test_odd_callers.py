"""Callers that are broken or hostile get an answer in the dialect, and harm nobody else."""

from __future__ import annotations

import asyncio
import logging

import pytest
from aiohttp import ClientTimeout
from comfyui_caller import graph
from door_harness import BOUND, Gateway, demo_engine, echo, gateway, service

from coursia_genai_lab.errors import NotAllowed


async def said(g: Gateway, door: str, head: bytes, body: bytes = b"") -> bytes:
    """Send bytes to a door and return the first that come back."""
    port = int((await g.doors.open(door)).rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head.replace(b"TOKEN", g.token().encode()) + body)
        return await asyncio.wait_for(reader.read(4096), BOUND)
    finally:
        writer.close()
        await writer.wait_closed()


PROOF = b"Host: 127.0.0.1\r\nAuthorization: Bearer TOKEN\r\n"


async def test_a_token_in_a_broken_address_reaches_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with gateway() as g:
        answer = await said(
            g, "comfyui", b"GET /ws?token=TOKEN&a=\xff HTTP/1.1\r\n" + PROOF + b"\r\n"
        )
        assert b" 400 " in answer.split(b"\r\n")[0]
    assert "cgl_" not in caplog.text


async def test_a_body_nested_too_deep_is_refused_as_no_json() -> None:
    async with gateway() as g, service(echo) as upstream:
        g.lab.is_ready("comfyui", upstream.url)
        url = f"{await g.doors.open('comfyui')}/queue"
        async with g.http.post(url, data=b"[" * 60_000, headers=g.bearer()) as answer:
            assert answer.status == 400


HANDSHAKE = b"GET /ws HTTP/1.1\r\n" + PROOF + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def test_a_broken_handshake_is_refused_as_such() -> None:
    async with gateway() as g, service(echo) as upstream:
        g.lab.is_ready("comfyui", upstream.url)
        assert (await said(g, "comfyui", HANDSHAKE)).startswith(b"HTTP/1.1 400 ")


async def test_a_broken_handshake_during_a_start_keeps_no_job_back() -> None:
    async with gateway(hold_seconds=3) as g, demo_engine() as engine:
        assert (await said(g, "comfyui", HANDSHAKE)).startswith(b"HTTP/1.1 400 ")
        g.lab.is_ready("comfyui", engine)
        url = f"{await g.doors.open('comfyui')}/prompt"
        patience = ClientTimeout(total=BOUND)
        order = {"prompt": graph()}
        async with g.http.post(url, json=order, headers=g.bearer(), timeout=patience) as answer:
            assert answer.status == 200


async def test_in_mode_cloud_a_raw_door_answers_503_with_the_reason() -> None:
    async with gateway() as g:
        g.lab.has_failed(NotAllowed("The mode is cloud.", "Change it.", code="mode_cloud"))
        url = f"{await g.doors.open('comfyui')}/prompt"
        async with g.http.post(url, json={}, headers=g.bearer()) as answer:
            body = await answer.json()
            assert answer.status == 503
            assert body["error"]["type"] == "mode_cloud"
            assert answer.headers["x-should-retry"] == "false"
