"""The jobs of one WebUI door: each waits for its turn, and is seen and stopped by its owner only.

The WebUI knows one running job and no owners: its progress, its interrupt and its model are
everybody's. Here each caller has their own: a task id, a place in line, a checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

from ..engines.a1111_control import WebUIControl
from ..engines.base import ended
from ..errors import GenAIError, GenerationCancelled, GenerationError
from ..lab.charge import Charges
from ..lab.endpoint import Endpoint
from ..lab.generation import Generation
from .admission import MAX_BODY_BYTES
from .bodies import read_body
from .headers import credential
from .holding import Holding
from .job_watch import JobWatch
from .model_rules import limited, refuse_files
from .needs import LabView
from .proxy import Proxy
from .queue import FairQueue, Place, Ticket
from .raw_charges import RawCharge, RawCharges
from .record import Record, outcome_of
from .target import Target
from .tokens import Grant
from .webui_count import CountedPictures
from .webui_models import WebUIModels, keep
from .webui_order import WebUIOrder, model_shown, read_order

log = logging.getLogger(__name__)

CANCEL_SECONDS = 1.0
"""How long whoever cancels a job waits to see it ended."""
TELLS = "/interrogate"
"""The job that looks at a picture, and makes none."""
END_SECONDS = 20.0
"""How long the end of a job whose caller has gone is waited for, before the next has its turn."""


@dataclass(eq=False)
class WebUIJob:
    """One call that waits or is worked on."""

    grant: Grant
    ticket: Ticket
    endpoint: Endpoint
    theirs: str | None
    """The task id that the caller gave it."""
    ours: str
    place: Place
    model: str
    charge: RawCharge
    came: CountedPictures = field(default_factory=CountedPictures)
    """Those that the WebUI has answered with so far."""
    why: BaseException | None = None
    """What went wrong with it."""
    sent: bool = False
    """Whether the WebUI has been asked for it."""
    unwanted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once its owner has cancelled it."""

    @property
    def works(self) -> bool:
        """Whether it has its turn."""
        return self.ticket.began is not None


