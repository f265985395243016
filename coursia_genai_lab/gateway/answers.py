"""Answers that the gateway itself gives: JSON, guarded, in the door's dialect."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from ..errors import GenAIError, ServiceNotReady
from .headers import GUARDS

log = logging.getLogger(__name__)

ErrorBody = Callable[[GenAIError], dict[str, Any]]
LAST_WORDS_SECONDS = 0.5


def json_answer(
    body: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return `body` as JSON with the guards of every answer."""
    return web.Response(
        body=json.dumps(body, ensure_ascii=False).encode("utf-8"),
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
    if isinstance(error, ServiceNotReady) and starting:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    elif error.status == 429:
        headers["Retry-After"] = "1"
    return json_answer(shape(error), status=error.status, headers=headers)


def _key() -> Any:
    # Newer aiohttp warns of texts as keys, older has no other ones.
    made = getattr(web, "RequestKey", None)
    return "coursia_genai_lab.begun" if made is None else made("begun", web.StreamResponse)


_BEGUN = _key()


async def begin(response: web.StreamResponse, request: web.BaseRequest) -> None:
    """Send the head of an answer, and remember that it is out."""
    request[_BEGUN] = response
    await response.prepare(request)


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
