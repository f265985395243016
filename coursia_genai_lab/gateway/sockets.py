"""WebSockets through a door: both ways, every kind of frame, close codes and pings included."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import (
    ClientError,
    ClientSession,
    ClientWebSocketResponse,
    ClientWSTimeout,
    WSMsgType,
    WSServerHandshakeError,
    hdrs,
    web,
)
from yarl import URL

from ..errors import GenAIError, GenerationError, InvalidRequest, ServiceDied
from ..lab.endpoint import Endpoint
from .headers import GUARDS, credential

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = 64 * 2**20
"""A full-size PNG of 4096 x 4096 pixels is about 48 MB; SaveImageWebsocket sends it as a frame."""
CLOSE_SECONDS = 0.5
STANDING_SECONDS = 2.0
"""How often an open socket's right to be open is looked at (mode `off` ends it that soon)."""
TOUCH_SECONDS = 5.0
SETTLE_SECONDS = 5.0

if TYPE_CHECKING:
    Upstream = ClientWebSocketResponse[bool]
    Socket = web.WebSocketResponse | Upstream
Close = tuple[int, bytes]
GONE: Close = (1001, b"")
BROKE_OFF: Close = (1011, b"The service broke off.")
NO_STATUS = frozenset({1005, 1006, 1015})
"""Codes that a peer reports and that may not be sent (RFC 6455, section 7.4.1)."""


