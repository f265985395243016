"""Jobs that got stuck: cancelled, then interrupted, then their service is stopped."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..catalog.spec import ServiceSpec
from ..errors import ServiceDied
from .leases import Lease, Leases

log = logging.getLogger(__name__)

REMEDY_SECONDS = 10.0
"""How long each remedy has before the next, stronger one is tried."""


def hung(spec: ServiceSpec) -> ServiceDied:
    """Return what is told of a service whose job could not be ended."""
    return ServiceDied(
        f"{spec.title} was stopped: a job of it did not get on and could not be ended.",
        "Start it again and send the job once more; its log may say what it waited for.",
        code="hung",
    )


@dataclass
class _Case:
    tried: int
    since: float


class HungJobs:
    """End the jobs that have not got on for longer than their service allows.

    `deadline` gives that time in seconds, None for no limit. The job's own remedies are tried
    first, mildest first; `fail` stops the service when none helped. `clock` is monotonic seconds.
    """

    def __init__(
        self,
        leases: Leases,
        *,
        deadline: Callable[[Lease], float | None],
        fail: Callable[[Lease], None],
        clock: Callable[[], float],
    ) -> None:
        self._leases = leases
        self._deadline = deadline
        self._fail = fail
        self._clock = clock
        self._cases: dict[str, _Case] = {}
        self._remedies: set[asyncio.Task[None]] = set()

    def sweep(self) -> None:
        """Look at every job, and take the next step where one is due."""
        hung = [lease for lease in self._leases.standing() if self._is_hung(lease)]
        ids = {lease.id for lease in hung}
        self._cases = {key: case for key, case in self._cases.items() if key in ids}
        for lease in hung:
            case = self._cases.get(lease.id)
            if case is None:
                case = self._cases[lease.id] = _Case(0, float("-inf"))
            if self._clock() - case.since >= REMEDY_SECONDS:
                self._take_step(lease, case)

    async def close(self) -> None:
        """End the remedies that are under way."""
        self._cases.clear()
        for task in self._remedies:
            task.cancel()
        await asyncio.gather(*self._remedies, return_exceptions=True)

    def _is_hung(self, lease: Lease) -> bool:
        if lease.kind != "job":
            return False
        deadline = self._deadline(lease)
        return deadline is not None and self._leases.silent_seconds(lease) > deadline

    def _take_step(self, lease: Lease, case: _Case) -> None:
        if case.tried < len(lease.remedies):
            log.warning("A job of %s does not get on; trying to end it", ", ".join(lease.services))
            task = asyncio.create_task(_tried(lease.remedies[case.tried]), name="genai-hung-job")
            self._remedies.add(task)
            task.add_done_callback(self._remedies.discard)
            case.tried, case.since = case.tried + 1, self._clock()
            return
        del self._cases[lease.id]
        self._fail(lease)
        self._leases.drop(lease.id)


async def _tried(remedy: Callable[[], Awaitable[None]]) -> None:
    try:
        await asyncio.wait_for(remedy(), REMEDY_SECONDS)
    except Exception:
        # Whatever a stuck engine answers, the next remedy follows.
        log.info("A remedy for a hung job failed", exc_info=True)
