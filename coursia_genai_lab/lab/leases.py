"""Claims that keep services alive: kernels, jobs, pins."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

from ..wire.services import Strength
from .pulse import HEARTBEAT_SECONDS

HolderKind = Literal["kernel", "job", "pin"]
ACTIVE_SECONDS = 600.0
"""How long a kernel's claim is active after its last work, where nobody says otherwise."""
HOLDING: frozenset[Strength] = frozenset({"active", "protected"})
"""The strengths that keep a service."""


@dataclass(frozen=True)
class Lease:
    """One claim; it ends when it is dropped, at its end, or lapses while it is still pending."""

    id: str
    kind: HolderKind
    services: tuple[str, ...]
    label: str
    """What a person recognises: the notebook's name."""
    person: str
    kernel_id: str | None
    since: float
    """Unix time, seconds."""
    state: Literal["pending", "live"]
    lapses_at: float | None = None
    """Monotonic time at which a pending lease ends; None never lapses."""
    ends_at: float | None = None
    """Unix time at which it ends by itself; None: it does not."""
    remedies: tuple[Callable[[], Awaitable[None]], ...] = field(default=(), compare=False)
    """What may end the job when it hangs, mildest first: cancel it, interrupt the engine."""


Finished = Callable[[Lease, float, float], None]
"""Hears of a job: begin and end are monotonic seconds."""


def _nobody(lease: Lease, began: float, ended: float) -> None:
    pass


@dataclass
class _Life:
    """What changes about a lease while it stands; times are monotonic seconds."""

    began_at: float
    used_at: float
    progress_at: float
    ends_at: float | None = None
    beat_at: float | None = None
    busy: bool = False
    suspended: bool = False
    waits: int = 0
    told: Strength = "active"