class Bridges:
    """The open sockets of one door."""

    def __init__(self, session: ClientSession, closing: asyncio.Event) -> None:
        self._session = session
        self._closing = closing
        self._joining: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    async def settled(self, lease_id: str) -> None:
        """Wait until the sockets that a kernel opened before are joined to the service.

        A job posted earlier than that would send its first messages to nobody.
        """
        joining = self._joining.get(lease_id)
        if joining:
            await asyncio.wait(set(joining), timeout=SETTLE_SECONDS)

    async def join(
        self,
        request: web.BaseRequest,
        endpoint: Endpoint,
        target: str,
        *,
        used: Callable[[], None],
        stands: Callable[[], bool],
    ) -> web.WebSocketResponse:
        """Connect to the service first, then accept the caller, and pass messages until one ends.

        Raises:
            ServiceDied: nothing answers.
            GenerationError: the service refuses the socket.
        """
        protocols = _protocols(request)
        upstream = await self._connect(endpoint, target, protocols)
        try:
            chosen = (upstream.protocol,) if upstream.protocol else ()
            caller = await _accept(request, chosen)
            await self._pass(caller, upstream, used, stands)
        finally:
            await upstream.close()
        return caller

    async def join_later(
        self,
        request: web.BaseRequest,
        lease_id: str,
        ready: Callable[[], Awaitable[Endpoint]],
        target: str,
        *,
        used: Callable[[], None],
        stands: Callable[[], bool],
    ) -> web.WebSocketResponse:
        """Accept the caller at once and join the service when `ready` returns.

        Handshakes time out after 5 or 10 s in common clients, so a longer start is waited for
        behind an open socket. What the caller sends meanwhile waits in its connection.
        """
        joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._joining[lease_id].add(joined)
        try:
            caller = await _accept(request, ())
            try:
                endpoint = await ready()
                upstream = await self._connect(endpoint, target, ())
            except GenAIError as error:
                await _close(caller, (1011, error.message.encode()[:120]))
                return caller
            finally:
                self._joined(lease_id, joined)
            try:
                await self._pass(caller, upstream, used, stands)
            finally:
                await upstream.close()
        finally:
            self._joined(lease_id, joined)
        return caller

    def _joined(self, lease_id: str, joined: asyncio.Future[None]) -> None:
        if not joined.done():
            joined.set_result(None)
        self._joining[lease_id].discard(joined)
        if not self._joining[lease_id]:
            del self._joining[lease_id]

    async def _connect(
        self, endpoint: Endpoint, target: str, protocols: tuple[str, ...]
    ) -> Upstream:
        try:
            return await self._session.ws_connect(
                URL(endpoint.url + target, encoded=True),
                headers=credential(endpoint),
                protocols=protocols,
                timeout=ClientWSTimeout(ws_close=CLOSE_SECONDS),
                autoping=False,
                autoclose=False,
                max_msg_size=MAX_FRAME_BYTES,
            )
        except WSServerHandshakeError as error:
            raise GenerationError(
                f"The service refuses the socket (status {error.status}).",
                "Look at its log.",
                code="socket_refused",
            ) from error
        except (ClientError, asyncio.TimeoutError) as error:
            raise ServiceDied("The service does not answer any more.") from error

    async def _pass(
        self,
        caller: web.WebSocketResponse,
        upstream: Upstream,
        used: Callable[[], None],
        stands: Callable[[], bool],
    ) -> None:
        down = asyncio.ensure_future(_pump(upstream, caller, used))
        up = asyncio.ensure_future(_pump(caller, upstream, used))
        guard = asyncio.ensure_future(self._until_ended(stands))
        try:
            await asyncio.wait({down, up, guard}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # Also when the caller's connection ended, which cancels this: the service is told.
            for task in (down, up, guard):
                task.cancel()
            ends = await asyncio.gather(down, up, guard, return_exceptions=True)
            from_service, from_caller, ended = (
                end if isinstance(end, tuple) else None for end in ends
            )
            await asyncio.gather(
                _close(caller, from_service or from_caller or ended or BROKE_OFF),
                _close(upstream, from_caller or from_service or GONE),
            )

    async def _until_ended(self, stands: Callable[[], bool]) -> Close:
        while stands():
            try:
                await asyncio.wait_for(self._closing.wait(), STANDING_SECONDS)
            except asyncio.TimeoutError:
                continue
            return 1001, b"The server is stopping."
        return 1008, b"This kernel may not use the service any more."


def refuse_broken_handshake(request: web.BaseRequest) -> None:
    """Raise InvalidRequest for an upgrade that is not a complete handshake (RFC 6455, 4.2.1)."""
    if not web.WebSocketResponse().can_prepare(request):
        raise InvalidRequest(
            "This is not a complete WebSocket handshake.", "Use a WebSocket client."
        )


async def _pump(source: Socket, sink: Socket, used: Callable[[], None]) -> Close | None:
    """Pass messages on until `source` ends; return how it said so, None if it did not."""
    touched = 0.0
    try:
        while True:
            message = await source.receive()
            kind = message.type
            if kind is WSMsgType.TEXT:
                await sink.send_str(message.data)
            elif kind is WSMsgType.BINARY:
                await sink.send_bytes(message.data)
            elif kind is WSMsgType.PING:
                await sink.ping(message.data)
            elif kind is WSMsgType.PONG:
                await sink.pong(message.data)
            elif kind is WSMsgType.CLOSE:
                code = 1000 if message.data in NO_STATUS or not message.data else message.data
                return code, (message.extra or "").encode()[:120]
            else:
                return None
            now = time.monotonic()
            if now - touched > TOUCH_SECONDS:
                touched = now
                used()
    except (ConnectionError, ClientError):
        # The other end is gone; its own pump says how.
        return None


async def _accept(request: web.BaseRequest, protocols: tuple[str, ...]) -> web.WebSocketResponse:
    caller = web.WebSocketResponse(
        timeout=CLOSE_SECONDS,
        autoping=False,
        autoclose=False,
        compress=False,
        max_msg_size=MAX_FRAME_BYTES,
        protocols=protocols,
    )
    caller.headers.update(GUARDS)
    await caller.prepare(request)
    return caller


async def _close(socket: Socket, close: Close) -> None:
    if not socket.closed:
        await socket.close(code=close[0], message=close[1])


def _protocols(request: web.BaseRequest) -> tuple[str, ...]:
    offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "")
    return tuple(part.strip() for part in offered.split(",") if part.strip())
