"""Pass one HTTP request to a service and its answer back, byte for byte, as they come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    hdrs,
    web,
)
from yarl import URL

from ..errors import GenerationError, InvalidRequest, RequestTooLarge, ServiceDied
from ..lab.endpoint import Endpoint
from .admission import MAX_BODY_BYTES
from .answers import begin
from .headers import request_headers, response_headers

log = logging.getLogger(__name__)

SILENCE_SECONDS = 600.0
"""How long a service may say nothing to a call that is no job."""
CONNECT_SECONDS = 5.0
BODY_SILENCE_SECONDS = 60.0
"""How long a caller may stop in the middle of a body that is kept in memory."""
IDLE_CONNECTION_SECONDS = 2.0
"""Below uvicorn's 5 s, so that a kept connection is not reused at the moment it is closed."""
SMALL_BYTES = 64 * 2**10
"""Bodies up to here go in one piece, which saves a write; larger ones stream."""


def open_session() -> ClientSession:
    """Return the one client of all doors: kept connections, no cookies, no proxies."""
    return ClientSession(
        connector=TCPConnector(
            limit=0, keepalive_timeout=IDLE_CONNECTION_SECONDS, force_close=False
        ),
        cookie_jar=DummyCookieJar(),
        timeout=ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS),
        auto_decompress=False,
        trust_env=False,
        read_bufsize=2**18,
        skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
    )


@dataclass(frozen=True)
class Hooks:
    """What a door may see or change of an answer, without slowing it down."""

    seen: Callable[[int, bytes], None] | None = None
    """Called with status and body of a small whole answer."""
    splice: Callable[[ClientResponse], Splice | None] | None = None
    """Returns how to change the body, or None to leave it."""


@dataclass(frozen=True)
class Splice:
    """A change of a body on its way."""

    feed: Callable[[bytes], bytes]
    grows_by: int | None
    """Bytes added in all, where the length stays known."""


NO_HOOKS = Hooks()


def sent_length(request: web.BaseRequest) -> int | None:
    """Return the announced length of a request body; None when it comes in chunks.

    Raises:
        RequestTooLarge: it is above the limit.
        InvalidRequest: it is compressed, so that its true size is unknown.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise InvalidRequest("Compressed request bodies are not taken.", code="bad_encoding")
    length = request.content_length
    if length is not None and length > MAX_BODY_BYTES:
        raise _too_large()
    if length is None and not request.body_exists:
        return 0
    return length


async def read_body(
    request: web.BaseRequest, limit: int, *, silence_seconds: float = BODY_SILENCE_SECONDS
) -> bytes:
    """Return a whole request body of at most `limit` bytes.

    Raises:
        RequestTooLarge: there is more.
        InvalidRequest: nothing came for `silence_seconds`.
    """
    await invite_body(request)
    parts: list[bytes] = []
    size = 0
    while chunk := await _next_piece(request, silence_seconds):
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        parts.append(chunk)
    return b"".join(parts)


async def _next_piece(request: web.BaseRequest, silence_seconds: float) -> bytes:
    try:
        return await asyncio.wait_for(request.content.readany(), silence_seconds)
    except asyncio.TimeoutError:
        raise InvalidRequest(
            "The body of the request stopped in the middle.",
            "Send it again.",
            code="body_cut_short",
        ) from None


async def invite_body(request: web.BaseRequest) -> None:
    """Tell a caller that waits for it (curl with a large body) to send on."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


