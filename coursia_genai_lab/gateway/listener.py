"""One plain-HTTP listener on 127.0.0.1."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .door_ports import BACKLOG, take_port

log = logging.getLogger(__name__)

GRACE_SECONDS = 0.1
"""For held requests to get their 503 out before connections are cut."""
LINGER_SECONDS = 2.0
"""How long an upload that was refused is still read, so that its sender sees the refusal."""
HEAD_SECONDS = 20.0
"""How long a new connection may take to bring its first request's head."""
MOST_SILENT = 128
"""Connections of all doors that have not asked anything yet; the oldest gives way to a new one.
Programs without any token could otherwise take every descriptor of the server."""
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Newcomers:
    """The connections that have not asked anything yet, of all listeners that share this."""

    def __init__(self, *, seconds: float = HEAD_SECONDS, most: int = MOST_SILENT) -> None:
        self._seconds, self._most = seconds, most
        self._silent: dict[object, tuple[asyncio.Transport, asyncio.TimerHandle]] = {}

    def come(self, connection: object, transport: asyncio.Transport) -> None:
        """Give a new connection its time, at the cost of the oldest where there are too many."""
        if len(self._silent) >= self._most:
            oldest = next(iter(self._silent))
            self._silent[oldest][0].abort()
            self.known(oldest)
        timer = asyncio.get_running_loop().call_later(self._seconds, transport.abort)
        self._silent[connection] = transport, timer

    def known(self, connection: object) -> None:
        """Forget a connection that has asked something, or is gone."""
        found = self._silent.pop(connection, None)
        if found is not None:
            found[1].cancel()


class _Server(web.Server):
    """The server of aiohttp, which itself waits for a first request for ever."""

    newcomers: Newcomers

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self.newcomers.come(handler, transport)

    def connection_lost(
        self, handler: web.RequestHandler, exc: BaseException | None = None
    ) -> None:
        self.newcomers.known(handler)
        super().connection_lost(handler, exc)


class Listener:
    """Serve a handler on a loopback port until it is closed."""

    def __init__(self, handler: Handler, newcomers: Newcomers | None = None) -> None:
        self._handler = handler
        self._newcomers = newcomers or Newcomers()
        self._running: set[asyncio.Task[object]] = set()
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def open(self, taken: socket.socket | None = None) -> int:
        """Serve on a port that was taken, else on any that is free; return the port.

        The socket is this listener's from now on, also when it does not open.
        """
        listening = take_port(None) if taken is None else taken
        server = _Server(
            self._handle,
            handler_cancellation=True,
            # The logs of aiohttp print whole request lines, and a socket's may hold a token.
            access_log=None,
            logger=_WireLog(f"{__name__}.wire"),
            auto_decompress=False,
            keepalive_timeout=75,
            lingering_time=LINGER_SECONDS,
            read_bufsize=2**18,
        )
        server.newcomers = self._newcomers
        runner = web.ServerRunner(server, shutdown_timeout=GRACE_SECONDS)
        self.port = listening.getsockname()[1]
        try:
            await runner.setup()
            await web.SockSite(runner, listening, backlog=BACKLOG).start()
        except BaseException:
            listening.close()
            await runner.cleanup()
            raise
        self._runner = runner
        return self.port

    async def close(self) -> None:
        """Stop listening, cut every connection, end every handler. Idempotent."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        await runner.cleanup()
        for task in self._running:
            task.cancel()
        if self._running:
            await asyncio.wait(set(self._running), timeout=0.5)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self._newcomers.known(request.protocol)
        task = asyncio.current_task()
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await self._handler(request)


class _WireLog(logging.Logger):
    """Keep of a request that cannot be read its kind only."""

    def exception(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Log the class of the error, which aiohttp passes or is handling."""
        told = kwargs.get("exc_info")
        error = told if isinstance(told, BaseException) else sys.exc_info()[1]
        log.info("gateway: a request could not be read (%s)", type(error).__name__)
