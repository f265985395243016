"""The road from the OpenAI door to an engine: one order, its lease, its answer."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import ClientSession, web

from ..engines import Engine, engine_of, kind_of
from ..engines.orders import Event, Picture
from ..errors import GenAIError, GenerationError, ServiceError
from ..lab.endpoint import Endpoint
from .answers import begin
from .dialects import openai_error
from .headers import GUARDS, credential
from .needs import LabView
from .openai_models import Choice
from .openai_order import Wish
from .openai_telling import Telling, as_event
from .tokens import Grant

log = logging.getLogger(__name__)

QUIET_SECONDS = 15.0
"""After so long a silence a stream says that it still waits: boxes on the way cut idle ones."""
END_SECONDS = 20.0
"""How long the end of a job that nobody waits for is waited for; it goes on after that."""


class EngineRoad:
    """Make pictures with whatever engine answers for a model."""

    def __init__(self, lab: LabView, session: ClientSession) -> None:
        self._lab = lab
        self._session = session
        self._engines: dict[str, tuple[Endpoint, Engine]] = {}

    def refuse_impossible(self, service: str, wish: Wish) -> None:
        """Raise what `Engine.check` raises: before anything is started for it."""
        kind = kind_of(self._lab.catalog[service].dialect)
        if kind is not None:
            kind.check(wish.order)

    async def make(
        self,
        request: web.BaseRequest,
        grant: Grant,
        choice: Choice,
        endpoint: Endpoint,
        wish: Wish,
        prefix: str,
    ) -> web.StreamResponse:
        """Answer with the pictures, in one piece or as a stream; a caller that leaves cancels.

        Raises:
            GenAIError: as the engine says, as long as nothing has been sent.
        """
        extra: dict[str, Any] = {"demo": False, "service": choice.service}
        if choice.warning:
            extra["warning"] = choice.warning
        work = _Work(self._engine(endpoint), wish, Telling(wish, prefix, extra))
        lease = self._lab.leases.take(
            "job",
            (endpoint.backend,),
            label=grant.path or choice.model,
            person=grant.person,
            remedies=(work.cancel,),
        )
        try:
            work.begin(lambda: self._lab.leases.progress(lease.id))
            if wish.stream:
                return await _streamed(request, work)
            return await _whole(work)
        finally:
            await work.end()
            self._lab.leases.drop(lease.id)
            self._lab.touch(endpoint.backend)

    def _engine(self, endpoint: Endpoint) -> Engine:
        known = self._engines.get(endpoint.backend)
        if known is not None and known[0] == endpoint:
            return known[1]
        made = engine_of(endpoint.dialect, endpoint.url, credential(endpoint), self._session)
        if made is None:
            raise ServiceError("No engine speaks this dialect.", code="engine_not_available")
        self._engines[endpoint.backend] = endpoint, made
        return made


class _Work:
    """One order under way: what the engine tells is kept until somebody has taken it."""

    def __init__(self, engine: Engine, wish: Wish, telling: Telling) -> None:
        self.telling = telling
        self._engine = engine
        self._wish = wish
        self._heard: asyncio.Queue[Event | None] = asyncio.Queue()
        self._task: asyncio.Task[list[Picture]] | None = None

    def begin(self, progressed: Any) -> None:
        """Start; `progressed` is called at every sign of life."""

        def report(event: Event) -> None:
            progressed()
            if self.telling.wanted(event) and self._wish.stream:
                self._heard.put_nowait(event)

        self._task = asyncio.create_task(
            self._engine.generate(self._wish.order, report), name="genai-openai-job"
        )
        self._task.add_done_callback(lambda _: self._heard.put_nowait(None))

    async def next(self) -> Event | None:
        """Return the next event; None once there is none any more."""
        return await self._heard.get()

    async def pictures(self) -> list[Picture]:
        """Return the pictures once they are done; raises what went wrong."""
        assert self._task is not None
        await asyncio.wait([self._task])
        if self._task.cancelled():
            # Nobody but the Lab cancels it while somebody waits for it.
            raise GenerationError(
                "The job showed no progress and was ended.",
                "Look at the log of its service; restart it when it hangs.",
                code="no_progress",
            )
        return self._task.result()

    async def cancel(self) -> None:
        """End the job in the engine."""
        if self._task is not None:
            self._task.cancel()

    async def end(self) -> None:
        """Leave nothing running."""
        if self._task is None:
            return
        if not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=END_SECONDS)
        if self._task.done() and not self._task.cancelled():
            # Whoever wanted to know has looked by now, or has gone.
            self._task.exception()


async def _whole(work: _Work) -> web.Response:
    pictures = await work.pictures()
    body = await work.telling.answer(pictures)
    data = await asyncio.to_thread(lambda: json.dumps(body).encode())
    return web.Response(body=data, headers={**GUARDS, "Content-Type": "application/json"})


async def _streamed(request: web.BaseRequest, work: _Work) -> web.StreamResponse:
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


async def _tell(stream: _Stream, work: _Work) -> None:
    while True:
        try:
            event = await asyncio.wait_for(work.next(), QUIET_SECONDS)
        except asyncio.TimeoutError:
            await stream.write(b": waiting\n\n")
            continue
        if event is None:
            break
        await stream.write(as_event(*await work.telling.words(event)))
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
        await self.write(as_event("error", {"type": "error", **openai_error(error)}))
        await self.end()

    async def end(self) -> None:
        if self.response is not None:
            await self.response.write_eof()
