"""A job that ComfyUI has: where it is, how it ended, and how to be rid of it. The truth, by asking.

Nothing here knows who posted it.
"""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import quote

from ..errors import ServiceError
from .calls import Answer, Calls

QUESTION_SECONDS = 10.0

State = Literal["waiting", "running", "gone"]


def given_id(answer: Answer) -> str | None:
    """Return the id that a server says a posted job has; None where it says none that is one."""
    told = answer.table.get("prompt_id")
    usable = isinstance(told, str) and told.isascii() and told.isprintable() and 0 < len(told) < 200
    return told if usable else None


def no_comfyui() -> ServiceError:
    """Return what is told of a server that takes a job without a word that fits."""
    return ServiceError(
        "ComfyUI took the job and gave it no id, and has no such job.",
        "Correct the address of the service: it must be that of a ComfyUI.",
        code="wrong_answer",
    )


class Posted:
    """Ask one ComfyUI about one job.

    Every question raises as `Calls.ask` does, and ServiceError for an answer that tells nothing.
    """

    def __init__(self, calls: Calls, job_id: str) -> None:
        self.id = job_id
        self._calls = calls
        self._tells_of_jobs = True

    async def entry(self) -> dict[str, Any] | None:
        """Return its entry of the history; None before it has ended."""
        path = f"/history/{quote(self.id, safe='')}"
        entry = (await self._calls.ask("GET", path, seconds=QUESTION_SECONDS)).table.get(self.id)
        return entry if isinstance(entry, dict) else None

    async def where(self) -> tuple[State, int | None]:
        """Return where it is now, and behind how many it waits."""
        if self._tells_of_jobs:
            path = f"/api/jobs/{quote(self.id, safe='')}"
            answer = await self._calls.ask("GET", path, seconds=QUESTION_SECONDS)
            status = answer.table.get("status")
            if status == "in_progress":
                return "running", None
            if status in ("completed", "failed", "cancelled"):
                # It stands in the history by now, where the next look finds it.
                return "running", None
            if answer.status == 404 and "error" in answer.table:
                return "gone", None
            # What waits is counted below; a server before 0.6 has no such route at all.
            self._tells_of_jobs = status is not None
        running, waiting = await self._queue()
        if self.id in running:
            return "running", None
        if self.id in waiting:
            return "waiting", waiting.index(self.id) + len(running)
        return "gone", None

    async def cancel(self) -> None:
        """Take it out of the queue, or interrupt it where it is the one that runs."""
        path = f"/api/jobs/{quote(self.id, safe='')}/cancel"
        answer = await self._calls.ask("POST", path, {}, seconds=QUESTION_SECONDS)
        if answer.status == 200:
            return
        await self.delete()
        if self.id in (await self._queue())[0]:
            # An old server ignores the id and stops whoever runs, which is this one.
            await self.interrupt()

    async def delete(self) -> None:
        """Take it out of the queue; nothing where it does not wait there."""
        body = {"delete": [self.id]}
        await self._calls.ask("POST", "/queue", body, seconds=QUESTION_SECONDS)

    async def interrupt(self) -> None:
        """Interrupt it, where it runs; a server before 0.3.57 interrupts whoever runs."""
        body = {"prompt_id": self.id}
        await self._calls.ask("POST", "/interrupt", body, seconds=QUESTION_SECONDS)

    async def forget(self) -> None:
        """Take it out of the history."""
        body = {"delete": [self.id]}
        await self._calls.ask("POST", "/history", body, seconds=QUESTION_SECONDS)

    async def _queue(self) -> tuple[list[str], list[str]]:
        queue = (await self._calls.ask("GET", "/queue", seconds=QUESTION_SECONDS)).table
        running, waiting = queue.get("queue_running"), queue.get("queue_pending")
        if not isinstance(running, list) or not isinstance(waiting, list):
            # That it says nothing of its queue is no word that a job is gone.
            raise ServiceError("ComfyUI tells nothing of its queue.", code="no_answer")
        return _ids(running), _ids(waiting)


def _ids(rows: list[Any]) -> list[str]:
    """Return the ids of a part of the queue, by number, which is the order that they run in."""
    jobs = [row for row in rows if isinstance(row, list) and len(row) > 1]
    if all(isinstance(row[0], (int, float)) for row in jobs):
        jobs.sort(key=lambda row: float(row[0]))
    return [str(row[1]) for row in jobs]
