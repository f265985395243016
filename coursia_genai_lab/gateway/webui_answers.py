"""The WebUI's routes that tell of whatever runs, answered with the caller's own jobs alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from ..errors import Conflict, NotAllowed
from ..lab.endpoint import Endpoint
from .admission import MAX_BODY_BYTES
from .answers import json_answer
from .bodies import SMALL_BYTES, read_body
from .json_bodies import json_object
from .proxy import Proxy
from .target import Target
from .tokens import Grant
from .webui_jobs import WebUIJob, WebUIJobs
from .webui_order import read_picture_order, task_name

Ready = Callable[[], Awaitable[Endpoint]]


class WebUIAnswers:
    """Answer progress, interrupts and options; what needs no service starts none."""

    def __init__(self, jobs: WebUIJobs, proxy: Proxy) -> None:
        self._jobs = jobs
        self._proxy = proxy

    async def answer(
        self, request: web.BaseRequest, target: Target, grant: Grant, ready: Ready
    ) -> web.StreamResponse:
        """Answer one request; `ready` waits for the service.

        Raises:
            InvalidRequest: its body cannot be read.
            NotAllowed: it would touch what is not the caller's.
        """
        what = target.path.rpartition("/")[2]
        if target.path == "/internal/progress":
            return await self._task(request, target, grant)
        if what == "progress":
            return await self._progress(request, target, grant)
        if what in ("interrupt", "skip"):
            return await self._interrupt(request, target, grant)
        if what == "png-info":
            return await self._written(request, target, await ready())
        if what.endswith(("-checkpoint", "-checkpoints")):
            return await self._load(request, target, grant, await ready())
        if request.method == "POST":
            return await self._choose(request, grant, ready)
        return await self._options(grant, ready)

    # -- progress ------------------------------------------------------------------------------

    async def _progress(
        self, request: web.BaseRequest, target: Target, grant: Grant
    ) -> web.StreamResponse:
        mine = self._jobs.mine(grant)
        if mine and await self._jobs.is_drawn(mine[0]):
            return await self._proxy.forward(request, mine[0].endpoint, target.raw)
        state = {
            "skipped": False,
            "interrupted": False,
            "stopping_generation": False,
            "job": "",
            "job_count": 0,
            "job_timestamp": "0",
            "job_no": 0,
            "sampling_step": 0,
            "sampling_steps": 0,
        }
        return json_answer(
            {
                "progress": 0.0,
                "eta_relative": (mine[0].place.seconds or 0.0) if mine else 0.0,
                "state": state,
                "current_image": None,
                "textinfo": _in_line(mine[0]) if mine else None,
            }
        )

    async def _task(
        self, request: web.BaseRequest, target: Target, grant: Grant
    ) -> web.StreamResponse:
        asked = json_object(await read_body(request, SMALL_BYTES))
        name = task_name(asked.get("id_task")) or ""
        job = self._jobs.task(grant, name)
        if job is not None and job.sent:
            body = json.dumps({**asked, "id_task": job.ours}).encode()
            return await self._proxy.forward(
                request, job.endpoint, target.raw, body=body, content_type="application/json"
            )
        return json_answer(
            {
                "active": False,
                "queued": job is not None,
                "completed": job is None and self._jobs.finished(grant, name),
                "progress": None,
                "eta": None if job is None else job.place.seconds,
                "live_preview": None,
                "id_live_preview": asked.get("id_live_preview", -1),
                "textinfo": None if job is None else _in_line(job),
            }
        )

    # -- stopping ------------------------------------------------------------------------------

    async def _interrupt(
        self, request: web.BaseRequest, target: Target, grant: Grant
    ) -> web.StreamResponse:
        await read_body(request, SMALL_BYTES)
        mine = self._jobs.mine(grant)
        if mine and await self._jobs.is_drawn(mine[0]):
            return await self._proxy.forward(
                request, mine[0].endpoint, target.raw, body=b"{}", content_type="application/json"
            )
        if self._jobs.anybody_works(grant):
            raise NotAllowed(
                "No picture of yours is being drawn now; an interrupt would stop another one.",
                "To take back a picture that waits, end the call that asks for it, or cancel it "
                "in the GenAI panel.",
                code="not_your_job",
            )
        return json_answer({})

    # -- a picture's text ----------------------------------------------------------------------

    async def _written(
        self, request: web.BaseRequest, target: Target, endpoint: Endpoint
    ) -> web.StreamResponse:
        sent = await read_body(request, MAX_BODY_BYTES)
        body = await asyncio.to_thread(read_picture_order, sent)
        return await self._proxy.forward(
            request, endpoint, target.raw, body=body, content_type="application/json"
        )

    # -- the model -----------------------------------------------------------------------------

    async def _choose(
        self, request: web.BaseRequest, grant: Grant, ready: Ready
    ) -> web.StreamResponse:
        wanted = json_object(await read_body(request, SMALL_BYTES))
        name = wanted.get("sd_model_checkpoint")
        if set(wanted) != {"sd_model_checkpoint"} or not isinstance(name, str):
            raise NotAllowed(
                "Of the options only sd_model_checkpoint can be set through this door.",
                "Send other options with the job, in override_settings.",
                code="option_refused",
            )
        await self._jobs.models.choose(grant, await ready(), name)
        return json_answer(None)

    async def _load(
        self, request: web.BaseRequest, target: Target, grant: Grant, endpoint: Endpoint
    ) -> web.StreamResponse:
        if self._jobs.anybody_works(grant):
            raise Conflict(
                "A picture is in the making; its model must stay loaded.",
                "Try again when it is done.",
            )
        return await self._proxy.forward(
            request, endpoint, target.raw, body=b"{}", content_type="application/json"
        )

    async def _options(self, grant: Grant, ready: Ready) -> web.StreamResponse:
        return json_answer(await self._jobs.models.options(grant, await ready()))


def _in_line(job: WebUIJob) -> str:
    if job.works:
        return "Your turn has come; the WebUI begins with your picture soon."
    about = "" if job.place.seconds is None else f", about {job.place.seconds:.0f} s"
    return f"Waiting in line: place {job.place.position}{about}."
