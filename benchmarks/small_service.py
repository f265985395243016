"""A service for benchmarks of doors: as much of ComfyUI and of the OpenAI API as they call.

It takes no time of its own. What it sends by socket bears the moment of sending, which all
processes of a machine read from the same clock.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import struct
import time
from typing import Any

from aiohttp import web

TEXTS, FRAMES = 40, 12
GAP_SECONDS = 0.01
"""Between messages, so that none waits for the one before it."""
FRAME_BYTES = 2**20
PICTURE_BYTES = 5 * 2**20
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * (PICTURE_BYTES // 256)
NAME = "picture.png"
SIZE = (512, 512)


class SmallService:
    """Answer every request."""

    def __init__(self) -> None:
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._done: set[str] = set()
        self._running: set[asyncio.Task[None]] = set()
        self._drawn, self._partial = _drawn("PNG"), _drawn("JPEG")

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return what a path asks for."""
        path = request.path
        if path == "/ws":
            return await self._listen(request)
        if path == "/view":
            return web.Response(body=PICTURE, content_type="image/png")
        if path == "/prompt" and request.method == "POST":
            return self._post(json.loads(await request.read()))
        if path.startswith("/history/"):
            job = path.rpartition("/")[2]
            return web.json_response({job: _entry()} if job in self._done else {})
        if path == "/queue":
            return web.json_response({"queue_running": [], "queue_pending": []})
        if path == "/v1/images/generations":
            return await self._draw(request, json.loads(await request.read()))
        if path == "/features":
            return web.json_response({"supports_preview_metadata": False})
        return web.json_response({"error": {"message": "not here"}}, status=404)

    # -- ComfyUI -------------------------------------------------------------------------------

    async def _listen(self, request: web.BaseRequest) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self._sockets[request.query["clientId"]] = socket
        await socket.send_str(json.dumps({"type": "status", "data": {"status": {}}}))
        async for _ in socket:
            pass
        return socket

    def _post(self, order: dict[str, Any]) -> web.Response:
        job = str(order.get("prompt_id") or f"job-{time.monotonic_ns()}")
        task = asyncio.create_task(self._work(job, self._sockets[order["client_id"]]))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return web.json_response({"prompt_id": job, "number": 1, "node_errors": {}})

    async def _work(self, job: str, socket: web.WebSocketResponse) -> None:
        async def tell(kind: str, **data: Any) -> None:
            await asyncio.sleep(GAP_SECONDS)
            told = {"prompt_id": job, **data, "sent": time.perf_counter()}
            await socket.send_str(json.dumps({"type": kind, "data": told}))

        await tell("execution_start")
        await tell("executing", node="1")
        for value in range(TEXTS):
            await tell("progress", node="1", value=value, max=TEXTS)
        for _ in range(FRAMES):
            await asyncio.sleep(5 * GAP_SECONDS)
            head = struct.pack(">II", 1, 2) + PICTURE[: FRAME_BYTES - 16]
            await socket.send_bytes(head + struct.pack(">d", time.perf_counter()))
        self._done.add(job)
        await tell("executed", node="1", output=_entry()["outputs"]["1"])
        await tell("execution_success")
        await tell("executing", node=None)

    # -- OpenAI --------------------------------------------------------------------------------

    async def _draw(self, request: web.BaseRequest, order: dict[str, Any]) -> web.StreamResponse:
        if not order.get("stream"):
            return web.json_response({"created": 1, "data": [{"b64_json": self._drawn}]})
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        for kind, text in (("partial_image", self._partial), ("completed", self._drawn)):
            event: dict[str, Any] = {"type": f"image_generation.{kind}", "b64_json": text}
            event |= {"created_at": 1, "partial_image_index": 0}
            data = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"
            await stream.write(data.encode())
            await asyncio.sleep(GAP_SECONDS)
        return stream


def _entry() -> dict[str, Any]:
    picture = {"filename": NAME, "subfolder": "", "type": "output"}
    return {
        "outputs": {"1": {"images": [picture]}},
        "status": {"status_str": "success", "completed": True, "messages": []},
    }


def _drawn(kind: str) -> str:
    from PIL import Image

    out = io.BytesIO()
    # As rough as a photograph: about 300 KB as PNG, 30 KB as JPEG.
    rough = Image.effect_noise((128, 128), 60).resize(SIZE, Image.Resampling.BICUBIC)
    rough.convert("RGB").save(out, kind)
    return base64.b64encode(out.getvalue()).decode("ascii")


async def serve() -> None:
    """Listen on a free port, print it, and serve until the process ends."""
    runner = web.ServerRunner(web.Server(SmallService().answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()
