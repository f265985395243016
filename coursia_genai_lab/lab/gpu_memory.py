"""The memory of GPUs as the arbiter counts it: who holds how much, and what is left.

Pure: a reading and the holds go in, figures in MiB come out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

HEADROOM_MIB = 256
"""Kept free on a GPU that several share: two services rarely load in the same second, but each
grows a little after its figures were taken, by a kernel compiled or a context opened."""

HoldState = Literal["held", "resting", "ended"]


@dataclass(frozen=True)
class User:
    """A process that the driver sees on a GPU."""

    label: str
    used_mib: int | None = None
    """None: the driver does not tell."""
    pid: int | None = None
    key: str | None = None
    """Key of the hold that it belongs to; None: it is nobody's that we know."""
    owner: str | None = None


@dataclass(frozen=True)
class Device:
    """One GPU or one MIG instance, as the last reading shows it."""

    id: str
    index: int
    name: str = "GPU"
    total_mib: int | None = None
    """What can be used of it; None: not known."""
    used_mib: int | None = None
    lost: bool = False
    parent: str | None = None
    """Of a MIG instance: the UUID of its GPU."""
    users: tuple[User, ...] = ()
    users_known: bool = True
    """False: the driver does not say who uses it, or not in a way that can be looked up."""
    strangers_mib: int = 0
    """What is surely nobody's that we know, by earlier readings, where this one tells no users."""

    @property
    def tells_users(self) -> bool:
        """Whether it is known whose all of the memory in use is."""
        if not self.users_known or any(user.used_mib is None for user in self.users):
            return False
        # Memory in use and no process: they are in other namespaces, as in WSL or a container.
        return bool(self.users) or not self.used_mib


@dataclass(frozen=True)
class Hold:
    """Memory that one service has claimed, or still keeps."""

    key: str
    """Unique among all Labs on the host: the service's name for ours, a container's id else."""
    service: str
    devices: tuple[str, ...]
    mib: int
    """Declared, on each device."""
    exclusive: bool = False
    ours: bool = True
    owner: str = ""
    """Of another Lab's: what tells it from others, for people."""
    since: float = 0.0
    state: HoldState = "held"
    """`resting`: its engine gave its memory back and takes no work before it has it again;
    `ended`: it is gone, its memory not yet seen to be back."""
    returning: bool = False
    """Whether what it still uses is expected back at any moment."""
    spare: bool = False
    """Whether nobody works with it, so that it may give way."""
    used_at: float = 0.0
    """Monotonic time of its last use: the oldest gives way first."""
    most_mib: Mapping[str, int] = field(default_factory=dict)
    """Device -> the most that it can still use of it, of what only falls; else what it declares."""

    def touches(self, device: Device) -> bool:
        """Say whether it holds memory of this device, or of the GPU that it is a part of."""
        return device.id in self.devices or device.parent in self.devices

    def most(self, device: Device) -> int:
        """Return how much of what is in use on a device may be its own."""
        return min(self.mib, self.most_mib.get(device.id, self.mib))


@dataclass(frozen=True)
class Count:
    """Who uses how much of one device."""

    amounts: Mapping[str, int] = field(default_factory=dict)
    """Hold -> what must be left to it: declared, or observed where that is more."""
    foreign: int = 0
    """What belongs to no hold."""

    def taken(self, without: Collection[str] = ()) -> int:
        """Return all that is taken, but for these holds."""
        return self.foreign + sum(n for key, n in self.amounts.items() if key not in without)


def count(device: Device, holds: Iterable[Hold]) -> Count:
    """Return who uses how much of a device, declared memory counted as taken.

    What the driver ascribes to nobody goes to those that hold the device, up to what each has
    declared; first, where it ascribes nothing at all, and else only to what has just ended. What
    strangers were seen to use before is none of it.
    """
    here = sorted((hold for hold in holds if hold.touches(device)), key=_certainty)
    seen = _seen(device)
    known = {hold.key: seen.get(hold.key, 0) for hold in here}
    unnamed = max(0, (device.used_mib or 0) - sum(known.values()))
    strange = 0 if device.tells_users else min(unnamed, device.strangers_mib)
    rest = unnamed - strange
    for hold in here:
        if hold.state == "ended" or not device.tells_users:
            share = min(rest, max(0, hold.most(device) - known[hold.key]))
            known[hold.key] += share
            rest -= share
    amounts = {
        hold.key: max(hold.mib, known[hold.key]) if hold.state == "held" else known[hold.key]
        for hold in here
    }
    return Count(amounts, strange + rest)


def strangers(device: Device, holds: Iterable[Hold], *, before: int) -> int:
    """Return how much in use is surely nobody's that we know, where the driver tells no users.

    That is what exceeds all that those here may use, and at least what it was `before`, so long
    as so much is in use at all: what came before a service is not what the service has loaded.
    """
    if device.tells_users or device.used_mib is None:
        return 0
    seen = _seen(device)
    here = [hold for hold in holds if hold.touches(device)]
    ours = sum(max(hold.most(device), seen.get(hold.key, 0)) for hold in here)
    return min(max(before, device.used_mib - ours), device.used_mib)


def fits(
    device: Device,
    holds: Sequence[Hold],
    *,
    mib: int,
    exclusive: bool,
    without: Collection[str] = (),
) -> bool:
    """Say whether so much fits on a device once the holds `without` are gone."""
    others = [hold for hold in holds if hold.touches(device) and hold.key not in without]
    alive = [hold for hold in others if hold.state != "ended"]
    if any(hold.exclusive for hold in alive) or (exclusive and alive):
        return False
    if device.total_mib is None:
        return True
    spare = HEADROOM_MIB if alive else 0
    return count(device, holds).taken(without) + mib + spare <= device.total_mib


def room(device: Device, holds: Sequence[Hold], without: Collection[str] = ()) -> int | None:
    """Return what our own holds and strangers leave of a device; None: its size is not known."""
    if device.total_mib is None:
        return None
    others = {hold.key for hold in holds if not hold.ours}
    return device.total_mib - count(device, holds).taken(others | set(without))


def usable(devices: Iterable[Device]) -> list[Device]:
    """Return the devices on which something can run: those that are there, MIG parts for wholes."""
    known = list(devices)
    split = {device.parent for device in known if device.parent}
    return [device for device in known if not device.lost and device.id not in split]


def named(wanted: str, devices: Iterable[Device]) -> Device | None:
    """Return the device that an id means: a UUID, an index, or `GPU:instance` of a split one."""
    known = list(devices)
    for device in known:
        if device.id == wanted:
            return device
    whole, colon, part = wanted.partition(":")
    for device in known:
        if device.parent is None and whole.isdecimal() and device.index == int(whole):
            if not colon:
                return device
            parts = [one for one in known if one.parent == device.id]
            number = int(part) if part.isdecimal() else len(parts)
            return parts[number] if number < len(parts) else None
    return None


def _seen(device: Device) -> dict[str, int]:
    """Return what the driver ascribes to holds, by their keys."""
    seen: dict[str, int] = {}
    for user in device.users:
        if user.key is not None:
            seen[user.key] = seen.get(user.key, 0) + (user.used_mib or 0)
    return seen


def _certainty(hold: Hold) -> int:
    # What has ended had its memory at the end; what rests may have given back all but a little.
    return ("ended", "held", "resting").index(hold.state)
