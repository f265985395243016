"""The book of GPU claims: what each service of this Lab holds, and what other Labs do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..gpu.reading import Device as ReadDevice
from ..gpu.reading import GPUProcess
from ..runtimes.base import Instance
from ..runtimes.gpu_claims import SeenClaim
from ..wire.gpu import GPUClaim
from .gpu_memory import Count, Device, Hold, User, count, named, strangers
from .gpu_placement import Wish

BACK_SECONDS = 20.0
"""How long the memory of what has ended is expected back. Drivers give it back as they reap the
process, within a second or two; one that is still dying after this long is stuck."""
REST_SECONDS = 5.0
"""The same for what an engine was asked to give back: it does so between two jobs, within one."""


@dataclass
class Claim:
    """What one service of ours holds; times are monotonic seconds of the Lab's clock."""

    service: str
    devices: tuple[str, ...]
    mib: int
    exclusive: bool
    since: float
    """Unix time."""
    instance: Instance | None = None
    """None while it is being launched."""
    resting_at: float | None = None
    """When its engine was asked to give its memory back; it takes no work until it has it again."""
    ended_at: float | None = None
    ended_look: int = 0
    """Number of the first look that was begun after its end."""
    number: int = 0
    falls_since: int | None = None
    """Number of the first look begun after it rested or ended: from then on it uses ever less."""
    most: dict[str, int] = field(default_factory=dict)
    """Device -> the most that looks since then leave it to use."""
    used_before: dict[str, int] = field(default_factory=dict)
    """Device -> what was in use when it was last looked at before its end."""

    @property
    def key(self) -> str:
        """What it is called among all claims."""
        return self.service if self.ended_at is None else f"{self.service}#{self.number}"


