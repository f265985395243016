"""A ComfyUI that takes anything and does with it what a test wants: gossip, lie, hang, break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from door_harness import BOUND, service

Post = dict[str, Any]


class OddComfyUI:
    """What it was sent; `deed` is what it does with each post once that is answered."""

    def __init__(self, deed: Callable[[OddComfyUI, Post], Awaitable[None]] | None) -> None:
        self.url = ""
        self.posts: list[Post] = []
        self.asked: list[tuple[str, str]] = []
        self.clients: list[str] = []
        self.first_words: list[Any] = []
        self.history: dict[str, Any] = {}
        self.running: set[str] = set()
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse | None]] | None = None
        """Answers in place of it, where it returns something."""
        self._deed = deed
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def run(
        cls, deed: Callable[[OddComfyUI, Post], Awaitable[None]] | None = None
    ) -> AsyncIterator[OddComfyUI]:
        """Run one on loopback."""
        odd = cls(deed)
        async with service(odd._take) as upstream:
            odd.url = upstream.url
            try:
                yield odd
            finally:
                for task in odd._tasks:
                    task.cancel()
                await asyncio.gather(*odd._tasks, return_exceptions=True)

    async def say(self, kind: str, data: dict[str, Any]) -> None:
        """Tell every socket."""
        for socket in self._sockets.values():
            await asyncio.wait_for(socket.send_json({"type": kind, "data": data}), BOUND)

    async def show(self, frame: bytes) -> None:
        """Send a binary frame to every socket."""
        for socket in self._sockets.values():
            await asyncio.wait_for(socket.send_bytes(frame), BOUND)

    async def work(self, post: Post) -> None:
        """Do a job as ComfyUI does: tell, remember, tell its end."""
        job = post["prompt_id"]
        await self.say("execution_start", {"prompt_id": job})
        self.done(post)
        await self.say("execution_success", {"prompt_id": job})
        await self.say("executing", {"node": None, "prompt_id": job})

    def done(self, post: Post) -> None:
        """Remember a job as done."""
        job = post["prompt_id"]
        self.running.discard(job)
        status = {"status_str": "success", "completed": True, "messages": []}
        self.history[job] = {"prompt": [0, job, post["prompt"], {}, []], "outputs": {}}
        self.history[job]["status"] = status

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path))
        if self.answer is not None and (own := await self.answer(request)) is not None:
            return own
        if request.path == "/ws":
            return await self._listen(request)
        if (request.method, request.path) == ("POST", "/prompt"):
            return await self._post(request)
        if request.path.startswith("/history/"):
            job = request.path.rpartition("/")[2]
            found = self.history.get(job)
            return web.json_response({job: found} if found else {})
        if request.path.startswith("/api/jobs/"):
            job = request.path.split("/")[3]
            if request.method == "POST":
                self.running.discard(job)
                return web.json_response({"cancelled": True})
            if job in self.running:
                return web.json_response({"id": job, "status": "in_progress"})
            if job in self.history:
                return web.json_response({"id": job, "status": "completed"})
            return web.json_response({"error": "Job not found"}, status=404)
        if request.path == "/queue":
            running = [[0, job, {}, {}, []] for job in self.running]
            return web.json_response({"queue_running": running, "queue_pending": []})
        return web.json_response({})

    async def _post(self, request: web.Request) -> web.Response:
        post = json.loads(await request.read())
        self.posts.append(post)
        self.running.add(post["prompt_id"])
        task = asyncio.create_task(self._do(post))
        self._tasks.add(task)
        answer = {"prompt_id": post["prompt_id"], "number": 7, "node_errors": {}}
        return web.json_response(answer)

    async def _do(self, post: Post) -> None:
        await (self.work(post) if self._deed is None else self._deed(self, post))

    async def _listen(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=2**27)
        await socket.prepare(request)
        client = request.query["clientId"]
        self.clients.append(client)
        self._sockets[client] = socket
        data = {"status": {"exec_info": {"queue_remaining": 0}}, "sid": client}
        await socket.send_json({"type": "status", "data": data})
        first = True
        async for message in socket:
            if first:
                self.first_words.append(json.loads(message.data))
            first = False
        self._sockets.pop(client, None)
        return socket
