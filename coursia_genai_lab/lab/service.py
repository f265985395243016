"""One service: its wish, its state, and the task that brings the one to the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Awaitable, Callable

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError, ImageMissing, ServiceDied, ServiceError, StartTimedOut
from ..runtimes.base import Instance, Progress, Runtime
from ..wire.problems import Problem
from ..wire.services import ServiceState
from . import last_words
from .call_off import call_off
from .means import AtOnce, Launcher, Means
from .standing import Standing
from .timeline_note import Record, forget

log = logging.getLogger(__name__)

BRIEF_FAILURE_SECONDS = 10.0
"""What failed less than this ago, or died twice within it, is not started by a mere request."""


class _CannotRunHere(Exception):
    """Nothing was started, for the reason within."""

    def __init__(self, reason: ServiceError) -> None:
        super().__init__(reason.message)
        self.reason = reason


class Service(Standing):
    """Drive one service towards the last wish; starting is single-flight.

    `means` picks the runtime and makes the order, or raises the reason why nothing can run it.
    `answers` returns when the instance serves, and raises StartTimedOut after the spec's
    `start_timeout_seconds`; `warm_up` when its model answers too. `launcher` lets it start once
    it may. `changed` is called after every change, `record` hears what was done.
    """

    def __init__(
        self,
        spec: ServiceSpec,
        *,
        means: Callable[[ServiceSpec], Awaitable[Means]],
        answers: Callable[[ServiceSpec, Instance], Awaitable[None]],
        warm_up: Callable[[ServiceSpec, Instance], Awaitable[None]] | None = None,
        changed: Callable[[Service], None],
        record: Record = forget,
        launcher: Launcher | None = None,
    ) -> None:
        super().__init__(spec, changed=lambda: changed(self), record=record)
        self._using: Runtime | None = None
        self.start_seconds: float | None = None
        self.resting = False
        """Whether it runs but gave its GPU memory away: it takes no work before it is roused."""
        self.working = False
        """Whether its image is being made."""
        self.work_problem: Problem | None = None
        """Why its image was not made the last time."""
        self._start_began = 0.0
        self._failed_at = self._died_at = -math.inf
        self._means = means
        self._answers, self._warm_up = answers, warm_up
        self._launcher = launcher or AtOnce()
        self._again = self._rousing = False
        self._by = self._why = ""
        self._verdict: GenAIError | None = None
        self._wish_changed = asyncio.Event()
        self._driver: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None

    @property
    def seconds_in_start(self) -> float:
        """Seconds since the present start began."""
        return time.monotonic() - self._start_began

    @property
    def meant_to_run(self) -> bool:
        """Whether it will run once all wishes are fulfilled; a restart's stop is no end."""
        return self.wanted or self._again

    @property
    def failed_just_now(self) -> bool:
        """Whether it failed so recently that asking again would be a storm."""
        recently = time.monotonic() - self._failed_at < BRIEF_FAILURE_SECONDS
        return self.state == "failed" and recently

    def wish(self, wanted: bool, *, by: str = "", reason: str = "") -> None:
        """Want it to run, or not; the last wish wins."""
        self._again, self._verdict = False, None
        if wanted and not self.wanted:
            self.started_by = by
        if wanted and self.state in ("failed", "unavailable"):
            self.failure = self.problem = None
        self._by, self._why = by, reason
        self._set_wish(wanted)

    def wish_again(self, *, by: str, reason: str = "") -> None:
        """Want it stopped and then started anew."""
        self.started_by, self._verdict = by, None
        self._by, self._why, self._again = by, reason, True
        self._set_wish(False)

    def condemn(self, verdict: GenAIError, *, by: str) -> None:
        """Stop it and leave it failed for this reason, unless somebody wants it again."""
        self.wish(False, by=by, reason=verdict.message)
        self._verdict = verdict

    def rest(self) -> None:
        """Let it take no more work until it is roused: its GPU memory is given to another."""
        self.resting = True
        self._changed()

    def rouse(self) -> None:
        """Want it to work again, if it rests."""
        if self.resting and self.wanted and self.state == "ready":
            self._rousing, self._start_began = True, time.monotonic()
            self._become("starting", "waiting for GPU memory")
            self._set_wish(True)

    def discount(self, seconds: float) -> None:
        """Leave a wait for others out of what its present start takes."""
        self._start_began += seconds

    def blame(self, error: GenAIError) -> None:
        """Tell a better reason for a failure that was told already."""
        if self.state == "failed" and not self.wanted:
            self._fail(error)

    def adopt(self, instance: Instance, runtime: Runtime) -> None:
        """Take over what an earlier Lab had started."""
        self.instance, self.runtime, self.wanted = instance, runtime, True
        self.started_by = "an earlier Lab"
        self._watcher = asyncio.create_task(self._watch(instance, runtime))
        self._note("adopted", by="an earlier Lab")
        self._become("ready")

    def mark_unavailable(self, problem: Problem | None) -> None:
        """Show whether it could start here, while nobody wants it to."""
        if self.wanted or self.instance is not None or self._busy or self.working:
            return
        if problem is not None and problem.code == ImageMissing.code:
            problem = self.work_problem or problem
        if problem is not None and problem != self.problem:
            self.problem = problem
            self._become("unavailable")
        elif problem is None and self.state == "unavailable":
            self.problem = None
            self._become("stopped")

    def show_work(self, progress: Progress) -> None:
        """Show how the making of its image goes, unless it runs or starts meanwhile."""
        self.working, self.work_problem = True, None
        if self.instance is None and not self._busy:
            self.problem = None
            self._report(progress)

    def end_work(self, problem: Problem | None) -> None:
        """Show that the making of its image has ended, and why it failed if it did."""
        self.working, self.work_problem = False, problem
        if self.state == "building":
            self.problem = problem
            self._become("stopped" if problem is None else "unavailable")

    async def close(self, *, grace_seconds: float, keep_until: float | None = None) -> None:
        """Stop it and end every task, within about `grace_seconds`.

        With `keep_until`, Unix time, what runs is left to the next Lab where its runtime can end
        it by then.
        """
        if keep_until is not None and await self._leave(keep_until):
            return
        self._again = False
        self._set_wish(False, grace_seconds=grace_seconds)
        if self._driver is not None:
            done, pending = await asyncio.wait([self._driver], timeout=grace_seconds + 2)
            for task in pending:
                task.cancel()
            await asyncio.gather(*done, *pending, return_exceptions=True)
        if self._watcher is not None:
            await call_off(self._watcher)

    async def _leave(self, until: float) -> bool:
        instance, runtime = self.instance, self.runtime
        if instance is None or runtime is None or self.state != "ready" or not self._fulfilled:
            return False
        try:
            if not await runtime.leave(instance, until):
                return False
        except (GenAIError, OSError) as error:
            log.warning("%s cannot be kept and is stopped: %s", self.spec.name, error)
            return False
        if self._watcher is not None:
            await call_off(self._watcher)
        log.info("%s: goes on until its pin ends", self.spec.name)
        return True

    def engine_left(self, runtime: Runtime) -> None:
        """Say what a start or a stop waits for, while its engine gives no answer."""
        if self._busy and runtime in (self._using, self.runtime):
            self._become(self.state, "waiting for the engine", keep_percent=True)

    @property
    def _busy(self) -> bool:
        return self._driver is not None and not self._driver.done()

    @property
    def _fulfilled(self) -> bool:
        pending = self._again or self._rousing
        return not pending and self.wanted == (self.instance is not None)

    def _set_wish(self, wanted: bool, *, grace_seconds: float | None = None) -> None:
        self._grace = self.spec.stop_grace_seconds if grace_seconds is None else grace_seconds
        self.wanted = wanted
        self._wish_changed.set()
        if not self._busy and not self._fulfilled:
            self._driver = asyncio.create_task(self._drive(), name=f"genai-{self.spec.name}")

    async def _drive(self) -> None:
        try:
            while not self._fulfilled:
                self._wish_changed.clear()
                if self._again and self.instance is None:
                    self._again, self.wanted = False, True
                if self._rousing:
                    await self._wake_up()
                elif self.wanted:
                    await self._bring_up()
                else:
                    await self._bring_down()
        except Exception as error:
            log.exception("%s: the start or stop broke", self.spec.name)
            # An instance that is kept would pass for one that runs, and no start would begin.
            self._lose()
            self._fail(ServiceError(f"{self.spec.title} broke: {type(error).__name__}."))

    async def _bring_up(self) -> None:
        self._start_began = time.monotonic()
        self.problem = self.failure = None
        self.last_lines = []
        self._note("started", by=self.started_by or "", reason=self._why)
        self._become("starting", "getting ready")
        start = asyncio.create_task(self._start(), name=f"genai-start-{self.spec.name}")
        await self._while_wanted(start)
        if start.cancelled():
            self._note("stopped", by=self._by, reason="The start was called off.")
            self._become("stopped")
        elif isinstance(error := start.exception(), _CannotRunHere):
            self._fail(error.reason, "unavailable")
        elif isinstance(error, GenAIError):
            self.last_lines = self.last_lines or last_words.lines_in(error)
            self._fail(error)
        elif error is not None:
            raise error

    async def _wake_up(self) -> None:
        work = self._launcher.reclaim(self, self._report)
        start = asyncio.create_task(work, name=f"genai-rouse-{self.spec.name}")
        await self._while_wanted(start)
        # Who is wanted again while the call-off is under way goes on waiting: nobody else would.
        self._rousing = start.cancelled() and self.wanted and self.instance is not None
        if start.cancelled() or self.instance is None:
            return
        if isinstance(error := start.exception(), GenAIError):
            self._by, self._why = "the Lab", error.message
            self.wanted, self._verdict = False, error
        elif error is not None:
            raise error
        elif self.wanted:
            self.resting = False
            self._become("ready")

    async def _while_wanted(self, start: asyncio.Task[None]) -> None:
        """Return when the start has ended, which is called off when nobody wants it any more."""
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

    async def _start(self) -> None:
        try:
            means = await self._means(self.spec)
        except ServiceError as error:
            raise _CannotRunHere(error) from error
        self._using = means.runtime
        instance = await self._launcher.launch(means.runtime, means.order, self._report)
        try:
            await self._until_it_answers(means.runtime, instance)
        except BaseException:
            # Also on cancellation: what was started must not outlive the wish for it.
            await asyncio.shield(means.runtime.stop(instance, self._grace))
            raise
        self.instance, self.runtime = instance, means.runtime
        self.start_seconds = self.seconds_in_start
        self._watcher = asyncio.create_task(self._watch(instance, means.runtime))
        self._note("ready", by=self.started_by or "", seconds=self.start_seconds)
        self._become("ready")
        log.info("%s: ready after %.1f s", self.spec.name, self.start_seconds)

    async def _until_it_answers(self, runtime: Runtime, instance: Instance) -> None:
        self._report(Progress("waiting for its first answer"))
        answer = asyncio.ensure_future(self._serves(instance))
        end = asyncio.ensure_future(runtime.wait(instance))
        try:
            await asyncio.wait([answer, end], return_when=asyncio.FIRST_COMPLETED)
            if answer.done():
                await answer
            else:
                exit_ = await end
                raise ServiceDied(
                    f"{self.spec.title} ended while it was starting: {exit_.reason}."
                    + await self._last_words(runtime, instance)
                )
        except StartTimedOut as error:
            words = await self._last_words(runtime, instance)
            raise StartTimedOut(error.message + words, error.remedy) from error
        finally:
            await call_off(answer, end)

    async def _serves(self, instance: Instance) -> None:
        await self._answers(self.spec, instance)
        # What ran before has been warm, and may work: a job more would wait in its queue.
        if self._warm_up is not None and self.spec.warm_up is not None and not instance.adopted:
            self._report(Progress("warming up the model"))
            await self._warm_up(self.spec, instance)

    async def _bring_down(self) -> None:
        instance, runtime = self.instance, self.runtime
        if instance is None or runtime is None:
            return
        began = time.monotonic()
        self._note("stopping", by=self._by, reason=self._why)
        self._become("stopping", "stopping")
        if self._watcher is not None:
            await call_off(self._watcher)
        try:
            await runtime.stop(instance, self._grace)
        except GenAIError as error:
            self._lose()
            self._fail(error)
            return
        self._lose()
        if (verdict := self._verdict) is not None and not self.wanted:
            self._fail(verdict)
            return
        self._note("stopped", by=self._by, seconds=time.monotonic() - began)
        self._become("stopped")
        log.info("%s: stopped", self.spec.name)

    async def _watch(self, instance: Instance, runtime: Runtime) -> None:
        exit_ = await runtime.wait(instance)
        words = await self._last_words(runtime, instance)
        with contextlib.suppress(GenAIError, OSError):
            await runtime.stop(instance, 0)
        self._lose()
        again = time.monotonic() - self._died_at < BRIEF_FAILURE_SECONDS
        self._fail(ServiceDied(f"{self.spec.title} ended by itself: {exit_.reason}.{words}"))
        self._died_at = self._failed_at
        if not again:
            # One death costs nobody else a job: whoever waits in line has it started anew.
            self._failed_at = -math.inf
        self._wish_changed.set()

    def _lose(self) -> None:
        self.instance = self.runtime = None
        self.resting = self._rousing = False

    async def _last_words(self, runtime: Runtime, instance: Instance) -> str:
        self.last_lines = await last_words.lines_of(runtime, instance)
        return last_words.sentence(self.last_lines)

    def _fail(self, error: GenAIError, state: ServiceState = "failed") -> None:
        self.wanted, self._again, self._verdict = False, False, None
        self.failure, self._failed_at = error, time.monotonic()
        self.problem = Problem(**error.to_dict())
        self._note("failed", reason=error.message, code=error.error_code)
        self._become(state)
        log.warning("%s: %s", self.spec.name, error.message)
