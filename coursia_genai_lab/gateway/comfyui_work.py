"""One job of a ComfyUI door from its place in line to its end, with all that it holds."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession

from ..engines.calls import Answer, Calls
from ..engines.comfyui_errors import ended_badly, refused
from ..errors import Conflict, GenAIError, GenerationCancelled, ServiceDied
from ..lab.endpoint import Endpoint
from ..lab.generation import Generation, Note
from .admission import Admission
from .comfyui_audience import Audience
from .comfyui_count import pictures_made
from .comfyui_ends import end_of, failed_entry, outcome_of, refused_entry
from .comfyui_prompt import Prompt
from .comfyui_run import ComfyRun, Refused
from .headers import credential
from .holding import Holding
from .needs import LabView
from .own_jobs import OwnJobs, RawJob
from .queue import FairQueue, Place
from .raw_charges import RawCharge
from .tokens import Grant

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
RESTART_SECONDS = 60.0
"""How long a job that has waited tries to reach a service that has ended, or starts to."""

Graph = dict[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What all jobs of one door share."""

    service: str
    jobs: OwnJobs
    audience: Audience
    lab: LabView
    queue: FairQueue
    admission: Admission
    holding: Holding
    session: ClientSession
    note: Note
    look_seconds: float

    def calls(self, endpoint: Endpoint) -> Calls:
        """Return how a ComfyUI is asked."""
        return Calls(endpoint.url, credential(endpoint), self.session)


