from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientWSTimeout, WSMsgType, WSServerHandshakeError, web
from door_harness import BOUND, CREDENTIAL, Gateway, demo_engine, echo, gateway, service, soon

from coursia_genai_lab.errors import ServiceDied


async def mirror(request: web.Request) -> web.WebSocketResponse:
    """Send every message back; close when told to."""
    socket = web.WebSocketResponse(max_msg_size=2**27, protocols=("two",))
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT and message.data.startswith("close "):
            await socket.close(code=int(message.data[6:]), message=b"as asked")
        elif message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        else:
            await socket.send_bytes(message.data)
    return socket


async def connect(g: Gateway, door: str, **more: Any) -> Any:
    headers = more.pop("headers", None) or g.bearer()
    return await asyncio.wait_for(
        g.http.ws_connect(f"{door}/ws?clientId=a&b=%20", headers=headers, **more), BOUND
    )


async def test_messages_of_every_kind_pass_both_ways() -> None:
    async with service(mirror) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        big = bytes(range(256)) * 4 * 1024 * 13
        async with await connect(g, door, max_msg_size=2**27) as socket:
            await socket.send_str("grüße")
            assert await socket.receive_str(timeout=BOUND) == "grüße"
            await socket.send_bytes(b"\x00\x01")
            assert await socket.receive_bytes(timeout=BOUND) == b"\x00\x01"
            await socket.send_bytes(big)
            assert await socket.receive_bytes(timeout=BOUND) == big
    assert upstream.seen[0].raw_path == "/ws?clientId=a&b=%20"
    assert upstream.seen[0].headers["Authorization"] == f"Bearer {CREDENTIAL}"
    assert "comfyui" in g.lab.touched


async def test_a_token_in_the_address_opens_a_socket_and_is_not_passed_on() -> None:
    async with service(mirror) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        address = f"{door}/ws?clientId=a&token={g.token()}"
        async with g.http.ws_connect(address) as socket:
            await socket.send_str("hello")
            assert await socket.receive_str(timeout=BOUND) == "hello"
    assert upstream.seen[0].raw_path == "/ws?clientId=a"


@pytest.mark.parametrize("code", [1000, 1001, 1011, 4321])
async def test_the_services_close_code_and_reason_reach_the_caller(code: int) -> None:
    async with service(mirror) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with await connect(g, door) as socket:
            await socket.send_str(f"close {code}")
            message = await socket.receive(timeout=BOUND)
            assert (message.type, message.data, message.extra) == (
                WSMsgType.CLOSE,
                code,
                "as asked",
            )


