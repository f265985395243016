"""The output of a container, line by line while it is written."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Callable

from ..errors import RuntimeUnavailable
from .docker_engine import DockerEngine
from .docker_problems import AWAY
from .docker_streams import EngineStream, open_stream
from .docker_threads import DaemonThreads

_MOST_WAITING = 2000
"""Lines kept for a reader who is slow; the oldest go first."""
_LONGEST_LINE = 64 * 1024


class DockerLogs:
    """Follow outputs in threads of their own, at most `readers` at one time."""

    def __init__(self, engine: DockerEngine, *, readers: int = 4) -> None:
        self._engine = engine
        self._threads = DaemonThreads(readers, "genai-docker-logs")
        self._streams: set[tuple[EngineStream, threading.Event]] = set()
        self._lock = threading.Lock()

    async def follow(self, container: str, tail: int) -> AsyncGenerator[str, None]:
        """Give the last `tail` lines, then new ones; ends with the container or its engine."""
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[str | None] = asyncio.Queue()
        ended = threading.Event()

        def give(line: str | None) -> None:
            if lines.qsize() >= _MOST_WAITING:
                lines.get_nowait()
            lines.put_nowait(line)

        def tell(line: str | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended before us
                loop.call_soon_threadsafe(give, line)

        def read() -> None:
            try:
                self._read(container, tail, tell, ended)
            finally:
                tell(None)

        self._threads.submit(read)
        try:
            while (line := await lines.get()) is not None:
                yield line
        finally:
            ended.set()
            self._close_ended()

    def close(self) -> None:
        """End all that is followed."""
        with self._lock:
            streams = list(self._streams)
        for stream, ended in streams:
            ended.set()
            stream.close()
        self._threads.close()

    def _close_ended(self) -> None:
        with self._lock:
            over = [stream for stream, ended in self._streams if ended.is_set()]
        for stream in over:
            stream.close()

    def _read(
        self, container: str, tail: int, tell: Callable[[str | None], None], ended: threading.Event
    ) -> None:
        try:
            stream = self._open(container, tail)
        except (RuntimeUnavailable, *AWAY):
            return  # gone, with an engine that is gone, or with a log that nobody can read
        with self._lock:
            self._streams.add((stream, ended))
        if ended.is_set():
            stream.close()  # the reader went away before there was anything to close
        rest = b""
        try:
            for piece in stream.frames():
                *whole, rest = (rest + piece).split(b"\n")
                if len(rest) > _LONGEST_LINE:
                    whole, rest = [*whole, rest], b""
                for line in whole:
                    tell(line.decode("utf-8", "replace").rstrip("\r"))
                if ended.is_set():
                    return
            if rest:
                tell(rest.decode("utf-8", "replace"))
        except AWAY:
            return  # a look at the container tells what happened
        finally:
            with self._lock:
                self._streams.discard((stream, ended))
            stream.close()

    def _open(self, container: str, tail: int) -> EngineStream:
        return open_stream(
            self._engine.client(hurried=False),
            "GET",
            f"/containers/{container}/logs",
            params={"follow": "1", "stdout": "1", "stderr": "1", "tail": str(tail)},
            quiet_seconds=None,
        )
