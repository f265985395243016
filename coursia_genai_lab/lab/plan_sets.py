"""Which services can run at one time: largest sets, found within a bound. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .gpu_memory import Device, Hold, fits
from .gpu_placement import Never, Wish, candidates

MOST_TRIES = 20_000
"""Places tried in all: a second of work at most. Eight services on eight GPUs need a tenth."""


@dataclass(frozen=True)
class Wanted:
    """What one service takes while it runs."""

    service: str
    wish: Wish | None = None
    """None: no GPU."""
    memory_mib: int | None = None
    """Of the host's own memory, at most; None: not known."""


@dataclass(frozen=True)
class Room:
    """What the host has when nothing runs."""

    devices: tuple[Device, ...] = ()
    memory_mib: int | None = None
    most: int = 3
    """Services at one time."""


@dataclass
class Sets:
    """What was found; `cut` when there were more sets than could be tried."""

    together: list[list[str]] = field(default_factory=list)
    apart: list[list[str]] = field(default_factory=list)
    by_memory: list[list[str]] = field(default_factory=list)
    """Pairs whose GPU memory would do, and whose own memory may not."""
    cut: bool = False


def find_sets(wanted: Sequence[Wanted], room: Room) -> Sets:
    """Return which services run together, and which pairs do not; the order of `wanted` is kept.

    A set that fits has only parts that fit, so it is grown from those.
    """
    search = _Search({one.service: one for one in wanted}, room)
    names = [one.service for one in wanted if search.fits((one.service,))]
    level: list[tuple[str, ...]] = [(name,) for name in names]
    found = list(level)
    pairs: list[tuple[str, ...]] = []
    while level and len(level[0]) < room.most and not search.spent:
        known = set(level)
        level = [one for one in _grown(level, names, known) if search.fits(one)]
        pairs = level if level and len(level[0]) == 2 else pairs
        found += level
    sets = Sets(cut=search.spent)
    sets.together = [list(one) for one in found if not _inside_another(one, found)]
    for pair in itertools.combinations(names, 2):
        if pair in pairs or search.spent:
            continue
        search.heed_memory = False
        of_memory = room.most > 1 and search.fits(pair)
        search.heed_memory = True
        (sets.by_memory if of_memory else sets.apart).append(list(pair))
    return sets


class _Search:
    def __init__(self, wanted: Mapping[str, Wanted], room: Room) -> None:
        self._wanted = wanted
        self._room = room
        # What is used now is gone by then: a plan is for a class, not for this moment.
        self._empty = [replace(one, used_mib=0, users=()) for one in room.devices]
        self._tries = 0
        self.heed_memory = True

    @property
    def spent(self) -> bool:
        return self._tries >= MOST_TRIES

    def fits(self, names: Iterable[str]) -> bool:
        chosen = [self._wanted[name] for name in names]
        memory = [one.memory_mib for one in chosen if one.memory_mib is not None]
        most = self._room.memory_mib
        # One alone may try: what is declared is the most that it may take.
        if self.heed_memory and len(chosen) > 1 and most is not None and sum(memory) > most:
            return False
        wishes = [one.wish for one in chosen if one.wish is not None]
        # Those without a choice first, then the large ones: they have the fewest places.
        wishes.sort(key=lambda wish: (not wish.ids, -wish.mib, wish.service))
        return self._placed(wishes, [])

    def _placed(self, wishes: Sequence[Wish], holds: list[Hold]) -> bool:
        if not wishes:
            return True
        wish = wishes[0]
        for devices in self._places(wish, holds):
            hold = Hold(
                key=wish.service,
                service=wish.service,
                devices=devices,
                mib=wish.mib,
                exclusive=wish.exclusive,
            )
            if self._placed(wishes[1:], [*holds, hold]):
                return True
        return False

    def _places(self, wish: Wish, holds: Sequence[Hold]) -> Iterator[tuple[str, ...]]:
        possible = candidates(self._empty, wish)
        if isinstance(possible, Never):
            return
        self._tries += len(possible)
        free = [one for one in possible if fits(one, holds, mib=wish.mib, exclusive=wish.exclusive)]
        if wish.ids:
            if len(free) == len(possible):
                yield tuple(one.id for one in free)
            return
        tried = set()
        for group in itertools.combinations(free, wish.count):
            # Of devices alike, with the same on them, one stands for all.
            likeness = tuple(sorted(self._likeness(one, holds) for one in group))
            if likeness not in tried and not self.spent:
                tried.add(likeness)
                self._tries += 1
                yield tuple(one.id for one in group)

    def _likeness(self, device: Device, holds: Sequence[Hold]) -> tuple[int, str, str]:
        here = ",".join(sorted(hold.key for hold in holds if hold.touches(device)))
        # A device that a service file names is like no other.
        named = {name for one in self._wanted.values() if one.wish for name in one.wish.ids}
        own = device.id if {device.id, str(device.index)} & named else (device.parent or "")
        return device.total_mib or 0, here, own


def _grown(
    level: Sequence[tuple[str, ...]], names: Sequence[str], known: set[tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    place = {name: number for number, name in enumerate(names)}
    for one in level:
        for name in names[place[one[-1]] + 1 :]:
            grown = (*one, name)
            parts = (tuple(x for x in grown if x != left) for left in grown)
            if all(part in known for part in parts):
                yield grown


def _inside_another(one: tuple[str, ...], found: Sequence[tuple[str, ...]]) -> bool:
    own = set(one)
    return any(own < set(other) for other in found)
