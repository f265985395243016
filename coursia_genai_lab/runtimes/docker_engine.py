"""The connection to the Docker engine: own threads, bounded calls, a breaker."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import docker
import docker.errors

from ..errors import RuntimeUnavailable
from .docker_address import docker_hangs, engine_address, usual_sockets
from .docker_problems import AWAY, away
from .docker_threads import DaemonThreads

log = logging.getLogger(__name__)

T = TypeVar("T")
Call = Callable[[docker.DockerClient], T]

_THREADS = 4  # more only wait for each other (measured)
_PULL_THREADS = 2  # the engine fetches several layers of each at once
_QUICK_SECONDS = 2
_SLOW_SECONDS = 60


@dataclass(frozen=True)
class _Clients:
    """Two views of one engine: the SDK knows one patience a client."""

    quick: docker.DockerClient
    slow: docker.DockerClient

    @classmethod
    def of(cls, address: str) -> _Clients:
        quick = docker.DockerClient(base_url=address, timeout=_QUICK_SECONDS)
        version = quick.api.api_version
        slow = docker.DockerClient(base_url=address, timeout=_SLOW_SECONDS, version=version)
        return cls(quick, slow)

    def close(self) -> None:
        self.quick.close()
        self.slow.close()


class DockerEngine:
    """Run calls of the SDK off the event loop; a silent engine costs little and only once.

    `host` None means DOCKER_HOST, then the usual sockets. After a call that got no answer in
    time, further calls fail at once for `rest_seconds`.
    """

    def __init__(
        self,
        host: str | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        sockets: Sequence[Path] | None = None,
        rest_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._environ = environ
        self._sockets = sockets
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._threads = DaemonThreads(_THREADS, "genai-docker")
        self._pulls = DaemonThreads(_PULL_THREADS, "genai-docker-pull")
        self._clients: dict[str, _Clients] = {}
        self._resting_until = float("-inf")

    async def call(
        self,
        function: Call[T],
        *,
        seconds: float | None = None,
        pull: bool = False,
        insist: bool = False,
    ) -> T:
        """Call `function(client)` in a thread.

        `seconds` bounds the wait for it; None leaves it to the client's 60 s for each request.
        What may take an hour is a `pull`: it has threads of its own and keeps nobody waiting.
        Who has only this one chance may `insist`, also soon after a silence.

        Raises:
            RuntimeUnavailable: the engine is absent, closed, away or silent.
            docker.errors.APIError: the engine answered with a refusal.
        """
        if self._clock() < self._resting_until and not insist:
            raise docker_hangs()
        hurried = seconds is not None and seconds < 2 * _QUICK_SECONDS
        threads = self._pulls if pull else self._threads
        future = threads.submit(lambda: self._in_thread(function, hurried))
        answer = asyncio.wrap_future(future)
        try:
            # Not `wait_for`, which before Python 3.12 loses a cancellation at this moment.
            await asyncio.wait([answer], timeout=seconds)
            if not answer.done():
                raise docker_hangs()
            result = answer.result()
        except RuntimeUnavailable as error:
            if error.error_code == "docker_hangs":
                self._rest()
            raise
        finally:
            if not answer.cancel() and not answer.cancelled():
                answer.exception()  # seen, also by nobody
        self.answered()
        return result

    def answered(self) -> None:
        """Note that the engine answers, so that it is asked again at once."""
        self._resting_until = float("-inf")

    def client(self, *, hurried: bool) -> docker.DockerClient:
        """Return the client for a thread of one's own; `hurried` waits two seconds at most.

        Blocks. It is shared and closed by `close`.

        Raises:
            RuntimeUnavailable: there is no engine to speak to.
        """
        return self._in_thread(lambda client: client, hurried)

    def close(self) -> None:
        """Let go of threads and connections; a call that hangs ends by itself."""
        self._threads.close()
        self._pulls.close()
        for pair in self._clients.values():
            pair.close()
        self._clients.clear()

    def _rest(self) -> None:
        log.warning("the Docker engine does not answer; not asking it for a while")
        self._resting_until = self._clock() + self._rest_seconds

    def _in_thread(self, function: Call[T], hurried: bool) -> T:
        try:
            return function(self._client(hurried))
        except docker.errors.APIError as error:
            if error.status_code == 403:  # a proxy before the socket says no
                raise away(error) from error
            raise
        except AWAY as error:
            raise away(error) from error

    def _client(self, hurried: bool) -> docker.DockerClient:
        environ = os.environ if self._environ is None else self._environ
        sockets = usual_sockets(environ) if self._sockets is None else self._sockets
        address = engine_address(self._host, environ, sockets)
        pair = self._clients.get(address)
        if pair is None:
            # Asks the engine for its version: here, in a thread, and under no lock.
            built = _Clients.of(address)
            pair = self._clients.setdefault(address, built)
            if pair is not built:
                built.close()  # another thread was quicker
        return pair.quick if hurried else pair.slow
