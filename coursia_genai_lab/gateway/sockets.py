"""Callers' WebSockets at a ComfyUI door: they end here, and hear what their audience is told.

A handshake is answered at once, also while the service starts: common clients give up after 5 s.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

from aiohttp import ClientError, WSMsgType, web

from ..errors import GenAIError, InvalidRequest
from .comfyui_audience import Audience, Listener
from .headers import GUARDS
from .own_jobs import RawJob

CLOSE_SECONDS = 0.5
TOUCH_SECONDS = 5.0
MOST_SENT_BYTES = 2**20
"""Of one message of a caller: clients send their flags, and nothing else that counts."""
FLAGS = {
    "type": "feature_flags",
    "data": {"supports_preview_metadata": True, "max_upload_size": 100 * 2**20},
}

Close = tuple[int, bytes]
Working = tuple[RawJob | None, str | None]


class CallerSockets:
    """Serve the open sockets of one door until they end, or `closing` is set."""

    def __init__(self, audience: Audience, closing: asyncio.Event) -> None:
        self._audience = audience
        self._closing = closing

    async def serve(
        self,
        request: web.BaseRequest,
        listener: Listener,
        *,
        working: Working,
        ready: Callable[[], Awaitable[object]],
        ended: Callable[[], Awaitable[GenAIError]],
        used: Callable[[], None],
    ) -> web.WebSocketResponse:
        """Let a caller listen.

        `working` is what runs under its client id; `ready` returns when the service runs, and
        raises when it does not start; `ended` returns once the caller may not listen any more;
        `used` is called every few seconds while something comes or goes.
        """
        socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS, compress=False, max_msg_size=MOST_SENT_BYTES
        )
        socket.headers.update(GUARDS)
        await socket.prepare(request)
        self._audience.join(listener, *working)
        touch = _seldom(used)
        enders = {
            asyncio.ensure_future(one)
            for one in (
                _read(socket, listener, touch),
                _write(socket, listener, touch),
                _unless_ready(ready),
                _when_ended(ended),
                self._when_closing(),
                _when_cut(listener, request),
            )
        }
        try:
            done, _ = await asyncio.wait(enders, return_when=asyncio.FIRST_COMPLETED)
            close = next(iter(done)).result()
        finally:
            # Also when the caller's connection ended, which cancels this.
            self._audience.leave(listener)
            for task in enders:
                task.cancel()
            await asyncio.gather(*enders, return_exceptions=True)
        if close is not None and not socket.closed:
            await socket.close(code=close[0], message=close[1])
        return socket

    async def _when_closing(self) -> Close:
        await self._closing.wait()
        return 1001, b"The server is stopping."


def refuse_broken_handshake(request: web.BaseRequest) -> None:
    """Raise InvalidRequest for an upgrade that is not a complete handshake (RFC 6455, 4.2.1)."""
    if not web.WebSocketResponse().can_prepare(request):
        raise InvalidRequest(
            "This is not a complete WebSocket handshake.", "Use a WebSocket client."
        )


async def _read(
    socket: web.WebSocketResponse, listener: Listener, touch: Callable[[], None]
) -> Close | None:
    """Take what a caller says until it leaves; only flags, and only as the first word, count."""
    first = True
    async for message in socket:
        touch()
        if first and message.type is WSMsgType.TEXT:
            _take_flags(message.data, listener)
        first = False
    return None


def _take_flags(text: str, listener: Listener) -> None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(said, dict) and said.get("type") == "feature_flags":
        flags = said.get("data")
        listener.metadata = isinstance(flags, dict) and bool(flags.get("supports_preview_metadata"))
        listener.send(json.dumps(FLAGS))


async def _write(
    socket: web.WebSocketResponse, listener: Listener, touch: Callable[[], None]
) -> Close | None:
    try:
        await listener.write_to(socket, touch)
    except (ConnectionError, ClientError):
        # Whoever reads from it says how it ended.
        await asyncio.Event().wait()
    return None


async def _unless_ready(ready: Callable[[], Awaitable[object]]) -> Close:
    try:
        await ready()
    except GenAIError as error:
        return 1011, error.message.encode()[:120]
    await asyncio.Event().wait()
    raise AssertionError("this is cancelled, and never goes on")


async def _when_ended(ended: Callable[[], Awaitable[GenAIError]]) -> Close:
    return 1008, (await ended()).message.encode()[:120]


async def _when_cut(listener: Listener, request: web.BaseRequest) -> None:
    await listener.cut.wait()
    # A word of farewell would wait behind all that was not read.
    if request.transport is not None:
        request.transport.abort()


def _seldom(used: Callable[[], None]) -> Callable[[], None]:
    last = 0.0

    def touch() -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > TOUCH_SECONDS:
            last = now
            used()

    return touch
