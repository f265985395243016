"""Jobs that go on in a service after its answer, or while it keeps silent: followed to their end.

ComfyUI answers a job at once and works on it later; the WebUI answers when the picture is done
and tells its progress elsewhere. One poller a service asks, as seldom as will do.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, hdrs
from yarl import URL

from ..lab.endpoint import Endpoint
from ..lab.leases import Leases
from ..wire.services import Dialect
from .headers import credential

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
WHOLE_LOOKS = 10
"""Every so many looks the whole queue is read, graphs and all, though its length is the same."""
ANSWER_SECONDS = 5.0
MOST_BYTES = 64 * 2**20
"""Of an answer: queues hold whole graphs, and those may hold pictures."""
WRONG_SHAPE = (ValueError, KeyError, TypeError)
LOST_LOOKS = 3
"""Refused connections in turn after which the service, and its queue with it, is gone."""
ODD_LOOKS = 5
"""Answers in turn that say nothing of a queue, after which nothing is followed any more."""


@dataclass
class RawJob:
    """One job of a raw door; `prompt_id` is known once ComfyUI has answered."""

    endpoint: Endpoint
    session: ClientSession = field(repr=False)
    prompt_id: str | None = None

    def remedies(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Return what may end the job when it hangs, mildest first."""
        if self.endpoint.dialect == "comfyui":
            return self._delete, self._interrupt
        return (self._interrupt_webui,)

    async def _delete(self) -> None:
        if self.prompt_id is not None:
            await self._post("/queue", {"delete": [self.prompt_id]})

    async def _interrupt(self) -> None:
        # Without an id it stops whatever runs: nothing gets on in a service that hangs.
        body = {} if self.prompt_id is None else {"prompt_id": self.prompt_id}
        await self._post("/interrupt", body)

    async def _interrupt_webui(self) -> None:
        await self._post("/sdapi/v1/interrupt", {})

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        async with self.session.post(
            URL(self.endpoint.url + path, encoded=True),
            headers={**credential(self.endpoint), hdrs.CONTENT_TYPE: "application/json"},
            data=json.dumps(body).encode(),
            allow_redirects=False,
            timeout=ClientTimeout(total=ANSWER_SECONDS),
        ) as answer:
            log.info("%s: %s answered with %d", self.endpoint.backend, path, answer.status)


class JobWatch:
    """Drop the leases of jobs that have left a service's queue, and note what gets on."""

    def __init__(
        self,
        session: ClientSession,
        leases: Leases,
        touch: Callable[[str], None],
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._session = session
        self._leases = leases
        self._touch = touch
        self._look_seconds = look_seconds
        self._queues: dict[tuple[str, Dialect], _Queue] = {}

    def begin(self, endpoint: Endpoint) -> RawJob:
        """Return a new job of a service."""
        return RawJob(endpoint, self._session)

    def follow(self, job: RawJob, lease_id: str) -> None:
        """Keep a job's lease until it has left the queue, or its service is gone."""
        key = (job.endpoint.url, job.endpoint.dialect)
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue(job.endpoint)
            queue.task = asyncio.create_task(self._poll(queue), name="genai-job-watch")
        queue.jobs[lease_id] = job
        queue.length = None

    async def close(self) -> None:
        """Follow nothing any more; the leases end with the Lab."""
        tasks = [queue.task for queue in self._queues.values() if queue.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll(self, queue: _Queue) -> None:
        refused = odd = 0
        try:
            while queue.jobs and refused < LOST_LOOKS and odd < ODD_LOOKS:
                await asyncio.sleep(self._look_seconds)
                try:
                    await self._look(queue)
                    refused = odd = 0
                except ClientConnectorError:
                    refused += 1
                except WRONG_SHAPE as error:
                    odd += 1
                    log.debug("%s: an odd queue: %r", queue.endpoint.backend, error)
                except (ClientError, asyncio.TimeoutError) as error:
                    # It loads a model, perhaps; whether it hangs is for the Lab to say.
                    log.debug("%s: no look at its queue: %r", queue.endpoint.backend, error)
                self._forget_ended(queue)
        finally:
            del self._queues[queue.endpoint.url, queue.endpoint.dialect]
            for lease_id in list(queue.jobs):
                self._end(queue, lease_id)

    async def _look(self, queue: _Queue) -> None:
        """Look at a queue: at its length first, which is a small question."""
        if queue.endpoint.dialect != "comfyui":
            await self._look_at_webui(queue)
            return
        answer = await self._get(queue.endpoint, "/prompt")
        length = int(answer["exec_info"]["queue_remaining"])
        queue.looks += 1
        if length == queue.length and queue.looks % WHOLE_LOOKS:
            return
        waiting = await self._prompts(queue.endpoint) if length else set()
        queue.length = length
        for lease_id, job in list(queue.jobs.items()):
            if job.prompt_id not in waiting:
                self._end(queue, lease_id, done=True)
        if waiting != queue.waiting:
            queue.waiting = waiting
            self._note_progress(queue)

    async def _look_at_webui(self, queue: _Queue) -> None:
        answer = await self._get(queue.endpoint, "/sdapi/v1/progress?skip_current_image=true")
        state = answer.get("state")
        steps = (answer.get("progress"), state.get("job_no") if isinstance(state, dict) else None)
        if steps != queue.steps:
            queue.steps = steps
            self._note_progress(queue)

    async def _prompts(self, endpoint: Endpoint) -> set[str]:
        answer = await self._get(endpoint, "/queue")
        rows = [*answer["queue_running"], *answer["queue_pending"]]
        return {str(row[1]) for row in rows if isinstance(row, list) and len(row) > 1}

    async def _get(self, endpoint: Endpoint, path: str) -> dict[str, Any]:
        async with self._session.get(
            URL(endpoint.url + path, encoded=True),
            headers=credential(endpoint),
            allow_redirects=False,
            timeout=ClientTimeout(total=ANSWER_SECONDS),
        ) as answer:
            if 400 <= answer.status < 500:
                raise ValueError(f"status {answer.status}")
            answer.raise_for_status()
            data = bytearray()
            async for chunk in answer.content.iter_chunked(2**16):
                data += chunk
                if len(data) > MOST_BYTES:
                    raise ValueError("the answer is too large")
        value = json.loads(data)
        if not isinstance(value, dict):
            raise ValueError("the answer is no object")
        return value

    def _note_progress(self, queue: _Queue) -> None:
        for lease_id in queue.jobs:
            self._leases.progress(lease_id)

    def _forget_ended(self, queue: _Queue) -> None:
        for lease_id in [one for one in queue.jobs if not self._leases.live(one)]:
            del queue.jobs[lease_id]

    def _end(self, queue: _Queue, lease_id: str, *, done: bool = False) -> None:
        del queue.jobs[lease_id]
        self._leases.drop(lease_id, done=done)
        self._touch(queue.endpoint.backend)


@dataclass
class _Queue:
    endpoint: Endpoint
    jobs: dict[str, RawJob] = field(default_factory=dict)
    """Lease id -> job."""
    task: asyncio.Task[None] | None = None
    looks: int = 0
    length: int | None = None
    waiting: set[str] = field(default_factory=set)
    steps: object = None
