"""One call of the OpenAI door under way: each of its pictures is a job with a turn of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from ..errors import GenAIError, GenerationCancelled, GenerationError
from .openai_account import Held
from .openai_bill import Bill
from .openai_made import Made
from .openai_telling import Heard, Telling, Waiting
from .queue import Place, Ticket

Draw = Callable[["Job"], Awaitable[Made]]
"""Makes the picture of a job once it has its turn, and reports to it meanwhile."""
Cancel = Callable[[], Awaitable[None]]
Join = Callable[[int, Cancel], Ticket]
"""Takes a place in line for the picture of a number, which `Cancel` ends; see `FairQueue.join`."""


@dataclass(eq=False)
class Job:
    """One picture of a call; `index` numbers it from 0."""

    index: int
    ticket: Ticket
    work: Work
    charge: Held
    """What was set aside for it."""
    bill: Bill | None = None
    """Which provider draws it, and for how much; None: something here does."""
    task: asyncio.Task[Made] | None = None
    ended_by: GenAIError | None = None
    """Why it was ended from without."""
    released: bool = False
    """Whether its turn is over: what is still done to the picture keeps no engine."""

    def report(self, event: Heard) -> None:
        """Take note of a sign of life, and of what the caller wants to hear."""
        self.work.heard(event)

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self.task is not None and self.task.done()

    @property
    def made(self) -> Made | None:
        """The finished picture; None before, and where none came."""
        return self.task.result() if self.task is not None and _good(self.task) else None

    @property
    def failure(self) -> BaseException | None:
        """What went wrong; None where nothing did, or it was only ended."""
        if self.task is None or not self.task.done():
            return None
        return self.ended_by if self.task.cancelled() else self.task.exception()

    async def draw(self, draw: Draw) -> Made:
        """Make the picture, and let go of the turn whatever comes of it."""
        done = False
        try:
            made = await draw(self)
            done = True
            return made
        finally:
            self.leave(done=done)

    async def turn(self) -> None:
        """Return when it is this picture's turn; raises as `Ticket.turn` does."""
        await self.ticket.turn(self._told)

    @property
    def sent(self) -> bool:
        """Whether a provider has been asked for it: from then on it may cost."""
        return self.charge.was_sent

    def move(self, bill: Bill, charge: Held, join: Callable[[Cancel], Ticket]) -> None:
        """Go over to the line of a provider, who draws it in place of what was asked first."""
        ticket = join(self.cancel)
        self.leave(done=False)
        self.charge.close()
        self.ticket, self.bill, self.charge, self.released = ticket, bill, charge, False

    async def cancel(self) -> None:
        """End it, as somebody wished."""
        self.end(GenerationCancelled("The job was cancelled."))

    def end(self, why: GenAIError | None) -> None:
        """Begin to end it, for a reason or for none."""
        if self.task is not None and not self.task.done():
            self.ended_by = self.ended_by or why
            self.task.cancel()

    def leave(self, *, done: bool) -> None:
        """Give the turn to the next, as soon as the engine has nothing more to do."""
        if not self.released:
            self.released = True
            self.ticket.leave(done=done)

    def _told(self, place: Place) -> None:
        self.work.waits(self, place)


