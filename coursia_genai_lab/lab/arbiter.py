"""The arbiter of GPU memory: no service starts before its memory is seen to be free."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..catalog.spec import GPUSpec, ServiceSpec
from ..errors import GPUTaken
from ..runtimes.base import Instance, Progress, Report, Runtime, StartOrder
from ..runtimes.gpu_claims import SeenClaim, default_devices, split_devices
from ..wire.gpu import GPUClaim
from . import gpu_problems
from .changes import Changes
from .clock import Clock
from .engine_work import EngineWork
from .gpu_book import Book, Claim
from .gpu_look import PATIENCE_SECONDS, POLL_SECONDS, Looks, Readings, Seen
from .gpu_lost import LostGPUs
from .gpu_memory import Device, Hold
from .gpu_others import OtherLabs
from .gpu_placement import Full, GiveWay, Never, Placed, Returning, Step, Wish, next_step, wanted
from .gpu_release import GPURelease
from .holders import Holders
from .idle import IdleStops
from .service import Service
from .timeline_note import Record, TimelineNote

log = logging.getLogger(__name__)

BACK_POLL_SECONDS = 0.1
"""The same while memory is about to come back: it is what a swap loses beyond the release."""
WAITING = "waiting for GPU memory"


@dataclass(eq=False)
class _Ticket:
    """One start that wants GPU memory; its place in the queue is its age."""

    spec: ServiceSpec
    gpu: GPUSpec
    wish: Wish
    unseen_is_fine: bool
    """Whether it may start where no GPU can be read."""
    began: float
    rooms: dict[str, int] = field(default_factory=dict)
    seen: bool = False
    """Whether its devices were chosen from a reading."""
    stopped: list[str] = field(default_factory=list)
    """Services that were stopped for it."""
    in_the_way: str = ""
    patience_ends: float | None = None

    @property
    def deadline(self) -> float:
        return self.began + self.spec.start_timeout_seconds


class Arbiter:
    """Decide who gets which GPU, and make those give way that nobody works with.

    Decisions are made in one step of the event loop, after a reading and on what is claimed at
    that moment, so two starts never count on the same memory. Who came first is served first:
    later ones may use only what the earlier ones could not. Nobody holds memory while waiting
    for more, so nobody waits for each other.

    Args:
        readings: None where there are none; services then share by what they declare.
        others: what other Labs hold.
    """

    def __init__(
        self,
        *,
        readings: Readings | None,
        others: Callable[[], Awaitable[Sequence[SeenClaim]]],
        services: Mapping[str, Service],
        holders: Holders,
        idle: IdleStops,
        engines: EngineWork,
        changes: Changes,
        record: Record,
        clock: Clock,
    ) -> None:
        self._services = services
        self._record = record
        self._clock = clock
        self._release = GPURelease(
            services=services, holders=holders, engines=engines, clock=clock.monotonic
        )
        self._book = Book(
            clock=clock.monotonic,
            wall=clock.wall,
            going=self._release.going,
            spare=self._is_spare,
            used_at=idle.used_at,
        )
        self._others = OtherLabs(ask=others, book=self._book, clock=clock.monotonic)
        self._looks = Looks(
            readings=readings,
            others=self._others,
            book=self._book,
            changes=changes,
            clock=clock.monotonic,
            pause=self._pause,
        )
        self._lost = LostGPUs(
            looks=self._looks, services=services, holders=holders, clock=clock.monotonic
        )
        self._queue: list[_Ticket] = []
        self._launching: list[_Ticket] = []
        self._bells: set[asyncio.Event] = set()
        self._stood: dict[str, tuple[object, ...]] = {}

    # -- claiming ------------------------------------------------------------------------------

    async def launch(self, runtime: Runtime, order: StartOrder, report: Report) -> Instance:
        """Start a service, once it has its GPU memory where it wants some.

        Raises:
            ServiceError: gpu_full, gpu_too_small, gpu_absent, gpu_lost, gpu_memory_stays,
                gpu_unreadable, no_gpu; and whatever the runtime raises.
        """
        spec = order.spec
        if spec.gpu is None or not runtime.takes_gpus:
            return await runtime.start(order, report)
        await runtime.prepare(spec, report)
        ticket = self._ticket(spec, spec.gpu, unseen_is_fine=runtime.refuses_gpus)
        while True:
            claim = await self._claimed(ticket, report)
            self._launching.append(ticket)
            chosen = claim.devices if ticket.seen or spec.gpu.ids else ()
            given = replace(order, device_ids=chosen, gpu_rooms=ticket.rooms)
            try:
                instance = await runtime.start(given, report)
            except GPUTaken:
                # Another Lab was a moment earlier; its claim is seen from now on.
                self._book.end(spec.name)
                if self._clock.monotonic() >= ticket.deadline:
                    raise
                ticket.in_the_way = "another Lab"
                await self._pause(POLL_SECONDS)
                continue
            except BaseException:
                self._book.end(spec.name)
                self.wake()
                raise
            finally:
                self._launching.remove(ticket)
            claim.instance = instance
            claim.devices = split_devices(instance.detail.get("gpus", "")) or claim.devices
            return instance

    async def reclaim(self, service: Service, report: Report) -> None:
        """Get its memory back for a service that gave it away and goes on running.

        Raises:
            ServiceError: as `launch`.
        """
        claim, gpu = self._book.of(service.spec.name), service.spec.gpu
        if claim is None or gpu is None:
            return
        ticket = self._ticket(service.spec, gpu, unseen_is_fine=True)
        ticket.wish = replace(ticket.wish, ids=claim.devices)
        again = await self._claimed(ticket, report)
        again.instance = claim.instance
        if service.instance is None:
            # It ended while it waited.
            self._book.end(service.spec.name)

    # -- what the Lab tells --------------------------------------------------------------------

    def noticed(self, service: Service) -> None:
        """Hear that a service changed: enter what was adopted, watch what ended."""
        name, gpu = service.spec.name, service.spec.gpu
        if gpu is None:
            return
        claim, instance, runtime = self._book.of(name), service.instance, service.runtime
        if instance is not None and claim is None and runtime is not None and runtime.takes_gpus:
            devices = split_devices(instance.detail.get("gpus", "")) or default_devices(
                gpu.ids, gpu.count
            )
            self._book.claim(_wish(service.spec, gpu), devices).instance = instance
        elif instance is None and claim is not None and claim.instance is not None:
            if service.state == "failed" and self._looks.seen:
                self._lost.suspect(name, claim.devices)
            if service.state in ("stopped", "failed", "unavailable"):
                self._book.end(name)
        stands = (service.state, service.wanted, service.resting, service.instance)
        if self._stood.get(name) != stands:
            # A phase alone frees nothing: those who tell that they wait would wake each other.
            self._stood[name] = stands
            self.wake()

    def holders_changed(self, services: Iterable[str]) -> None:
        """Hear that claims on services changed: one may be spare now, or its job have failed."""
        for name in services:
            claim = self._book.of(name)
            if self._looks.seen and claim is not None and claim.instance is not None:
                self._lost.suspect(name, claim.devices)
        self.wake()

    def beat(self) -> None:
        """Look, about once a second, at what may have changed unheard; nothing as a rule."""
        self._lost.beat()
        self._others.beat()

    def wake(self) -> None:
        """Let whoever waits for memory look again."""
        for bell in self._bells:
            bell.set()

    async def close(self) -> None:
        """End what looks in the background; starts end with their services."""
        await self._lost.close()
        await self._others.close()

    # -- what is shown -------------------------------------------------------------------------

    def devices_of(self, service: str) -> list[str]:
        """Return the GPUs that a service holds, by UUID where that is known."""
        claim = self._book.of(service)
        return [] if claim is None else [self._looks.resolved(one) for one in claim.devices]

    def claims(self) -> dict[str, list[GPUClaim]]:
        """Return who holds what, by device; other Labs' as they were last seen."""
        return self._book.view(self._looks.resolved)

    async def claims_of_others(self) -> Sequence[SeenClaim]:
        """Look at what other Labs hold, and return it; no runtime is asked without a GPU wanted."""
        if any(service.spec.gpu is not None for service in self._services.values()):
            await self._others.look()
        return self._book.others

    # -- inner workings ------------------------------------------------------------------------

    def _ticket(self, spec: ServiceSpec, gpu: GPUSpec, *, unseen_is_fine: bool) -> _Ticket:
        return _Ticket(spec, gpu, _wish(spec, gpu), unseen_is_fine, self._clock.monotonic())

    async def _claimed(self, ticket: _Ticket, report: Report) -> Claim:
        """Wait for the turn and the memory of a ticket; whoever is cancelled leaves the queue."""
        began, real, spec = self._clock.monotonic(), time.monotonic(), ticket.spec
        report(Progress(WAITING))
        self._queue.append(ticket)
        try:
            while True:
                seen = await self._looks.look(
                    spec,
                    ids=ticket.wish.ids,
                    count=ticket.wish.count,
                    unseen_is_fine=ticket.unseen_is_fine,
                )
                holds = self._book.holds(seen.devices, look=seen.number)
                barred = self._barred(ticket, seen.devices)
                step = next_step(seen.devices, holds, ticket.wish, barred=barred)
                if isinstance(step, Placed):
                    self._lessen_rooms(step, ticket.wish)
                    ticket.rooms, ticket.seen = step.rooms, seen.readable
                    self._note_wait(ticket, self._clock.monotonic() - began)
                    return self._book.place(ticket.wish, step.devices)
                await self._take(step, ticket, seen, holds, report)
                # What a wait takes says nothing of how long a start lasts.
                self._services[spec.name].discount(time.monotonic() - real)
                real = time.monotonic()
        finally:
            self._queue.remove(ticket)
            self.wake()

    def _lessen_rooms(self, placed: Placed, wish: Wish) -> None:
        # Whoever is being launched compares itself with other Labs by what we leave to it.
        for other in self._launching:
            for device in set(placed.devices) & set(other.rooms):
                other.rooms[device] -= wish.mib

    async def _take(
        self, step: Step, ticket: _Ticket, seen: Seen, holds: Sequence[Hold], report: Report
    ) -> None:
        spec = ticket.spec
        if isinstance(step, Never):
            raise gpu_problems.never(spec, ticket.gpu, step, seen.devices)
        late = self._clock.monotonic() >= ticket.deadline
        if isinstance(step, GiveWay) and not late:
            ticket.patience_ends = None
            for key in step.keys:
                report(Progress(f"freeing memory of {self._title(key)}"))
                if await self._release.make_way(key, spec, self._book, seen=seen.readable):
                    ticket.stopped.append(key)
        elif isinstance(step, Returning) and not late:
            report(Progress("waiting until the memory is back"))
            await self._pause(BACK_POLL_SECONDS)
        else:
            why = step if isinstance(step, Full) else Full(tuple(holds))
            self._give_up_in_time(ticket, why, late=late)
            self._say_who(ticket, why, report)
            await self._pause(POLL_SECONDS)

    def _give_up_in_time(self, ticket: _Ticket, why: Full, *, late: bool) -> None:
        """Raise when nothing more is to be waited for: programs of others may stay for ever."""
        if why.queued or why.holds:
            ticket.patience_ends = None
        elif ticket.stopped:
            raise gpu_problems.stays(ticket.spec, ticket.stopped, why, self._title)
        elif self._out_of_patience(ticket):
            late = True
        if late:
            raise gpu_problems.full(ticket.spec, ticket.wish.mib, why, self._title)

    def _out_of_patience(self, ticket: _Ticket) -> bool:
        now = self._clock.monotonic()
        if ticket.patience_ends is None:
            ticket.patience_ends = now + PATIENCE_SECONDS
        return now >= min(ticket.patience_ends, ticket.deadline)

    def _say_who(self, ticket: _Ticket, why: Full, report: Report) -> None:
        ours = [hold for hold in why.holds if hold.ours and hold.state != "ended"]
        labs = [hold for hold in why.holds if not hold.ours]
        if ours:
            ticket.in_the_way = self._title(ours[0].service)
        elif labs:
            ticket.in_the_way = "another Lab"
        elif not why.queued:
            ticket.in_the_way = "another program"
        who = ticket.in_the_way
        report(Progress(f"{WAITING} that {who} uses" if who else WAITING))

    def _note_wait(self, ticket: _Ticket, seconds: float) -> None:
        if ticket.in_the_way and seconds >= 1:
            reason = f"For GPU memory that {ticket.in_the_way} used."
            note = TimelineNote(ticket.spec.name, "waited", "the Lab", reason, seconds=seconds)
            self._record(note)
            ticket.in_the_way = ""

    def _barred(self, ticket: _Ticket, devices: Sequence[Device]) -> set[str]:
        name = ticket.wish.service
        if self._book.of(name) is not None and not self._release.spare(name, resting=True):
            # It is kept since it gave way: those before it wait for what it holds.
            return set()
        earlier = self._queue[: self._queue.index(ticket)]
        return {one for other in earlier for one in wanted(devices, other.wish)}

    def _is_spare(self, name: str) -> bool:
        claim = self._book.of(name)
        return claim is not None and self._release.spare(name, resting=claim.resting_at is not None)

    def _title(self, name: str) -> str:
        service = self._services.get(name)
        return name if service is None else service.spec.title

    async def _pause(self, seconds: float) -> None:
        """Return after some seconds, or as soon as something of ours changed."""
        bell = asyncio.Event()
        timer = self._clock.call_later(seconds, bell.set)
        self._bells.add(bell)
        try:
            await bell.wait()
        finally:
            timer.cancel()
            self._bells.discard(bell)


def _wish(spec: ServiceSpec, gpu: GPUSpec) -> Wish:
    return Wish(spec.name, gpu.vram_mib, tuple(gpu.ids), gpu.count, gpu.exclusive)
