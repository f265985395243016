"""The jobs of one ComfyUI door: each waits in the fair queue, and belongs to its notebook.

A job goes on when the connection that posted it is gone. It ends with the lease that it came
through, with the mode `off`, or when its owner cancels it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import ClientSession, web

from ..errors import GenAIError, TooManyRequests
from ..lab.charge import Charges
from ..lab.endpoint import Endpoint
from ..lab.generation import Note
from .admission import Admission
from .answers import json_answer
from .bodies import read_body
from .comfyui_audience import Audience
from .comfyui_caps import refusal_of
from .comfyui_count import pictures_asked
from .comfyui_ends import answer_to
from .comfyui_nodes import KnownNodes
from .comfyui_prompt import MOST_BYTES, Prompt, read_prompt
from .comfyui_run import LOOK_SECONDS
from .comfyui_work import ComfyWork, Graph, Surroundings
from .holding import Holding
from .model_rules import files_named, refuse_files
from .needs import LabView
from .own_jobs import OwnJobs, RawJob
from .queue import FairQueue
from .raw_charges import RawCharge, RawCharges
from .tokens import Grant

HELD_BYTES = 256 * 2**20
"""What all jobs of a door that have not ended may hold in memory, about."""
ENDING_SECONDS = 2.0
CLOSE_SECONDS = 0.4

Mapped = Callable[[str, Graph], Graph]
"""Returns a person's graph as ComfyUI is to have it."""


def _as_it_is(person: str, graph: Graph) -> Graph:
    return graph


class ComfyUIJobs:
    """Take the posts of one door, and hold their jobs until they have ended.

    `mapped` turns names that a caller knows into those of ComfyUI; `note` takes into the
    record every job that had its turn.
    """

    def __init__(
        self,
        service: str,
        *,
        jobs: OwnJobs,
        audience: Audience,
        lab: LabView,
        queue: FairQueue,
        admission: Admission,
        holding: Holding,
        session: ClientSession,
        note: Note,
        charges: Charges,
        mapped: Mapped = _as_it_is,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._around = Surroundings(
            service, jobs, audience, lab, queue, admission, holding, session, note, look_seconds
        )
        self._charges = RawCharges(charges, lab, queue)
        self._mapped = mapped
        self._nodes = KnownNodes()
        self._works: dict[str, ComfyWork] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def post(
        self, request: web.BaseRequest, grant: Grant, endpoint: Endpoint
    ) -> web.StreamResponse:
        """Take a job; answer what ComfyUI answers if its turn comes at once, else with its id.

        Raises:
            InvalidRequest: it is no prompt.
            NotAllowed: it names a model that the caller's role may not use.
            TooManyRequests: too much waits already.
            GenAIError: the job had its turn at once, and ComfyUI gave no answer.
        """
        prompt = await read_prompt(await read_body(request, MOST_BYTES))
        around = self._around
        refuse_files(around.lab, grant.person, around.service, files_named(prompt.graph))
        graph = self._mapped(grant.person, prompt.graph)
        refusal = refusal_of(prompt.graph)
        if refusal is None and self._must_wait(endpoint.backend):
            # It need not wait in line to hear what is known now.
            calls = self._around.calls(endpoint)
            refusal = await self._nodes.refusal_of(endpoint.url, calls, graph)
        if refusal is not None:
            return json_answer(refusal, status=400)
        charge = await self._charges.reserve(
            grant.person, endpoint.backend, prompt.model, pictures_asked(prompt.graph)
        )
        try:
            work = self._joined(prompt, graph, grant, endpoint, charge)
        except GenAIError:
            charge.refund()
            raise
        await asyncio.wait([work.answered])
        return answer_to(work.job, work.answered.result())

    def working_under(self, person: str, client_id: str) -> tuple[RawJob | None, str | None]:
        """Return a person's job that runs under a client id, and the node that works."""
        for work in self._works.values():
            job = work.job
            if job.person == person and job.client_id == client_id and work.run is not None:
                return job, work.run.node
        return None, None

    async def cancel(self, job: RawJob) -> bool:
        """End a job: one that waits vanishes, one that runs is interrupted.

        Returns whether there was one to end.
        """
        work = self._works.get(job.id)
        if work is None:
            return False
        await work.end()
        return True

    async def forget(self, jobs: list[RawJob], endpoint: Endpoint) -> None:
        """Take those of the jobs that have ended out of the history; what they made stays."""
        # The history of ComfyUI has some that have just ended before the door has seen that.
        ending = [self._tasks[job.id] for job in jobs if job.state == "working"]
        if ending:
            await asyncio.wait(ending, timeout=ENDING_SECONDS)
        ended = [job for job in jobs if not job.open]
        for job in ended:
            job.entry = None
        if ended:
            ids = [job.upstream_id for job in ended]
            await self._around.calls(endpoint).ask("POST", "/history", {"delete": ids})

    async def close(self) -> None:
        """End every job, bounded: the server stops."""
        for _ in range(2):
            # Once ends the jobs in ComfyUI, twice ends the wait for that.
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=CLOSE_SECONDS / 2)

    def _joined(
        self, prompt: Prompt, graph: Graph, grant: Grant, endpoint: Endpoint, charge: RawCharge
    ) -> ComfyWork:
        """Let a job join the line, held from here on by a task of its own."""
        self._refuse_too_much(prompt)
        around = self._around
        job = RawJob(
            person=grant.person,
            service=around.service,
            backend=endpoint.backend,
            lease_id=grant.lease_id,
            graph=prompt.graph,
            client_id=prompt.client_id,
            extra=prompt.extra,
            outputs=self._nodes.outputs_of(endpoint.url, prompt.graph),
        )
        if prompt.prompt_id is not None and not around.jobs.taken(prompt.prompt_id):
            job.id = job.upstream_id = prompt.prompt_id
        work = ComfyWork(job, prompt, graph, grant, endpoint, around, charge)
        around.jobs.add(job)
        self._works[job.id] = work
        task = asyncio.create_task(work.held(), name="genai-comfyui-job")
        self._tasks[job.id] = task

        def over(task: asyncio.Task[None]) -> None:
            del self._tasks[job.id], self._works[job.id]
            # What was cancelled before its first step has not let go of it.
            charge.refund()

        task.add_done_callback(over)
        return work

    def _must_wait(self, backend: str) -> bool:
        queue = self._around.queue
        return queue.remaining(backend) >= max(1, queue.slots(backend))

    def _refuse_too_much(self, prompt: Prompt) -> None:
        if prompt.size + sum(one.size for one in self._works.values()) > HELD_BYTES:
            raise TooManyRequests(
                "The jobs that wait already hold too much.",
                "Wait until some are done, or upload pictures and name them in the prompts.",
                code="queue_full",
            )
