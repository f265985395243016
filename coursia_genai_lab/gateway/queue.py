"""The fair queue: whose job an engine works on next, and what the others are told.

One line a service. Its slots are given in turns: round-robin between people, then between the
notebooks of one person, then first come, first served. Whoever has nothing waiting loses nothing:
the next job of somebody who was served longest ago comes first.
"""

from __future__ import annotations

import asyncio
import statistics
import time
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from ..errors import GenAIError, GenerationCancelled, NotAllowed, NotFound, TooManyRequests
from ..wire.jobs import JobKind, JobView

MOST_OF_ONE = 200
"""Jobs that one person may have waiting for one service: a batch of a hundred, twice."""
MOST_IN_ALL = 1000
REPEAT_SECONDS = 15.0
"""How often a place that stays the same is told again, with a newer estimate."""
OVERDUE = 1.25
"""A job that has worked for so long is thought to be four fifths done, if it is not done yet."""
REMEMBERED = 20
"""Past jobs of a service that its estimates rest on."""


@dataclass(frozen=True)
class Place:
    """Where a waiting job stands: 1 is next; `seconds` until its turn, None where nobody knows."""

    position: int
    seconds: float | None


Told = Callable[[Place], None]
_Name = tuple[str, str]
"""Of a person or of a holder; who has the same name as the other kind is still another."""
Cancel = Callable[[], Awaitable[None]]


def _unheard(place: Place) -> None:
    pass


