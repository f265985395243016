"""Pictures that a provider draws: agreed to and set aside before, counted honestly after."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from ..engines.orders import Event, Order, Picture
from ..errors import ConsentMissing, GenAIError, PriceUnknown, QuotaExceeded
from ..lab.charge import Spending
from ..lab.cloud_questions import CLOUD, UPLOAD, Ask, CloudQuestions
from .admission import Admission
from .holding import Holding
from .needs import LabView
from .openai_account import Account
from .openai_bill import Bill, Detour, cents
from .openai_call import Call
from .openai_detours import own_key, refuse_clouds
from .openai_made import Made, Maker, finish
from .openai_telling import numbered
from .openai_work import Job

NEXT_CODES = frozenset(
    {"cloud_key_refused", "cloud_no_credit", "cloud_forbids", "cloud_busy", "cloud_down"}
    | {"cloud_unreachable", "cloud_paused", "no_key", "price_unknown", "model_not_found"}
    | {"model_not_allowed", "quota_exceeded"}
)
"""After these another provider may stand in: nothing was made, and nothing is to be paid."""


class PaidRoad:
    """The way to providers. `salt` is what hides people's names from them, one a store."""

    def __init__(
        self,
        *,
        lab: LabView,
        admission: Admission,
        holding: Holding,
        account: Account,
        questions: CloudQuestions,
        salt: Callable[[], str],
    ) -> None:
        self._lab = lab
        self._admission = admission
        self._holding = holding
        self._account = account
        self._questions = questions
        self._salt = salt
        self._own_salt = secrets.token_hex(16)

    async def bill(self, call: Call, detours: Sequence[Detour]) -> Bill:
        """Return what the first provider that can will draw, once its person has agreed to it.

        Raises:
            NotAllowed: the mode, or the role of the person, forbids it.
            ConsentMissing: nobody has agreed in time.
            PriceUnknown: nobody knows what it costs.
            GenAIError: as `CloudEngine.quote` says; of several the first's.
        """
        refusal: GenAIError | None = None
        for nth, detour in enumerate(detours, 1):
            try:
                bill = await self._agreed(call, detour)
                return replace(bill, others=tuple(detours[nth:]))
            except GenAIError as error:
                if error.error_code not in NEXT_CODES:
                    raise
                refusal = refusal or error
        assert refusal is not None
        raise refusal

    async def instead(self, call: Call, detours: Sequence[Detour], error: GenAIError) -> Bill:
        """Return the bill of who draws in place of what failed here; raises as `bill` does.

        What is wrong with the stand-in alone does not hide what is wrong here: then `error` is
        raised.
        """
        try:
            return await self.bill(call, detours)
        except (ConsentMissing, QuotaExceeded, PriceUnknown):
            raise
        except GenAIError as refusal:
            raise error from refusal

    def agreed(self, call: Call, detours: Sequence[Detour]) -> bool:
        """Say whether one of these could draw without a question to its person."""
        return any(not self._asks(call, one, None) for one in detours)

    def spending(self, call: Call, bill: Bill, job_id: str) -> Spending:
        """Return what one picture of a bill is to be set aside for."""
        cloud, why = bill.detour.cloud, bill.detour.cause
        return Spending(
            id=job_id,
            person=call.grant.person,
            service=cloud.service,
            model=cloud.name,
            worst=bill.worst,
            provider=cloud.service,
            fallback="" if why is None else why.code,
        )

    async def draw(self, call: Call, job: Job, bill: Bill) -> Made:
        """Return a picture, once it has its turn.

        A charge whose end nobody heard stays as it is, and `Held.close` counts the worst.

        Raises:
            GenAIError: as the provider says, or who asked has taken the agreement back.
        """
        order = self._order(call, job, bill)
        try:
            await job.turn()
            self._refuse_changed(call, bill)
            picture = await self._asked(order, job, bill)
        except GenAIError as error:
            if job.sent:
                self._lab.clouds.told(bill.detour.cloud.service, error)
            if not error.may_have_billed:
                job.charge.refund()
            raise
        return await self._counted(call, job, bill, picture)

    # -- before --------------------------------------------------------------------------------

    async def _agreed(self, call: Call, detour: Detour) -> Bill:
        grant, name = call.grant, detour.cloud
        refuse_clouds(self._lab, grant.mode)
        self._lab.policy.refuse_model(grant.person, name.name)
        spec = self._lab.catalog[name.service]
        engine = await self._lab.clouds.engine(name.service)
        try:
            quote = await engine.quote(replace(call.wish.order, model=name.model, count=1))
        except GenAIError as error:
            self._lab.clouds.told(name.service, error)
            raise
        if quote.microusd is None:
            raise PriceUnknown(f"Nobody knows what a picture of {name.name} costs.")
        host = urlsplit(str(spec.cloud.url)).hostname if spec.cloud is not None else None
        bill = Bill(detour, quote.microusd, spec.title, host or spec.title)
        await self._ask(call, bill)
        return bill

    async def _ask(self, call: Call, bill: Bill) -> None:
        needed = self._asks(call, bill.detour, cents(bill.microusd))
        if not needed:
            return
        with self._admission.seat(call.grant, "hold"):
            for ask in needed:
                await self._questions.agreed(ask, self._holding.seconds())

    def _asks(self, call: Call, detour: Detour, price_cents: float | None) -> list[Ask]:
        """Return what its person has still to agree to: pictures of one's own always by oneself.

        Of prompts nothing where code calls a provider by name whose key its person brought to a
        server of their own: it would have asked nobody without us.
        """
        grant = call.grant
        provider = detour.cloud.service
        own = detour.cause is None and own_key(self._lab, provider, grant)
        # The notebook's word is on what stands in, not on what its code calls by name.
        word = None if detour.cause is None else grant.fallback
        by_policy = self._lab.policy.fallback(word) == "auto"
        kinds = [] if by_policy or own else [CLOUD]
        kinds += [UPLOAD] if call.wish.order.images else []
        return [
            Ask(
                grant.person,
                kind,
                provider,
                model=detour.cloud.name,
                reason=None if detour.cause is None else detour.cause.problem,
                price_cents=price_cents,
                services=() if detour.cause is None else (call.choice.service,),
                path=grant.path,
            )
            for kind in kinds
            if not self._questions.given(grant.person, kind, provider)
        ]

    def _refuse_changed(self, call: Call, bill: Bill) -> None:
        """Look once more, right before anything is sent: the job may have waited for long."""
        refuse_clouds(self._lab, call.grant.mode)
        self._lab.policy.refuse_model(call.grant.person, bill.detour.cloud.name)
        for ask in self._asks(call, bill.detour, None):
            raise self._questions.missing(ask)

    def _order(self, call: Call, job: Job, bill: Bill) -> Order:
        order = call.wish.order
        return replace(
            order,
            model=bill.detour.cloud.model,
            count=1,
            seed=order.seed_of(job.index),
            user=self.hidden(call.grant.person),
        )

    def hidden(self, person: str) -> str:
        """Return what a provider is told in place of a person's name: always the same."""
        salt = self._salt() or self._own_salt
        return hashlib.sha256(f"{salt}\0{person}".encode()).hexdigest()[:32]

    # -- the call and after --------------------------------------------------------------------

    async def _asked(self, order: Order, job: Job, bill: Bill) -> Picture:
        engine = await self._lab.clouds.engine(bill.detour.cloud.service)

        def report(event: Event) -> None:
            if not isinstance(event, Picture):
                job.report(numbered(event, job.index))

        await job.charge.sent()
        (picture,) = await engine.generate(order, report)
        return picture

    async def _counted(self, call: Call, job: Job, bill: Bill, picture: Picture) -> Made:
        cloud, spent = bill.detour.cloud, bill.spent(picture)
        job.charge.settle(spent)
        job.leave(done=True)
        self._lab.clouds.told(cloud.service, None)
        job.work.telling.paid(bill, spent.microusd, picture.spent)
        job.work.telling.left(await self._account.left(call.grant.person))
        why = bill.detour.cause
        maker = Maker(
            engine=self._lab.catalog[cloud.service].dialect,
            service=cloud.service,
            asked_service=call.choice.service,
            demo=False,
            mode=self._lab.policy.effective(call.grant.mode),
            image_digest=None,
            model_hash=None,
            provider=bill.host,
            fallback_reason=None if why is None else why.code,
            cost_microusd=None if picture.spent is None else picture.spent.microusd,
        )
        named = replace(call.wish.order, model=cloud.name)
        return await finish(
            picture,
            job_id=job.ticket.id,
            index=job.index,
            order=named,
            wish=call.wish,
            maker=maker,
        )
