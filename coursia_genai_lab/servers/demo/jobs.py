"""One worker and its queue: jobs run strictly one after the other, whatever dialect asked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

log = logging.getLogger(__name__)

MAX_WAITING = 1000
CLOSE_SECONDS = 0.2


class InterruptedJobError(Exception):
    """The job was asked to stop."""


class JobFailedError(Exception):
    """The job failed in a way that it tells its caller itself."""


class StepFailedError(JobFailedError):
    """The step that `fail_at_step` names was reached."""


class QueueFullError(Exception):
    """Too many jobs wait already."""


@dataclass(eq=False)
class Job:
    """One piece of work in the queue.

    `number` orders the queue (lower first). `state` goes from pending over in_progress to
    completed, failed or cancelled. Times are Unix seconds. `row` is what ComfyUI's `/queue` shows;
    `stopped_for` says that it was stopped to be answered as it is, or to go on behind one picture.
    `trouble` is a kind of trouble that it gets into on purpose.
    `farewell` is called when a job that ran is over and everybody has been told the new count.
    """

    id: str
    number: float
    work: Callable[[Job], Awaitable[None]]
    row: list[Any] = field(default_factory=list)
    farewell: Callable[[], None] | None = None
    trouble: str | None = None
    stopped_for: Literal["interrupt", "skip"] | None = None
    state: str = "pending"
    error: Exception | None = None
    created: float = field(default_factory=time.time)
    started: float | None = None
    ended: float | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self) -> None:
        """Raise InterruptedJobError if the job was asked to stop."""
        if self.stop.is_set():
            raise InterruptedJobError

    def spoilt(self, picture: bytes) -> bytes:
        """Return a finished file, or the first half of it where the job is to end so."""
        return picture[: len(picture) // 2] if self.trouble == "wrong-picture" else picture

    async def pause(self, seconds: float) -> None:
        """Wait, and raise InterruptedJobError as soon as the job is asked to stop."""
        if seconds <= 0:
            await asyncio.sleep(0)
        else:
            try:
                await asyncio.wait_for(self.stop.wait(), seconds)
            except asyncio.TimeoutError:
                return
        self.check()


class JobQueue:
    """Orders the waiting jobs and runs the first; `on_change` is called after each change."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self.running: Job | None = None
        self.waiting: list[Job] = []
        self._counter = 0
        self._closing = False
        self._wake = asyncio.Event()
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None

    @property
    def remaining(self) -> int:
        """How many jobs run or wait."""
        return len(self.waiting) + (self.running is not None)

    def open(self) -> None:
        """Start the worker; a second call changes nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="demo-worker")

    async def close(self) -> None:
        """Stop the running job, drop the waiting ones and end the worker."""
        self._closing = True
        self.clear()
        if self.running is not None:
            self.running.stop.set()
        self._wake.set()
        task, self._task = self._task, None
        if task is not None:
            await asyncio.wait({task}, timeout=CLOSE_SECONDS)
            # Whoever is still in the drawing thread is not waited for: stopping must be quick.
            task.cancel()
            await asyncio.wait({task}, timeout=CLOSE_SECONDS)

    def next_number(self) -> int:
        """Return the place number for the next job."""
        number = self._counter
        self._counter += 1
        return number

    def submit(self, job: Job) -> None:
        """Put `job` in its place. Raises QueueFullError beyond MAX_WAITING."""
        if len(self.waiting) >= MAX_WAITING:
            raise QueueFullError
        self.waiting.append(job)
        self.waiting.sort(key=lambda waiting: waiting.number)
        self._wake.set()
        self._on_change()

    def drop(self, job_id: str) -> bool:
        """Remove a waiting job; return whether there was one."""
        found = [job for job in self.waiting if job.id == job_id]
        for job in found:
            self.waiting.remove(job)
            self._end(job, "cancelled")
        if found:
            self._on_change()
        return bool(found)

    def clear(self) -> None:
        """Remove every waiting job."""
        dropped, self.waiting = self.waiting, []
        for job in dropped:
            self._end(job, "cancelled")
        if dropped:
            self._on_change()

    def interrupt(self, job_id: str | None = None) -> bool:
        """Stop the running job, or only `job_id` if that runs; return whether one was told."""
        job = self.running
        if job is None or (job_id is not None and job.id != job_id):
            return False
        job.stop.set()
        return True

    def cancel(self, job_id: str) -> bool:
        """Stop a job wherever it is; return whether there was something to stop."""
        return self.drop(job_id) or self.interrupt(job_id)

    async def _run(self) -> None:
        while not self._closing:
            if not self.waiting:
                self._wake.clear()
                await self._wake.wait()
                continue
            job = self.running = self.waiting.pop(0)
            job.state, job.started = "in_progress", time.time()
            self._on_change()
            try:
                state = await self._attempt(job)
            finally:
                self.running = None
            self._end(job, state)
            self._on_change()
            if job.farewell is not None:
                job.farewell()

    async def _attempt(self, job: Job) -> str:
        try:
            await job.work(job)
        except InterruptedJobError:
            return "cancelled"
        except JobFailedError as error:
            job.error = error
            return "failed"
        # The boundary of a job: whatever went wrong in one must not end the worker for the others.
        except Exception as error:
            log.exception("job %s failed", job.id)
            job.error = error
            return "failed"
        return "completed"

    def _end(self, job: Job, state: str) -> None:
        job.state, job.ended = state, time.time()
        job.done.set()