class Ticket:
    """One job in the line of a service; made by `FairQueue.join`."""

    def __init__(
        self,
        line: _Line,
        *,
        person: str,
        holder: str,
        label: str,
        model: str,
        kind: JobKind,
        cancel: Cancel | None,
    ) -> None:
        self.id = str(uuid.uuid4())
        self.person = person
        self.holder = holder
        self.label = label
        self.model = model
        self.kind: JobKind = kind
        self.since = line.queue.wall()
        self.number = line.next_number()
        self.began: float | None = None
        """Monotonic time at which its turn came."""
        self.worked_seconds: float | None = None
        """How long it had its turn; None before it has left."""
        self._line = line
        self._cancel = cancel
        self._turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told: Told = _unheard
        self._last: Place | None = None

    @property
    def backend(self) -> str:
        """The service that it waits for."""
        return self._line.backend

    @property
    def place(self) -> Place:
        """Where it stands now; position 0 is its turn."""
        return self._line.place(self)

    async def turn(self, told: Told = _unheard) -> None:
        """Return when it is this job's turn; `told` hears each new place until then.

        It hears the same place again every 15 seconds: who waits is alive and not hung.
        Whoever is cancelled meanwhile still has to `leave`.

        Raises:
            GenerationCancelled: somebody cancelled the job, or its holder ended.
        """
        self._told = told
        self.tell()
        try:
            while not self._turn.done():
                await asyncio.wait([self._turn], timeout=REPEAT_SECONDS)
                self._last = None
                self.tell()
        finally:
            self._told = _unheard
        self._turn.result()

    def leave(self, *, done: bool = False) -> None:
        """Give the turn, or the place, to the next; a second call changes nothing.

        `done` says that the job came to a good end: its time is one to estimate by.
        """
        self._line.leave(self, done=done)

    def tell(self) -> None:
        """Say the place to whoever waits, when it is a new one."""
        if self._told is not _unheard and not self._turn.done():
            place = self.place
            if self._last is None or place.position != self._last.position:
                self._last = place
                self._told(place)

    def admit(self, now: float) -> None:
        """Let its turn begin."""
        self.began = now
        if not self._turn.done():
            self._turn.set_result(None)

    async def end(self, error: GenAIError) -> None:
        """End it from without: a waiting one leaves, a working one is cancelled in its engine."""
        if self.began is None:
            self._line.leave(self, done=False)
            if not self._turn.done():
                self._turn.set_exception(error)
                # Whoever waits may be gone; asyncio would log that nobody looked.
                self._turn.exception()
        elif self._cancel is not None:
            await self._cancel()


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
        self._lines: dict[str, _Line] = {}
        self._listeners: list[Callable[[str], None]] = []

    def hear(self, listener: Callable[[str], None]) -> None:
        """Tell a listener each service in whose line a job has come, begun or gone."""
        self._listeners.append(listener)

    def remaining(self, backend: str) -> int:
        """Return how many jobs of a service wait or have their turn."""
        line = self._lines.get(backend)
        return 0 if line is None else len(line.waiting) + len(line.working)

    def changed(self, backend: str) -> None:
        """Tell the listeners of a line."""
        for listener in self._listeners:
            listener(backend)

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
    ) -> Ticket:
        """Return a place in a service's line.

        `holder` is the lease that it comes through, `label` what a person recognises it by,
        `cancel` what ends the job once the engine works on it.

        Raises:
            TooManyRequests: the person, or all together, wait with as many as they may.
        """
        line = self._lines.setdefault(backend, _Line(backend, self))
        waiting = sum(one.person == person for one in line.waiting)
        if waiting >= MOST_OF_ONE or sum(len(one.waiting) for one in self._lines.values()) >= (
            MOST_IN_ALL
        ):
            full = TooManyRequests(
                f"Too many jobs wait already: {waiting} of yours.",
                "Wait until some are done, or cancel those that are not needed any more.",
                code="queue_full",
            )
            full.retry_after = max(full.retry_after, line.seconds_until_room(person) or 0.0)
            raise full
        ticket = Ticket(
            line, person=person, holder=holder, label=label, model=model, kind=kind, cancel=cancel
        )
        line.enter(ticket)
        return ticket

    def tickets(self) -> list[Ticket]:
        """Return every job, those that have their turn first, then by place."""
        found: list[Ticket] = []
        for line in self._lines.values():
            found += [*line.working, *line.order()]
        return found

    def view(self, person: str, *, all_people: bool = False) -> list[JobView]:
        """Return a person's jobs as callers see them; with `all_people` everybody's."""
        return [
            _shown(one, mine=one.person == person)
            for one in self.tickets()
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

    async def end_holder(self, holder: str, reason: str) -> None:
        """End every job that came through a lease, because it has ended."""
        mine = [one for one in self.tickets() if one.holder == holder]
        for ticket in mine:
            await ticket.end(_cancelled(reason))


@dataclass(eq=False)
class _Line:
    """The jobs of one service."""

    backend: str
    queue: FairQueue
    waiting: list[Ticket] = field(default_factory=list)
    working: list[Ticket] = field(default_factory=list)
    _served: dict[_Name, int] = field(default_factory=dict)
    """Number of the last turn of each."""
    _turns: int = 0
    _numbers: int = 0
    _took: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _order: list[Ticket] | None = None
    _telling: bool = False

    def next_number(self) -> int:
        self._numbers += 1
        return self._numbers

    def enter(self, ticket: Ticket) -> None:
        self.waiting.append(ticket)
        self._changed()

    def leave(self, ticket: Ticket, *, done: bool) -> None:
        if ticket in self.waiting:
            self.waiting.remove(ticket)
        elif ticket in self.working:
            self.working.remove(ticket)
            assert ticket.began is not None
            ticket.worked_seconds = self.queue.clock() - ticket.began
            if done:
                self._took.append(ticket.worked_seconds)
        else:
            return
        self._changed()

    def place(self, ticket: Ticket) -> Place:
        if ticket.began is not None:
            return Place(0, 0.0)
        order = self.order()
        position = order.index(ticket) + 1 if ticket in order else 0
        return Place(position, self._seconds_until(position))

    def seconds_until_room(self, person: str) -> float | None:
        """Return the seconds until the next job of a person, or else anybody's, leaves the line."""
        mine = [nth for nth, one in enumerate(self.order(), 1) if one.person == person]
        return self._seconds_until(mine[0] if mine else 1)

    def order(self) -> list[Ticket]:
        """Return the waiting jobs in the order in which they will have their turns."""
        if self._order is None:
            self._order = self._in_turns(
                self.waiting,
                _person,
                lambda mine: self._in_turns(mine, _holder, list),
            )
        return self._order

    def _in_turns(
        self,
        tickets: Iterable[Ticket],
        name: Callable[[Ticket], _Name],
        inner: Callable[[list[Ticket]], list[Ticket]],
    ) -> list[Ticket]:
        """Deal one ticket of each name a round; whoever was served longest ago begins."""
        groups: defaultdict[_Name, list[Ticket]] = defaultdict(list)
        for ticket in tickets:
            groups[name(ticket)].append(ticket)
        at_work = Counter(name(one) for one in self.working)
        dealt = [
            (nth + at_work[who], self._served.get(who, 0), ticket.number, ticket)
            for who, group in groups.items()
            for nth, ticket in enumerate(inner(group))
        ]
        dealt.sort(key=lambda one: one[:3])
        return [one[3] for one in dealt]

    def _changed(self) -> None:
        self._order = None
        slots = max(1, self.queue.slots(self.backend))
        while len(self.working) < slots and self.waiting:
            ticket = self.order()[0]
            self.waiting.remove(ticket)
            self.working.append(ticket)
            self._turns += 1
            self._served[_person(ticket)] = self._served[_holder(ticket)] = self._turns
            self._order = None
            ticket.admit(self.queue.clock())
        if not self.waiting and not self.working:
            # Who comes back to an idle line has waited for nobody.
            self._served.clear()
        if self.waiting and not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)
        self.queue.changed(self.backend)

    def _tell(self) -> None:
        self._telling = False
        for ticket in self.order():
            ticket.tell()

    def _seconds_until(self, position: int) -> float | None:
        usual = statistics.median(self._took) if self._took else self.queue.usual(self.backend)
        if usual is None or position < 1:
            return None
        slots = max(1, self.queue.slots(self.backend))
        now = self.queue.clock()
        began = (one.began for one in self.working if one.began is not None)
        worked = sorted((now - at for at in began), reverse=True)
        if worked and worked[0] > usual / OVERDUE:
            # What takes longer than others did will go on for a while, and so may what follows.
            usual = worked[0] * OVERDUE
        # The slot of this job comes free after the rest of its present job and some whole ones.
        rounds, slot = divmod(position - 1, slots)
        left = max(0.0, usual - worked[slot]) if slot < len(worked) else 0.0
        return round(left + rounds * usual, 1)


def _person(ticket: Ticket) -> _Name:
    return "person", ticket.person


def _holder(ticket: Ticket) -> _Name:
    return "holder", ticket.holder


def _cancelled(sentence: str) -> GenerationCancelled:
    return GenerationCancelled(sentence, "Ask again for what is still wanted.")


def _shown(ticket: Ticket, *, mine: bool) -> JobView:
    place = ticket.place
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
