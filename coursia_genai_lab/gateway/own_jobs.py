"""Calls that touch jobs or settings of others, cut down to the caller's own."""

from __future__ import annotations

import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import InvalidRequest, NotAllowed
from .dialects import Limit

REMEMBERED = 4096
"""Job ids kept a door; ComfyUI itself forgets history beyond 10,000."""


class OwnJobs:
    """Remember whose jobs went through one door."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._in_flight: Counter[str] = Counter()

    def note_answer(self, person: str, body: bytes) -> str | None:
        """Remember and return the `prompt_id` in the answer to POST /prompt, if there is one."""
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError):
            return None
        job = answer.get("prompt_id") if isinstance(answer, dict) else None
        if not isinstance(job, str):
            return None
        if job not in self._owners:
            self._owners[job] = person
            while len(self._owners) > REMEMBERED:
                self._owners.popitem(last=False)
        return job

    @contextmanager
    def running(self, person: str) -> Iterator[None]:
        """Count a blocking job of a person for as long as the block runs."""
        self._in_flight[person] += 1
        try:
            yield
        finally:
            self._in_flight[person] -= 1
            if not self._in_flight[person]:
                del self._in_flight[person]

    def limited_body(self, limit: Limit, person: str, body: bytes, last_segment: str) -> bytes:
        """Return the body to forward: written anew, so that it says what was checked.

        Raises:
            InvalidRequest: it cannot be read.
            NotAllowed: it touches what is not the caller's.
        """
        return _LIMITS[limit](self, person, body, last_segment)

    def _only_own(self, person: str, jobs: list[str]) -> None:
        if any(self._owners.get(job) != person for job in jobs):
            raise NotAllowed(
                "A job that you did not post through this door cannot be touched.",
                "Name jobs that this server's notebooks of yours have posted.",
                code="not_your_job",
            )

    def _interrupt(self, person: str, body: bytes, last_segment: str) -> bytes:
        job = _json_object(body).get("prompt_id") if body.strip() else None
        if not isinstance(job, str) or not job:
            raise NotAllowed(
                "An interrupt without a prompt_id would stop whoever runs.",
                'Send {"prompt_id": "…"} with the id that POST /prompt returned.',
                code="interrupt_needs_job",
            )
        self._only_own(person, [job])
        return json.dumps({"prompt_id": job}).encode()

    def _delete(self, person: str, body: bytes, last_segment: str) -> bytes:
        order = _json_object(body)
        jobs = order.get("delete")
        if order.get("clear") or not isinstance(jobs, list):
            raise NotAllowed(
                "Clearing everything would remove the jobs of others.",
                'Send {"delete": ["…"]} with the ids that POST /prompt returned.',
                code="clear_refused",
            )
        if not all(isinstance(job, str) for job in jobs):
            raise InvalidRequest("The ids of jobs are texts.")
        self._only_own(person, jobs)
        return json.dumps({"delete": jobs}).encode()

    def _cancel(self, person: str, body: bytes, last_segment: str) -> bytes:
        self._only_own(person, [last_segment])
        return b"{}"

    def _interrupt_current(self, person: str, body: bytes, last_segment: str) -> bytes:
        if set(self._in_flight) - {person}:
            raise NotAllowed(
                "Somebody else's picture is in the making; an interrupt would stop it.",
                "Wait until it is done.",
                code="not_your_job",
            )
        return b"{}"

    def _checkpoint(self, person: str, body: bytes, last_segment: str) -> bytes:
        order = _json_object(body)
        if set(order) != {"sd_model_checkpoint"} or not isinstance(
            order["sd_model_checkpoint"], str
        ):
            raise NotAllowed(
                "Of the options only sd_model_checkpoint can be set through this door.",
                "Send other options with the job, in override_settings.",
                code="option_refused",
            )
        return json.dumps(order).encode()


_LIMITS: dict[Limit, Callable[[OwnJobs, str, bytes, str], bytes]] = {
    "interrupt": OwnJobs._interrupt,
    "delete": OwnJobs._delete,
    "cancel": OwnJobs._cancel,
    "interrupt_current": OwnJobs._interrupt_current,
    "checkpoint": OwnJobs._checkpoint,
}


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is not a JSON object.")
    return value
