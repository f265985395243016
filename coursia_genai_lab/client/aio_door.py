"""The door that makes pictures, for programs with an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..errors import GenerationError
from ..wire.images import ModelInfo
from .access import PATIENT, Access, Timeouts
from .deadline import Deadline
from .door import Hear
from .events import Event, Picture
from .failures import decoded, failure, unreachable
from .images import Asked, Call, call_for, read_answer, read_event, read_models
from .lean_httpx import httpx
from .patience import WAIT_SECONDS, Patience
from .sse import EventReader

if TYPE_CHECKING:
    from ..wire.jobs import JobView
    from ..wire.usage import UsageView


class AsyncDoor:
    """As `Door`; cancelling the task that waits, or closing a `stream`, cancels the job."""

    def __init__(
        self,
        access: Access,
        *,
        wait: float = WAIT_SECONDS,
        timeouts: Timeouts = PATIENT,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._access = access
        self._wait = wait
        self._timeouts = timeouts
        self._pause = pause
        self._http = httpx.AsyncClient(**access.settings(timeouts), transport=transport)

    async def __aenter__(self) -> AsyncDoor:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncDoor({self._access.url!r})"

    async def close(self) -> None:
        """Hang up; a second call changes nothing."""
        await self._http.aclose()

    async def models(self) -> list[ModelInfo]:
        """As `Door.models`."""
        return read_models(await self._get("/models"))

    async def queue(self) -> list[JobView]:
        """As `Door.queue`."""
        from .mine import read_queue

        return read_queue(await self._get("/coursia/queue"))

    async def cancel(self, job_id: str) -> list[JobView]:
        """As `Door.cancel`."""
        from .mine import read_queue

        return read_queue(await self._get(f"/coursia/queue/{quote(job_id, safe='')}", "DELETE"))

    async def usage(self) -> UsageView:
        """As `Door.usage`."""
        from .mine import read_usage

        return read_usage(await self._get("/coursia/usage"))

    async def generate(self, asked: Asked, *, on_event: Hear | None = None) -> list[Picture]:
        """As `Door.generate`."""
        pictures = []
        async with aclosing(self._events(asked, live=on_event is not None)) as events:
            async for event in events:
                if on_event is not None:
                    on_event(event)
                if isinstance(event, Picture):
                    pictures.append(event)
        return pictures

    def stream(self, asked: Asked) -> AsyncGenerator[Event, None]:
        """As `Door.stream`; use it in `contextlib.aclosing`, so that leaving early cancels."""
        return self._events(asked, live=True)

    async def _get(self, path: str, method: str = "GET") -> Any:
        try:
            response = await self._http.request(method, path)
        except httpx.HTTPError as error:
            raise unreachable(error, self._access) from None
        if not response.is_success:
            raise failure(response, self._access).error
        return decoded(response)

    async def _events(self, asked: Asked, *, live: bool) -> AsyncGenerator[Event, None]:
        call = call_for(asked, live=live)
        patience, deadline = Patience(self._wait), Deadline(self._timeouts.whole)
        while True:
            try:
                async with self._sent(call, deadline) as response:
                    if response.is_success:
                        async with aclosing(self._finished(response, deadline)) as events:
                            async for event in events:
                                yield event
                        return
                    await deadline.within(response.aread())
                    waiting = patience.after(failure(response, self._access))
            except httpx.HTTPError as error:
                if deadline.blames(error):
                    raise deadline.passed() from None
                raise unreachable(error, self._access) from None
            yield waiting
            seconds, left = waiting.seconds or 0.0, deadline.left
            await self._pause(seconds if left is None else min(seconds, left))
            deadline.check()

    @asynccontextmanager
    async def _sent(self, call: Call, deadline: Deadline) -> AsyncIterator[httpx.Response]:
        timeout = self._timeouts.within(deadline.left)
        request = self._http.build_request("POST", call.path, timeout=timeout, **call.body)
        response = await deadline.within(self._http.send(request, stream=True))
        try:
            yield response
        finally:
            await response.aclose()

    async def _finished(
        self, response: httpx.Response, deadline: Deadline
    ) -> AsyncGenerator[Event, None]:
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            await deadline.within(response.aread())
            for picture in read_answer(decoded(response)):
                yield picture
            return
        reader, pictures = EventReader(), 0
        lines = response.aiter_lines()
        while (line := await deadline.within(_next(lines))) is not None:
            data = reader.feed(line)
            event = read_event(data, self._access) if data is not None else None
            if event is not None:
                pictures += isinstance(event, Picture)
                yield event
            if reader.ended:
                break
        if not pictures:
            raise GenerationError("The stream ended before the picture was finished.")


async def _next(lines: AsyncIterator[str]) -> str | None:
    return await anext(lines, None)