async def test_the_callers_close_code_reaches_the_service() -> None:
    closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def listen(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for _ in socket:
            pass
        closed.set_result(socket.close_code)
        return socket

    async with service(listen) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with await connect(g, door) as socket:
            await socket.close(code=4000, message=b"enough")
        assert await asyncio.wait_for(closed, BOUND) == 4000


async def test_a_caller_that_vanishes_closes_the_services_socket() -> None:
    opened, closed = asyncio.Event(), asyncio.Event()

    async def listen(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        opened.set()
        try:
            async for _ in socket:
                pass
        finally:
            closed.set()
        return socket

    async with service(listen) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        socket = await connect(g, door, timeout=ClientWSTimeout(ws_close=0.01))
        await asyncio.wait_for(opened.wait(), BOUND)
        await g.http.close()
        await asyncio.wait_for(closed.wait(), BOUND)
        assert socket.closed or socket.get_extra_info("socket") is None


async def test_a_service_that_breaks_off_closes_the_callers_socket_with_1011() -> None:
    async def break_off(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        request.transport.abort()
        return socket

    async with service(break_off) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with await connect(g, door) as socket:
            message = await socket.receive(timeout=BOUND)
            assert (message.type, message.data) == (WSMsgType.CLOSE, 1011)


async def test_a_ping_reaches_the_other_end_and_its_pong_comes_back() -> None:
    pinged = asyncio.Event()

    async def answer(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.PING:
                pinged.set()
                await socket.pong(message.data)
        return socket

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with await connect(g, door, autoping=False) as socket:
            await socket.ping(b"are you there")
            message = await socket.receive(timeout=BOUND)
            assert (message.type, message.data) == (WSMsgType.PONG, b"are you there")
            assert pinged.is_set()


async def test_a_subprotocol_is_chosen_by_the_service() -> None:
    async with service(mirror) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with await connect(g, door, protocols=("one", "two")) as socket:
            assert socket.protocol == "two"


async def test_a_service_that_refuses_the_socket_is_told_as_a_refused_handshake() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=403)

    async with service(refuse) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        with pytest.raises(WSServerHandshakeError) as refused:
            await connect(g, door)
        assert refused.value.status == 502


async def test_a_socket_opened_during_a_start_is_joined_before_a_held_job_passes() -> None:
    order: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse:
        if request.path == "/prompt":
            order.append("job")
            return web.json_response({"prompt_id": "a"})
        order.append("socket")
        return await mirror(request)

    async with service(note) as upstream, gateway() as g:
        door = await g.doors.open("comfyui")
        headers = g.bearer()
        job = asyncio.ensure_future(g.http.post(f"{door}/prompt", json={}, headers=headers))
        async with await connect(g, door, headers=headers) as socket:
            await socket.send_str("said while it starts")
            g.lab.is_ready("comfyui", upstream.url)
            assert await socket.receive_str(timeout=BOUND) == "said while it starts"
            (await asyncio.wait_for(job, BOUND)).close()
    assert order == ["socket", "job"]


async def test_a_start_that_fails_closes_the_waiting_socket_with_the_reason() -> None:
    async with gateway() as g:
        door = await g.doors.open("comfyui")
        async with await connect(g, door) as socket:
            g.lab.has_failed(ServiceDied("It ended with status 1."))
            message = await socket.receive(timeout=BOUND)
            assert (message.type, message.data) == (WSMsgType.CLOSE, 1011)
            assert message.extra == "It ended with status 1."


async def test_a_caller_that_leaves_a_waiting_socket_keeps_no_job_back() -> None:
    async with service(echo) as upstream, gateway() as g:
        door = await g.doors.open("comfyui")
        socket = await connect(g, door, timeout=ClientWSTimeout(ws_close=0.01))
        await socket.close()
        g.lab.is_ready("comfyui", upstream.url)
        async with g.http.post(f"{door}/prompt", json={}, headers=g.bearer()) as got:
            assert got.status == 200
    assert [request.path for request in upstream.seen] == ["/prompt"]


@pytest.mark.parametrize("end", ["off", "lease"])
async def test_an_open_socket_ends_soon_after_its_right_has_ended(end: str) -> None:
    async with service(mirror) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with await connect(g, door) as socket:
            if end == "off":
                g.lab.switch("off")
            else:
                g.lab.leases.drop(g.lease_id)
            message = await socket.receive(timeout=BOUND)
            assert (message.type, message.data) == (WSMsgType.CLOSE, 1008)


async def test_closing_the_doors_says_goodbye_to_open_sockets() -> None:
    async with service(mirror) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with await connect(g, door) as socket:
            listening = asyncio.ensure_future(socket.receive(timeout=BOUND))
            await g.doors.close()
            message = await listening
            assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)
        await soon(lambda: not upstream.seen[0].transport)


async def test_a_comfyui_job_runs_through_the_door_before_the_real_demo_engine() -> None:
    graph = {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": ""}},
        "2": {
            "class_type": "EmptyLatentImage",
            "inputs": {"width": 128, "height": 128, "batch_size": 1},
        },
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["1", 1]}},
        "4": {
            "class_type": "KSampler",
            "inputs": {
                "model": ["1", 0],
                "positive": ["3", 0],
                "negative": ["3", 0],
                "latent_image": ["2", 0],
                "seed": 1,
                "steps": 3,
                "cfg": 1.0,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 1.0,
            },
        },
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "t"}},
    }
    async with demo_engine() as url, gateway() as g:
        g.lab.stand_in_for.add("comfyui")
        g.lab.is_ready("demo", url)
        door = await g.doors.open("comfyui")
        headers = g.bearer()
        async with g.http.get(f"{door}/object_info/CheckpointLoaderSimple", headers=headers) as got:
            info = await got.json()
        names = info["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0]
        graph["1"]["inputs"]["ckpt_name"] = names[0]
        async with await connect(g, door, headers=headers) as socket:
            first = await socket.receive_json(timeout=BOUND)
            assert first["type"] == "status"
            order = {"prompt": graph, "client_id": "a"}
            async with g.http.post(f"{door}/prompt", json=order, headers=headers) as got:
                job = (await got.json())["prompt_id"]
            kinds = []
            while "execution_success" not in kinds:
                message = await socket.receive(timeout=BOUND)
                if message.type is WSMsgType.TEXT:
                    kinds.append(message.json()["type"])
        assert "progress" in kinds
        async with g.http.get(f"{door}/history/{job}", headers=headers) as got:
            picture = (await got.json())[job]["outputs"]["6"]["images"][0]
        async with g.http.get(f"{door}/view", params=picture, headers=headers) as got:
            assert got.headers["Content-Type"] == "image/png"
            assert (await got.read()).startswith(b"\x89PNG")
