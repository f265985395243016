"""One service: its wish, its state, and the task that brings the one to the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError, ServiceDied, ServiceError, ServiceNotReady, StartTimedOut
from ..runtimes.base import Instance, Progress, Runtime, StartOrder
from ..wire.services import Problem, ServiceState

log = logging.getLogger(__name__)

BRIEF_FAILURE_SECONDS = 10.0
"""A service that failed less than this ago is not started again by a mere request."""
LAST_LINES = 200
"""What is kept of the output of a service that died, whose files are then removed."""


@dataclass(frozen=True)
class Means:
    """What a service needs of its Lab to come up; asked for anew at each start."""

    runtime: Runtime
    order: StartOrder


class _CannotRunHere(Exception):
    """Nothing was started, for the reason within."""

    def __init__(self, reason: ServiceError) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Service:
    """Drive one service towards the last wish; starting is single-flight.

    `means` picks the runtime and makes the order, or raises the reason why nothing can run it.
    `answers` returns when the instance serves. `changed` is called after every change.
    """

    def __init__(
        self,
        spec: ServiceSpec,
        *,
        means: Callable[[ServiceSpec], Awaitable[Means]],
        answers: Callable[[ServiceSpec, Instance], Awaitable[None]],
        changed: Callable[[Service], None],
    ) -> None:
        self.spec = spec
        self.state: ServiceState = "stopped"
        self.wanted = False
        self.phase: str | None = None
        self.percent: float | None = None
        self.problem: Problem | None = None
        self.failure: GenAIError | None = None
        self.instance: Instance | None = None
        self.runtime: Runtime | None = None
        self.started_by: str | None = None
        self.since = time.time()
        self.start_seconds: float | None = None
        self.last_lines: list[str] = []
        """The end of the output of the last instance that ended by itself."""
        self._start_began = 0.0
        self._means = means
        self._answers = answers
        self._changed = changed
        self._again = False
        self._wish_changed = asyncio.Event()
        self._driver: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def seconds_in_start(self) -> float:
        """Seconds since the present start began."""
        return time.monotonic() - self._start_began

    @property
    def failed_just_now(self) -> bool:
        """Whether the last start failed so recently that asking again would be a storm."""
        return self.state == "failed" and time.time() - self.since < BRIEF_FAILURE_SECONDS

    def wish(self, wanted: bool, *, by: str = "") -> None:
        """Want it to run, or not; the last wish wins."""
        self._again = False
        if wanted and not self.wanted:
            self.started_by = by
        if wanted and self.state in ("failed", "unavailable"):
            self.failure = self.problem = None
        self._set_wish(wanted)

    def wish_again(self, *, by: str) -> None:
        """Want it stopped and then started anew."""
        self.started_by = by
        self._set_wish(False)
        self._again = True

    def adopt(self, instance: Instance, runtime: Runtime) -> None:
        """Take over what an earlier Lab had started."""
        self.instance, self.runtime, self.wanted = instance, runtime, True
        self.started_by = "an earlier Lab"
        self._watcher = asyncio.create_task(self._watch(instance, runtime))
        self._become("ready")

    def mark_unavailable(self, problem: Problem | None) -> None:
        """Show whether it could start here, while nobody wants it to."""
        if self.wanted or self.instance is not None or self._busy:
            return
        if problem is not None and problem != self.problem:
            self.problem = problem
            self._become("unavailable")
        elif problem is None and self.state == "unavailable":
            self.problem = None
            self._become("stopped")

    async def close(self, *, grace_seconds: float) -> None:
        """Stop it and end every task, within about `grace_seconds`."""
        self._again = False
        self._set_wish(False, grace_seconds=grace_seconds)
        if self._driver is not None:
            done, pending = await asyncio.wait([self._driver], timeout=grace_seconds + 2)
            for task in pending:
                task.cancel()
            await asyncio.gather(*done, *pending, return_exceptions=True)
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)

    @property
    def _busy(self) -> bool:
        return self._driver is not None and not self._driver.done()

    def _set_wish(self, wanted: bool, *, grace_seconds: float | None = None) -> None:
        self._grace = self.spec.stop_grace_seconds if grace_seconds is None else grace_seconds
        self.wanted = wanted
        self._wish_changed.set()
        if not self._busy and wanted != (self.instance is not None):
            self._driver = asyncio.create_task(self._drive(), name=f"genai-{self.spec.name}")

    async def _drive(self) -> None:
        try:
            while self.wanted != (self.instance is not None):
                self._wish_changed.clear()
                if self.wanted:
                    await self._bring_up()
                else:
                    await self._bring_down()
                if self._again and self.instance is None:
                    self._again, self.wanted = False, True
        except Exception as error:
            log.exception("%s: the start or stop broke", self.spec.name)
            # An instance that is kept would pass for one that runs, and no start would begin.
            self.instance = self.runtime = None
            self._fail(ServiceError(f"{self.spec.title} broke: {type(error).__name__}."))

    async def _bring_up(self) -> None:
        self._start_began = time.monotonic()
        self.problem = self.failure = None
        self.last_lines = []
        self._become("starting", "getting ready")
        start = asyncio.create_task(self._start(), name=f"genai-start-{self.spec.name}")
        wish = asyncio.create_task(self._wish_changed.wait())
        try:
            while not start.done():
                await asyncio.wait([start, wish], return_when=asyncio.FIRST_COMPLETED)
                if wish.done() and not self.wanted and not start.done():
                    start.cancel()
                    await asyncio.wait([start])
                elif wish.done():
                    self._wish_changed.clear()
                    wish = asyncio.create_task(self._wish_changed.wait())
        finally:
            for task in (start, wish):
                task.cancel()
            await asyncio.gather(start, wish, return_exceptions=True)
        if start.cancelled():
            self._become("stopped")
        elif isinstance(error := start.exception(), _CannotRunHere):
            self._fail(error.reason, "unavailable")
        elif isinstance(error, GenAIError):
            self._fail(error)
        elif error is not None:
            raise error

    async def _start(self) -> None:
        try:
            means = await self._means(self.spec)
        except ServiceError as error:
            raise _CannotRunHere(error) from error
        instance = await means.runtime.start(means.order, self._report)
        try:
            await self._until_it_answers(means.runtime, instance)
        except BaseException:
            # Also on cancellation: what was started must not outlive the wish for it.
            await asyncio.shield(means.runtime.stop(instance, self._grace))
            raise
        self.instance, self.runtime = instance, means.runtime
        self.start_seconds = self.seconds_in_start
        self._watcher = asyncio.create_task(self._watch(instance, means.runtime))
        self._become("ready")
        log.info("%s: ready after %.1f s", self.spec.name, self.start_seconds)

    async def _until_it_answers(self, runtime: Runtime, instance: Instance) -> None:
        self._report(Progress("waiting for its first answer"))
        answer = asyncio.ensure_future(self._answers(self.spec, instance))
        end = asyncio.ensure_future(runtime.wait(instance))
        try:
            await asyncio.wait(
                [answer, end],
                timeout=self.spec.start_timeout_seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if answer.done():
                await answer
            elif end.done():
                exit_ = await end
                raise ServiceDied(
                    f"{self.spec.title} ended while it was starting: {exit_.reason}."
                    + await self._last_words(runtime, instance)
                )
            else:
                raise StartTimedOut(
                    f"{self.spec.title} did not answer within "
                    f"{self.spec.start_timeout_seconds:.0f} s."
                    + await self._last_words(runtime, instance)
                )
        finally:
            for task in (answer, end):
                task.cancel()
            await asyncio.gather(answer, end, return_exceptions=True)

    async def _bring_down(self) -> None:
        instance, runtime = self.instance, self.runtime
        if instance is None or runtime is None:
            return
        self._become("stopping", "stopping")
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        try:
            await runtime.stop(instance, self._grace)
        except GenAIError as error:
            self.instance = self.runtime = None
            self._fail(error)
            return
        self.instance = self.runtime = None
        self._become("stopped")
        log.info("%s: stopped", self.spec.name)

    async def _watch(self, instance: Instance, runtime: Runtime) -> None:
        exit_ = await runtime.wait(instance)
        words = await self._last_words(runtime, instance)
        with contextlib.suppress(GenAIError, OSError):
            await runtime.stop(instance, 0)
        self.instance = self.runtime = None
        self._fail(ServiceDied(f"{self.spec.title} ended by itself: {exit_.reason}.{words}"))

    async def _last_words(self, runtime: Runtime, instance: Instance) -> str:
        try:
            lines = self.last_lines = await runtime.logs(instance, LAST_LINES)
        except (GenAIError, OSError):
            # A disk that fails must not hide the end that is to be told.
            return ""
        last = lines[-1].strip()[:200] if lines else ""
        return f" Its last line: {last}" if last else ""

    def _report(self, progress: Progress) -> None:
        self.percent = progress.percent
        self._become(progress.state, progress.phase, keep_percent=True)

    def _fail(self, error: GenAIError, state: ServiceState = "failed") -> None:
        self.wanted, self._again = False, False
        self.failure = error
        self.problem = Problem(**error.to_dict())
        self._become(state)
        log.warning("%s: %s", self.spec.name, error.message)

    def _become(
        self, state: ServiceState, phase: str | None = None, *, keep_percent: bool = False
    ) -> None:
        if state != self.state:
            self.since = time.time()
        self.state, self.phase = state, phase
        if not keep_percent:
            self.percent = None
        self._changed(self)


def not_ready(service: Service, seconds_left: float | None) -> ServiceNotReady:
    """Return what a caller hears whose patience ended before the service was ready."""
    phase = f": {service.phase}" if service.phase else ""
    about = f" About {seconds_left:.0f} s are left." if seconds_left else ""
    error = ServiceNotReady(f"{service.spec.title} is {service.state}{phase}.{about}")
    error.retry_after = max(1.0, min(seconds_left or 5.0, 60.0))
    return error
