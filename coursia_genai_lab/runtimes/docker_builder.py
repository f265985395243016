"""Build images on the local Docker engine, off the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable
from typing import TypeVar

from .base import Progress, Report
from .building import Builder, BuildOrder, Log
from .docker_build import LONGEST_SECONDS, QUIET_SECONDS, DockerBuild
from .docker_build_problems import build_stalled
from .docker_disk import RESERVE_BYTES
from .docker_engine import DockerEngine

T = TypeVar("T")
_UNDO_SECONDS = 15.0


class DockerBuilder(Builder):
    """Build one image at a call; several calls go side by side.

    Args:
        host: address of the engine; None means DOCKER_HOST, then the usual sockets.
        pull: whether a missing base image is fetched.
        reserve_bytes: what a build leaves free on the engine's disk.
        quiet_seconds: silence of the engine after which a build has failed.
        longest_seconds: how long a build may take in all.
        sweep_after_seconds: age at which what a killed build left is removed by the next.
    """

    def __init__(
        self,
        *,
        host: str | None = None,
        pull: bool = True,
        reserve_bytes: int = RESERVE_BYTES,
        quiet_seconds: float = QUIET_SECONDS,
        longest_seconds: float = LONGEST_SECONDS,
        sweep_after_seconds: float = 60.0,
    ) -> None:
        self._engine = DockerEngine(host)
        self._longest_seconds = longest_seconds
        self._held: set[asyncio.Future[str]] = set()
        self._make = functools.partial(
            DockerBuild,
            reserve_bytes=reserve_bytes,
            quiet_seconds=quiet_seconds,
            sweep_after_seconds=sweep_after_seconds,
            may_fetch=pull,
        )

    async def build(self, order: BuildOrder, report: Report, log: Log) -> None:
        """Return once the image bears its name.

        Raises:
            ServiceError, ConfigurationError: why there is none, with the remedy.
        """
        loop = asyncio.get_running_loop()

        def report_in_loop(progress: Progress) -> None:
            _tell(loop, report, progress)

        def log_in_loop(line: str) -> None:
            _tell(loop, log, line)

        build = self._make(order, report_in_loop, log_in_loop)
        work = asyncio.ensure_future(self._engine.call(build.run, pull=True))
        self._held.add(work)
        work.add_done_callback(self._over)
        try:
            # Not `wait_for`, which would cancel what has still to clear up.
            done, _ = await asyncio.wait([work], timeout=self._longest_seconds)
            if not done:
                raise build_stalled(order.spec, self._longest_seconds)
            work.result()
        finally:
            if not work.done():
                build.abandon()
                await asyncio.wait([work], timeout=_UNDO_SECONDS)

    async def close(self) -> None:
        """Wait a little for what is being cleared up, then let go."""
        if self._held:
            await asyncio.wait(self._held, timeout=_UNDO_SECONDS)
        self._engine.close()

    def _over(self, work: asyncio.Future[str]) -> None:
        self._held.discard(work)
        if not work.cancelled():
            work.exception()  # seen, also by nobody


def _tell(loop: asyncio.AbstractEventLoop, hear: Callable[[T], None], what: T) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended before the thread
        loop.call_soon_threadsafe(hear, what)
