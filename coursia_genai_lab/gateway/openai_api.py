"""The OpenAI door: the Images API in front of every engine that runs here."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from aiohttp import ClientResponse, ClientSession, hdrs, web

from ..engines.workflow_files import read_all
from ..errors import (
    GenAIError,
    InvalidRequest,
    NotFound,
    ServiceError,
    TooManyRequests,
)
from ..lab.endpoint import Endpoint
from ..wire.images import ModelInfo
from .admission import MAX_BODY_BYTES, Admission
from .answers import fail, json_answer
from .dialects import openai_error
from .holding import Holding
from .needs import LabView
from .openai_form import read_form
from .openai_models import DEMO, LATER, Choice, ModelDirectory, drawn_here
from .openai_order import Wish, read_wish
from .openai_splice import EventSplice, JSONSplice
from .openai_work import EngineRoad
from .proxy import Hooks, Proxy, Splice, read_body
from .target import Target, read_target
from .tokens import Grant

log = logging.getLogger(__name__)

MAX_ORDER_BYTES = 2**20
"""Of a generation: 32,000 characters of prompt and a handful of numbers."""
MAX_EDITS = 3
"""Edits at a time, for their pictures are kept in memory until their model is known."""
CREATED = 1_760_000_000
"""A date for clients that want one; models of the catalogue have none."""
TEXT_CALLS = ("/v1/chat/", "/v1/completions", "/v1/responses", "/v1/embeddings")


class OpenAIDoor:
    """Answer every request that comes through the OpenAI door."""

    def __init__(
        self,
        *,
        lab: LabView,
        admission: Admission,
        holding: Holding,
        proxy: Proxy,
        session: ClientSession,
    ) -> None:
        self._lab = lab
        self._admission = admission
        self._holding = holding
        self._proxy = proxy
        self._models = ModelDirectory(lab)
        self._road = EngineRoad(lab, session)
        self._edits = 0
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

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        target = read_target(request.raw_path)
        grant = self._admission.admit(request.headers, target.raw_query)
        with self._admission.seat(grant, "request"), self._admission.bound_to(grant):
            return await self._route(request, target, grant)

    async def _route(
        self, request: web.BaseRequest, target: Target, grant: Grant
    ) -> web.StreamResponse:
        if not self._workflows_read:
            await asyncio.to_thread(read_all)
            self._workflows_read = True
        method, path = request.method, target.path
        if method in ("GET", "HEAD"):
            return self._read(path, grant)
        if method == "POST" and path in ("/v1/images/generations", "/v1/images"):
            return await self._generate(request, grant)
        if method == "POST" and path == "/v1/images/edits":
            return await self._edit(request, grant)
        if path.startswith(TEXT_CALLS):
            raise ServiceError(
                "No provider of text models is configured: this Lab makes pictures only.",
                "Give the notebook's text calls their own client, with an address and a key of "
                "their own.",
                code="no_text_provider",
            )
        raise _unknown(method, path)

    # -- reading -------------------------------------------------------------------------------

    def _read(self, path: str, grant: Grant) -> web.Response:
        if path == "/v1/models":
            listed = self._models.listed(grant.mode)
            return json_answer({"object": "list", "data": [_described(info) for info in listed]})
        if path.startswith("/v1/models/"):
            name = path.removeprefix("/v1/models/")
            return json_answer(_described(self._models.find(name, grant.mode)))
        if path == "/v1/coursia/status":
            return json_answer(self._status(grant))
        raise _unknown("GET", path)

    def _status(self, grant: Grant) -> dict[str, Any]:
        return {
            "mode": self._lab.policy.effective(grant.mode),
            "person": grant.person,
            "kernel_id": grant.kernel_id,
            "path": grant.path,
            "services": sorted(grant.services),
            "models": [info.model_dump() for info in self._models.listed(grant.mode)],
        }

    # -- making pictures -----------------------------------------------------------------------

    async def _generate(self, request: web.BaseRequest, grant: Grant) -> web.StreamResponse:
        order = _json_object(await read_body(request, MAX_ORDER_BYTES))
        name = order.get("model")
        if name is not None and not isinstance(name, str):
            raise InvalidRequest("'model' must be a string.", code="invalid_type")
        choice = self._models.choose(name, grant.mode)
        wish: Wish | None = None
        if self._drawn_here(choice, grant):
            wish = self._wished(order, choice)
        endpoint = await self._engine(choice, grant)
        if endpoint.backend != DEMO:
            wish = wish or self._wished(order, choice)
            return await self._road.make(request, grant, choice, endpoint, wish, "image_generation")
        body = json.dumps({**order, "model": choice.model}).encode()
        target = "/v1/images/generations"
        return await self._make(request, grant, choice, endpoint, target, body, "application/json")

    async def _edit(self, request: web.BaseRequest, grant: Grant) -> web.StreamResponse:
        if self._edits >= MAX_EDITS:
            raise TooManyRequests(f"{MAX_EDITS} pictures are being edited already.")
        self._edits += 1
        try:
            content_type = request.headers.get(hdrs.CONTENT_TYPE, "")
            body = await read_body(request, MAX_BODY_BYTES)
            form = read_form(body, content_type)
            choice = self._models.choose(form.model, grant.mode)
            wish: Wish | None = None
            if self._drawn_here(choice, grant):
                wish = await self._wished_edit(body, content_type, choice)
            endpoint = await self._engine(choice, grant)
            if endpoint.backend != DEMO:
                wish = wish or await self._wished_edit(body, content_type, choice)
                return await self._road.make(request, grant, choice, endpoint, wish, "image_edit")
            return await self._make(
                request,
                grant,
                choice,
                endpoint,
                "/v1/images/edits",
                form.with_model(choice.model),
                content_type,
            )
        finally:
            self._edits -= 1

    def _drawn_here(self, choice: Choice, grant: Grant) -> bool:
        backend = self._lab.backend(choice.service, grant.mode)
        mode = self._lab.policy.effective(grant.mode)
        return mode != "cloud" and drawn_here(self._lab.catalog[backend])

    def _wished(self, given: dict[str, Any], choice: Choice, **pictures: Any) -> Wish:
        """Return what is asked for, checked before any service is started for it."""
        silence = self._lab.catalog[choice.service].no_progress_seconds
        wish = read_wish(given, choice.model, silence_seconds=silence, **pictures)
        self._road.refuse_impossible(choice.service, wish)
        return wish

    async def _wished_edit(self, body: bytes, content_type: str, choice: Choice) -> Wish:
        # Pillow is loaded by the first edit, not with the door.
        from .openai_pictures import taken_apart

        fields, images, mask = await asyncio.to_thread(taken_apart, body, content_type)
        return self._wished(fields, choice, images=images, mask=mask)

    async def _engine(self, choice: Choice, grant: Grant) -> Endpoint:
        """Return the engine for a model, waiting for its start; never starts what cannot serve."""
        backend = self._lab.backend(choice.service, grant.mode)
        kind = self._lab.catalog[choice.service].kind
        mode = self._lab.policy.effective(grant.mode)
        self._holding.refuse_unconfirmed(choice.service, grant)
        here = drawn_here(self._lab.catalog[backend])
        if backend == DEMO or here or kind == "cloud" or mode == "cloud":
            with self._admission.seat(grant, "hold"):
                endpoint = await self._holding.endpoint(
                    choice.service, self._holding.seconds(), grant
                )
            if endpoint.backend == DEMO or drawn_here(self._lab.catalog[endpoint.backend]):
                return endpoint
        raise ServiceError(
            f"{choice.model} cannot be reached this way.", LATER, code="engine_not_available"
        )

    async def _make(
        self,
        request: web.BaseRequest,
        grant: Grant,
        choice: Choice,
        endpoint: Endpoint,
        target: str,
        body: bytes,
        content_type: str,
    ) -> web.StreamResponse:
        lease = self._lab.leases.take(
            "job", (endpoint.backend,), label=grant.path or choice.model, person=grant.person
        )
        extra: dict[str, Any] = {"demo": endpoint.backend == DEMO, "service": choice.service}
        if choice.warning:
            extra["warning"] = choice.warning
        done = False
        try:
            answer = await self._proxy.forward(
                request,
                endpoint,
                target,
                body=body,
                content_type=content_type,
                hooks=Hooks(splice=lambda answer: _splice(answer, {"coursia": extra})),
                silence_seconds=self._lab.catalog[endpoint.backend].no_progress_seconds,
            )
            done = answer.status == 200
            return answer
        finally:
            self._lab.leases.drop(lease.id, done=done)
            self._lab.touch(endpoint.backend)


def _splice(answer: ClientResponse, fields: dict[str, Any]) -> Splice | None:
    if answer.status != 200 or hdrs.CONTENT_ENCODING in answer.headers:
        return None
    if answer.content_type == "text/event-stream":
        return Splice(EventSplice(fields).feed, None)
    if answer.content_type == "application/json":
        splice = JSONSplice(fields)
        return Splice(splice.feed, splice.grows_by)
    return None


def _described(info: ModelInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "object": "model",
        "created": CREATED,
        "owned_by": info.service,
        **info.model_dump(exclude={"id"}),
    }


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest("The body of the request is not a JSON object.", code="invalid_json")
    return value


def _unknown(method: str, path: str) -> NotFound:
    return NotFound(
        f"Unknown address: {method} {path[:120]}.",
        "This door opens /v1/images/generations, /v1/images/edits and /v1/models.",
        code="unknown_url",
    )