class ComfyWork:
    """Hold one job: its place, its lease, its part of ComfyUI. Made when it joins the line.

    `graph` is the job's as ComfyUI is to have it, `charge` what is set aside for it.
    Raises TooManyRequests where the line is full.
    """

    def __init__(
        self,
        job: RawJob,
        prompt: Prompt,
        graph: Graph,
        grant: Grant,
        endpoint: Endpoint,
        around: Surroundings,
        charge: RawCharge,
    ) -> None:
        self.job = job
        self.size = prompt.size
        self.run: ComfyRun | None = None
        self.answered: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        """ComfyUI's answer to the post, for whoever posted; None: it waits for its turn."""
        self._prompt = prompt
        self._graph = graph
        self._grant = grant
        self._endpoint = endpoint
        self._around = around
        self._charge = charge
        self._unwanted = False
        self._entry: dict[str, Any] | None = None
        label = grant.path or around.service
        self.ticket = around.queue.join(
            endpoint.backend,
            grant.person,
            holder=grant.lease_id,
            label=label,
            model=prompt.model,
            kind="comfyui",
            cancel=self._cancel,
            id=charge.job_id,
        )
        job.number, job.record_id = self.ticket.number, self.ticket.id
        self._lease = around.lab.leases.take(
            "job",
            (endpoint.backend,),
            label=label,
            person=grant.person,
            remedies=(self.end, self._interrupt),
        )
        if self.ticket.began is None:
            self.answered.set_result(None)

    async def held(self) -> None:
        """See the job through, whatever happens, and let go of all that it holds."""
        error: GenAIError | Refused | None = GenAIError("The gateway failed.")
        try:
            with self._around.admission.bound_to(self._grant):
                await self._through()
            error = None
        except (GenAIError, Refused) as problem:
            error = problem
        except asyncio.CancelledError:
            error = GenerationCancelled("The server is stopping.", "Send the job again.")
            raise
        # The boundary of a job: a defect ends it, and must not leave its caller waiting.
        except Exception:
            log.exception("gateway: a job of %s failed", self._around.service)
        finally:
            self._let_go(error)
            if self.run is not None:
                # Only now: to hang up takes longer than to tell the caller.
                await self.run.close()

    async def end(self) -> None:
        """End the job: one that waits vanishes, one that runs is interrupted."""
        await self.ticket.end(_cancelled())

    async def _cancel(self) -> None:
        self._unwanted = True
        if self.run is not None:
            await self.run.cancel()

    async def _interrupt(self) -> None:
        if self.run is not None:
            await self.run.interrupt()

    def _moved(self) -> None:
        self._around.lab.leases.progress(self._lease.id)

    async def _through(self) -> None:
        """Wait for the turn, and let ComfyUI do the job."""

        def told(place: Place) -> None:
            # Who waits is alive and not hung.
            self._moved()

        with self._around.lab.leases.waiting(self._grant.lease_id):
            await self.ticket.turn(told)
        self._moved()
        clock = asyncio.get_running_loop().time
        until = clock() + RESTART_SECONDS
        while True:
            try:
                if self.answered.done():
                    # It has waited; meanwhile the service may have moved.
                    await self._find_service()
                    until = clock() + RESTART_SECONDS if self.run is None else until
                await self._work()
                return
            except ServiceDied:
                if self._unwanted:
                    raise _cancelled() from None
                # What ComfyUI had is lost with it. What it never had waits for its restart,
                # unless somebody waits for the answer.
                had = self.job.state == "working" or not self.answered.done()
                if had or clock() > until:
                    raise
            self._moved()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _find_service(self) -> None:
        """Ask where the service answers now; the job's lease keeps it wanted while it starts."""
        around = self._around
        seconds = around.lab.catalog[self.job.backend].start_timeout_seconds
        found = await around.holding.endpoint(around.service, seconds, self._grant)
        if found.backend != self.job.backend:
            raise Conflict(
                "Another service stands in here since the job was sent.",
                "Send the job again.",
                code="service_changed",
            )
        self._endpoint = found

    async def _work(self) -> None:
        self.job.state = "posting"
        run = self.run = ComfyRun(
            self.job,
            self._graph,
            self._prompt,
            self._around.calls(self._endpoint),
            self._around.audience,
            self._moved,
            look_seconds=self._around.look_seconds,
        )

        def taken() -> None:
            self.job.state = "working"
            if not self.answered.done():
                self.answered.set_result(run.answer)

        try:
            entry = await run.run(taken)
        except ServiceDied:
            await run.close()
            raise
        if entry is None:
            raise _cancelled()
        self.job.note_outputs(entry.get("outputs"))
        self._entry = entry

    # -- the end -------------------------------------------------------------------------------

    def _let_go(self, error: GenAIError | Refused | None) -> None:
        job, around = self.job, self._around
        had_turn, was_taken = job.state != "waiting", job.state == "working"
        why = self._why(error)
        self._tell_end(error)
        cancelled = isinstance(why, GenerationCancelled)
        job.ended("done" if why is None else "cancelled" if cancelled else "failed")
        self.ticket.leave(done=why is None)
        began, worked = self.ticket.began, self.ticket.worked_seconds
        pictures = pictures_made(job.files, job.by_socket)
        self._charge.end(why, pictures=pictures, seconds=worked if was_taken else None)
        if why is None and began is not None and worked is not None:
            # What it waited in line is no part of what a job takes.
            around.lab.leases.worked(self._lease.id, began, began + worked)
        around.lab.leases.drop(self._lease.id)
        around.lab.touch(job.backend)
        if had_turn:
            # After the count, as ComfyUI tells it.
            around.audience.tell(job, "executing", {"node": None, "prompt_id": job.id})
            around.note(self._generation(why))

    def _why(self, error: GenAIError | Refused | None) -> GenAIError | None:
        """Return why the job did not end well; None where it did."""
        if isinstance(error, Refused):
            return refused(error.answer)
        if error is None and self._entry is not None and not outcome_of(self._entry):
            return ended_badly(self._entry)
        return error

    def _tell_end(self, error: GenAIError | Refused | None) -> None:
        """Tell of a bad end where ComfyUI could not, to whoever posted, listens, or asks later."""
        job, jobs = self.job, self._around.jobs
        if error is None:
            return
        if not self.answered.done():
            # Never taken: its caller has the reason, and nobody else knows of the job.
            jobs.forget(job)
            self._answer(error)
            return
        if isinstance(error, Refused):
            job.entry = refused_entry(job, error.answer)
        elif not isinstance(error, GenerationCancelled):
            job.entry = failed_entry(job, error)
        elif job.state == "waiting":
            jobs.forget(job)
        if job.entry is not None:
            self._around.audience.tell(job, "execution_error", end_of(job.entry))

    def _generation(self, why: GenAIError | None) -> Generation:
        job = self.job
        cancelled = isinstance(why, GenerationCancelled)
        return Generation(
            id=self.ticket.id,
            person=job.person,
            kind="comfyui",
            service=job.backend,
            model=self._prompt.model,
            outcome="done" if why is None else "cancelled" if cancelled else "failed",
            code=None if why is None or cancelled else why.error_code,
            seconds=self.ticket.worked_seconds or 0.0,
            pictures=sum(kind == "output" for kind, _, _ in job.files),
        )

    def _answer(self, error: GenAIError | Refused) -> None:
        if isinstance(error, Refused):
            self.answered.set_result(error.answer)
            return
        self.answered.set_exception(error)
        # Whoever waited may be gone; asyncio would log that nobody looked.
        self.answered.exception()


def _cancelled() -> GenerationCancelled:
    return GenerationCancelled("The job was cancelled.", "Send it again when you want it.")
