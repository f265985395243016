"""GPU memory that other Labs on this host hold, as their runtimes' own records tell it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..catalog.spec import ServiceSpec
from ..errors import GPUTaken


@dataclass(frozen=True)
class SeenClaim:
    """What one running thing of some Lab was given."""

    identifier: str
    """Container id, or `pid:start_time`."""
    service: str
    owner: str
    devices: tuple[str, ...]
    """UUIDs, or indices where its Lab knew no better."""
    mib: int
    """On each of them."""
    exclusive: bool
    since: float
    """Unix time, seconds."""
    rank: str
    """Sorts claims of one engine by age; of two that do not fit together the later gives way."""


def default_devices(ids: Sequence[str], count: int) -> tuple[str, ...]:
    """Return what a runtime gives where nobody has chosen: the named ones, else the first."""
    return tuple(ids) or tuple(str(number) for number in range(count))


def give_way(
    spec: ServiceSpec,
    mine: SeenClaim,
    others: Iterable[SeenClaim],
    rooms: Mapping[str, int],
) -> None:
    """Return when `mine` fits beside the older claims of others.

    `rooms` says for each device how much our own services leave of it; a device that it lacks is
    of unknown size, and only exclusive claims exclude others there.

    Raises:
        GPUTaken: it does not; whoever made it removes it.
    """
    older = [one for one in others if one.rank < mine.rank]
    for device in mine.devices:
        here = [one for one in older if device in one.devices]
        if any(mine.exclusive or one.exclusive for one in here):
            raise taken(spec)
        needed = sum(one.mib for one in here) + mine.mib
        if here and device in rooms and needed > rooms[device]:
            raise taken(spec)


def taken(spec: ServiceSpec) -> GPUTaken:
    """Return the error of a start that came a moment after another Lab's."""
    return GPUTaken(f"Another Lab took the GPU memory of {spec.title} a moment earlier.")


def split_devices(text: str) -> tuple[str, ...]:
    """Return the ids in a label or a record, comma between them."""
    return tuple(one for one in text.split(",") if one)


def join_devices(devices: Sequence[str]) -> str:
    """Return ids as one text; none of them has a comma."""
    return ",".join(devices)
