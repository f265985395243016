"""What fits on this host and what a class would wait: pure, from a reading, claims and the past."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..catalog.spec import ServiceSpec
from ..wire.plan import ClassWait, Fit, PlannedService, PlanView
from ..wire.problems import Problem
from . import gpu_problems
from .gpu_memory import Device, Hold, count
from .gpu_placement import Never, Placed, Wish, candidates, next_step
from .plan_sets import Room, Sets, Wanted, find_sets

MOST_PEOPLE = 500
PEOPLE = 24
"""A class as large as many are."""
MUCH_MIB = 1024
"""What strangers hold of a GPU before it is worth a note: a desktop takes less."""


@dataclass(frozen=True)
class Host:
    """What the machine has, and who uses it now."""

    devices: tuple[Device, ...] | None = ()
    """None: nobody can tell which GPUs services would get here."""
    holds: tuple[Hold, ...] = ()
    memory_mib: int | None = None
    most: int = 3
    """Services that may run at one time."""
    notes: tuple[Problem, ...] = ()
    """What is wrong with the host itself."""


@dataclass(frozen=True)
class Candidate:
    """A local service and what is known of it."""

    spec: ServiceSpec
    problem: Problem | None = None
    """The first thing that keeps it from starting, GPUs aside."""
    elsewhere: bool = False
    """Whether somebody else runs it: it takes nothing of this host's that is ours to plan."""
    starts_in: float | None = None
    """Expected seconds of a start, 0 for what runs; None: not known."""
    seconds_per_image: float | None = None
    images: int = 0
    """Past jobs that this rests on."""


@dataclass
class _Fitted:
    fit: Fit
    gpus: list[str] = field(default_factory=list)
    problem: Problem | None = None


def plan(candidates_: Sequence[Candidate], host: Host, *, people: int) -> PlanView:
    """Return the plan of a host for a class of so many people.

    `fit` is about now, `together` and `apart` about a host on which nothing else runs.
    """
    fitted = {one.spec.name: _fit(one, host) for one in candidates_}
    able = [one for one in candidates_ if fitted[one.spec.name].fit != "never"]
    wanted = [_wanted(one) for one in candidates_ if fitted[one.spec.name].fit != "unknown"]
    sets = find_sets(wanted, Room(host.devices or (), host.memory_mib, host.most))
    return PlanView(
        services=[_planned(one, fitted[one.spec.name]) for one in candidates_],
        together=sets.together,
        apart=sets.apart + sets.by_memory,
        waits=[wait(one, people) for one in able],
        notes=[*host.notes, *_notes(able, host, sets)],
    )


def wait(one: Candidate, people: int) -> ClassWait:
    """Return what people wait who all ask for one picture at once.

    An engine works on one picture after the other; nothing is guessed where nothing is known.
    """
    each, start = one.seconds_per_image, one.starts_in

    def after(images: int) -> float | None:
        return None if each is None or start is None else round(start + each * images, 1)

    return ClassWait(
        service=one.spec.name,
        people=people,
        seconds_per_image=None if each is None else round(each, 1),
        images=one.images,
        start_seconds=None if start is None else round(start, 1),
        median_seconds=after(math.ceil(people / 2)),
        last_seconds=after(people),
    )


def _fit(one: Candidate, host: Host) -> _Fitted:
    wish = _wish(one)
    if wish is None:
        return _Fitted("needs_no_gpu")
    if host.devices is None:
        return _Fitted("unknown")
    assert one.spec.gpu is not None
    possible = candidates(host.devices, wish)
    if isinstance(possible, Never):
        error = gpu_problems.never(one.spec, one.spec.gpu, possible, host.devices)
        return _Fitted("never", problem=Problem(**error.to_dict()))
    own = next((hold for hold in host.holds if hold.ours and hold.key == one.spec.name), None)
    if own is not None:
        return _Fitted("fits", list(own.devices))
    step = next_step(host.devices, host.holds, wish)
    if isinstance(step, Placed):
        return _Fitted("fits", list(step.devices))
    empty = [replace(device, used_mib=0, users=()) for device in host.devices]
    alone = next_step(empty, (), wish)
    if isinstance(alone, Placed):
        return _Fitted("after_freeing", list(alone.devices))
    return _Fitted("after_freeing")


