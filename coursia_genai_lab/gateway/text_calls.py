"""Text calls beside pictures: checked, agreed to, set aside, passed to a provider, counted."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable

from aiohttp import ClientSession, web

from ..engines.text_prices import TextPrice
from ..errors import GenAIError, PriceUnknown
from ..lab.charge import MICROUSD_A_CENT, Amount, Charge, Charges, Spending
from ..lab.cloud_questions import CLOUD, UPLOAD, Ask, CloudQuestions
from .admission import Admission
from .bodies import read_body
from .holding import Holding
from .needs import LabView
from .openai_detours import own_key, refuse_clouds
from .queue import FairQueue
from .reserving import Reserving
from .text_answers import CallerLeft, TextReading, spent_by
from .text_order import MOST_BYTES, OPENROUTER, TextOrder, read_text_order, refuse_model
from .text_providers import TextProviders
from .text_refusals import switched_off
from .tokens import Grant

AT_ONCE = 16
"""Text calls that one provider is asked at a time; the others wait, each person in turn."""
CALL_SECONDS = 600.0


class TextCalls:
    """Answer the text addresses of the OpenAI door.

    `hidden` turns a person's name into one that tells a provider nobody's.
    """

    def __init__(
        self,
        *,
        lab: LabView,
        admission: Admission,
        holding: Holding,
        session: ClientSession,
        charges: Charges,
        questions: CloudQuestions,
        hidden: Callable[[str], str],
    ) -> None:
        self._lab = lab
        self._admission = admission
        self._holding = holding
        self._providers = TextProviders(lab, session)
        self._reserving = Reserving(charges)
        self._questions = questions
        self._hidden = hidden
        self._queue = FairQueue(slots=lambda service: AT_ONCE)

    async def answer(self, request: web.BaseRequest, path: str, grant: Grant) -> web.StreamResponse:
        """Return a provider's answer to a call that may be made.

        Raises:
            NotAllowed: text is off, or mode or policy forbid this call.
            InvalidRequest: a field does not pass.
            ConsentMissing: nobody has agreed in time.
            PriceUnknown, QuotaExceeded: it is not bought.
            GenAIError: what the provider says.
        """
        rules = self._lab.policy.text
        if not rules.models:
            raise switched_off()
        refuse_clouds(self._lab, grant.mode)
        sent = await read_body(request, MOST_BYTES)
        order = await asyncio.to_thread(read_text_order, path, sent, rules)
        del sent
        asking = await self._providers.asking(order.asked.service)
        price = await self._providers.price(asking, order.asked, order.kind)
        worst = None if price is None else price.worst(order.input_tokens, order.output_tokens)
        if price is None or worst is None:
            raise PriceUnknown(f"Nobody knows what {order.asked.model} costs for this call.")
        await self._agreed(grant, order, worst)
        charge = await self._reserving.reserve(self._spending(grant, order, worst))
        return await self._charged(request, path, grant, order, price, charge)

    # -- before --------------------------------------------------------------------------------

    def _spending(self, grant: Grant, order: TextOrder, worst: int) -> Spending:
        return Spending(
            id=str(uuid.uuid4()),
            person=grant.person,
            service=order.asked.service,
            model=order.asked.model,
            worst=Amount(microusd=worst),
            provider=order.asked.service,
            kind="text",
        )

    async def _agreed(self, grant: Grant, order: TextOrder, worst: int) -> None:
        needed = self._needed(grant, order, worst)
        if needed:
            with self._admission.seat(grant, "hold"):
                for ask in needed:
                    await self._questions.agreed(ask, self._holding.seconds())

    def _needed(self, grant: Grant, order: TextOrder, worst: int) -> list[Ask]:
        """Return what its person has still to agree to, as for pictures."""
        service = order.asked.service
        own = own_key(self._lab, service, grant)
        agreed = own or self._lab.policy.fallback() == "auto"
        kinds = [] if agreed else [CLOUD]
        kinds += [UPLOAD] if order.pictures else []
        return [
            Ask(
                grant.person,
                kind,
                service,
                model=order.asked.model,
                price_cents=worst / MICROUSD_A_CENT,
                path=grant.path,
            )
            for kind in kinds
            if not self._questions.given(grant.person, kind, service)
        ]

    # -- the call ------------------------------------------------------------------------------

    async def _charged(
        self,
        request: web.BaseRequest,
        path: str,
        grant: Grant,
        order: TextOrder,
        price: TextPrice,
        charge: Charge,
    ) -> web.StreamResponse:
        """Make a call whose worst case is set aside, and end its charge in any case."""
        service = order.asked.service
        spent_of = spent_by(price, routed=service == OPENROUTER)
        reading: TextReading | None = None
        sent = may_cost = False
        try:
            with self._lab.leases.waiting(grant.lease_id):
                ticket = self._queue.join(service, grant.person, holder=grant.lease_id)
                try:
                    await ticket.turn()
                    body = await asyncio.to_thread(order.sent, self._hidden(grant.person), price)
                    # The key may be another by now, or gone.
                    asking = await self._providers.asking(service)
                    reading = TextReading(request, order, asking, spent_of)
                    self._refuse_changed(grant, order)
                    await charge.sent()
                    sent = may_cost = True
                    answer = await asking.send(
                        *("POST", path, body, "application/json", reading.read),
                        seconds=CALL_SECONDS,
                        hidden=order.texts,
                    )
                finally:
                    ticket.leave(done=True)
            self._lab.clouds.told(service, None)
            return answer
        except CallerLeft:
            raise GenAIError("Nobody takes the answer.") from None
        except GenAIError as error:
            may_cost = sent and error.may_have_billed
            if sent:
                self._lab.clouds.told(service, error)
            raise
        finally:
            _end(charge, reading.microusd if reading else None, may_cost=may_cost)

    def _refuse_changed(self, grant: Grant, order: TextOrder) -> None:
        """Look once more, right before anything is sent: it may have waited for long."""
        refuse_clouds(self._lab, grant.mode)
        asked = order.asked
        refuse_model(f"{asked.service}/{asked.model}", asked, self._lab.policy.text)
        for ask in self._needed(grant, order, 0):
            raise self._questions.missing(ask)


def _end(charge: Charge, microusd: int | None, *, may_cost: bool) -> None:
    """End a charge by what was heard: a price, nothing that may cost, or no end."""
    if microusd is not None:
        charge.settle(Amount(microusd=microusd))
    elif may_cost:
        charge.unknown()
    else:
        charge.refund()
