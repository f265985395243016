"""Jobs of a WebUI, which keeps silent until the picture is done: seen to get on meanwhile.

It tells its progress elsewhere. One poller a service asks, as seldom as will do.
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
from .headers import credential

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
ANSWER_SECONDS = 5.0
MOST_BYTES = 2**20
"""Of an answer; it holds no picture."""
WRONG_SHAPE = (ValueError, KeyError, TypeError)
LOST_LOOKS = 3
"""Refused connections in turn after which the service is gone."""
ODD_LOOKS = 5
"""Answers in turn that say nothing of progress, after which nothing is followed any more."""


@dataclass
class WatchedJob:
    """One job that a WebUI works on."""

    endpoint: Endpoint
    session: ClientSession = field(repr=False)

    def remedies(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Return what may end the job when it hangs."""
        return (self._interrupt,)

    async def _interrupt(self) -> None:
        path = "/sdapi/v1/interrupt"
        async with self.session.post(
            URL(self.endpoint.url + path, encoded=True),
            headers={**credential(self.endpoint), hdrs.CONTENT_TYPE: "application/json"},
            data=b"{}",
            allow_redirects=False,
            timeout=ClientTimeout(total=ANSWER_SECONDS),
        ) as answer:
            log.info("%s: %s answered with %d", self.endpoint.backend, path, answer.status)


class JobWatch:
    """Note that jobs get on, and drop the leases of those whose service is gone."""

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
        self._queues: dict[str, _Queue] = {}

    def begin(self, endpoint: Endpoint) -> WatchedJob:
        """Return a new job of a service."""
        return WatchedJob(endpoint, self._session)

    def follow(self, job: WatchedJob, lease_id: str) -> None:
        """Watch a job until its lease ends, or its service is gone."""
        queue = self._queues.get(job.endpoint.url)
        if queue is None:
            queue = self._queues[job.endpoint.url] = _Queue(job.endpoint)
            queue.task = asyncio.create_task(self._poll(queue), name="genai-job-watch")
        queue.jobs[lease_id] = job

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
                    log.debug("%s: odd words on its progress: %r", queue.endpoint.backend, error)
                except (ClientError, asyncio.TimeoutError) as error:
                    # It loads a model, perhaps; whether it hangs is for the Lab to say.
                    log.debug("%s: no look at its progress: %r", queue.endpoint.backend, error)
                self._forget_ended(queue)
        finally:
            del self._queues[queue.endpoint.url]
            for lease_id in list(queue.jobs):
                self._end(queue, lease_id)

    async def _look(self, queue: _Queue) -> None:
        answer = await self._get(queue.endpoint, "/sdapi/v1/progress?skip_current_image=true")
        state = answer.get("state")
        steps = (answer.get("progress"), state.get("job_no") if isinstance(state, dict) else None)
        if steps != queue.steps:
            queue.steps = steps
            self._note_progress(queue)

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

    def _end(self, queue: _Queue, lease_id: str) -> None:
        del queue.jobs[lease_id]
        self._leases.drop(lease_id)
        self._touch(queue.endpoint.backend)


@dataclass
class _Queue:
    endpoint: Endpoint
    jobs: dict[str, WatchedJob] = field(default_factory=dict)
    """Lease id -> job."""
    task: asyncio.Task[None] | None = None
    steps: object = None
