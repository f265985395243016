"""The door of one ComfyUI behind admission: its jobs, its sockets, and calls that touch jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from aiohttp import ClientSession, web

from ..errors import InvalidRequest, NotAllowed
from ..lab.charge import Charges
from ..lab.endpoint import Endpoint
from .admission import Admission
from .answers import json_answer
from .bodies import SMALL_BYTES, read_body
from .comfyui_audience import Audience, Listener
from .comfyui_inputs import OwnInputs
from .comfyui_jobs import ComfyUIJobs
from .comfyui_uploads import ComfyUIUploads
from .comfyui_views import ComfyUIViews
from .dialects import Limit, Route
from .headers import GUARDS
from .holding import Holding
from .json_bodies import json_object
from .needs import LabView
from .own_jobs import OwnJobs, RawJob
from .proxy import Proxy
from .queue import FairQueue
from .record import Record
from .sockets import CallerSockets, refuse_broken_handshake
from .target import Target
from .tokens import Grant


class ComfyUIDoor:
    """Answer what was admitted. `record` takes every job that had its turn."""

    def __init__(
        self,
        service: str,
        *,
        lab: LabView,
        queue: FairQueue,
        admission: Admission,
        holding: Holding,
        proxy: Proxy,
        session: ClientSession,
        record: Record,
        charges: Charges,
    ) -> None:
        self._service = service
        self._lab = lab
        self._queue = queue
        self._admission = admission
        self._proxy = proxy
        self._own = OwnJobs()
        self._audience = Audience()
        self._sockets = CallerSockets(self._audience, holding.closing)
        inputs = OwnInputs()
        self._uploads = ComfyUIUploads(inputs, self._own, session)
        self._views = ComfyUIViews(
            jobs=self._own,
            inputs=inputs,
            session=session,
            proxy=proxy,
            count=queue.remaining,
            works_for_others=self._works_for_others,
            picture=record.picture,
        )
        self._jobs = ComfyUIJobs(
            service,
            jobs=self._own,
            audience=self._audience,
            lab=lab,
            queue=queue,
            admission=admission,
            holding=holding,
            session=session,
            mapped=inputs.upstream,
            note=record.note,
            charges=charges,
        )
        queue.hear(lambda backend: self._audience.count())

    async def answer(
        self,
        request: web.BaseRequest,
        target: Target,
        route: Route,
        grant: Grant,
        endpoint: Endpoint,
    ) -> web.StreamResponse:
        """Return the answer to one call.

        Raises GenAIError as the parts of the door do.
        """
        if route.kind == "job":
            return await self._jobs.post(request, grant, endpoint)
        if route.limit is not None:
            body = await read_body(request, SMALL_BYTES)
            return await self._touch(route.limit, target, body, grant.person, endpoint)
        path = target.path.removeprefix("/api")
        if path in ("/upload/image", "/upload/mask"):
            return await self._uploads.take(request, path, grant.person, endpoint)
        told = await self._views.answer(request, target, grant, endpoint)
        if told is not None:
            return told
        return await self._proxy.forward(request, endpoint, target.raw)

    async def listen(
        self,
        request: web.BaseRequest,
        target: Target,
        grant: Grant,
        ready: Callable[[], Awaitable[object]],
    ) -> web.WebSocketResponse:
        """Let a caller listen to its jobs; `ready` returns once the service runs."""
        refuse_broken_handshake(request)

        def backend() -> str:
            return self._lab.backend(self._service, grant.mode)

        def used() -> None:
            self._lab.leases.touch(grant.lease_id)
            self._lab.touch(backend())

        client_id = parse_qs(target.raw_query).get("clientId", [""])[0][:200]
        listener = Listener(
            grant.person, client_id or None, lambda: self._queue.remaining(backend())
        )
        return await self._sockets.serve(
            request,
            listener,
            working=self._jobs.working_under(grant.person, listener.client_id),
            ready=ready,
            ended=lambda: self._admission.until_ended(grant),
            used=used,
        )

    async def close(self) -> None:
        """End every job, bounded."""
        await self._jobs.close()

    def _works_for_others(self, backend: str, person: str) -> bool:
        return any(
            one.backend == backend and one.began is not None and one.person != person
            for one in self._queue.tickets()
        )

    # -- calls that touch jobs -----------------------------------------------------------------

    async def _touch(
        self, limit: Limit, target: Target, body: bytes, person: str, endpoint: Endpoint
    ) -> web.Response:
        if limit == "cancel":
            found = self._own.find(target.path.split("/")[-2], person)
            if found is None:
                return json_answer({"error": "Job not found"}, status=404)
            return json_answer({"cancelled": found.open and await self._jobs.cancel(found)})
        if limit == "interrupt":
            await self._interrupt(body, person)
        elif target.path.endswith("/history"):
            await self._jobs.forget(self._named(body, person), endpoint)
        else:
            # As in ComfyUI, this leaves alone what runs.
            waiting = [one for one in self._named(body, person) if one.state == "waiting"]
            await asyncio.gather(*(self._jobs.cancel(one) for one in waiting))
        return web.Response(headers=GUARDS)

    async def _interrupt(self, body: bytes, person: str) -> None:
        """Interrupt a person's job that runs: the one that is named, or whichever it is."""
        wanted = json_object(body).get("prompt_id") if body.strip() else None
        running = [
            job
            for job in self._own.of(person)
            if job.state in ("posting", "working") and wanted in (None, "", job.id)
        ]
        await asyncio.gather(*(self._jobs.cancel(job) for job in running))

    def _named(self, body: bytes, person: str) -> list[RawJob]:
        """Return a person's own of the jobs that a call names; others are passed over as unknown.

        Raises:
            InvalidRequest: it names none.
            NotAllowed: it would clear everything.
        """
        order = json_object(body)
        names = order.get("delete")
        if order.get("clear") or not isinstance(names, list):
            raise NotAllowed(
                "Clearing everything would remove the jobs of others.",
                'Send {"delete": ["…"]} with the ids that POST /prompt returned.',
                code="clear_refused",
            )
        if not all(isinstance(name, str) for name in names):
            raise InvalidRequest("The ids of jobs are texts.")
        found = (self._own.find(name, person) for name in names)
        return [job for job in found if job is not None]
