"""The road from the OpenAI door to any engine: the line, the lease, the turn, the facts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import ClientSession, web

from ..engines import Engine, engine_of, kind_of
from ..engines.limits import LEAST_SIDE, MOST_SIDE
from ..engines.orders import Event, Notice, Order, Picture
from ..errors import (
    GenAIError,
    GenerationCancelled,
    InvalidRequest,
    ModelUnknown,
    ServiceError,
)
from ..lab.charge import Charges
from ..lab.endpoint import Endpoint
from ..lab.generation import Generation
from ..wire.generations import Outcome
from .headers import credential
from .holding import Holding
from .needs import LabView
from .openai_made import Made, Maker, finish
from .openai_models import DEMO, Choice
from .openai_order import Wish
from .openai_stream import streamed, whole
from .openai_telling import Heard, Telling
from .openai_work import Job, Work
from .queue import FairQueue, Ticket
from .record import Record
from .tokens import Grant

CLOSE_SECONDS = 0.4
"""How long the doors wait, when they close, for engines to hear that nobody waits any more."""


@dataclass(frozen=True)
class Call:
    """One call for pictures: who asks, what is asked for, and who is to make it."""

    grant: Grant
    choice: Choice
    wish: Wish
    prefix: str
    """`image_generation` or `image_edit`."""


class EngineRoad:
    """Make pictures with whatever engine answers for a model, each in its turn."""

    def __init__(
        self,
        lab: LabView,
        queue: FairQueue,
        holding: Holding,
        session: ClientSession,
        record: Record,
        charges: Charges,
    ) -> None:
        self._lab = lab
        self._queue = queue
        self._holding = holding
        self._session = session
        self._record = record
        self._charges = charges
        self._engines: dict[str, tuple[Endpoint, Engine]] = {}
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

    async def make(self, request: web.BaseRequest, call: Call, backend: str) -> web.StreamResponse:
        """Answer with the pictures of a service that is ready, in one piece or as a stream.

        A caller that leaves cancels them, and nobody else's.

        Raises:
            TooManyRequests: the line is full.
            GenAIError: as the engine says, as long as nothing has been sent.
        """
        grant, choice = call.grant, call.choice
        extra: dict[str, Any] = {"demo": backend == DEMO, "service": choice.service}
        if choice.warning:
            extra["warning"] = choice.warning
        if choice.chosen:
            extra["model_chosen"] = choice.model
        work = Work(
            Telling(call.wish, call.prefix, extra), lambda: self._lab.leases.progress(lease.id)
        )
        lease = self._lab.leases.take(
            "job",
            (backend,),
            label=grant.path or choice.model,
            person=grant.person,
            remedies=(work.cancel,),
        )
        try:
            work.join(call.wish.order.count, self._joining(call, backend))
            work.begin(
                lambda job: self._drawn(call, backend, lease.id, job),
                lambda job: self._note(call, backend, job),
            )
        finally:
            # Also what never began has a lease to be given back.
            self._hold(work, lease.id, backend)
        try:
            with self._lab.leases.waiting(grant.lease_id):
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

    # -- one picture ---------------------------------------------------------------------------

    def _joining(
        self, call: Call, backend: str
    ) -> Callable[[Callable[[], Awaitable[None]]], Ticket]:
        def join(cancel: Callable[[], Awaitable[None]]) -> Ticket:
            return self._queue.join(
                backend,
                call.grant.person,
                holder=call.grant.lease_id,
                label=call.grant.path,
                model=call.choice.model,
                kind="openai",
                cancel=cancel,
            )

        return join

    async def _drawn(self, call: Call, backend: str, lease_id: str, job: Job) -> Made:
        """Return the picture of a job that has its turn."""
        endpoint = await self._endpoint(call, backend)
        order = call.wish.order
        one = replace(order, count=1, seed=order.seed_of(job.index))

        def report(event: Event) -> None:
            if not isinstance(event, Picture):
                job.report(_numbered(event, job.index))

        picture = await self._picture(endpoint, one, report)
        job.leave(done=True)
        ticket = job.ticket
        if ticket.began is not None and ticket.worked_seconds is not None:
            self._lab.leases.worked(lease_id, ticket.began, ticket.began + ticket.worked_seconds)
        files = picture.recipe.files if picture.recipe is not None else ()
        maker = Maker(
            engine=self._lab.catalog[backend].dialect,
            service=backend,
            asked_service=call.choice.service,
            demo=backend == DEMO,
            mode=self._lab.policy.effective(call.grant.mode),
            image_digest=endpoint.image_digest,
            model_hash=await self._record.model_hash(endpoint, files[0]) if files else None,
        )
        return await finish(
            picture, job_id=ticket.id, index=job.index, order=one, wish=call.wish, maker=maker
        )

    async def _picture(
        self, endpoint: Endpoint, order: Order, report: Callable[[Event], None]
    ) -> Picture:
        engine = self._engine(endpoint)
        try:
            (picture,) = await engine.generate(order, report)
        except ModelUnknown:
            if endpoint.backend != DEMO or order.model == DEMO:
                raise
            # It stands in for every model of the catalogue, and knows only some by name.
            (picture,) = await engine.generate(replace(order, model=DEMO), report)
        return picture

    async def _endpoint(self, call: Call, backend: str) -> Endpoint:
        """Return where the service answers now: it may have died, or been started anew, meanwhile.

        Raises:
            ServiceError: as `Holding.endpoint`, or somebody else answers for it by now.
        """
        service, grant = call.choice.service, call.grant
        endpoint = await self._holding.endpoint(service, self._holding.seconds(), grant)
        if endpoint.backend != backend:
            raise ServiceError(
                "The mode has changed while the job waited for its turn.",
                "Send it again.",
                code="engine_not_available",
            )
        return endpoint

    def _engine(self, endpoint: Endpoint) -> Engine:
        known = self._engines.get(endpoint.backend)
        # The demo engine stays the same, whichever service it stands in for.
        if known is not None and endpoint == replace(
            known[0], service=endpoint.service, dialect=endpoint.dialect
        ):
            return known[1]
        # A stand-in speaks its own dialect here, whatever is spoken at the door of the service.
        dialect = self._lab.catalog[endpoint.backend].dialect
        made = engine_of(dialect, endpoint.url, credential(endpoint), self._session)
        if made is None:
            raise ServiceError("No engine speaks this dialect.", code="engine_not_available")
        self._engines[endpoint.backend] = endpoint, made
        return made

    def _note(self, call: Call, backend: str, job: Job) -> None:
        """Tell the record what became of a job."""
        made, error, ticket = job.made, job.failure, job.ticket
        cancelled = made is None and (error is None or isinstance(error, GenerationCancelled))
        outcome: Outcome = "done" if made else "cancelled" if cancelled else "failed"
        known = error if isinstance(error, GenAIError) else GenAIError("The gateway failed.")
        self._record.note(
            Generation(
                id=ticket.id,
                person=call.grant.person,
                kind="openai",
                service=backend,
                model=call.choice.model,
                outcome=outcome,
                code=known.error_code if outcome == "failed" else None,
                seconds=ticket.worked_seconds or 0.0,
                pictures=1 if made else 0,
                sha256=made.sha256 if made else "",
                facts=made.facts if made else None,
            )
        )

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


def _numbered(event: Event, index: int) -> Heard:
    """Return an event of a one-picture order as one of the call's."""
    return event if isinstance(event, Notice) else replace(event, index=index)
