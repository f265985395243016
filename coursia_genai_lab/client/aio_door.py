"""The door that makes pictures, for programs with an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from types import TracebackType

import httpx

from ..errors import GenerationError
from ..wire.images import ModelInfo
from .access import Access
from .events import Event, Picture
from .failures import decoded, failure, unreachable
from .images import Asked, call_for, read_answer, read_event, read_models
from .patience import WAIT_SECONDS, Patience
from .sse import EventReader


class AsyncDoor:
    """As `Door`; cancelling the task that waits, or closing a `stream`, cancels the job."""

    def __init__(
        self,
        access: Access,
        *,
        wait: float = WAIT_SECONDS,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._access = access
        self._wait = wait
        self._pause = pause
        self._http = httpx.AsyncClient(**access.settings(), transport=transport)

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
        try:
            response = await self._http.get("/models")
        except httpx.HTTPError as error:
            raise unreachable(error, self._access) from None
        if not response.is_success:
            raise failure(response, self._access).error
        return read_models(decoded(response))

    async def generate(self, asked: Asked) -> list[Picture]:
        """As `Door.generate`."""
        async with aclosing(self._events(asked, live=False)) as events:
            return [event async for event in events if isinstance(event, Picture)]

    def stream(self, asked: Asked) -> AsyncGenerator[Event, None]:
        """As `Door.stream`; use it in `contextlib.aclosing`, so that leaving early cancels."""
        return self._events(asked, live=True)

    async def _events(self, asked: Asked, *, live: bool) -> AsyncGenerator[Event, None]:
        call = call_for(asked, live=live)
        patience = Patience(self._wait)
        while True:
            try:
                async with self._http.stream("POST", call.path, **call.body) as response:
                    if response.is_success:
                        async with aclosing(self._finished(response)) as events:
                            async for event in events:
                                yield event
                        return
                    await response.aread()
                    waiting = patience.after(failure(response, self._access))
            except httpx.HTTPError as error:
                raise unreachable(error, self._access) from None
            yield waiting
            await self._pause(waiting.seconds)

    async def _finished(self, response: httpx.Response) -> AsyncGenerator[Event, None]:
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            await response.aread()
            for picture in read_answer(decoded(response)):
                yield picture
            return
        reader, pictures = EventReader(), 0
        async for line in response.aiter_lines():
            data = reader.feed(line)
            event = read_event(data, self._access) if data is not None else None
            if event is not None:
                pictures += isinstance(event, Picture)
                yield event
            if reader.ended:
                break
        if not pictures:
            raise GenerationError("The stream ended before the picture was finished.")
