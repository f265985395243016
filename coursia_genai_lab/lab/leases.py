"""Claims that keep services alive: kernels, jobs, pins."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

HolderKind = Literal["kernel", "job", "pin"]


@dataclass(frozen=True)
class Lease:
    """One claim; it ends when it is dropped, or lapses while it is still pending."""

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


class Leases:
    """Hold the claims in memory and tell one listener about every change.

    `clock` is monotonic seconds. The listener is called on the caller's thread, with the names
    of the services concerned.
    """

    def __init__(
        self,
        on_change: Callable[[tuple[str, ...]], None] = lambda services: None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._leases: dict[str, Lease] = {}
        self._on_change = on_change
        self._clock = clock
        self._timer: asyncio.TimerHandle | None = None

    def take(
        self,
        kind: HolderKind,
        services: Iterable[str],
        *,
        label: str,
        person: str,
        kernel_id: str | None = None,
        pending_seconds: float | None = None,
    ) -> Lease:
        """Claim services; with `pending_seconds` the claim lapses unless it is confirmed."""
        pending = pending_seconds is not None
        lease = Lease(
            id=uuid.uuid4().hex,
            kind=kind,
            services=tuple(services),
            label=label,
            person=person,
            kernel_id=kernel_id,
            since=time.time(),
            state="pending" if pending else "live",
            lapses_at=self._clock() + pending_seconds if pending_seconds is not None else None,
        )
        self._leases[lease.id] = lease
        self._tell(lease.services)
        return lease

    def confirm(self, lease_id: str) -> None:
        """Make a pending claim live; unknown or lapsed ones stay gone."""
        lease = self._leases.get(lease_id)
        if lease is not None and self.live(lease_id):
            self._leases[lease_id] = replace(lease, state="live", lapses_at=None)
            self._tell(lease.services)

    def suspend(self, lease_id: str, pending_seconds: float) -> None:
        """Make a live claim lapse unless it is confirmed again in time: a kernel restarts."""
        lease = self._leases.get(lease_id)
        if lease is not None:
            self._leases[lease_id] = replace(
                lease, state="pending", lapses_at=self._clock() + pending_seconds
            )
            self._tell(lease.services)

    def drop(self, lease_id: str) -> None:
        """End a claim; ending it twice is no error."""
        lease = self._leases.pop(lease_id, None)
        if lease is not None:
            self._tell(lease.services)

    def live(self, lease_id: str) -> bool:
        """Say whether the claim stands; a pending one stands until it lapses."""
        lease = self._leases.get(lease_id)
        return lease is not None and not self._lapsed(lease)

    def of_kernel(self, kernel_id: str) -> Lease | None:
        """Return the newest standing claim of a kernel."""
        mine = [lease for lease in self.standing() if lease.kernel_id == kernel_id]
        return max(mine, key=lambda lease: lease.since, default=None)

    def standing(self) -> list[Lease]:
        """Return the claims that stand, oldest first."""
        return [lease for lease in self._leases.values() if not self._lapsed(lease)]

    def close(self) -> None:
        """Cancel the timer; the claims themselves end with the Lab."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, services: tuple[str, ...]) -> None:
        self._arm()
        self._on_change(services)

    def _arm(self) -> None:
        # A pending claim must end by itself: a kernel that never came up holds nothing.
        self.close()
        ends = [lease.lapses_at for lease in self._leases.values() if lease.lapses_at is not None]
        if ends:
            delay = max(0.0, min(ends) - self._clock()) + 0.01
            self._timer = asyncio.get_running_loop().call_later(delay, self._sweep)

    def _sweep(self) -> None:
        self._timer = None
        for lease in [lease for lease in self._leases.values() if self._lapsed(lease)]:
            self.drop(lease.id)
        self._arm()

    def _lapsed(self, lease: Lease) -> bool:
        return lease.lapses_at is not None and lease.lapses_at <= self._clock()
