"""How a call of the OpenAI door is answered: in one piece, or as a stream of events."""

from __future__ import annotations

import logging

from aiohttp import web

from ..errors import GenAIError
from .answers import begin
from .dialects import openai_error
from .headers import GUARDS
from .openai_telling import as_event
from .openai_work import Work

log = logging.getLogger(__name__)

QUIET_SECONDS = 15.0
"""After so long a silence a stream says that it still waits: boxes on the way cut idle ones."""


async def whole(work: Work) -> web.Response:
    """Return all pictures as one JSON object.

    Raises:
        GenAIError: as `Work.pictures`.
    """
    body = await work.telling.answer(await work.paid_for())
    return web.Response(body=body, headers={**GUARDS, "Content-Type": "application/json"})


async def streamed(request: web.BaseRequest, work: Work) -> web.StreamResponse:
    """Send each event as it comes; a failure is an event, too, once something is out.

    Raises:
        GenAIError: as `Work.pictures`, as long as nothing has been sent.
    """
    stream = _Stream(request)
    try:
        await _tell(stream, work)
    except ConnectionResetError:
        log.debug("gateway: a caller left its stream")
    except GenAIError as error:
        if stream.response is None:
            # Nothing is out yet, so the status can still say it.
            raise
        await stream.fail(error)
    # The boundary of a stream: a defect must be told in it, too.
    except Exception:
        if stream.response is None:
            raise
        log.exception("gateway: an engine's adapter failed")
        await stream.fail(GenAIError("The gateway failed."))
    if stream.response is None:
        raise GenAIError("The engine told nothing.")
    return stream.response


async def _tell(stream: _Stream, work: Work) -> None:
    while True:
        heard = await work.next(QUIET_SECONDS)
        if heard is None:
            break
        for event in heard:
            await stream.write(as_event(*await work.telling.words(event)))
        if not heard:
            await stream.write(b": waiting\n\n")
    await work.pictures()
    await stream.end()


class _Stream:
    """Server-sent events; the answer begins with the first of them."""

    def __init__(self, request: web.BaseRequest) -> None:
        self.response: web.StreamResponse | None = None
        self._request = request

    async def write(self, data: bytes) -> None:
        if self.response is None:
            headers = {**GUARDS, "Content-Type": "text/event-stream; charset=utf-8"}
            self.response = web.StreamResponse(headers=headers)
            await begin(self.response, self._request)
        await self.response.write(data)

    async def fail(self, error: GenAIError) -> None:
        try:
            await self.write(as_event("error", {"type": "error", **openai_error(error)}))
            await self.end()
        except ConnectionResetError:
            log.debug("gateway: a caller left its stream")

    async def end(self) -> None:
        if self.response is not None:
            await self.response.write_eof()
