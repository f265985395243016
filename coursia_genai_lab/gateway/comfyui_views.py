"""What a ComfyUI tells, cut down to the caller's own jobs and files, in its own shapes.

The door knows its jobs better than the engine does: those that wait for their turn have not come
there yet. What the engine alone knows, outputs and times, is asked of it job by job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from aiohttp import ClientSession, web

from ..engines.calls import Calls
from ..engines.comfyui_pictures import FOLDER
from ..errors import Conflict, GenAIError
from ..lab.endpoint import Endpoint
from ..lab.thumbnails import TakePicture
from .answers import json_answer
from .bodies import SMALL_BYTES, read_body
from .comfyui_inputs import OwnInputs, folder_of, input_lists
from .headers import GUARDS, credential
from .own_jobs import OutputFile, OwnJobs, RawJob
from .proxy import Proxy
from .shown_pictures import HeldPicture, wants
from .target import Target
from .tokens import Grant

ANSWER_SECONDS = 30.0
MOST_ENTRIES = 200
"""Of one answer; newer ones first are asked for."""
AT_ONCE = 8
STATUS = {"waiting": "pending", "posting": "pending", "working": "in_progress"}
ENDED = {"done": "completed", "failed": "failed", "cancelled": "cancelled"}
UNSENT = ("waiting", "posting")
"""States of a job that the engine knows nothing of, or not for sure."""
STATES = frozenset({*STATUS.values(), *ENDED.values()})

Busy = Callable[[str, str], bool]
"""Says of a backend and a person whether an engine works for somebody else."""
Count = Callable[[str], int]
"""Returns how many jobs of everybody wait or are worked on."""


class ComfyUIViews:
    """Answer the reading routes of one door."""

    def __init__(
        self,
        *,
        jobs: OwnJobs,
        inputs: OwnInputs,
        session: ClientSession,
        proxy: Proxy,
        count: Count,
        works_for_others: Busy,
        picture: TakePicture,
    ) -> None:
        self._jobs = jobs
        self._inputs = inputs
        self._session = session
        self._proxy = proxy
        self._count = count
        self._works_for_others = works_for_others
        self._picture = picture

    async def answer(
        self, request: web.BaseRequest, target: Target, grant: Grant, endpoint: Endpoint
    ) -> web.StreamResponse | None:
        """Return the answer to a route that tells of jobs or files; None for any other.

        Raises:
            Conflict: memory is to be freed while an engine works for somebody else.
            GenAIError: the engine gave no answer.
        """
        path = target.path.removeprefix("/api") if target.path != "/api/jobs" else target.path
        query = {key: values[0] for key, values in parse_qs(target.raw_query).items()}
        person = grant.person
        if target.path.startswith("/api/jobs"):
            return await self._job_routes(target.path, query, person, endpoint)
        if path == "/queue":
            return json_answer(self._queue(person))
        if path == "/prompt":
            count = self._count(endpoint.backend)
            return json_answer({"exec_info": {"queue_remaining": count}})
        if path == "/history" or path.startswith("/history/"):
            return json_answer(await self._history(path, query, person, endpoint))
        if path == "/view":
            return await self._view(request, query, person, endpoint)
        if path.startswith("/object_info"):
            return await self._object_info(request, target, person, endpoint)
        if path == "/system_stats":
            return await self._stats(request, target, endpoint)
        if path == "/free":
            return await self._free(request, target, person, endpoint)
        return None

    # -- jobs ----------------------------------------------------------------------------------

    def _queue(self, person: str) -> dict[str, Any]:
        mine = [job for job in self._jobs.of(person) if job.open]
        return {
            "queue_running": [job.row() for job in mine if job.state == "working"],
            "queue_pending": [job.row() for job in mine if job.state != "working"],
        }

    async def _history(
        self, path: str, query: dict[str, str], person: str, endpoint: Endpoint
    ) -> dict[str, Any]:
        job_id = path.removeprefix("/history").strip("/")
        if job_id:
            job = self._jobs.find(job_id, person)
            wanted, limit = [] if job is None else [job], 1
        else:
            most = query.get("max_items", "")
            limit = int(most) if most.isdecimal() and len(most) < 9 else MOST_ENTRIES
            # The engine may tell the end of one a moment before the door has heard of it.
            ended = [job for job in self._jobs.of(person) if job.state not in UNSENT]
            working = sum(job.open for job in ended)
            wanted = ended[-min(limit, MOST_ENTRIES) - working :] if limit else []
        entries = await self._each(wanted, lambda job: self._entry(job, endpoint))
        found = [(job.id, one) for job, one in zip(wanted, entries, strict=True) if one]
        return dict(found[-limit:] if limit else [])

    async def _entry(self, job: RawJob, endpoint: Endpoint) -> dict[str, Any] | None:
        """Return a job's entry of the history; None while it is open, or where nobody knows it."""
        if job.entry is not None:
            return job.entry
        if job.state in UNSENT:
            return None
        ended = not job.open
        found = (await self._get(endpoint, f"/history/{quote(job.upstream_id)}")).get(
            job.upstream_id
        )
        job.looked = ended
        if not isinstance(found, dict):
            return None
        job.note_outputs(found.get("outputs"))
        shown: dict[str, Any] = self._inputs.shown(job.person, job.shown_entry(found))
        return shown

    async def _job_routes(
        self, path: str, query: dict[str, str], person: str, endpoint: Endpoint
    ) -> web.Response:
        job_id = path.removeprefix("/api/jobs").strip("/")
        if job_id:
            job = self._jobs.find(job_id, person)
            told = None if job is None else await self._told(job, endpoint)
            return json_answer(
                *((told,) if told else ({"error": "Job not found"},)), status=200 if told else 404
            )
        wanted = {one.strip() for one in query.get("status", "").split(",") if one.strip()}
        if unknown := wanted - STATES:
            sentence = f"Invalid status value(s): {', '.join(sorted(unknown))}"
            return json_answer({"error": sentence}, status=400)
        try:
            limit, offset = int(query.get("limit", MOST_ENTRIES)), int(query.get("offset", 0))
        except ValueError:
            limit, offset = 0, 0
        if limit < 1 or offset < 0:
            return json_answer({"error": "limit must be a positive integer"}, status=400)
        mine = [job for job in self._jobs.of(person) if not wanted or _status(job) in wanted]
        if query.get("sort_order", "desc") == "desc":
            mine.reverse()
        page = mine[offset : offset + min(limit, MOST_ENTRIES)]
        shown = await self._each(page, lambda job: self._told(job, endpoint, whole=False))
        pages = {
            "offset": offset,
            "limit": limit,
            "total": len(mine),
            "has_more": offset + len(page) < len(mine),
        }
        return json_answer({"jobs": [one for one in shown if one], "pagination": pages})

    async def _told(
        self, job: RawJob, endpoint: Endpoint, *, whole: bool = True
    ) -> dict[str, Any] | None:
        """Return a job as `/api/jobs` tells of it: by the engine, else as the door knows it."""
        known: dict[str, Any] = {
            "id": job.id,
            "status": _status(job),
            "priority": job.number,
            "create_time": job.created_ms,
        }
        if job.entry is not None or job.state in ("waiting", "posting"):
            return known
        try:
            told = await self._get(endpoint, f"/api/jobs/{quote(job.upstream_id)}")
        except GenAIError:
            return known
        if "status" not in told:
            return known
        job.note_outputs(told.get("outputs"))
        left_out = () if whole else ("workflow", "outputs", "execution_status")
        shown = {key: value for key, value in told.items() if key not in left_out}
        if isinstance(shown.get("workflow"), dict):
            shown["workflow"] = {**shown["workflow"], "extra_data": job.row()[3]}
        result: dict[str, Any] = self._inputs.shown(job.person, {**shown, **_numbered(known)})
        return result

    async def _each(self, jobs: list[RawJob], ask: Callable[[RawJob], Any]) -> list[Any]:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(job: RawJob) -> Any:
            async with gate:
                return await ask(job)

        return list(await asyncio.gather(*(one(job) for job in jobs)))

    # -- files ---------------------------------------------------------------------------------

    async def _view(
        self,
        request: web.BaseRequest,
        query: dict[str, str],
        person: str,
        endpoint: Endpoint,
    ) -> web.StreamResponse:
        name, folder = query.get("filename", ""), query.get("subfolder", "")
        kind = query.get("type", "output")
        job: RawJob | None = None
        if not name:
            return json_answer({"error": "no filename"}, status=404)
        asked = {"filename": name, "subfolder": folder, "type": kind}
        if kind == "input":
            if not self._inputs.has(person, folder, name):
                return web.Response(status=404, headers=GUARDS)
            asked["subfolder"] = "/".join(filter(None, (folder_of(person), folder)))
        else:
            job = await self._maker(person, (kind, folder, name), endpoint)
            if job is None:
                return web.Response(status=404, headers=GUARDS)
        asked |= {key: query[key] for key in ("preview", "channel") if key in query}
        target = f"/view?{urlencode(asked)}"
        if job is None or not wants(job, (kind, folder, name), query):
            return await self._proxy.forward(request, endpoint, target)
        held = HeldPicture(job, self._picture)
        answer = await self._proxy.forward(request, endpoint, target, seen=held.feed)
        held.passed()
        return answer

    async def _maker(self, person: str, file: OutputFile, endpoint: Endpoint) -> RawJob | None:
        """Return which job of this person made a file; those not looked at yet are looked at."""
        found = self._jobs.maker(person, file)
        if found is not None:
            return found
        unseen = [
            job
            for job in self._jobs.of(person)
            if not job.files and not job.looked and job.entry is None
        ]
        await self._each(unseen[-MOST_ENTRIES:], lambda job: self._entry(job, endpoint))
        return self._jobs.maker(person, file)

    async def _object_info(
        self, request: web.BaseRequest, target: Target, person: str, endpoint: Endpoint
    ) -> web.StreamResponse:
        if request.method == "HEAD":
            return await self._proxy.forward(request, endpoint, target.raw)
        calls = Calls(endpoint.url, credential(endpoint), self._session)
        answer = await calls.ask("GET", target.raw, seconds=ANSWER_SECONDS)
        mine = self._inputs.names(person)
        if answer.status == 200 and (mine or FOLDER.encode() in answer.body):
            return json_answer(await asyncio.to_thread(_with_own_inputs, answer.table, mine))
        headers = {**GUARDS, "Content-Type": "application/json"}
        return web.Response(body=answer.body, status=answer.status, headers=headers)

    # -- the machine ---------------------------------------------------------------------------

    async def _stats(
        self, request: web.BaseRequest, target: Target, endpoint: Endpoint
    ) -> web.StreamResponse:
        if request.method == "HEAD":
            return await self._proxy.forward(request, endpoint, target.raw)
        told = await self._get(endpoint, target.raw)
        system = told.get("system")
        if isinstance(system, dict) and "argv" in system:
            # The command line tells paths of the host, and may tell what opens the engine.
            told = {**told, "system": {**system, "argv": []}}
        return json_answer(told)

    async def _free(
        self, request: web.BaseRequest, target: Target, person: str, endpoint: Endpoint
    ) -> web.StreamResponse:
        body = await read_body(request, SMALL_BYTES)
        if self._works_for_others(endpoint.backend, person):
            raise Conflict(
                "A picture of somebody else is in the making; its model must stay loaded.",
                "Try again when it is done.",
            )
        return await self._proxy.forward(
            request, endpoint, target.raw, body=body, content_type="application/json"
        )

    async def _get(self, endpoint: Endpoint, path: str) -> dict[str, Any]:
        calls = Calls(endpoint.url, credential(endpoint), self._session)
        return (await calls.ask("GET", path, seconds=ANSWER_SECONDS)).table


def _with_own_inputs(described: dict[str, Any], mine: list[str]) -> dict[str, Any]:
    """Return what nodes there are, the lists of uploads with the caller's and nobody else's."""
    for names in input_lists(described):
        shared = [name for name in names if not str(name).startswith(FOLDER)]
        names[:] = [*shared, *(name for name in mine if name not in shared)]
    return described


def _status(job: RawJob) -> str:
    return STATUS.get(job.state) or ENDED[job.state]


def _numbered(known: dict[str, Any]) -> dict[str, Any]:
    return {key: known[key] for key in ("id", "priority")}
