"""The door of one service that speaks its own dialect: admit, hold, limit, forward."""

from __future__ import annotations

import logging

from aiohttp import hdrs, web

from ..errors import GenAIError, NotAllowed, ServiceError, ServiceNotReady
from ..lab.endpoint import Endpoint
from .admission import Admission
from .answers import fail, json_answer
from .audience import worded_for
from .comfyui_door import ComfyUIDoor
from .dialects import RawDialect, Route
from .holding import Holding
from .needs import LabView
from .proxy import Proxy
from .starting import starting_stats
from .target import Target, read_target
from .tokens import Grant
from .webui_answers import WebUIAnswers
from .webui_jobs import WebUIJobs

log = logging.getLogger(__name__)


class RawDoor:
    """Answer every request that comes through one door."""

    def __init__(
        self,
        service: str,
        dialect: RawDialect,
        *,
        lab: LabView,
        admission: Admission,
        holding: Holding,
        proxy: Proxy,
        comfyui: ComfyUIDoor | None = None,
        webui: WebUIJobs | None = None,
    ) -> None:
        self._service = service
        self._dialect = dialect
        self._lab = lab
        self._admission = admission
        self._holding = holding
        self._proxy = proxy
        self._comfyui = comfyui
        self._webui = webui
        self._webui_answers = None if webui is None else WebUIAnswers(webui, proxy)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Return the service's answer, or a refusal in its dialect."""
        try:
            return await self._serve(request)
        except GenAIError as error:
            return await fail(request, error, self._dialect.body)
        # The boundary of a request: a defect answers 500 and must not end the door.
        except Exception:
            log.exception("gateway: a request to the door of %s failed", self._service)
            return await fail(request, GenAIError("The gateway failed."), self._dialect.body)

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        target = read_target(request.raw_path)
        upgrade = request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
        grant = self._admission.admit(request.headers, target.raw_query, upgrade=upgrade)
        if self._service not in grant.services:
            raise NotAllowed(
                f"This kernel's token does not open {self._service}.",
                "Name the service in the notebook's GenAI metadata or use it in its code, then "
                "restart the kernel.",
                code="service_not_granted",
            )
        route = self._dialect.match(request.method, target.path)
        if upgrade != (route.kind == "socket"):
            raise NotAllowed(
                "This address opens as a WebSocket only."
                if route.kind == "socket"
                else "This address opens no WebSocket.",
                "Use ws:// for /ws and http:// for all else.",
                code="route_refused",
            )
        if route.kind == "socket":
            with self._admission.seat(grant, "socket"):
                return await self._socket(request, target, grant)
        with (
            worded_for(self._lab, grant.person),
            self._admission.seat(grant, "request"),
            self._admission.bound_to(grant),
        ):
            return await self._http(request, target, route, grant)

    # -- HTTP ----------------------------------------------------------------------------------

    async def _http(
        self, request: web.BaseRequest, target: Target, route: Route, grant: Grant
    ) -> web.StreamResponse:
        probe = route.kind in ("probe", "front")
        if self._webui_answers is not None and route.kind == "own":
            return await self._webui_answers.answer(
                request,
                target,
                grant,
                lambda: self._endpoint(grant, self._holding.seconds()),
            )
        try:
            endpoint = await self._endpoint(grant, self._holding.seconds(probe=probe))
        except ServiceNotReady as error:
            if probe and self._passes_as_starting(error, grant):
                return self._starting(route, error)
            raise
        if route.kind == "front":
            return json_answer({"service": self._service, "state": "ready"})
        if self._comfyui is not None:
            return await self._comfyui.answer(request, target, route, grant, endpoint)
        if route.kind == "job" and self._webui is not None:
            return await self._webui.run(request, target, grant, endpoint)
        return await self._proxy.forward(request, endpoint, target.raw)

    async def close(self) -> None:
        """End the jobs that nobody's connection holds, bounded."""
        if self._comfyui is not None:
            await self._comfyui.close()

    # -- holding -------------------------------------------------------------------------------

    async def _endpoint(self, grant: Grant, seconds: float) -> Endpoint:
        with self._admission.seat(grant, "hold"):
            try:
                return await self._holding.endpoint(self._service, seconds, grant)
            except NotAllowed as error:
                if error.error_code != "mode_cloud":
                    raise
                # A raw dialect has no cloud stand-in: to its clients the engine is away.
                raise ServiceError(error.message, error.remedy, code=error.error_code) from error

    def _passes_as_starting(self, error: ServiceNotReady, grant: Grant) -> bool:
        return error.error_code == ServiceNotReady.code and self._holding.may_pass_as_starting(
            self._service, grant.mode
        )

    def _starting(self, route: Route, error: ServiceNotReady) -> web.Response:
        if route.kind == "front":
            return json_answer({"service": self._service, "state": "starting"})
        return json_answer(starting_stats(error), headers={"X-CoursIA-State": "starting"})

    # -- sockets -------------------------------------------------------------------------------

    async def _socket(
        self, request: web.BaseRequest, target: Target, grant: Grant
    ) -> web.StreamResponse:
        assert self._comfyui is not None, "only ComfyUI's dialect has a socket"
        hold, short = self._holding.seconds(), self._holding.seconds(probe=True)
        try:
            # What refuses it at once is told as an answer; a start is waited for behind the socket.
            await self._endpoint(grant, short)
        except ServiceNotReady as error:
            if error.error_code != ServiceNotReady.code or hold <= short:
                raise
        return await self._comfyui.listen(
            request, target, grant, lambda: self._endpoint(grant, hold - short)
        )
