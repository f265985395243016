"""The door that makes pictures, for programs that wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
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


class Door:
    """Ask the OpenAI door for pictures; a context manager that holds one connection.

    `wait` is how many seconds altogether a call is repeated while its service starts; 0 never
    repeats. Closing, or leaving a `stream` early, cancels what still runs.
    """

    def __init__(
        self,
        access: Access,
        *,
        wait: float = WAIT_SECONDS,
        pause: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._access = access
        self._wait = wait
        self._pause = pause
        self._http = httpx.Client(**access.settings(), transport=transport)

    def __enter__(self) -> Door:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Door({self._access.url!r})"

    def close(self) -> None:
        """Hang up; a second call changes nothing."""
        self._http.close()

    def models(self) -> list[ModelInfo]:
        """Return the models that the door knows, each with whether it is available, and why not.

        Raises:
            GenAIError: whatever the door answered.
        """
        with self._reached():
            response = self._http.get("/models")
            if not response.is_success:
                raise failure(response, self._access).error
            return read_models(decoded(response))

    def generate(self, asked: Asked) -> list[Picture]:
        """Return the pictures; the same call changes pictures when given an `EditRequest`.

        Raises:
            GenAIError: whatever the door answered, or what kept it from answering.
        """
        return [event for event in self._events(asked, live=False) if isinstance(event, Picture)]

    def stream(self, asked: Asked) -> Generator[Event, None, None]:
        """Yield steps and previews as they come, and each picture when it is finished.

        Raises:
            GenAIError: whatever the door answered, or what kept it from answering.
        """
        return self._events(asked, live=True)

    def _events(self, asked: Asked, *, live: bool) -> Generator[Event, None, None]:
        call = call_for(asked, live=live)
        patience = Patience(self._wait)
        while True:
            with (
                self._reached(),
                self._http.stream("POST", call.path, **call.body) as response,
            ):
                if response.is_success:
                    yield from self._finished(response)
                    return
                response.read()
                waiting = patience.after(failure(response, self._access))
            yield waiting
            self._pause(waiting.seconds)

    def _finished(self, response: httpx.Response) -> Iterator[Event]:
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            response.read()
            yield from read_answer(decoded(response))
            return
        reader, pictures = EventReader(), 0
        for line in response.iter_lines():
            data = reader.feed(line)
            event = read_event(data, self._access) if data is not None else None
            if event is not None:
                pictures += isinstance(event, Picture)
                yield event
            if reader.ended:
                break
        if not pictures:
            raise GenerationError("The stream ended before the picture was finished.")

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise unreachable(error, self._access) from None
