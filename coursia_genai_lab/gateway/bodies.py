"""Request bodies: read with a limit on their size and on their slowness."""

from __future__ import annotations

import asyncio

from aiohttp import hdrs, web

from ..errors import InvalidRequest, RequestTooLarge
from .body_room import keep

SILENCE_SECONDS = 60.0
"""How long a caller may stop in the middle of a body."""
GRACE_SECONDS = 60.0
SLOWEST = 16 * 2**10
"""Bytes a second that a body must come with, after the grace; a phone's line brings more."""
SMALL_BYTES = 64 * 2**10
"""Bodies up to here go in one piece, which saves a write."""


async def read_body(
    request: web.BaseRequest,
    limit: int,
    *,
    silence_seconds: float = SILENCE_SECONDS,
    grace_seconds: float = GRACE_SECONDS,
) -> bytes:
    """Return a whole request body of at most `limit` bytes.

    Raises:
        RequestTooLarge: there is more.
        InvalidRequest: it is compressed, nothing came for `silence_seconds`, or it comes slower
            than 16 KiB/s after `grace_seconds`.
        TooManyRequests: its person, or all together, keep too much in memory already.
    """
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise InvalidRequest("Compressed request bodies are not taken.", code="bad_encoding")
    announced = request.content_length
    if announced is not None and announced > limit:
        raise _too_large(limit)
    _invite(request)
    kept: list[bytes] = []
    size = 0
    with _Pace(request, silence_seconds, grace_seconds) as pace:
        while piece := await pace.next():
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            keep(len(piece))
            kept.append(piece)
    return b"".join(kept)


class _Pace:
    """Give a body piece by piece, and give it up when it does not get on.

    Only the time in which we wait for the caller counts: a slow service is not its fault.
    """

    def __init__(self, request: web.BaseRequest, silence: float, grace: float) -> None:
        self._content = request.content
        self._silence, self._grace = silence, grace
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._since: float | None = None
        self._waited = 0.0
        self._size = 0

    def __enter__(self) -> _Pace:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def next(self) -> bytes:
        """Return the next piece, b"" at the end."""
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_later(min(self._silence, self._grace), self._look)
        try:
            piece = await self._content.readany()
        except asyncio.TimeoutError:
            raise InvalidRequest(
                "The body of the request stopped in the middle, or came too slowly.",
                "Send it again.",
                code="body_cut_short",
            ) from None
        now = self._loop.time()
        self._waited, self._since = self._waited + now - self._since, None
        self._size += len(piece)
        return piece

    def _look(self) -> None:
        now = self._loop.time()
        this = 0.0 if self._since is None else now - self._since
        silence = self._silence - this
        slowness = self._grace + self._size / SLOWEST - self._waited - this
        left = min(silence, slowness)
        if self._since is not None and left <= 0:
            # Ends the wait without a task or a cancellation, which could be lost.
            self._content.set_exception(asyncio.TimeoutError())
            return
        self._timer = self._loop.call_later(max(left, 0.05), self._look)


def _invite(request: web.BaseRequest) -> None:
    """Tell a caller that waits for it (curl with a large body) to send on."""
    if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _too_large(limit: int) -> RequestTooLarge:
    return RequestTooLarge(f"The request is larger than {limit / 2**20:g} MiB.")
