"""Answers that the gateway itself gives: JSON, guarded, in the door's dialect."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from ..errors import GenAIError, ServiceNotReady, TooManyRequests
from .headers import GUARDS

log = logging.getLogger(__name__)

ErrorBody = Callable[[GenAIError], dict[str, Any]]
LAST_WORDS_SECONDS = 0.5
UNREAD_SECONDS = 120.0
"""How long nothing of an answer may be taken: a viewer that a person has put aside, for a while."""


def json_answer(
    body: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return `body` as JSON with the guards of every answer."""
    try:
        data = json.dumps(body, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        # An engine may tell of half a character, which is told as it came: escaped.
        data = json.dumps(body).encode("ascii")
    return web.Response(
        body=data,
        status=status,
        headers={**GUARDS, "Content-Type": "application/json", **(headers or {})},
    )


def refusal(error: GenAIError, shape: ErrorBody) -> web.Response:
    """Return an error in the shape of a dialect.

    Clients of the OpenAI SDK try again on 429 and 5xx unless told otherwise; only what is still
    starting is worth that.
    """
    starting = isinstance(error, ServiceNotReady) and error.error_code == ServiceNotReady.code
    headers = {"x-should-retry": "true" if starting else "false"}
    if (isinstance(error, ServiceNotReady) and starting) or isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    answer = json_answer(shape(error), status=error.status, headers=headers)
    if error.status in (401, 403):
        # Whoever was not let in keeps no connection open.
        answer.force_close()
    return answer


def _key() -> Any:
    # Newer aiohttp warns of texts as keys, older has no other ones.
    made = getattr(web, "RequestKey", None)
    return "coursia_genai_lab.begun" if made is None else made("begun", web.StreamResponse)


_BEGUN = _key()


async def begin(
    response: web.StreamResponse,
    request: web.BaseRequest,
    *,
    unread_seconds: float = UNREAD_SECONDS,
) -> None:
    """Send the head of an answer, and remember that it is out.

    A caller that then takes nothing of it for `unread_seconds` to twice as long is cut off.
    """
    request[_BEGUN] = response
    await response.prepare(request)
    _Unread(response, request, unread_seconds)


class _Unread:
    """Cut an answer off that waits to be read, so that its call ends and its service is free."""

    def __init__(
        self, response: web.StreamResponse, request: web.BaseRequest, seconds: float
    ) -> None:
        self._response, self._request, self._seconds = response, request, seconds
        self._taken = -1
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(seconds, self._look)
        task = asyncio.current_task()
        if task is not None:
            task.add_done_callback(lambda _: self._timer.cancel())

    def _look(self) -> None:
        transport = self._request.transport
        if transport is None:
            return
        waiting = transport.get_write_buffer_size()
        taken = self._response.body_length - waiting
        if waiting and taken == self._taken:
            log.info("gateway: a caller that reads nothing of its answer was cut off")
            transport.abort()
            return
        self._taken = taken
        self._timer = self._loop.call_later(self._seconds, self._look)


async def fail(
    request: web.BaseRequest, error: GenAIError, shape: ErrorBody, *, event: bool = False
) -> web.StreamResponse:
    """Return an error as an answer; where one has begun already, end that so that it is seen.

    With `event` a stream of events ends with an event of the error; every other answer is cut, for
    only a connection that breaks off tells a caller that something is missing.
    """
    response = request.get(_BEGUN)
    if not isinstance(response, web.StreamResponse):
        return refusal(error, shape)
    if event and response.content_type == "text/event-stream":
        data = json.dumps({"type": "error", **shape(error)})
        last = asyncio.ensure_future(_write_last(response, f"event: error\ndata: {data}\n\n"))
        try:
            # A caller that reads nothing must not keep its call alive by that.
            await asyncio.wait([last], timeout=LAST_WORDS_SECONDS)
            if last.done():
                return response
        finally:
            last.cancel()
    if request.transport is not None:
        request.transport.abort()
    return response


async def _write_last(response: web.StreamResponse, text: str) -> None:
    try:
        await response.write(text.encode())
        await response.write_eof()
    except (ConnectionError, RuntimeError) as error:
        log.debug("gateway: a stream could not be told its end: %r", error)
