"""The road from the OpenAI door to any engine: the account, the line, the turn, the facts."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from ..engines import kind_of
from ..engines.limits import LEAST_SIDE, MOST_SIDE
from ..errors import GenAIError, GenerationCancelled, InvalidRequest
from ..lab.charge import Spending
from ..lab.fallback import cause, too_long
from ..lab.generation import Generation
from ..wire.generations import Outcome
from .needs import LabView
from .openai_account import Account
from .openai_bill import Bill, Detour
from .openai_call import Call
from .openai_detours import Detours
from .openai_local import LocalRoad
from .openai_made import Made
from .openai_models import DEMO
from .openai_order import Wish
from .openai_paid import NEXT_CODES, PaidRoad
from .openai_stream import streamed, whole
from .openai_telling import Telling
from .openai_work import Cancel, Job, Work
from .queue import FairQueue, Ticket
from .record import Record

CLOSE_SECONDS = 0.4
"""How long the doors wait, when they close, for engines to hear that nobody waits any more."""


class EngineRoad:
    """Make pictures with whatever draws a model, each in its turn."""

    def __init__(
        self,
        *,
        lab: LabView,
        queue: FairQueue,
        record: Record,
        account: Account,
        detours: Detours,
        local: LocalRoad,
        paid: PaidRoad,
    ) -> None:
        self._lab = lab
        self._queue = queue
        self._record = record
        self._account = account
        self._detours = detours
        self._local = local
        self._paid = paid
        self._under_way: dict[asyncio.Task[None], Work] = {}

    def refuse_impossible(self, backend: str, wish: Wish) -> None:
        """Raise what `Engine.check` raises: before anything is started for it."""
        kind = kind_of(self._lab.catalog[backend].dialect)
        if kind is not None:
            kind.check(wish.order)
        sides = [side for side in (wish.order.width, wish.order.height) if side is not None]
        if backend == DEMO and any(not LEAST_SIDE <= side <= MOST_SIDE for side in sides):
            # It says so itself, but only at the job's turn.
            raise InvalidRequest(
                f"The demo engine draws sides from {LEAST_SIDE} to {MOST_SIDE} pixels.",
                "Ask for 1024x1024, or leave the size out.",
                code="invalid_value",
                param="size",
            )

    async def make(
        self, request: web.BaseRequest, call: Call, maker: str | Sequence[Detour]
    ) -> web.StreamResponse:
        """Answer with pictures, in one piece or as a stream.

        `maker` is a service that is ready, or the providers that may draw, the best first. A
        caller that leaves cancels its pictures, and nobody else's.

        Raises:
            TooManyRequests: the line is full, or a quota is used up.
            ConsentMissing: nobody has agreed that a provider is asked.
            GenAIError: as the engine says, as long as nothing has been sent.
        """
        bill = None if isinstance(maker, str) else await self._paid.bill(call, maker)
        work = await self._begun(call, maker if isinstance(maker, str) else "", bill)
        try:
            with self._lab.leases.waiting(call.grant.lease_id):
                if call.wish.stream:
                    return await streamed(request, work)
                return await whole(work)
        finally:
            work.end()

    async def close(self) -> None:
        """End what is under way, as far as engines hear of it in time."""
        for work in self._under_way.values():
            work.end()
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=CLOSE_SECONDS)
        for task in self._under_way:
            task.cancel()

    # -- one call ------------------------------------------------------------------------------

    async def _begun(self, call: Call, backend: str, bill: Bill | None) -> Work:
        """Return a call under way: set aside, in line, with a lease that keeps its service.

        Where there is a bill, its provider draws.
        """
        backend = backend if bill is None else bill.detour.cloud.service
        ids = [str(uuid.uuid4()) for _ in range(call.wish.order.count)]
        spending = [self._spending(call, backend, bill, one) for one in ids]
        charges = await self._account.reserve(spending)
        work = Work(_telling(call, backend, bill), lambda: self._lab.leases.progress(lease.id))
        lease = self._lab.leases.take(
            "job",
            (backend,),
            label=call.grant.path or call.choice.model,
            person=call.grant.person,
            remedies=(work.cancel,),
        )
        joined = False
        try:
            work.join(
                charges, lambda index, end: self._join(call, backend, bill, ids[index], end), bill
            )
            joined = True
            work.begin(
                lambda job: self._drawn(call, backend, lease.id, job),
                lambda job: self._note(call, backend, job),
            )
        finally:
            if not joined:
                for charge in charges:
                    charge.refund()
            # Also what never began has a lease to be given back.
            self._hold(work, lease.id, backend)
        return work

    def _spending(self, call: Call, backend: str, bill: Bill | None, job_id: str) -> Spending:
        if bill is not None:
            return self._paid.spending(call, bill, job_id)
        return self._local.spending(call, backend, job_id)

    def _join(
        self, call: Call, backend: str, bill: Bill | None, job_id: str, cancel: Cancel
    ) -> Ticket:
        return self._queue.join(
            backend,
            call.grant.person,
            holder=call.grant.lease_id,
            label=call.grant.path,
            model=call.choice.model if bill is None else bill.detour.cloud.name,
            kind="openai",
            cancel=cancel,
            id=job_id,
        )

    # -- one picture ---------------------------------------------------------------------------

    async def _drawn(self, call: Call, backend: str, lease_id: str, job: Job) -> Made:
        """Return a picture: of the service that was asked, else of a provider that stands in."""
        if job.bill is None:
            made = await self._drawn_here(call, backend, lease_id, job)
            if made is not None:
                return made
        while True:
            bill = job.bill
            assert bill is not None
            job.work.telling.asks(bill)
            try:
                return await self._paid.draw(call, job, bill)
            except GenAIError as error:
                if not bill.others or error.may_have_billed or error.error_code not in NEXT_CODES:
                    raise
                await self._move(call, job, await self._paid.instead(call, bill.others, error))

    async def _drawn_here(self, call: Call, backend: str, lease_id: str, job: Job) -> Made | None:
        """Return the picture of an engine here; None where a provider has taken it over."""
        try:
            if not await self._turn_here(call, backend, job):
                return None
            made = await self._local.draw(call, backend, lease_id, job)
        except GenAIError as error:
            edit = bool(call.wish.order.images)
            detours = self._detours.of(call.grant, call.choice, error, edit=edit)
            if not detours or backend == DEMO:
                raise
            await self._move(call, job, await self._paid.instead(call, detours, error))
            return None
        self._detours.is_back(call.choice.service)
        job.work.telling.left(await self._account.left(call.grant.person))
        return made

    async def _turn_here(self, call: Call, backend: str, job: Job) -> bool:
        """Return whether the picture's turn has come; False when it went over to a provider."""
        detours = self._past_the_line(call, job)
        if detours and backend != DEMO:
            return not await self._sooner(call, job, detours)
        await job.turn()
        return True

    def _past_the_line(self, call: Call, job: Job) -> list[Detour]:
        place, limit = job.ticket.place, self._lab.policy.queue_seconds
        if place.position == 0 or not too_long(place.seconds, limit):
            return []
        why = cause("local_queue_long", self._lab.catalog[call.choice.service].title)
        edit = bool(call.wish.order.images)
        return self._detours.because(call.grant, call.choice, why, edit=edit)

    async def _sooner(self, call: Call, job: Job, detours: Sequence[Detour]) -> bool:
        """Return whether a provider takes a picture before its turn here comes.

        The place in line is kept until its person has agreed; whoever does not, waits here.
        """
        turn = asyncio.ensure_future(job.turn())
        bill = asyncio.ensure_future(self._paid.bill(call, detours))
        try:
            await asyncio.wait({turn, bill}, return_when=asyncio.FIRST_COMPLETED)
            if bill.done() and not turn.done():
                with suppress(GenAIError):
                    await self._move(call, job, bill.result())
                    return True
            await asyncio.wait([turn])
            turn.result()
            return False
        finally:
            for task in (turn, bill):
                task.cancel()
            await asyncio.gather(turn, bill, return_exceptions=True)

    async def _move(self, call: Call, job: Job, bill: Bill) -> None:
        """Set aside what a provider costs, and join the line for it."""
        backend, job_id = bill.detour.cloud.service, str(uuid.uuid4())
        (charge,) = await self._account.reserve([self._paid.spending(call, bill, job_id)])
        try:
            job.move(bill, charge, lambda end: self._join(call, backend, bill, job_id, end))
        except GenAIError:
            charge.refund()
            raise

    def _note(self, call: Call, backend: str, job: Job) -> None:
        """Tell the record what became of a job."""
        made, error, ticket = job.made, job.failure, job.ticket
        cancelled = made is None and (error is None or isinstance(error, GenerationCancelled))
        outcome: Outcome = "done" if made else "cancelled" if cancelled else "failed"
        known = error if isinstance(error, GenAIError) else GenAIError("The gateway failed.")
        cloud = None if job.bill is None else job.bill.detour.cloud
        self._record.note(
            Generation(
                id=ticket.id,
                person=call.grant.person,
                kind="openai",
                service=backend if cloud is None else cloud.service,
                model=call.choice.model if cloud is None else cloud.name,
                outcome=outcome,
                code=known.error_code if outcome == "failed" else None,
                seconds=ticket.worked_seconds or 0.0,
                pictures=1 if made else 0,
                sha256=made.sha256 if made else "",
                facts=made.facts if made else None,
            )
        )
        if made is not None:
            self._record.picture(ticket.id, made.data)

    # -- after the call ------------------------------------------------------------------------

    def _hold(self, work: Work, lease_id: str, backend: str) -> None:
        """Keep the lease until no job of a call is at work, whether or not its caller waits."""

        async def held() -> None:
            try:
                await work.settled()
            finally:
                self._lab.leases.drop(lease_id)
                self._lab.touch(backend)

        task = asyncio.create_task(held(), name="genai-openai-call")
        self._under_way[task] = work
        task.add_done_callback(lambda _: self._under_way.pop(task, None))


def _telling(call: Call, backend: str, bill: Bill | None) -> Telling:
    choice = call.choice
    extra: dict[str, Any] = {"demo": backend == DEMO, "service": choice.service}
    if choice.warning:
        extra["warning"] = choice.warning
    if choice.chosen:
        extra["model_chosen"] = choice.model
    telling = Telling(call.wish, call.prefix, extra)
    if bill is not None:
        telling.asks(bill)
    return telling
