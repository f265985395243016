"""The door that makes pictures, for programs that wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..errors import GenerationError
from ..wire.images import ModelInfo
from .access import PATIENT, Access, Timeouts
from .deadline import Deadline
from .events import Event, Picture
from .failures import decoded, failure, unreachable
from .images import Asked, Call, call_for, read_answer, read_event, read_models
from .lean_httpx import httpx
from .patience import WAIT_SECONDS, Patience
from .sse import EventReader

if TYPE_CHECKING:
    from ..wire.jobs import JobView
    from ..wire.usage import UsageView

Hear = Callable[[Event], None]


class Door:
    """Ask the OpenAI door for pictures; a context manager that holds one connection.

    `wait` is how many seconds altogether a call is repeated while its service starts; 0 never
    repeats. Closing, or leaving a `stream` early, cancels what still runs, at the server too.
    """

    def __init__(
        self,
        access: Access,
        *,
        wait: float = WAIT_SECONDS,
        timeouts: Timeouts = PATIENT,
        pause: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._access = access
        self._wait = wait
        self._timeouts = timeouts
        self._pause = pause
        self._http = httpx.Client(**access.settings(timeouts), transport=transport)

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
        return read_models(self._get("/models"))

    def queue(self) -> list[JobView]:
        """Return this person's jobs that wait or are worked on, each with its place in line.

        Raises:
            GenAIError: whatever the door answered.
        """
        from .mine import read_queue

        return read_queue(self._get("/coursia/queue"))

    def cancel(self, job_id: str) -> list[JobView]:
        """End a job of one's own, as `queue` names it; return the jobs that are left.

        Raises:
            GenAIError: whatever the door answered; NotFound when it is over.
        """
        from .mine import read_queue

        return read_queue(self._get(f"/coursia/queue/{quote(job_id, safe='')}", "DELETE"))

    def usage(self) -> UsageView:
        """Return what this person has had made lately.

        Raises:
            GenAIError: whatever the door answered.
        """
        from .mine import read_usage

        return read_usage(self._get("/coursia/usage"))

    def generate(self, asked: Asked, *, on_event: Hear | None = None) -> list[Picture]:
        """Return the pictures; the same call changes pictures when given an `EditRequest`.

        `on_event` hears what a `stream` would yield, as it comes; when it raises, the job is
        cancelled.

        Raises:
            GenAIError: whatever the door answered, or what kept it from answering.
        """
        pictures = []
        events = self._events(asked, live=on_event is not None)
        try:
            for event in events:
                if on_event is not None:
                    on_event(event)
                if isinstance(event, Picture):
                    pictures.append(event)
        finally:
            events.close()
        return pictures

    def stream(self, asked: Asked) -> Generator[Event, None, None]:
        """Yield places in line, steps and previews as they come, and each picture when finished.

        Closing the generator cancels the job.

        Raises:
            GenAIError: whatever the door answered, or what kept it from answering.
        """
        return self._events(asked, live=True)

    def _get(self, path: str, method: str = "GET") -> Any:
        with self._reached(Deadline(None)):
            response = self._http.request(method, path)
            if not response.is_success:
                raise failure(response, self._access).error
            return decoded(response)

    def _events(self, asked: Asked, *, live: bool) -> Generator[Event, None, None]:
        call = call_for(asked, live=live)
        patience, deadline = Patience(self._wait), Deadline(self._timeouts.whole)
        while True:
            with self._reached(deadline), self._sent(call, deadline) as response:
                if response.is_success:
                    yield from self._finished(response, deadline)
                    return
                response.read()
                waiting = patience.after(failure(response, self._access))
            yield waiting
            seconds, left = waiting.seconds or 0.0, deadline.left
            self._pause(seconds if left is None else min(seconds, left))
            deadline.check()

    @contextmanager
    def _sent(self, call: Call, deadline: Deadline) -> Iterator[httpx.Response]:
        timeout = self._timeouts.within(deadline.left)
        with self._http.stream("POST", call.path, timeout=timeout, **call.body) as response:
            yield response

    def _finished(self, response: httpx.Response, deadline: Deadline) -> Iterator[Event]:
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            response.read()
            yield from read_answer(decoded(response))
            return
        reader, pictures = EventReader(), 0
        for line in response.iter_lines():
            deadline.check()
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
    def _reached(self, deadline: Deadline) -> Iterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            if deadline.blames(error):
                raise deadline.passed() from None
            raise unreachable(error, self._access) from None