class WebUIJobs:
    """Run the jobs of one door in turn, and remember what each caller may know of them.

    `record` takes every job that had its turn.
    """

    def __init__(
        self,
        service: str,
        *,
        lab: LabView,
        queue: FairQueue,
        proxy: Proxy,
        watch: JobWatch,
        holding: Holding,
        session: ClientSession,
        record: Record,
        charges: Charges,
    ) -> None:
        self._service = service
        self._charges = RawCharges(charges, lab, queue)
        self._record = record
        self._lab = lab
        self._queue = queue
        self._proxy = proxy
        self._watch = watch
        self._holding = holding
        self._session = session
        self._jobs: list[WebUIJob] = []
        self._finished: OrderedDict[tuple[str, str], None] = OrderedDict()
        self.models = WebUIModels(self._control)

    def _control(self, endpoint: Endpoint) -> WebUIControl:
        return WebUIControl(endpoint.url, credential(endpoint), self._session)

    # -- what a caller may know ----------------------------------------------------------------

    def mine(self, grant: Grant) -> list[WebUIJob]:
        """Return a person's jobs, the one that has its turn first."""
        found = [job for job in self._jobs if job.grant.person == grant.person]
        return sorted(found, key=lambda job: not job.works)

    def task(self, grant: Grant, name: str) -> WebUIJob | None:
        """Return a person's job by the task id that they gave it."""
        return next((job for job in self.mine(grant) if job.theirs == name), None)

    def finished(self, grant: Grant, name: str) -> bool:
        """Say whether a task of this person is over."""
        return (grant.person, name) in self._finished

    def anybody_works(self, grant: Grant) -> bool:
        """Say whether a job has its turn in the service, through whichever door it came."""
        backend = self._lab.backend(self._service, grant.mode)
        return any(
            one.backend == backend and one.began is not None for one in self._queue.tickets()
        )

    async def is_drawn(self, job: WebUIJob) -> bool:
        """Say whether a job is what the WebUI works on now.

        Others draw on a WebUI that is not ours alone, and what nobody wants any more may go on.

        Raises:
            GenAIError: the WebUI gave no answer.
        """
        return job.sent and await self._control(job.endpoint).works_on(job.ours)

    # -- running -------------------------------------------------------------------------------

    async def run(
        self, request: web.BaseRequest, target: Target, grant: Grant, endpoint: Endpoint
    ) -> web.StreamResponse:
        """Wait for the turn of a job, let the WebUI do it, and pass its answer on.

        A caller that leaves gives the place away, or ends the job in the WebUI.

        Raises:
            GenAIError: as `read_order`, the queue and the proxy say.
        """
        sent = await read_body(request, MAX_BODY_BYTES)
        order = await asyncio.to_thread(read_order, sent)
        del sent
        asked = 0 if target.path.endswith(TELLS) else order.pictures
        charge = await self._charges.reserve(grant.person, endpoint.backend, order.model, asked)
        job = self._joined(order, grant, endpoint, charge)
        watched = self._watch.begin(endpoint)
        lease = self._lab.leases.take(
            "job",
            (endpoint.backend,),
            label=grant.path or self._service,
            person=grant.person,
            remedies=watched.remedies(),
        )
        answered = done = False
        try:

            def told(place: Place) -> None:
                job.place = place
                self._lab.leases.progress(lease.id)

            await job.ticket.turn(told)
            body = await _unless(job.unwanted, self._prepared(job, order))
            endpoint = job.endpoint
            self._lab.leases.progress(lease.id)
            # It works while it answers; the watch sees whether it gets on.
            self._watch.follow(watched, lease.id)
            job.sent = True
            answer = await self._proxy.forward(
                request,
                endpoint,
                target.raw,
                body=body,
                content_type="application/json",
                silence_seconds=self._lab.catalog[endpoint.backend].no_progress_seconds,
                seen=job.came.feed,
            )
            answered, done = True, answer.status == 200
            if not done:
                job.why = GenerationError("The WebUI refused.", code=f"http_{answer.status}")
            return answer
        except BaseException as error:
            job.why = error
            raise
        finally:
            try:
                if job.sent and not answered:
                    await ended(self._stopped(job), END_SECONDS, self._session)
            finally:
                self._left(job, done=done)
                self._lab.leases.drop(lease.id, done=done)
                self._lab.touch(endpoint.backend)

    async def _prepared(self, job: WebUIJob, order: WebUIOrder) -> bytes:
        """Return what is sent to the WebUI, once that answers."""
        job.endpoint = await self._holding.again(job.endpoint, job.grant)
        chosen = order.checkpoint or await self.models.of_or_none(job.grant, job.endpoint)
        job.model = job.model or model_shown(chosen)
        self._refuse_models(job, order, chosen)
        if order.checkpoints and limited(self._lab, job.grant.person):
            order = await self.models.by_title(job.endpoint, order)
            chosen = order.checkpoint or chosen
            self._refuse_models(job, order, chosen)
        return await asyncio.to_thread(order.sent, job.ours, chosen)

    def _refuse_models(self, job: WebUIJob, order: WebUIOrder, chosen: str | None) -> None:
        files = {model_shown(one) for one in (chosen, *order.others)} - {""} | order.networks
        refuse_files(self._lab, job.grant.person, self._service, files)

    def _joined(
        self, order: WebUIOrder, grant: Grant, endpoint: Endpoint, charge: RawCharge
    ) -> WebUIJob:
        made: list[WebUIJob] = []

        async def cancel() -> None:
            made[0].unwanted.set()
            if made[0].sent:
                # Whoever cancels need not wait until a long step has ended.
                await ended(self._stopped(made[0]), CANCEL_SECONDS, self._session)

        try:
            ticket = self._queue.join(
                endpoint.backend,
                grant.person,
                holder=grant.lease_id,
                label=grant.path or self._service,
                model=order.model,
                kind="a1111",
                cancel=cancel,
                id=charge.job_id,
            )
        except GenAIError:
            charge.refund()
            raise
        made.append(
            WebUIJob(
                grant,
                ticket,
                endpoint,
                order.task,
                f"task({uuid.uuid4().hex})",
                ticket.place,
                order.model,
                charge,
            )
        )
        self._jobs.append(made[0])
        return made[0]

    def _left(self, job: WebUIJob, *, done: bool) -> None:
        self._jobs.remove(job)
        job.ticket.leave(done=done)
        worked = job.ticket.worked_seconds if job.sent else None
        job.charge.end(job.why, pictures=job.came.pictures, seconds=worked)
        if job.works:
            self._record.note(_generation(job))
            if job.why is None and (first := job.came.first):
                self._record.picture(job.ticket.id, first, in_base64=True)
        if job.theirs is not None:
            keep(self._finished, (job.grant.person, job.theirs), None)

    async def _stopped(self, job: WebUIJob) -> None:
        try:
            await self._control(job.endpoint).stop(job.ours)
        except GenAIError as error:
            log.info("%s: a job could not be ended: %s", job.endpoint.backend, error.message)


async def _unless(unwanted: asyncio.Event, work: Coroutine[Any, Any, bytes]) -> bytes:
    """Return what some work gives; ends it once its job is unwanted."""
    working = asyncio.ensure_future(work)
    ending = asyncio.ensure_future(unwanted.wait())
    try:
        await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
        if unwanted.is_set():
            raise GenerationCancelled("The job was cancelled.", "Ask again for what is wanted.")
        return working.result()
    finally:
        for one in (working, ending):
            one.cancel()
        await asyncio.gather(working, ending, return_exceptions=True)


def _generation(job: WebUIJob) -> Generation:
    outcome, code = outcome_of(job.why)
    return Generation(
        id=job.ticket.id,
        person=job.grant.person,
        kind="a1111",
        service=job.endpoint.backend,
        model=job.model,
        outcome=outcome,
        code=code,
        seconds=job.ticket.worked_seconds or 0.0,
        pictures=job.came.pictures,
    )
