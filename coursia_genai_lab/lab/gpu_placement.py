"""Which GPUs a service gets, who must give way for it first, or what it has to wait for.

Pure, and so deterministic: the same reading, holds and wish give the same step.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .gpu_memory import Device, Hold, User, count, fits, named, room, usable


@dataclass(frozen=True)
class Wish:
    """What a service wants of the GPUs."""

    service: str
    mib: int
    ids: tuple[str, ...] = ()
    count: int = 1
    exclusive: bool = False


@dataclass(frozen=True)
class Placed:
    """It fits now, on these."""

    devices: tuple[str, ...]
    rooms: dict[str, int] = field(default_factory=dict)
    """Device -> MiB that other Labs' newer containers and this one share, where it is known."""


@dataclass(frozen=True)
class Returning:
    """It will fit as soon as these have given their memory back, which they are about to."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class GiveWay:
    """It fits once these have gone, used longest ago first."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class Full:
    """It does not fit beside what works now."""

    holds: tuple[Hold, ...] = ()
    """Who holds the devices that it could have."""
    strangers: tuple[tuple[Device, int, tuple[User, ...]], ...] = ()
    """Device, MiB and processes that belong to nobody we know."""
    queued: bool = False
    """Whether somebody who came earlier waits for the same devices."""


@dataclass(frozen=True)
class Never:
    """It cannot fit on this host, whoever gives way."""

    code: Literal["no_gpu", "gpu_absent", "gpu_lost", "gpu_too_small"]
    missing: tuple[str, ...] = ()
    biggest_mib: int | None = None


Step = Placed | Returning | GiveWay | Full | Never


def candidates(devices: Sequence[Device], wish: Wish) -> list[Device] | Never:
    """Return the devices that a wish could ever be given, or why there are none."""
    here = usable(devices)
    if wish.ids:
        found = [(wanted, named(wanted, devices)) for wanted in wish.ids]
        lost = tuple(wanted for wanted, device in found if device is not None and device.lost)
        if lost:
            return Never("gpu_lost", lost)
        absent = tuple(wanted for wanted, device in found if device not in here)
        if absent:
            return Never("gpu_absent", absent)
        # Two names of one device are one device.
        chosen = list({device.id: device for _, device in found if device is not None}.values())
        small = [one.total_mib for one in chosen if _too_small(one, wish)]
        if small:
            return Never("gpu_too_small", biggest_mib=min(filter(None, small), default=0))
        return chosen
    if not here:
        return Never("gpu_lost" if any(one.lost for one in devices) else "no_gpu")
    big = [device for device in here if not _too_small(device, wish)]
    if len(big) < wish.count:
        return Never("gpu_too_small", biggest_mib=max(one.total_mib or 0 for one in here))
    return big


def wanted(devices: Sequence[Device], wish: Wish) -> frozenset[str]:
    """Return the ids of the devices that whoever waits with this wish might be given."""
    found = candidates(devices, wish)
    return frozenset() if isinstance(found, Never) else frozenset(one.id for one in found)


def next_step(
    devices: Sequence[Device], holds: Sequence[Hold], wish: Wish, *, barred: Collection[str] = ()
) -> Step:
    """Return what is to happen next for a wish; `barred` devices are for those who came before.

    What the service itself still holds is its own: it is in nobody's way.
    """
    found = candidates(devices, wish)
    if isinstance(found, Never):
        return found
    free = [device for device in found if device.id not in barred]
    own = [hold.key for hold in holds if hold.key == wish.service]
    if chosen := _pick(free, holds, wish, found, own):
        rooms = {one.id: room(one, holds, own) for one in chosen}
        known = {key: mib for key, mib in rooms.items() if mib is not None}
        return Placed(tuple(one.id for one in chosen), known)
    others = [hold for hold in holds if hold.key not in own]
    returning = [hold.key for hold in others if hold.returning]
    if returning and _pick(free, holds, wish, found, [*own, *returning]):
        needed = _needed(free, holds, wish, found, own, returning)
        return Returning(tuple(needed))
    spare = sorted((hold for hold in others if hold.spare and not hold.returning), key=_age)
    gone = [*own, *returning]
    for most in range(1, len(spare) + 1):
        oldest = [hold.key for hold in spare[:most]]
        if _pick(free, holds, wish, found, [*gone, *oldest]):
            return GiveWay(tuple(_needed(free, holds, wish, found, gone, oldest)))
    return _full(found, holds, wish, barred)


def _too_small(device: Device, wish: Wish) -> bool:
    return device.total_mib is not None and device.total_mib < wish.mib


def _age(hold: Hold) -> tuple[float, str]:
    return hold.used_at, hold.key


def _pick(
    free: Sequence[Device],
    holds: Sequence[Hold],
    wish: Wish,
    found: Sequence[Device],
    without: Collection[str],
) -> list[Device] | None:
    """Return the devices that take the wish once `without` have gone; None: too few do.

    Where it may choose it spreads: services on a GPU of their own do not slow each other.
    """
    fit = [
        device
        for device in free
        if fits(device, holds, mib=wish.mib, exclusive=wish.exclusive, without=without)
    ]
    if wish.ids:
        return fit if len(fit) == len(found) else None
    fit.sort(key=lambda device: _load(device, holds, without))
    return fit[: wish.count] if len(fit) >= wish.count else None


def _load(
    device: Device, holds: Sequence[Hold], without: Collection[str]
) -> tuple[int, int, int, str]:
    beside = sum(hold.touches(device) and hold.key not in without for hold in holds)
    left = (device.total_mib or 0) - count(device, holds).taken(without)
    return beside, -left, device.index, device.id


def _needed(
    free: Sequence[Device],
    holds: Sequence[Hold],
    wish: Wish,
    found: Sequence[Device],
    anyway: Sequence[str],
    going: Sequence[str],
) -> list[str]:
    """Return those of `going` without whose leaving it does not fit, in their order.

    The one that was used last is spared first.
    """
    kept = list(going)
    for key in reversed(going):
        fewer = [one for one in kept if one != key]
        if _pick(free, holds, wish, found, [*anyway, *fewer]):
            kept = fewer
    return kept


def _full(
    found: Sequence[Device], holds: Sequence[Hold], wish: Wish, barred: Collection[str]
) -> Full:
    others = [one for one in holds if one.key != wish.service]
    here = [one for one in others if any(one.touches(device) for device in found)]
    strangers = []
    for device in found:
        foreign = count(device, holds).foreign
        if foreign:
            users = tuple(user for user in device.users if user.key is None)
            strangers.append((device, foreign, users))
    return Full(
        tuple(sorted(here, key=_age)),
        tuple(strangers),
        queued=any(device.id in barred for device in found),
    )
