"""The OpenAI door: the Images API in front of every engine, on one road for all of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiohttp import ClientSession, hdrs, web

from ..engines.workflow_files import read_all
from ..errors import GenAIError, InvalidRequest, NotAllowed, NotFound, ServiceError
from ..lab.charge import Charges, NoCharges
from ..lab.cloud_questions import CloudQuestions
from ..lab.consents import Consents
from .admission import MAX_BODY_BYTES, Admission
from .answers import fail, json_answer
from .audience import worded_for
from .bodies import read_body
from .body_room import keep
from .dialects import openai_error
from .holding import Holding
from .json_bodies import json_object
from .needs import LabView
from .openai_account import Account
from .openai_bill import Detour
from .openai_call import Call
from .openai_detours import Detours
from .openai_form import read_form
from .openai_local import LocalRoad
from .openai_models import LATER, Choice, ModelDirectory, drawn_here
from .openai_order import Wish, read_wish
from .openai_paid import PaidRoad
from .openai_reads import QUEUE, Reads
from .openai_registered import RegisteredModels, asked_name
from .openai_road import EngineRoad
from .own_keys import OwnKeys
from .queue import FairQueue
from .record import Record
from .target import Target, read_target
from .text_calls import TextCalls
from .text_order import PATHS
from .tokens import Grant

log = logging.getLogger(__name__)

MAX_ORDER_BYTES = 2**20
"""Of a generation: 32,000 characters of prompt and a handful of numbers."""
Wished = Callable[[Choice], Wish]
"""Returns what is asked for, checked for one model; raises InvalidRequest and ServiceError."""


class OpenAIDoor:
    """Answer every request that comes through the OpenAI door."""

    def __init__(
        self,
        *,
        lab: LabView,
        admission: Admission,
        holding: Holding,
        queue: FairQueue,
        session: ClientSession,
        record: Record,
        workflows: RegisteredModels | None = None,
        charges: Charges | None = None,
        questions: CloudQuestions | None = None,
        salt: Callable[[], str] = lambda: "",
    ) -> None:
        self._lab = lab
        self._admission = admission
        self._holding = holding
        self._queue = queue
        self._workflows = workflows or RegisteredModels()
        self._models = ModelDirectory(lab, self._workflows)
        self._reads = Reads(lab, self._models, queue, record)
        self._detours = Detours(lab, self._models.clouds)
        account = Account(charges or NoCharges())
        asked = questions or CloudQuestions(lab.catalog, Consents())
        self._paid = PaidRoad(
            lab=lab,
            admission=admission,
            holding=holding,
            account=account,
            questions=asked,
            salt=salt,
        )
        local = LocalRoad(
            lab=lab, holding=holding, session=session, record=record, usual=queue.usual_seconds
        )
        self._road = EngineRoad(
            lab=lab,
            queue=queue,
            record=record,
            account=account,
            detours=self._detours,
            local=local,
            paid=self._paid,
        )
        self._text = TextCalls(
            lab=lab,
            admission=admission,
            holding=holding,
            session=session,
            charges=charges or NoCharges(),
            questions=asked,
            hidden=self._paid.hidden,
        )
        self._own_keys = OwnKeys(lab, session)
        self._workflows_read = False

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the answer, or a refusal in OpenAI's shape."""
        try:
            return await self._serve(request)
        except GenAIError as error:
            return await fail(request, error, openai_error, event=True)
        # The boundary of a request: a defect answers 500 and must not end the door.
        except Exception:
            log.exception("gateway: a request to the OpenAI door failed")
            return await fail(request, GenAIError("The gateway failed."), openai_error)

    async def close(self) -> None:
        """End what is under way; the listener has cut the connections before."""
        await self._road.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        target = read_target(request.raw_path)
        brought = self._admission.own_key(request.headers)
        if brought is not None:
            grant, key = brought
            with self._admission.seat(grant, "request"), self._admission.bound_to(grant):
                return await self._own_keys.answer(request, target.path, key)
        grant = self._admission.admit(request.headers, target.raw_query)
        with (
            worded_for(self._lab, grant.person),
            self._admission.seat(grant, "request"),
            self._admission.bound_to(grant),
        ):
            return await self._route(request, target, grant)

    async def _route(
        self, request: web.BaseRequest, target: Target, grant: Grant
    ) -> web.StreamResponse:
        if not self._workflows_read:
            await asyncio.to_thread(read_all)
            self._workflows_read = True
        await self._workflows.refresh()
        method, path = request.method, target.path
        if method in ("GET", "HEAD"):
            told = await self._reads.read(path, grant)
            if told is None:
                raise _unknown(method, path)
            return json_answer(told)
        if method == "DELETE" and path.startswith(f"{QUEUE}/"):
            await self._queue.cancel(path.removeprefix(f"{QUEUE}/"), grant.person)
            return json_answer(await self._reads.read(QUEUE, grant))
        if method == "POST" and path in ("/v1/images/generations", "/v1/images"):
            return await self._generate(request, grant)
        if method == "POST" and path == "/v1/images/edits":
            return await self._edit(request, grant)
        if method == "POST" and path in PATHS:
            return await self._text.answer(request, path, grant)
        raise _unknown(method, path)

    # -- making pictures -----------------------------------------------------------------------

    async def _generate(self, request: web.BaseRequest, grant: Grant) -> web.StreamResponse:
        order = json_object(await read_body(request, MAX_ORDER_BYTES))
        name = asked_name(order.get("model"), order.get("workflow"))
        choices = self._choices(name, grant)
        return await self._make(
            request,
            grant,
            choices,
            lambda choice: self._wished(order, choice, grant),
            "image_generation",
        )

    async def _edit(self, request: web.BaseRequest, grant: Grant) -> web.StreamResponse:
        content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
        body = await read_body(request, MAX_BODY_BYTES)
        form = read_form(body, content_type)
        choices = self._choices(asked_name(form.model, form.workflow), grant)
        wished = await self._wished_edit(body, content_type, grant)
        # Only the pictures wait for their turn, not the form that they came in.
        del body
        return await self._make(request, grant, choices, wished, "image_edit")

    def _choices(self, name: str | None, grant: Grant) -> list[Choice]:
        def withheld(service: str) -> bool:
            return grant.withholds(service) and not self._lab.service(service).wanted

        return self._models.choices(
            name, grant.mode, withheld=withheld, person=grant.person, word=grant.fallback
        )

    async def _make(
        self,
        request: web.BaseRequest,
        grant: Grant,
        choices: list[Choice],
        wished: Wished,
        prefix: str,
    ) -> web.StreamResponse:
        choice, wish = _first_able(choices, wished)
        call = Call(grant, choice, wish, prefix)
        return await self._road.make(request, call, await self._maker(call))

    async def _maker(self, call: Call) -> str | list[Detour]:
        """Return the service that draws, once it answers, or the providers that may."""
        grant, choice, edit = call.grant, call.choice, bool(call.wish.order.images)
        if choice.cloud is not None:
            return [Detour(choice.cloud)]
        if detours := self._detours.by_mode(grant, choice, edit=edit):
            return detours
        # Who would be drawn for at once need not wait for what was away a moment ago.
        at_once = self._paid.agreed(call, self._detours.meanwhile(grant, choice, edit=edit))
        seconds = 0.0 if at_once else self._holding.seconds()
        try:
            return await self._ready(choice, grant, seconds)
        except GenAIError as error:
            if not (detours := self._detours.of(grant, choice, error, edit=edit)):
                raise
            return detours

    def _wished(self, given: dict[str, Any], choice: Choice, grant: Grant, **pictures: Any) -> Wish:
        """Return what is asked for, checked before any service is started for it."""
        if choice.size is not None and given.get("size") in (None, ""):
            given = {**given, "size": choice.size}
        silence = self._lab.catalog[choice.service].no_progress_seconds
        self._lab.policy.refuse_model(grant.person, choice.model)
        paid = choice.cloud is not None
        wish = read_wish(given, choice.model, silence_seconds=silence, paid=paid, **pictures)
        if choice.workflow is not None:
            wish = replace(wish, order=replace(wish.order, workflow=choice.workflow))
        if not paid and self._lab.policy.effective(grant.mode) != "cloud":
            backend = self._lab.backend(choice.service, grant.mode)
            self._road.refuse_impossible(backend, wish)
        return wish

    async def _wished_edit(self, body: bytes, content_type: str, grant: Grant) -> Wished:
        # Pillow is loaded by the first edit, not with the door.
        from .openai_pictures import taken_apart

        form = await asyncio.to_thread(taken_apart, body, content_type)
        images, mask = form.images, form.mask
        # They wait for their turn as PNG, which may be more than what came.
        keep(max(0, sum(map(len, images)) + len(mask or b"") - len(body)))

        def wished(choice: Choice) -> Wish:
            wish = self._wished(form.fields, choice, grant, images=images, mask=mask)
            return replace(wish, digests=form.digests)

        return wished

    async def _ready(self, choice: Choice, grant: Grant, seconds: float) -> str:
        """Return who makes the pictures, once it answers; starts nothing that cannot serve."""
        backend = self._lab.backend(choice.service, grant.mode)
        mode = self._lab.policy.effective(grant.mode)
        self._holding.refuse_unconfirmed(choice.service, grant)
        here = drawn_here(self._lab.catalog[backend])
        # Of the others the Lab says why they cannot.
        if here or self._lab.catalog[choice.service].kind == "cloud" or mode == "cloud":
            with self._admission.seat(grant, "hold"):
                endpoint = await self._holding.endpoint(choice.service, seconds, grant)
            if drawn_here(self._lab.catalog[endpoint.backend]):
                return endpoint.backend
        raise ServiceError(
            f"{choice.model} cannot be reached this way.", LATER, code="engine_not_available"
        )


def _first_able(choices: list[Choice], wished: Wished) -> tuple[Choice, Wish]:
    """Return the first choice that can do what is asked for.

    Raises:
        InvalidRequest, NotAllowed, ServiceError: none can; what the best of them says.
    """
    refusal: GenAIError | None = None
    for choice in choices:
        try:
            return choice, wished(choice)
        except (InvalidRequest, NotAllowed, ServiceError) as error:
            refusal = refusal or error
    raise refusal or NotFound("No model can be had.")


def _unknown(method: str, path: str) -> NotFound:
    return NotFound(
        f"Unknown address: {method} {path[:120]}.",
        "This door opens /v1/images/generations, /v1/images/edits, /v1/chat/completions, "
        "/v1/responses, /v1/embeddings, /v1/models and /v1/coursia/status, queue, usage.",
        code="unknown_url",
    )