class Book:
    """Keep the claims of this Lab and what is known of others'.

    `clock` is monotonic seconds, `wall` Unix time. `going` says whether a service is being
    stopped, `spare` whether it may give way, `used_at` when it was used last.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
        going: Callable[[str], bool],
        spare: Callable[[str], bool],
        used_at: Callable[[str], float],
    ) -> None:
        self._clock = clock
        self._wall = wall
        self._going = going
        self._spare = spare
        self._used_at = used_at
        self._live: dict[str, Claim] = {}
        self._ended: list[Claim] = []
        self._numbers = itertools.count(1)
        self._looks = itertools.count(1)
        self._look = 0
        self._devices: Sequence[Device] = ()
        self._strangers: dict[str, int] = {}
        self.others: Sequence[SeenClaim] = ()
        """What other Labs held when it was last looked at."""

    def claim(self, wish: Wish, devices: Iterable[str]) -> Claim:
        """Enter a claim; a service has one at a time."""
        claim = Claim(wish.service, tuple(devices), wish.mib, wish.exclusive, self._wall())
        self._live[wish.service] = claim
        return claim

    def place(self, wish: Wish, devices: Sequence[str]) -> Claim:
        """Enter the claim of what is to load, on devices as the last look showed them."""
        # What ended ones have left in use is not what this one is going to load.
        alive = [hold for hold in self.holds(self._devices) if hold.state != "ended"]
        for device in self._devices:
            if device.id in devices:
                self._learn(device, alive)
        return self.claim(wish, devices)

    def of(self, service: str) -> Claim | None:
        """Return what a service holds."""
        return self._live.get(service)

    def end(self, service: str) -> None:
        """Note that what a service held is gone; its memory is watched until it is back."""
        claim = self._live.pop(service, None)
        if claim is not None:
            claim.ended_at, claim.ended_look = self._clock(), self._look + 1
            claim.falls_since = claim.falls_since or claim.ended_look
            claim.used_before = {one.id: one.used_mib or 0 for one in self._devices}
            claim.number = next(self._numbers)
            self._ended.append(claim)

    def rest(self, claim: Claim) -> None:
        """Note that a claim's engine has just been asked, or has answered, to give memory back."""
        claim.resting_at = self._clock()
        claim.falls_since = claim.falls_since or self._look + 1

    def begin_look(self) -> int:
        """Return the number of a look at the driver that begins now."""
        self._look = next(self._looks)
        return self._look

    def learned(self, look: int, devices: Sequence[Device]) -> tuple[Device, ...]:
        """Return the devices with what is known of strangers, where the driver does not tell."""
        holds = self.holds(devices, look=look)
        for device in devices:
            self._learn(device, holds)
        found = tuple(replace(one, strangers_mib=self._strangers[one.id]) for one in devices)
        for claim in (*self._live.values(), *self._ended):
            if claim.falls_since is not None and claim.falls_since <= look:
                for device in found:
                    used = device.used_mib or 0
                    back = max(0, claim.used_before.get(device.id, 0) - used)
                    left = min(used - device.strangers_mib, max(0, claim.mib - back))
                    claim.most[device.id] = min(left, claim.most.get(device.id, left))
        self._devices = found
        return found

    def settle(self, look: int, devices: Sequence[Device], *, readable: bool) -> None:
        """Strike out what ended before a look that shows its memory back, or too long ago."""
        holds = self.holds(devices)
        counts = [count(device, holds) for device in devices]
        self._ended = [
            claim
            for claim in self._ended
            if claim.ended_look > look or (readable and self._is_awaited(claim, counts))
        ]

    def _is_awaited(self, claim: Claim, counts: Iterable[Count]) -> bool:
        assert claim.ended_at is not None
        recent = self._clock() - claim.ended_at < BACK_SECONDS
        return recent and any(one.amounts.get(claim.key, 0) for one in counts)

    def holds(self, devices: Sequence[Device], *, look: int = 0) -> list[Hold]:
        """Return every hold, the devices by the ids that the driver gives them.

        What ended after `look` was begun still counts as declared: the look may have seen less.
        """
        ours = [self._hold(claim, look) for claim in (*self._live.values(), *self._ended)]
        found = [*ours, *map(_hold_of_others, self.others)]
        return [replace(hold, devices=_resolved(hold.devices, devices)) for hold in found]

    def owners(self) -> dict[str, str]:
        """Return for each container and process what claim it belongs to."""
        keys = {one.identifier.partition(":")[0]: one.identifier for one in self.others}
        for claim in (*self._ended, *self._live.values()):
            if claim.instance is not None:
                keys[claim.instance.identifier.partition(":")[0]] = claim.key
        return keys

    def view(self, resolve: Callable[[str], str]) -> dict[str, list[GPUClaim]]:
        """Return who holds what for callers, by device."""
        shown: dict[str, list[GPUClaim]] = {}
        for claim in self._live.values():
            mib = 0 if claim.resting_at is not None else claim.mib
            for device in claim.devices:
                one = GPUClaim(
                    service=claim.service, mib=mib, exclusive=claim.exclusive, since=claim.since
                )
                shown.setdefault(resolve(device), []).append(one)
        for seen in self.others:
            for device in seen.devices:
                one = GPUClaim(
                    service=seen.service,
                    mib=seen.mib,
                    exclusive=seen.exclusive,
                    ours=False,
                    since=seen.since,
                )
                shown.setdefault(resolve(device), []).append(one)
        return shown

    def _learn(self, device: Device, holds: Sequence[Hold]) -> None:
        before = self._strangers.get(device.id, 0)
        self._strangers[device.id] = strangers(device, holds, before=before)

    def _hold(self, claim: Claim, look: int) -> Hold:
        now, name = self._clock(), claim.service
        hold = Hold(
            key=claim.key,
            service=name,
            devices=claim.devices,
            mib=claim.mib,
            exclusive=claim.exclusive,
            since=claim.since,
            used_at=self._used_at(name),
            most_mib=claim.most,
        )
        if claim.ended_at is not None:
            unseen = claim.ended_look > look > 0
            return replace(hold, state="held" if unseen else "ended", returning=True)
        going = claim.instance is not None and self._going(name)
        spare = claim.instance is not None and self._spare(name)
        if claim.resting_at is None:
            return replace(hold, returning=going, spare=spare)
        awaited = now - claim.resting_at < REST_SECONDS
        return replace(hold, state="resting", returning=going or awaited, spare=spare)


def device_of(device: ReadDevice, owners: Mapping[str, str]) -> Device:
    """Return a device of a reading with its users told apart by their claims."""
    users = tuple(_user(process, owners) for process in device.processes)
    total = device.total_mib
    if total is not None and device.reserved_mib:
        total -= device.reserved_mib
    return Device(
        id=device.uuid,
        index=device.index,
        name=device.name,
        total_mib=total,
        used_mib=device.used_mib,
        lost=device.state == "lost",
        parent=device.parent,
        users=users,
        # A process that cannot be looked up may be anybody's, ours too.
        users_known=device.processes_known and all(p.group is not None for p in device.processes),
    )


def _user(process: GPUProcess, owners: Mapping[str, str]) -> User:
    keys = (process.container or "", str(process.group), str(process.pid))
    key = next((owners[one] for one in keys if one in owners), None)
    return User(
        label=process.program or "a program",
        used_mib=process.used_mib,
        pid=process.pid,
        key=key,
        owner=process.owner,
    )


def _hold_of_others(seen: SeenClaim) -> Hold:
    return Hold(
        key=seen.identifier,
        service=seen.service,
        devices=seen.devices,
        mib=seen.mib,
        exclusive=seen.exclusive,
        ours=False,
        owner=seen.owner,
        since=seen.since,
    )


def _resolved(ids: Iterable[str], devices: Sequence[Device]) -> tuple[str, ...]:
    found = ((one, named(one, devices)) for one in ids)
    return tuple(one if device is None else device.id for one, device in found)
