"""Requests that come before the Lab is built and open: held, then routed as if they came now.

A request is held before its body is read, so a large one costs nothing meanwhile, and then goes to
the routes that were added with the parts.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from typing import Any, ClassVar

from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.routing import Router

from ..errors import ConfigurationError, GenAIError, ServiceNotReady
from .built_once import BuiltOnce

WAIT_SECONDS = 60.0
"""The longest that a request is held; a quarter of a second is usual."""


class AwaitedRoutes(Router):
    """Hold what comes for our addresses until the parts are there and open; then step aside.

    A Lab that is not open knows no service and not yet what may be done. `opened` is set also
    where the opening failed or this server stops: who waits is answered then, too.
    """

    SUPPORTED_METHODS: ClassVar[tuple[str, ...]] = ()
    """Jupyter asks here for verbs without a login: the handlers behind are asked in their turn."""

    def __init__(
        self, application: web.Application, built: BuiltOnce[Any], opened: asyncio.Event
    ) -> None:
        self._application = application
        self._built = built
        self._opened = opened

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        """Return what holds the request; None: the routes that follow are meant."""
        there = self._built.value is not None and self._opened.is_set()
        return None if there else _Held(self, request)

    async def route(self, request: HTTPServerRequest) -> HTTPMessageDelegate | None:
        """Return who answers, once that is known."""
        until = asyncio.get_running_loop().time() + WAIT_SECONDS
        built = await self._built.within(WAIT_SECONDS) is not None
        if built and await self._is_open(until - asyncio.get_running_loop().time()):
            return self._application.find_handler(request)
        arguments = {"error": self._reason()}
        return self._application.get_handler_delegate(request, NotLoadedHandler, arguments)

    async def _is_open(self, seconds: float) -> bool:
        wait = asyncio.ensure_future(self._opened.wait())
        try:
            await asyncio.wait({wait}, timeout=max(0.0, seconds))
            return self._opened.is_set()
        finally:
            wait.cancel()

    def _reason(self) -> GenAIError:
        failure = self._built.failure
        if failure is None:
            return ServiceNotReady("GenAI is still being loaded, or this server is stopping.")
        if isinstance(failure, GenAIError):
            return failure
        # What a library says may hold anything, and stands in the log.
        return ConfigurationError(
            "GenAI could not be loaded on this server; notebooks run as they do without it.",
            "Read the server's log, or run `coursia-genai doctor`; then restart the server.",
        )


class NotLoadedHandler(APIHandler):
    """Say why nothing of ours answers."""

    def initialize(self, error: GenAIError) -> None:
        """Take the reason."""
        self._error = error

    @web.authenticated
    def get(self, *parts: str) -> None:
        """Answer with code, sentence and remedy."""
        self.set_status(self._error.status)
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps({"error": self._error.to_dict()}))

    head = post = put = patch = delete = get


class _Held(HTTPMessageDelegate):
    """One request that waits for its handler."""

    def __init__(self, routes: AwaitedRoutes, request: HTTPServerRequest) -> None:
        self._routes = routes
        self._request = request
        self._found: HTTPMessageDelegate | None = None

    async def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> None:
        self._found = await self._routes.route(self._request)
        if self._found is not None:
            await _done(self._found.headers_received(start_line, headers))

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return None if self._found is None else self._found.data_received(chunk)

    def finish(self) -> None:
        if self._found is not None:
            self._found.finish()

    def on_connection_close(self) -> None:
        if self._found is not None:
            self._found.on_connection_close()


async def _done(step: Awaitable[None] | None) -> None:
    if step is not None:
        await step
