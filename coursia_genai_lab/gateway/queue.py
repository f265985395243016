"""The fair queue: the lines of all services, who may join them, and what people see of them.

Whoever has nothing waiting loses nothing: a batch delays a neighbour by one job.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from ..errors import GenerationCancelled, NotAllowed, NotFound, TooManyRequests
from ..wire.jobs import JobKind, JobView
from .line import Cancel, Line, Place, Ticket

__all__ = ["FairQueue", "Place", "Ticket"]

log = logging.getLogger(__name__)

MOST_OF_ONE = 200
"""Jobs that one person may have waiting for one service: a batch of a hundred, twice."""
MOST_OF_ONE_IN_ALL = 400
"""The same for all services together."""
MOST_IN_ALL = 1000


class FairQueue:
    """The lines of all services; cheap to make, used on the event loop alone.

    `slots` says how many jobs a service works on at a time, `usual` the seconds of a job where
    none has been seen yet. `clock` is monotonic seconds, `wall` Unix time.
    """

    def __init__(
        self,
        *,
        slots: Callable[[str], int] = lambda backend: 1,
        usual: Callable[[str], float | None] = lambda backend: None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.slots = slots
        self.usual = usual
        self.clock = clock
        self.wall = wall
        self._lines: dict[str, Line] = {}
        self._listeners: list[Callable[[str], None]] = []

    def hear(self, listener: Callable[[str], None]) -> None:
        """Tell a listener each service in whose line a job has come, begun or gone."""
        self._listeners.append(listener)

    def remaining(self, backend: str) -> int:
        """Return how many jobs of a service wait or have their turn."""
        line = self._lines.get(backend)
        return 0 if line is None else len(line.waiting) + len(line.working)

    def usual_seconds(self, backend: str) -> float | None:
        """Return how long a job of a service takes; None where nobody knows."""
        line = self._lines.get(backend)
        return self.usual(backend) if line is None else line.usual_seconds()

    def changed(self, backend: str) -> None:
        """Tell the listeners of a line."""
        for listener in self._listeners:
            try:
                listener(backend)
            # Whoever joins or leaves must not lose a turn by what others make of it.
            except Exception:
                log.exception("gateway: the line of %s was not told to a listener", backend)

    def join(
        self,
        backend: str,
        person: str,
        *,
        holder: str,
        label: str = "",
        model: str = "",
        kind: JobKind = "openai",
        cancel: Cancel | None = None,
        id: str | None = None,  # noqa: A002 - the job's word, as in the ticket
    ) -> Ticket:
        """Return a place in a service's line.

        `holder` is the lease that it comes through, `label` what a person recognises it by,
        `cancel` what ends the job once the engine works on it, `id` its UUID where one was made
        for it already.

        Raises:
            TooManyRequests: the person, or all together, wait with as many as they may.
        """
        line = self._lines.setdefault(backend, Line(backend, self))
        self._refuse_too_many(line, person)
        ticket = Ticket(
            line,
            person=person,
            holder=holder,
            label=label,
            model=model,
            kind=kind,
            cancel=cancel,
            id=id,
        )
        line.enter(ticket)
        return ticket

    def _refuse_too_many(self, line: Line, person: str) -> None:
        here = sum(one.person == person for one in line.waiting)
        lines = self._lines.values()
        mine = sum(one.person == person for every in lines for one in every.waiting)
        in_all = sum(len(every.waiting) for every in lines)
        if here < MOST_OF_ONE and mine < MOST_OF_ONE_IN_ALL and in_all < MOST_IN_ALL:
            return
        full = TooManyRequests(
            f"Too many jobs wait already: {in_all}, of which {mine} of yours.",
            "Wait until some are done, or cancel those that are not needed any more.",
            code="queue_full",
        )
        full.retry_after = max(full.retry_after, line.seconds_until_room(person) or 0.0)
        raise full

    def tickets(self) -> list[Ticket]:
        """Return every job, those that have their turn first, then by place."""
        found: list[Ticket] = []
        for line in self._lines.values():
            found += [*line.working, *line.order()]
        return found

    def view(self, person: str, *, all_people: bool = False) -> list[JobView]:
        """Return a person's jobs as callers see them; with `all_people` everybody's."""
        return [
            _shown(one, place, mine=one.person == person)
            for line in self._lines.values()
            for one, place in line.places()
            if all_people or one.person == person
        ]

    async def cancel(self, job_id: str, person: str, *, anybody: bool = False) -> None:
        """End a job; `anybody` is for who may end everybody's.

        Raises:
            NotFound: there is no such job, or it is over.
            NotAllowed: it is somebody else's.
        """
        ticket = next((one for one in self.tickets() if one.id == job_id), None)
        if ticket is None:
            raise NotFound("This job is over, or there never was one.", "Look at your jobs again.")
        if ticket.person != person and not anybody:
            raise NotAllowed(
                "This job is somebody else's.",
                "Only your own jobs can be cancelled.",
                code="not_your_job",
            )
        await ticket.end(_cancelled("The job was cancelled."))


def _cancelled(sentence: str) -> GenerationCancelled:
    return GenerationCancelled(sentence, "Ask again for what is still wanted.")


def _shown(ticket: Ticket, place: Place, *, mine: bool) -> JobView:
    return JobView(
        id=ticket.id,
        service=ticket.backend,
        kind=ticket.kind,
        state="waiting" if ticket.began is None else "working",
        position=place.position,
        seconds=place.seconds,
        since=ticket.since,
        mine=mine,
        label=ticket.label if mine else "",
        model=ticket.model,
    )