def _wish(one: Candidate) -> Wish | None:
    gpu = one.spec.gpu
    if gpu is None or one.elsewhere:
        return None
    return Wish(one.spec.name, gpu.vram_mib, tuple(gpu.ids), gpu.count, gpu.exclusive)


def _memory(one: Candidate) -> int | None:
    container = one.spec.container
    return None if container is None or one.elsewhere else container.memory_mib


def _wanted(one: Candidate) -> Wanted:
    return Wanted(one.spec.name, _wish(one), _memory(one))


def _planned(one: Candidate, fitted: _Fitted) -> PlannedService:
    gpu = one.spec.gpu
    return PlannedService(
        service=one.spec.name,
        title=one.spec.title,
        fit=fitted.fit,
        gpus=fitted.gpus,
        vram_mib=gpu.vram_mib if gpu is not None and not one.elsewhere else None,
        memory_mib=_memory(one),
        # What no engine, image or model mends is told first: the GPU.
        problem=fitted.problem or one.problem,
    )


def _notes(candidates_: Sequence[Candidate], host: Host, sets: Sets) -> list[Problem]:
    titles = {one.spec.name: one.spec.title for one in candidates_}
    notes = [note for device in host.devices or () for note in _of_device(device, host.holds)]
    here = host.memory_mib
    large = {
        one.spec.name: memory
        for one in candidates_
        if (memory := _memory(one)) is not None and here is not None and memory > here
    }
    if large:
        notes.append(_memory_small({titles[name]: large[name] for name in large}, here or 0))
    # One that is too large alone is so beside any other, which need not be said of each pair.
    shared = [pair for pair in sets.by_memory if not large.keys() & set(pair)]
    notes += [_memory_shared(pair, titles.__getitem__) for pair in shared]
    if sets.cut:
        notes.append(
            Problem(
                code="plan_cut",
                message="There are more ways to share the GPUs than could be tried; sets that "
                "would do may be missing from this plan.",
                remedy="Give services their GPUs by `ids` in their service files.",
            )
        )
    return notes


def _of_device(device: Device, holds: Sequence[Hold]) -> list[Problem]:
    label = f"GPU {device.index}"
    if device.lost:
        return [
            Problem(
                code="gpu_lost",
                message=f"{label} ({device.name}) does not answer; nothing can run on it.",
                remedy="Reset it, or start the machine again.",
                command="sudo nvidia-smi --gpu-reset",
            )
        ]
    foreign = count(device, holds).foreign
    if foreign < MUCH_MIB:
        return []
    users = ", ".join(sorted({user.label for user in device.users if user.key is None}))
    return [
        Problem(
            code="plan_foreign",
            message=f"{foreign} MiB of {label} are held by programs that are not this Lab's"
            + (f": {users}." if users else "."),
            remedy="See that they have ended before class; the sets here count on it.",
            command="nvidia-smi",
        )
    ]


def _memory_small(wanted: Mapping[str, int], here: int) -> Problem:
    each = ", ".join(f"{title} {memory / 1024:.0f} GiB" for title, memory in wanted.items())
    one = len(wanted) == 1
    has = f"{here / 1024:.0f}"
    return Problem(
        code="plan_memory",
        message=f"More than the {has} GiB of memory of this machine may be taken by {each}."
        if one
        else f"More than the {has} GiB of memory of this machine may be taken by each of these "
        f"alone: {each}.",
        remedy="It starts all the same, and may be ended in the middle of a picture; use a larger "
        "machine, or set memory_mib in its service file to what is really needed."
        if one
        else "They start all the same, and may be ended in the middle of a picture; use a larger "
        "machine, or set memory_mib in their files to what is really needed.",
    )


def _memory_shared(pair: Sequence[str], title: Callable[[str], str]) -> Problem:
    return Problem(
        code="plan_memory",
        message=f"{title(pair[0])} and {title(pair[1])} may take more memory together than this "
        "machine has.",
        remedy="The Lab does not keep them apart for that: stop one of them in class, or set "
        "memory_mib in their service files to what they really need.",
    )