@dataclass(eq=False)
class Work:
    """The jobs of one call; what they tell is kept until somebody has taken it.

    `progressed` is called at every sign of life. One job that fails ends the others.
    """

    telling: Telling
    progressed: Callable[[], None]
    jobs: list[Job] = field(default_factory=list)
    _kept: list[Heard] = field(default_factory=list)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _given: int = 0
    """Finished pictures that were handed on, in their order."""

    def join(self, charges: Sequence[Held], join: Join, bill: Bill | None = None) -> None:
        """Take a place in line for each picture, for which a charge was set aside, or for none.

        Raises:
            TooManyRequests: the line is full.
        """
        try:
            for index, charge in enumerate(charges):
                self._join_one(index, charge, join, bill)
        except GenAIError:
            for job in self.jobs:
                job.leave(done=False)
            raise

    def _join_one(self, index: int, charge: Held, join: Join, bill: Bill | None) -> None:
        async def cancel() -> None:
            await job.cancel()

        job = Job(index, join(index, cancel), self, charge, bill)
        self.jobs.append(job)

    def begin(self, draw: Draw, ended: Callable[[Job], None]) -> None:
        """Let every job wait for its turn and then `draw`; `ended` hears of each, once."""
        for job in self.jobs:
            job.task = asyncio.create_task(job.draw(draw), name="genai-openai-job")
            job.task.add_done_callback(partial(self._ended, job, ended))

    def _ended(self, job: Job, ended: Callable[[Job], None], task: asyncio.Task[Made]) -> None:
        # A job whose task was cancelled before its first step has its place in line still.
        job.leave(done=False)
        job.charge.close()
        ended(job)
        self._look()

    # -- what happens --------------------------------------------------------------------------

    def heard(self, event: Heard) -> None:
        """Keep an event if the caller wants it."""
        self.progressed()
        if self.telling.wanted(event):
            self._kept.append(event)
            self._woken.set()

    def waits(self, job: Job, place: Place) -> None:
        """Hear the place of a job that waits; only the first one's is of interest."""
        if any(one.ticket.began is not None and not one.released for one in self.jobs):
            # The one at work shows whether the call gets on; those behind it prove nothing.
            return
        self.progressed()
        first = next((one for one in self.jobs if one.ticket.began is None), None)
        if first is job and self.telling.wanted(event := Waiting(place, job.index)):
            # A caller that reads slowly needs to know only where it stands now.
            self._kept = [one for one in self._kept if not isinstance(one, Waiting)]
            self._kept.append(event)
            self._woken.set()

    def _look(self) -> None:
        """Hand on the pictures that are done and whose turn it is; end all when one failed.

        What a provider has been asked for goes on: it is paid for, and comes.
        """
        while self._given < len(self.jobs) and self.jobs[self._given].over:
            made = self.jobs[self._given].made
            if made is not None:
                self.heard(made)
            self._given += 1
        if self._failed:
            for job in self.jobs:
                if not job.sent:
                    job.end(None)
        self._woken.set()

    # -- what the caller asks ------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether nothing more will happen that the caller waits for."""
        if self._given == len(self.jobs):
            return True
        return self._failed and all(job.over or not job.sent for job in self.jobs)

    async def next(self, quiet_seconds: float) -> list[Heard] | None:
        """Return what happened; nothing after so long a silence, None once all is told."""
        if not self._kept and not self.over:
            self._woken.clear()
            waiting = asyncio.ensure_future(self._woken.wait())
            try:
                await asyncio.wait([waiting], timeout=quiet_seconds)
            finally:
                waiting.cancel()
        if not self._kept and self.over:
            return None
        kept, self._kept = self._kept, []
        return kept

    @property
    def _failed(self) -> bool:
        return any(job.over and job.made is None for job in self.jobs)

    async def paid_for(self) -> list[Made]:
        """Return the pictures once they are done; of those that cost, also what came of a part.

        Raises:
            GenAIError: as `pictures`, where none came that was paid for.
        """
        try:
            return await self.pictures()
        except GenAIError as error:
            made = [job.made for job in self.jobs if job.made is not None]
            if not any(job.sent and job.made is not None for job in self.jobs):
                raise
            self.telling.notice(
                f"Only {len(made)} of {len(self.jobs)} pictures came: {error.message} "
                "Those that did not come and were not paid are not counted."
            )
            return made

    async def pictures(self) -> list[Made]:
        """Return the pictures in their order once they are done.

        Raises:
            GenAIError: what went wrong with the first that failed.
        """
        while not self.over:
            self._woken.clear()
            await self._woken.wait()
        tasks = [job.task for job in self.jobs if job.task is not None]
        # Those that were ended for another's failure say less than that.
        for job in self.jobs:
            if job.task is not None and job.task.done() and not job.task.cancelled():
                job.task.result()
        if any(not _good(task) for task in tasks):
            reasons = [job.ended_by for job in self.jobs if job.ended_by is not None]
            raise reasons[0] if reasons else GenerationCancelled("The call was ended.")
        return [task.result() for task in tasks]

    # -- its end -------------------------------------------------------------------------------

    async def cancel(self) -> None:
        """End every job, as the Lab does with those that hang."""
        error = GenerationError(
            "The job showed no progress and was ended.",
            "Look at the log of its service; restart it when it hangs.",
            code="no_progress",
        )
        for job in self.jobs:
            job.end(error)

    def end(self) -> None:
        """Begin to end what goes on; `settled` says when that is done."""
        for job in self.jobs:
            job.end(None)

    async def settled(self) -> None:
        """Return when no job is at work any more."""
        tasks = [job.task for job in self.jobs if job.task is not None]
        if tasks:
            await asyncio.wait(tasks)
        for task in tasks:
            # Whoever wanted to know has looked by now, or has gone.
            with suppress(asyncio.CancelledError):
                task.exception()


def _good(task: asyncio.Task[Made]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