class Proxy:
    """Forward requests with one shared session."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session

    async def forward(
        self,
        request: web.BaseRequest,
        endpoint: Endpoint,
        target: str,
        *,
        body: bytes | None = None,
        content_type: str | None = None,
        hooks: Hooks = NO_HOOKS,
        silence_seconds: float | None = SILENCE_SECONDS,
    ) -> web.StreamResponse:
        """Send the request to `endpoint` and stream its answer to the caller.

        `body` replaces the caller's. The service may keep silent for `silence_seconds`, None for
        ever: a job that hangs is ended by the Lab. A caller that goes away cancels the call.

        Raises:
            ServiceDied: nothing answers at the address.
            GenerationError: the service broke off, redirected, or refused our credential.
            RequestTooLarge: the caller sent more than the limit.
        """
        headers = request_headers(request.headers.items(), endpoint)
        if content_type is not None:
            headers[hdrs.CONTENT_TYPE] = content_type
        meter = _Meter(request)
        length = len(body) if body is not None else sent_length(request)
        data: bytes | AsyncIterator[bytes] | None = body
        if body is None and length is not None and 0 < length <= SMALL_BYTES:
            data = await read_body(request, SMALL_BYTES)
        elif length is None or length > SMALL_BYTES:
            if body is None:
                await invite_body(request)
            data = meter.chunks() if body is None else _pieces(body)
            if length is not None:
                headers[hdrs.CONTENT_LENGTH] = str(length)
        try:
            upstream = await self._session.request(
                request.method,
                URL(endpoint.url + target, encoded=True),
                headers=headers,
                data=data,
                allow_redirects=False,
                timeout=ClientTimeout(
                    total=None, sock_connect=CONNECT_SECONDS, sock_read=silence_seconds
                ),
            )
        except ClientConnectorError as error:
            raise ServiceDied("The service does not answer any more.") from error
        except (ClientError, asyncio.TimeoutError, RequestTooLarge) as error:
            if meter.too_large:
                raise _too_large() from error
            raise GenerationError(
                "The service broke off without an answer.",
                "Look at its log; then send the request again.",
                code="service_broke_off",
            ) from error
        try:
            return await _answer(request, upstream, hooks)
        finally:
            # Returns a finished connection to the pool; closes one that the caller abandoned.
            upstream.release() if upstream.content.at_eof() else upstream.close()


async def _answer(
    request: web.BaseRequest, upstream: ClientResponse, hooks: Hooks
) -> web.StreamResponse:
    status = upstream.status
    if 300 <= status < 400 and status != 304:
        raise GenerationError(
            "The service sent the call elsewhere, and doors follow nobody.",
            "Correct the address of the service in its service file.",
            code="redirect_refused",
        )
    if status == 401:
        raise GenerationError(
            "The service does not accept the Lab's credential.",
            "Restart the service, so that it gets a new one.",
            code="credential_refused",
        )
    headers = response_headers(upstream.headers.items())
    splice = hooks.splice(upstream) if hooks.splice is not None else None
    length = upstream.content_length
    if request.method == "HEAD" or status in (204, 304):
        bare = web.StreamResponse(status=status, headers=headers)
        if request.method == "HEAD" and length is not None:
            bare.content_length = length
        await bare.prepare(request)
        await bare.write_eof()
        return bare
    if length is not None and length <= SMALL_BYTES and splice is None:
        try:
            body = await upstream.read()
        except ClientPayloadError as error:
            raise GenerationError("The service broke off in its answer.") from error
        if hooks.seen is not None:
            hooks.seen(status, body)
        return web.Response(status=status, headers=headers, body=body)
    return await _stream(
        request, upstream, web.StreamResponse(status=status, headers=headers), splice
    )


async def _stream(
    request: web.BaseRequest,
    upstream: ClientResponse,
    response: web.StreamResponse,
    splice: Splice | None,
) -> web.StreamResponse:
    length = upstream.content_length
    if length is not None and (splice is None or splice.grows_by is not None):
        response.content_length = length + (splice.grows_by or 0 if splice is not None else 0)
    await begin(response, request)
    try:
        async for chunk in upstream.content.iter_any():
            piece = chunk if splice is None else splice.feed(chunk)
            if piece:  # An empty piece would end a chunked answer.
                await response.write(piece)
        await response.write_eof()
    except (ClientError, asyncio.TimeoutError):
        # The status line is out, so only a connection cut short can tell the caller.
        log.warning("gateway: %s broke off in its answer", upstream.host)
        if request.transport is not None:
            request.transport.abort()
    return response


class _Meter:
    """Count a request body on its way and stop it at the limit."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self.too_large = False

    async def chunks(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._request.content.iter_any():
            size += len(chunk)
            if size > MAX_BODY_BYTES:
                self.too_large = True
                raise _too_large()
            yield chunk


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), SMALL_BYTES):
        yield body[start : start + SMALL_BYTES]


def _too_large(limit: int = MAX_BODY_BYTES) -> RequestTooLarge:
    return RequestTooLarge(f"The request is larger than {limit / 2**20:g} MiB.")
