"""Pass one HTTP request to a service, and its answer back, byte for byte, as it comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

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

from ..errors import GenerationError, ServiceDied
from ..lab.endpoint import Endpoint
from .answers import begin
from .bodies import SMALL_BYTES
from .headers import request_headers, response_headers

log = logging.getLogger(__name__)

SILENCE_SECONDS = 600.0
"""How long a service may say nothing to a call that is no job."""
CONNECT_SECONDS = 5.0
IDLE_CONNECTION_SECONDS = 2.0
"""Below uvicorn's 5 s, so that a kept connection is not reused at the moment it is closed."""


Seen = Callable[[bytes], None]


def _unseen(piece: bytes) -> None:
    pass


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
        silence_seconds: float | None = SILENCE_SECONDS,
        seen: Seen = _unseen,
    ) -> web.StreamResponse:
        """Send the request to `endpoint` and stream its answer to the caller.

        Of the caller's body nothing is sent, only `body`. The service may keep silent for
        `silence_seconds`, None for ever: a job that hangs is ended by the Lab. A caller that goes
        away cancels the call. `seen` is told every piece of an answer with status 200, before it
        goes on.

        Raises:
            ServiceDied: nothing answers at the address.
            GenerationError: the service broke off, redirected, or refused our credential.
        """
        headers = request_headers(request.headers.items(), endpoint)
        if content_type is not None:
            headers[hdrs.CONTENT_TYPE] = content_type
        data: bytes | AsyncIterator[bytes] | None = body
        if body is not None and len(body) > SMALL_BYTES:
            data = _pieces(body)
            headers[hdrs.CONTENT_LENGTH] = str(len(body))
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
        except (ClientError, asyncio.TimeoutError) as error:
            raise GenerationError(
                "The service broke off without an answer.",
                "Look at its log; then send the request again.",
                code="service_broke_off",
            ) from error
        try:
            return await _answer(request, upstream, seen if upstream.status == 200 else _unseen)
        finally:
            # Returns a finished connection to the pool; closes one that the caller abandoned.
            upstream.release() if upstream.content.at_eof() else upstream.close()


async def _answer(
    request: web.BaseRequest, upstream: ClientResponse, seen: Seen
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
    length = upstream.content_length
    if request.method == "HEAD" or status in (204, 304):
        bare = web.StreamResponse(status=status, headers=headers)
        if request.method == "HEAD" and length is not None:
            bare.content_length = length
        await bare.prepare(request)
        await bare.write_eof()
        return bare
    if length is not None and length <= SMALL_BYTES:
        try:
            body = await upstream.read()
        except ClientPayloadError as error:
            raise GenerationError("The service broke off in its answer.") from error
        seen(body)
        return web.Response(status=status, headers=headers, body=body)
    response = web.StreamResponse(status=status, headers=headers)
    return await _stream(request, upstream, response, seen)


async def _stream(
    request: web.BaseRequest,
    upstream: ClientResponse,
    response: web.StreamResponse,
    seen: Seen,
) -> web.StreamResponse:
    if upstream.content_length is not None:
        response.content_length = upstream.content_length
    await begin(response, request)
    try:
        async for chunk in upstream.content.iter_any():
            if chunk:  # An empty piece would end a chunked answer.
                seen(chunk)
                await response.write(chunk)
        await response.write_eof()
    except (ClientError, asyncio.TimeoutError):
        # The status line is out, so only a connection cut short can tell the caller.
        log.warning("gateway: %s broke off in its answer", upstream.host)
        if request.transport is not None:
            request.transport.abort()
    return response


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), SMALL_BYTES):
        yield body[start : start + SMALL_BYTES]
