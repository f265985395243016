"""What happens to containers and to the engine itself, heard from one thread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import docker

from ..errors import RuntimeUnavailable
from .docker_engine import DockerEngine
from .docker_problems import AWAY, away
from .docker_streams import EngineStream, open_stream
from .docker_threads import DaemonThreads

log = logging.getLogger(__name__)

# The last two are Podman's.
_FILTERS = {"type": ["container"], "event": ["die", "oom", "destroy", "died", "remove"]}
_BETWEEN_STREAMS = 0.1
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 4.0


class DockerWatch:
    """Ring when a container may have ended; tell when the engine goes away and comes back.

    The engine tells events while somebody listens, and at most 256 old ones after that, so every
    time that the stream begins anew all running containers are listed. A stream that is silent
    for `quiet_seconds` begins anew, which shows an engine that hangs.
    """

    def __init__(self, engine: DockerEngine, *, quiet_seconds: float = 5.0) -> None:
        self._engine = engine
        self._quiet_seconds = quiet_seconds
        self._bells: dict[str, set[asyncio.Event]] = {}
        self._here: bool | None = None
        self._arrivals = 0
        self._changed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = DaemonThreads(1, "genai-docker-events")
        self._closed = threading.Event()
        self._stream: EngineStream | None = None
        self._lock = threading.Lock()

    @property
    def listening(self) -> bool:
        """Whether every end of a container is heard at this moment."""
        return bool(self._here)

    @contextlib.contextmanager
    def bell(self, container: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever it is time to look at the container."""
        self._begin()
        event = asyncio.Event()
        self._bells.setdefault(container, set()).add(event)
        try:
            yield event
        finally:
            self._bells[container].discard(event)
            if not self._bells[container]:
                del self._bells[container]

    def ring(self, container: str) -> None:
        """Let whoever waits for the container look at it."""
        for event in self._bells.get(container, ()):
            event.set()

    async def presence(self) -> AsyncIterator[bool]:
        """Tell whether the engine answers: now, after each change and each return."""
        self._begin()
        told: tuple[bool, int] | None = None
        while not self._closed.is_set():
            changed, now = self._changed, (bool(self._here), self._arrivals)
            if self._here is not None and now != told:
                told = now
                yield now[0]
            else:
                await changed.wait()

    def close(self) -> None:
        """Listen no more; whoever waits for `presence` is let go."""
        with self._lock:
            self._closed.set()
            stream = self._stream
        if stream is not None:
            stream.close()
        self._thread.close()
        self._changed.set()

    def _begin(self) -> None:
        if self._loop is None and not self._closed.is_set():
            self._loop = asyncio.get_running_loop()
            self._thread.submit(self._listen)

    # -- in the thread -------------------------------------------------------------------------

    def _listen(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            try:
                self._hear()
                pause = _FIRST_PAUSE
                self._closed.wait(_BETWEEN_STREAMS)
            except RuntimeUnavailable as error:
                log.debug("no events of the engine: %s", error.message)
                self._in_loop(partial(self._tell, False, frozenset()))
                self._closed.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _hear(self) -> None:
        """Listen until the stream ends, or is silent for so long that a look is due.

        Raises:
            RuntimeUnavailable: the engine does not answer.
        """
        client = self._engine.client(hurried=True)
        try:
            stream = self._open(client, "/events", {"filters": json.dumps(_FILTERS)})
        except AWAY as error:
            raise away(error) from error
        with contextlib.closing(stream):
            with self._lock:
                self._stream = stream
                if self._closed.is_set():
                    return
            try:
                running = self._running(client)
            except AWAY as error:
                raise away(error) from error
            self._engine.answered()
            self._in_loop(partial(self._tell, True, running))
            try:
                for event in stream:
                    if identifier := event.get("id") or event.get("Actor", {}).get("ID"):
                        self._in_loop(partial(self.ring, str(identifier)))
            except AWAY as error:
                log.debug("the stream of events ended: %s", error)

    def _open(self, client: docker.DockerClient, path: str, params: dict[str, str]) -> EngineStream:
        return open_stream(client, "GET", path, params=params, quiet_seconds=self._quiet_seconds)

    def _running(self, client: docker.DockerClient) -> frozenset[str]:
        with contextlib.closing(self._open(client, "/containers/json", {})) as answer:
            rows = json.loads(b"".join(answer.lines()))
        return frozenset(str(row["Id"]) for row in rows)

    def _in_loop(self, function: Callable[[], None]) -> None:
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):  # the loop has ended before us
            self._loop.call_soon_threadsafe(function)

    # -- on the loop ---------------------------------------------------------------------------

    def _tell(self, here: bool, running: frozenset[str]) -> None:
        if here != self._here:
            self._arrivals += here
            self._here = here
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()
            for container in list(self._bells):
                self.ring(container)  # the way of waiting has changed
        for container in list(self._bells):
            if here and container not in running:
                self.ring(container)
