"""The OpenAI API for browsers and scripts that come through Jupyter."""

from __future__ import annotations

import asyncio
import json
from typing import Any, ClassVar

from jupyter_server.auth.decorator import authorized
from tornado import web
from tornado.iostream import StreamClosedError

from ..errors import (
    GenAIError,
    InvalidRequest,
    NotAllowed,
    NotFound,
    RequestTooLarge,
    TooManyRequests,
)
from ..gateway.admission import MAX_BODY_BYTES
from ..gateway.dialects import openai_error
from ..gateway.jupyter_road import Passage
from .base import LabHandler

MOST_IN_MEMORY = 2 * MAX_BODY_BYTES
"""Bytes of all bodies that are on their way at a time."""
KINDS = {400: InvalidRequest, 403: NotAllowed, 404: NotFound, 405: NotFound}


@web.stream_request_body
class OpenAIHandler(LabHandler):
    """GET, HEAD, POST and DELETE below openai/v1/: what the OpenAI door answers this person."""

    in_memory: ClassVar[int] = 0

    async def prepare(self) -> None:  # type: ignore[override]  # APIHandler takes nothing either
        """Keep no body of who may not call, and none that is too large."""
        self._body = bytearray()
        self._refusal: Exception | None = None
        self._passing: asyncio.Future[None] | None = None
        self._left = False
        # A picture's base64 does not shrink, and packing it would hold up the whole server.
        self._transforms = []
        try:
            await super().prepare()
            if self.current_user is None:
                raise web.HTTPError(403)
        except web.HTTPError as refusal:
            # Said once the body has gone by, unread: a connection that is closed in the middle of
            # it is all that many a sender would see.
            self._refusal = refusal
            return
        length = self.request.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) > MAX_BODY_BYTES:
            raise _too_large()

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, within bounds."""
        if self._refusal is not None:
            return
        if len(self._body) + len(chunk) > MAX_BODY_BYTES:
            self._refusal = _too_large()
        elif OpenAIHandler.in_memory + len(chunk) > MOST_IN_MEMORY:
            self._refusal = TooManyRequests("Too many pictures are on their way to this server.")
        else:
            self._body += chunk
            OpenAIHandler.in_memory += len(chunk)
            return
        self._let_go()

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Pass a reading call on."""
        await self._pass_on(path)

    @web.authenticated
    @authorized
    async def head(self, path: str) -> None:
        """Pass a reading call on, for its headers alone."""
        await self._pass_on(path)

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        """Pass a call on that makes something."""
        await self._pass_on(path)

    @web.authenticated
    @authorized
    async def delete(self, path: str) -> None:
        """Pass a call on that ends something."""
        await self._pass_on(path)

    async def _pass_on(self, path: str) -> None:
        if self._refusal is not None:
            raise self._refusal
        if self._left:
            return
        # A task of its own, so that a caller who leaves can end it.
        self._passing = asyncio.ensure_future(self._answered(path))
        try:
            await asyncio.wait({self._passing})
        finally:
            self._passing.cancel()
        if not self._passing.cancelled():
            self._passing.result()

    async def _answered(self, path: str) -> None:
        raw_path, mark, query = (self.request.uri or "").partition("?")
        passage = Passage(
            person=self.person,
            method=self.request.method or "GET",
            target=f"/v1/{raw_path.rpartition('/openai/v1/')[2]}{mark}{_without_token(query)}",
            headers=dict(self.request.headers.get_all()),
            body=bytes(self._body),
        )
        self._let_go()
        async with self.parts.openai.sent(passage) as answer:
            self.set_status(answer.status)
            for name, value in answer.headers.items():
                self.set_header(name, value)
            try:
                await self.flush()
                async for piece in answer.pieces:
                    self.write(piece)
                    await self.flush()
            except StreamClosedError:
                return
        self.finish(set_content_type=answer.headers.get("Content-Type", "application/json"))

    def on_connection_close(self) -> None:
        """End the call of a caller who has left, and with it its job."""
        super().on_connection_close()
        self._left = True
        self._let_go()
        if self._passing is not None:
            self._passing.cancel()

    def on_finish(self) -> None:
        """Forget the body."""
        self._let_go()
        super().on_finish()

    def _let_go(self) -> None:
        OpenAIHandler.in_memory -= len(self._body)
        self._body = bytearray()

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write every failure as the OpenAI API words it."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if not isinstance(error, GenAIError):
            error = _as_ours(status_code, self._reason)
        self.set_header("Content-Type", "application/json")
        self.set_header("x-should-retry", "false")
        self.finish(json.dumps(openai_error(error)))


def _too_large() -> RequestTooLarge:
    return RequestTooLarge(f"The request is larger than {MAX_BODY_BYTES // 2**20} MiB.")


def _as_ours(status: int, reason: str | None) -> GenAIError:
    kind = KINDS.get(status, GenAIError)
    return kind(reason or "The server failed.", "", code=f"http_{status}")


def _without_token(query: str) -> str:
    # Jupyter takes its own token from a query, too.
    return "&".join(part for part in query.split("&") if not part.startswith("token="))
