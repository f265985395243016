"""One reading of the GPUs for everybody: taken once a second while somebody looks, else never."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ..wire.gpu import GPUPoint
from ..wire.problems import Problem
from .history import History
from .lost import gpus_of, with_lost
from .problems import problem_of
from .reader import COMMAND, Kill, Reader, ReaderEnded, ReaderHangs
from .reading import NOTHING_YET, Device, Fault, Reading

CLOSE_SECONDS = 1.0
_STOPPING = Reading(fault=Fault("driver_failed", "this server is stopping"))


@dataclass(frozen=True)
class Pace:
    """How often and how long, in seconds."""

    interval: float = 1.0
    idle: float = 30.0
    """Nobody looked for so long: the child ends, and nothing is read."""
    answer: float = 5.0
    """A reading that takes longer hangs: it takes milliseconds, a second under load."""
    first_answer: float = 20.0
    """The first one of a child: eight GPUs without persistence mode wake one after the other."""
    look: float = 3.0
    """The longest that `latest` waits."""
    without_gpu: float = 15.0
    """Between two looks where there is no driver or no GPU; no child lives meanwhile."""
    lost: float = 10.0
    """How long a child lives while a GPU is lost."""
    history: float = 300.0
    history_step: float = 2.0
    """Between two points of the history: a curve of some hundred pixels needs no more."""
    pauses: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
    """After so many hangs or crashes in a row; the last one for all that follow."""


class Sampler:
    """Read the GPUs through a child process; nothing starts before somebody looks.

    `command` is the child's command line. Everything is called on one event loop. No method
    raises for what the driver does.
    """

    def __init__(
        self,
        command: Sequence[str] = COMMAND,
        *,
        pace: Pace | None = None,
        kill: Kill | None = None,
    ) -> None:
        self._reader = Reader(command, kill=kill)
        self._pace = pace or Pace()
        self._history = History(self._pace.history, self._pace.history_step)
        self._shown = NOTHING_YET
        self._known: dict[str, Device] = {}
        self._trouble: Fault | None = None
        self._silent_since: float | None = None
        self._failures = 0
        self._not_before = self._due = self._looked = self._taken = self._woke = float("-inf")
        self._watch: asyncio.Task[None] | None = None
        self._running: asyncio.Task[Reading] | None = None
        self._queued: asyncio.Task[Reading] | None = None
        self._asked = False
        self._closed = False

    # -- looking --------------------------------------------------------------------------------

    async def latest(self) -> Reading:
        """Return the reading that all viewers share, about a second old at most.

        Waits, at most `Pace.look` seconds, when nobody has looked for a while; `at` is None while
        there is none yet. When the driver hangs it is the last one before: see `stale_since`.
        """
        self._look()
        if self._taken < self._woke and time.monotonic() >= self._due and not self._closed:
            await asyncio.wait([self._any()], timeout=self._pace.look)
        return self._shown

    async def fresh(self) -> Reading:
        """Return a reading that was begun after this call; several callers share one.

        Milliseconds as a rule; at most two readings of a new child, 40 s. Where there is no
        telling, `readable` is False and `fault` says why: nothing of an older reading is shown.
        """
        if self._closed:
            return _STOPPING
        self._look()
        return await asyncio.shield(self._after_now())

    @property
    def stale_since(self) -> float | None:
        """Unix time since which the driver owes an answer; None: the reading is as it should be.

        A question is overdue after `Pace.look` seconds.
        """
        since = self._silent_since
        if since is None or (self._trouble is None and time.time() - since < self._pace.look):
            return None
        return since

    @property
    def problem(self) -> Problem | None:
        """What is wrong now, with its remedy."""
        fault = self._trouble or self._shown.fault
        return None if fault is None else problem_of(fault)

    @property
    def reader_pid(self) -> int | None:
        """The pid of the child that asks the driver; None while nobody looks."""
        return self._reader.pid

    def history(self, uuid: str) -> list[GPUPoint]:
        """Return past readings of a device, oldest first, of the last `Pace.history` seconds."""
        return self._history.points(uuid)

    async def close(self) -> None:
        """End the child and every wait, within seconds. Idempotent."""
        self._closed = True
        await self._reader.close(CLOSE_SECONDS)
        if self._watch is not None:
            self._watch.cancel()
        tasks = {task for task in (self._watch, self._running, self._queued) if task is not None}
        if tasks:
            # Who waits for a reading is answered: nobody else's task is cancelled by this.
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)

    # -- sampling -------------------------------------------------------------------------------

    def _look(self) -> None:
        self._looked = time.monotonic()
        if not self._closed and (self._watch is None or self._watch.done()):
            self._woke = self._looked
            self._watch = asyncio.create_task(self._keep_watching())

    async def _keep_watching(self) -> None:
        try:
            while (now := time.monotonic()) - self._looked < self._pace.idle:
                if now < self._due:
                    await asyncio.sleep(self._due - now)
                else:
                    await asyncio.wait([self._any()])
        finally:
            self._reader.end()

    def _any(self) -> asyncio.Task[Reading]:
        """Return the sample that runs, else a new one."""
        running = self._running
        return running if running is not None and not running.done() else self._after_now()

    def _after_now(self) -> asyncio.Task[Reading]:
        """Return the one sample that has asked nobody yet."""
        running, queued = self._running, self._queued
        # First the queued one, which follows at the next turn of the loop: a second one beside it
        # would ask the same child at the same time.
        if queued is not None and not queued.done():
            return queued
        if running is None or running.done():
            self._asked = False
            self._running = asyncio.create_task(self._sample())
            return self._running
        if not self._asked:
            return running
        self._queued = asyncio.create_task(self._sample_after(running))
        return self._queued

    async def _sample_after(self, former: asyncio.Task[Reading]) -> Reading:
        await asyncio.wait([former])
        self._running, self._queued = asyncio.current_task(), None
        return await self._sample()

    async def _sample(self) -> Reading:
        begun = time.monotonic()
        if self._closed:
            return _STOPPING
        if begun < self._not_before:
            self._taken = begun
            return Reading(fault=self._trouble)
        self._asked = True
        self._silent_since = self._silent_since or time.time()
        try:
            found = await self._reader.ask(self._pace.answer, self._pace.first_answer)
        except ReaderHangs:
            return self._no_answer(Fault("driver_hangs"))
        except ReaderEnded as error:
            return self._no_answer(Fault("driver_failed", str(error)))
        finally:
            self._taken = time.monotonic()
            self._due = max(self._not_before, begun + self._pace.interval)
        return self._answered(found)

    def _answered(self, found: Reading) -> Reading:
        self._failures, self._trouble, self._silent_since = 0, None, None
        found = with_lost(found, self._known)
        self._known.update(gpus_of(found))
        self._shown = found
        self._history.add(found)
        if not found.readable:
            self._due = self._taken + self._pace.without_gpu
            self._reader.end()
        elif found.fault is not None and self._reader.age > self._pace.lost:
            # A GPU that was reset is found by those who open the driver anew.
            self._reader.end()
        return found

    def _no_answer(self, fault: Fault) -> Reading:
        if self._closed:
            return _STOPPING
        pauses = self._pace.pauses
        pause = pauses[min(self._failures, len(pauses) - 1)]
        self._failures += 1
        self._trouble = fault
        self._not_before = time.monotonic() + pause
        return Reading(fault=fault)
