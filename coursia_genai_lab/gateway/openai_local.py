"""Pictures that an engine of this machine, or of its network, draws."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from aiohttp import ClientSession

from ..engines import Engine, engine_of
from ..engines.orders import Event, Order, Picture
from ..errors import GenerationCancelled, ModelUnknown, ServiceError
from ..lab.charge import Amount, Spending
from ..lab.endpoint import Endpoint
from .headers import credential
from .holding import Holding
from .needs import LabView
from .openai_account import settle_here
from .openai_call import Call
from .openai_made import Made, Maker, finish
from .openai_models import DEMO
from .openai_telling import numbered
from .openai_work import Job
from .raw_charges import UNKNOWN_SECONDS
from .record import Record


class LocalRoad:
    """The way to engines here. `usual` tells the seconds of a job of a service, where known."""

    def __init__(
        self,
        *,
        lab: LabView,
        holding: Holding,
        session: ClientSession,
        record: Record,
        usual: Callable[[str], float | None],
    ) -> None:
        self._lab = lab
        self._holding = holding
        self._session = session
        self._record = record
        self._usual = usual
        self._engines: dict[str, tuple[Endpoint, Engine]] = {}

    def spending(self, call: Call, backend: str, job_id: str) -> Spending:
        """Return what one picture is to be set aside for."""
        seconds = (self._usual(backend) or UNKNOWN_SECONDS) if self._has_gpu(backend) else 0.0
        return Spending(
            id=job_id,
            person=call.grant.person,
            service=backend,
            model=call.choice.model,
            worst=Amount(pictures=1, gpu_seconds=seconds),
        )

    async def draw(self, call: Call, backend: str, lease_id: str, job: Job) -> Made:
        """Return the picture of a job that has its turn; whatever happens, its charge is ended.

        Raises:
            GenAIError: as the engine says, or the service does not answer any more.
        """
        made = gone = False
        charge = job.charge
        try:
            picture, order, endpoint = await self._drawn(call, backend, job)
            made = True
        except (asyncio.CancelledError, GenerationCancelled):
            gone = True
            raise
        finally:
            ticket = job.ticket
            job.leave(done=made)
            gpu = self._has_gpu(backend)
            settle_here(charge, ticket, made=made, gpu=gpu, gone=gone)
        if ticket.began is not None and ticket.worked_seconds is not None:
            self._lab.leases.worked(lease_id, ticket.began, ticket.began + ticket.worked_seconds)
        return await self._finished(call, backend, job, picture, order, endpoint)

    async def _drawn(self, call: Call, backend: str, job: Job) -> tuple[Picture, Order, Endpoint]:
        endpoint = await self._endpoint(call, backend)
        order = call.wish.order
        one = replace(order, count=1, seed=order.seed_of(job.index))

        def report(event: Event) -> None:
            if not isinstance(event, Picture):
                job.report(numbered(event, job.index))

        return await self._picture(endpoint, one, report), one, endpoint

    async def _finished(
        self, call: Call, backend: str, job: Job, picture: Picture, order: Order, at: Endpoint
    ) -> Made:
        files = picture.recipe.files if picture.recipe is not None else ()
        maker = Maker(
            engine=self._lab.catalog[backend].dialect,
            service=backend,
            asked_service=call.choice.service,
            demo=backend == DEMO,
            mode=self._lab.policy.effective(call.grant.mode),
            image_digest=at.image_digest,
            model_hash=await self._record.model_hash(at, files[0]) if files else None,
        )
        return await finish(
            picture, job_id=job.ticket.id, index=job.index, order=order, wish=call.wish, maker=maker
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

    def _has_gpu(self, backend: str) -> bool:
        return self._lab.catalog[backend].kind == "local" and backend != DEMO
