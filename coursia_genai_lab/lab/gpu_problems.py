"""Why a service gets no GPU memory: what holds it, and what would help."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..catalog.spec import GPUSpec, ServiceSpec
from ..errors import ServiceDied, ServiceError
from ..gpu.problems import problem_of
from ..gpu.reading import Fault
from ..wire.problems import Problem
from .gpu_memory import Device, Hold, User, usable
from .gpu_placement import Full, Never

UNSEEN = "gpu_unseen"
"""Code of the warning that GPUs are shared by what services declare, for nothing can be read."""
MOST_NAMED = 4

Title = Callable[[str], str]


def never(spec: ServiceSpec, gpu: GPUSpec, why: Never, devices: Sequence[Device]) -> ServiceError:
    """Return why a service cannot have what it wants, whoever gives way."""
    if why.code == "gpu_absent" and devices:
        return ServiceError(
            f"{spec.title} wants {_list(why.missing, 'GPU')}, which is not on this machine.",
            f"Name one of these in its service file, or none: {_here(devices)}.",
            code="gpu_absent",
            command="nvidia-smi -L",
        )
    if why.code == "gpu_lost":
        which = f" ({', '.join(why.missing)})" if why.missing else ""
        return ServiceError(
            f"The GPU that {spec.title} needs{which} does not answer any more.",
            "Start the machine again, or reset the GPU; then start the service.",
            code="gpu_lost",
            command="sudo nvidia-smi --gpu-reset",
        )
    if why.code == "gpu_too_small" and (large := _large(gpu, devices)):
        return ServiceError(
            f"{spec.title} needs {gpu.count} GPUs with {gpu.vram_mib} MiB of memory each, and this "
            f"machine has {large} of that size.",
            "Use another machine or its cloud stand-in; if it can do with fewer GPUs, lower count "
            "in its service file.",
            code="gpu_too_small",
        )
    if why.code == "gpu_too_small":
        many = f"{gpu.count} GPUs with " if gpu.count > 1 and not gpu.ids else ""
        return ServiceError(
            f"{spec.title} needs {many}{gpu.vram_mib} MiB of GPU memory; the largest GPU that it "
            f"may use here has {why.biggest_mib} MiB.",
            "Use a smaller model, its cloud stand-in, or another machine; if its service file asks "
            "for more than it really needs, correct vram_mib.",
            code="gpu_too_small",
        )
    return no_gpu(spec)


def no_gpu(spec: ServiceSpec, fault: Fault | None = None) -> ServiceError:
    """Return the error of a service that needs a GPU where there is none."""
    why = problem_of(fault) if fault is not None else None
    return ServiceError(
        f"{spec.title} needs a GPU, and none is known on this machine."
        + (f" {why.message}" if why else ""),
        why.remedy if why else "Run it on a machine with one, or use the cloud or the demo engine.",
        code="no_gpu",
        command=why.command if why else None,
    )


def unreadable(spec: ServiceSpec, fault: Fault) -> ServiceError:
    """Return the error of a service whose GPU cannot be read, so that nobody knows what is free."""
    why = problem_of(fault)
    return ServiceError(
        f"How much GPU memory is left for {spec.title} cannot be read. {why.message}",
        why.remedy,
        code="gpu_unreadable",
        command=why.command,
    )


def unseen(fault: Fault | None) -> Problem:
    """Return the warning that GPU memory is shared without anybody seeing it."""
    why = f" {problem_of(fault).message}" if fault is not None else ""
    return Problem(
        code=UNSEEN,
        message=f"GPU memory cannot be read here.{why} Services get the GPUs that their files "
        "name, and only exclusive ones are kept apart.",
        remedy="Give this server the driver's library (nvidia-ml), or see that the services fit "
        "beside each other.",
    )


def full(spec: ServiceSpec, mib: int, why: Full, title: Title) -> ServiceError:
    """Return the error of a service that waited in vain, naming what holds the memory."""
    who = [_holder(hold, title) for hold in why.holds if hold.state != "ended"]
    who += [_stranger(device, used, users) for device, used, users in why.strangers]
    named = ", ".join(who[:MOST_NAMED]) + (" and others" if len(who) > MOST_NAMED else "")
    remedy, command = _what_helps(why, title)
    return ServiceError(
        f"No GPU has {mib} MiB left for {spec.title}."
        + (f" It is held by {named}." if named else " Others wait for it, too."),
        remedy,
        code="gpu_full",
        command=command,
    )


def stays(spec: ServiceSpec, freed: Sequence[str], why: Full, title: Title) -> ServiceError:
    """Return the error of memory that did not come back from what was stopped."""
    who = [_stranger(device, used, users) for device, used, users in why.strangers]
    pids = [user.pid for _, _, users in why.strangers for user in users if user.pid is not None]
    gone = ", ".join(title(one) for one in freed)
    held = f" It is held by {', '.join(who[:MOST_NAMED])}." if who else ""
    return ServiceError(
        f"{gone} was stopped to make room for {spec.title}, but its GPU memory did not come back."
        + held,
        "End the process that keeps it; if there is none, reset the GPU or start the machine "
        "again, for the driver has lost track of it.",
        code="gpu_memory_stays",
        command=f"ps -fp {','.join(map(str, pids))}" if pids else "nvidia-smi",
    )


def lost_under(spec: ServiceSpec) -> ServiceDied:
    """Return what is told of a service whose GPU fell away while it ran."""
    return ServiceDied(
        f"The GPU of {spec.title} does not answer any more, so it was stopped.",
        "Start the machine again, or reset the GPU; then start the service. Heat and power are "
        "the usual causes.",
        code="gpu_lost",
        command="sudo nvidia-smi --gpu-reset",
    )


def _large(gpu: GPUSpec, devices: Sequence[Device]) -> int:
    """Return how many GPUs are large enough where only their number is too small; else 0."""
    if gpu.ids or gpu.count == 1:
        return 0
    sizes = [one.total_mib for one in usable(devices)]
    return sum(size is None or size >= gpu.vram_mib for size in sizes)


def _what_helps(why: Full, title: Title) -> tuple[str, str | None]:
    ours = [hold for hold in why.holds if hold.ours and hold.state != "ended"]
    if ours:
        oldest = ours[0]
        return (
            f"Stop {title(oldest.service)}, or shut down the kernels that use it.",
            f"coursia-genai stop {oldest.service}",
        )
    if any(not hold.ours for hold in why.holds):
        return (
            "Ask whoever runs it to stop it.",
            "docker ps --filter label=io.coursia.genai.gpu.devices",
        )
    if why.strangers:
        return "End that program, then start the service again.", "nvidia-smi"
    return "Start it again in a while.", None


def _holder(hold: Hold, title: Title) -> str:
    if hold.ours:
        return f"{title(hold.service)} ({hold.mib} MiB)"
    return f"{hold.service or 'a service'} of another Lab ({hold.mib} MiB)"


def _stranger(device: Device, used: int, users: Sequence[User]) -> str:
    # Whose it is stays out of what everybody reads; the command tells an admin.
    names = [f"{user.label} (process {user.pid})" for user in users if user.pid is not None]
    by = f": {', '.join(names[:MOST_NAMED])}" if names else ""
    return f"other programs on {device.name} {device.index} ({used} MiB{by})"


def _here(devices: Sequence[Device]) -> str:
    names = [f"{one.id} ({one.name}, number {one.index})" for one in usable(devices)]
    return "; ".join(names) or "none"


def _list(ids: Sequence[str], word: str) -> str:
    return f"{word} {', '.join(ids)}"