class Leases:
    """Hold the claims in memory and tell one listener about every change of their strength.

    `clock` is monotonic seconds, `wall` Unix time. The listener is called on the caller's
    thread, with the names of the services concerned. `active_seconds` says for how long a
    kernel's claim stays active after its last work.
    """

    def __init__(
        self,
        on_change: Callable[[tuple[str, ...]], None] = lambda services: None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        active_seconds: Callable[[Lease], float] = lambda lease: ACTIVE_SECONDS,
    ) -> None:
        self._leases: dict[str, Lease] = {}
        self._lives: dict[str, _Life] = {}
        self._on_change = on_change
        self._clock = clock
        self._wall = wall
        self._active_seconds = active_seconds
        self._finished: Finished = _nobody

    def hear_finished(self, listener: Finished) -> None:
        """Tell a listener of each job that came to a good end: its claim, begin and end."""
        self._finished = listener

    # -- taking and ending ---------------------------------------------------------------------

    def take(
        self,
        kind: HolderKind,
        services: Iterable[str],
        *,
        label: str,
        person: str,
        kernel_id: str | None = None,
        pending_seconds: float | None = None,
        ends_after_seconds: float | None = None,
        remedies: Iterable[Callable[[], Awaitable[None]]] = (),
    ) -> Lease:
        """Claim services.

        With `pending_seconds` the claim lapses unless it is confirmed; with `ends_after_seconds`
        it ends by itself. `remedies` may end a job that hangs, mildest first.
        """
        now, wall = self._clock(), self._wall()
        lease = Lease(
            id=uuid.uuid4().hex,
            kind=kind,
            services=tuple(services),
            label=label,
            person=person,
            kernel_id=kernel_id,
            since=wall,
            state="live" if pending_seconds is None else "pending",
            lapses_at=None if pending_seconds is None else now + pending_seconds,
            ends_at=None if ends_after_seconds is None else wall + ends_after_seconds,
            remedies=tuple(remedies),
        )
        life = _Life(began_at=now, used_at=now, progress_at=now)
        if ends_after_seconds is not None:
            life.ends_at = now + ends_after_seconds
        self._leases[lease.id], self._lives[lease.id] = lease, life
        self._tell(lease)
        return lease

    def confirm(self, lease_id: str) -> None:
        """Make a pending claim live; unknown or lapsed ones stay gone."""
        if self.live(lease_id):
            lease = replace(self._leases[lease_id], state="live", lapses_at=None)
            self._leases[lease_id] = lease
            self._lives[lease_id].used_at = self._clock()
            self._tell(lease)

    def suspend(self, lease_id: str, pending_seconds: float) -> None:
        """Make a live claim lapse unless it is confirmed again in time: a kernel restarts."""
        lease = self._leases.get(lease_id)
        if lease is not None:
            lapses_at = self._clock() + pending_seconds
            self._leases[lease_id] = replace(lease, state="pending", lapses_at=lapses_at)
            self._lives[lease_id].busy = False
            self._tell(lease)

    def cover(self, lease_id: str, services: Iterable[str]) -> None:
        """Let a claim hold these services from now on; an unknown or lapsed one stays gone."""
        if self.live(lease_id):
            before = self._leases[lease_id]
            self._leases[lease_id] = replace(before, services=tuple(dict.fromkeys(services)))
            # Also what it holds no more must be looked at anew.
            self._on_change(before.services)
            self._tell(self._leases[lease_id])

    def relabel(self, lease_id: str, label: str) -> None:
        """Let people recognise a claim by another name; one that is gone stays gone."""
        if lease_id in self._leases:
            self._leases[lease_id] = replace(self._leases[lease_id], label=label)
            self._tell(self._leases[lease_id])

    def worked(self, lease_id: str, began: float, ended: float) -> None:
        """Note what one of a claim's jobs took an engine that came to a good end.

        Both are monotonic seconds. For claims of several jobs, and of jobs that waited in line.
        """
        lease = self._leases.get(lease_id)
        if lease is not None:
            self._finished(lease, began, ended)

    def drop(self, lease_id: str, *, done: bool = False) -> None:
        """End a claim; ending it twice is no error. `done`: its job came to a good end."""
        lease = self._leases.pop(lease_id, None)
        if lease is not None:
            life = self._lives.pop(lease_id)
            if done:
                self._finished(lease, life.began_at, self._clock())
            self._on_change(lease.services)

    # -- signs of life -------------------------------------------------------------------------

    def beat(self, kernel_id: str, *, busy: bool) -> None:
        """Note that a kernel lives and whether it works; it revives what silence suspended."""
        for lease in self._leases.values():
            if lease.kernel_id == kernel_id and not self._lapsed(lease):
                life, now = self._lives[lease.id], self._clock()
                if life.busy or busy:
                    life.used_at = now
                life.beat_at, life.busy, life.suspended = now, busy, False
                self._compare(lease)

    def touch(self, lease_id: str) -> None:
        """Note that the holder used a door just now."""
        lease = self._leases.get(lease_id)
        if lease is not None:
            life = self._lives[lease_id]
            life.used_at, life.suspended = self._clock(), False
            if life.beat_at is not None:
                life.beat_at = life.used_at
            self._compare(lease)

    def progress(self, lease_id: str) -> None:
        """Note that a job got on."""
        life = self._lives.get(lease_id)
        if life is not None:
            life.progress_at = self._clock()

    @contextmanager
    def waiting(self, lease_id: str) -> Iterator[None]:
        """Count the holder as one that waits, for as long as the block runs."""
        self._wait(lease_id, 1)
        try:
            yield
        finally:
            self._wait(lease_id, -1)

    def _wait(self, lease_id: str, step: int) -> None:
        lease = self._leases.get(lease_id)
        if lease is not None:
            life = self._lives[lease_id]
            life.waits, life.used_at = life.waits + step, self._clock()
            self._compare(lease)

    # -- readings ------------------------------------------------------------------------------

    def live(self, lease_id: str) -> bool:
        """Say whether the claim stands; a pending one stands until it lapses."""
        lease = self._leases.get(lease_id)
        return lease is not None and not self._lapsed(lease)

    def strength(self, lease: Lease) -> Strength:
        """Return what the claim keeps: `protected` and `active` keep, the others are shown."""
        life = self._lives.get(lease.id)
        if life is None:
            return "dormant"
        if lease.kind != "kernel":
            return "protected"
        if life.waits or lease.state == "pending":
            return "active"
        if life.suspended:
            return "suspended"
        recent = self._clock() - life.used_at <= self._active_seconds(lease)
        return "active" if life.busy or recent else "dormant"

    def silent_seconds(self, lease: Lease) -> float:
        """Return the seconds since a job began or last got on."""
        life = self._lives.get(lease.id)
        return 0.0 if life is None else self._clock() - life.progress_at

    def of_kernel(self, kernel_id: str) -> Lease | None:
        """Return the newest standing claim of a kernel."""
        mine = [lease for lease in self.standing() if lease.kernel_id == kernel_id]
        return max(mine, key=lambda lease: lease.since, default=None)

    def standing(self) -> list[Lease]:
        """Return the claims that stand, oldest first."""
        return [lease for lease in self._leases.values() if not self._lapsed(lease)]

    # -- time ----------------------------------------------------------------------------------

    def sweep(self, *, steady: bool = True) -> None:
        """End what is over, suspend what keeps silent, and tell what has turned dormant.

        Unless time is `steady`, silence and the clock on the wall prove nothing.
        """
        now, wall = self._clock(), self._wall()
        for lease in list(self._leases.values()):
            life = self._lives.get(lease.id)
            if life is None:
                continue
            over = lease.ends_at is not None and wall >= lease.ends_at
            over = over or (life.ends_at is not None and now >= life.ends_at)
            if self._lapsed(lease) or (over and steady):
                self.drop(lease.id)
                continue
            if steady and life.beat_at is not None and now - life.beat_at > HEARTBEAT_SECONDS:
                life.suspended, life.busy = True, False
            self._compare(lease)

    def _tell(self, lease: Lease) -> None:
        self._lives[lease.id].told = self.strength(lease)
        self._on_change(lease.services)

    def _compare(self, lease: Lease) -> None:
        life, strength = self._lives[lease.id], self.strength(lease)
        if strength != life.told:
            life.told = strength
            self._on_change(lease.services)

    def _lapsed(self, lease: Lease) -> bool:
        return lease.lapses_at is not None and lease.lapses_at <= self._clock()
