"""The line of one service: jobs with their places, and who has the next turn.

Turns go round-robin between people, then between the notebooks of one person, then first come,
first served. The next job of somebody who was served longest ago comes first.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from ..errors import GenAIError
from ..wire.jobs import JobKind
from .line_estimates import UntilTurn, until_turn

log = logging.getLogger(__name__)

REPEAT_SECONDS = 15.0
"""How often a place that stays the same is told again, with a newer estimate."""
REMEMBERED = 20
"""Past jobs of a service that its estimates rest on."""
MOST_NAMES = 2000
"""People and notebooks whose last turn is remembered while a line never empties."""


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
        line: Line,
        *,
        person: str,
        holder: str,
        label: str,
        model: str,
        kind: JobKind,
        cancel: Cancel | None,
        id: str | None = None,  # noqa: A002 - the job's word, as in the attribute
    ) -> None:
        self.id = id or str(uuid.uuid4())
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

    def tell(self, place: Place | None = None) -> None:
        """Say the place to whoever waits, when it is a new one; None: look for it."""
        if self._told is not _unheard and not self._turn.done():
            place = place or self.place
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
            self.fail(error)
        elif self._cancel is not None:
            await self._cancel()

    def fail(self, error: Exception) -> None:
        """Let a job that waits leave, and its `turn` raise an error."""
        self._line.leave(self, done=False)
        if not self._turn.done():
            self._turn.set_exception(error)
            # Whoever waits may be gone; asyncio would log that nobody looked.
            self._turn.exception()


class Keeper(Protocol):
    """What a line asks of the queue that it belongs to."""

    slots: Callable[[str], int]
    usual: Callable[[str], float | None]
    clock: Callable[[], float]
    wall: Callable[[], float]

    def changed(self, backend: str) -> None:
        """Hear that a line has changed."""


@dataclass(eq=False)
class Line:
    """The jobs of one service."""

    backend: str
    queue: Keeper
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
        """Return a number above all that were given before."""
        self._numbers += 1
        return self._numbers

    def enter(self, ticket: Ticket) -> None:
        """Put a job at its place; its turn may come at once."""
        self.waiting.append(ticket)
        self._changed()

    def leave(self, ticket: Ticket, *, done: bool) -> None:
        """Take a job out, wherever it is; `done` lets its time count for estimates."""
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
        """Return where a job stands."""
        if ticket.began is not None:
            return Place(0, 0.0)
        order = self.order()
        position = order.index(ticket) + 1 if ticket in order else 0
        return Place(position, self._estimate()(position))

    def places(self) -> list[tuple[Ticket, Place]]:
        """Return every job with its place, those that have their turn first."""
        until = self._estimate()
        return [
            *((one, Place(0, 0.0)) for one in self.working),
            *((one, Place(nth, until(nth))) for nth, one in enumerate(self.order(), 1)),
        ]

    def seconds_until_room(self, person: str) -> float | None:
        """Return the seconds until the next job of a person, or else anybody's, leaves the line."""
        mine = [nth for nth, one in enumerate(self.order(), 1) if one.person == person]
        return self._estimate()(mine[0] if mine else 1)

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
        elif len(self._served) > MOST_NAMES:
            here = {name(one) for one in (*self.waiting, *self.working) for name in _NAMES}
            self._served = {who: turn for who, turn in self._served.items() if who in here}
        if self.waiting and not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_soon(self._tell)
        self.queue.changed(self.backend)

    def _tell(self) -> None:
        self._telling = False
        for ticket, place in self.places():
            try:
                ticket.tell(place)
            # What one caller makes of it is no matter of those behind.
            except Exception as error:
                log.info("gateway: a job did not hear its place", exc_info=True)
                ticket.fail(error)

    def usual_seconds(self) -> float | None:
        """Return how long a job takes, by those it has seen, else by the past; None: unknown."""
        if not self._took:
            return self.queue.usual(self.backend)
        from statistics import median

        return median(self._took)

    def _estimate(self) -> UntilTurn:
        """Return what says of a place how many seconds there are until its turn."""
        usual = self.usual_seconds()
        slots = max(1, self.queue.slots(self.backend))
        now = self.queue.clock()
        began = (one.began for one in self.working if one.began is not None)
        return until_turn(usual, slots, (now - at for at in began))


def _person(ticket: Ticket) -> _Name:
    return "person", ticket.person


def _holder(ticket: Ticket) -> _Name:
    return "holder", ticket.holder


_NAMES = (_person, _holder)
