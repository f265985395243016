"""A plan for this host: the reading, the claims, the survey and the past, put together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from ..catalog.load import Catalog
from ..catalog.spec import ServiceSpec
from ..config import LabSettings
from ..gpu.problems import problem_of
from ..gpu.reading import Reading
from ..runtimes.gpu_claims import SeenClaim
from ..wire.gpu import GPUClaim
from ..wire.plan import PlanView
from ..wire.problems import Problem
from .gpu_book import device_of
from .gpu_look import ABSENT
from .gpu_memory import Device, Hold
from .gpu_presence import is_elsewhere, reads_what_services_get
from .lab import Lab
from .plan import Candidate, Host, plan

ExpectedStart = Callable[[str], "float | None"]
UsualJob = Callable[[str], "tuple[float | None, int]"]
Claims = Mapping[str, Sequence[GPUClaim]]


async def plan_of_lab(
    lab: Lab,
    *,
    readings: Callable[[], Awaitable[Reading]],
    expected_start: ExpectedStart,
    usual_job: UsualJob,
    people: int,
    names: bool,
) -> PlanView:
    """Return the plan of a running Lab; `names` tells whose other programs use the GPUs."""
    await lab.look_around()
    reading = await readings()
    users = _users(lab, await lab.gpus.claims_of_others())
    claims = lab.gpus.claims()
    host = host_of(reading, lab.settings, claims=claims, users=users, names=names)
    known = [
        _candidate_of_lab(lab, spec, expected_start, usual_job)
        for spec in lab.catalog.values()
        if spec.kind == "local"
    ]
    return await _planned(known, host, people)


async def plan_of_host(
    catalog: Catalog,
    problems: Mapping[str, Problem | None],
    settings: LabSettings,
    *,
    reading: Reading,
    expected_start: ExpectedStart,
    usual_job: UsualJob,
    people: int,
) -> PlanView:
    """Return the plan where no Lab runs."""
    known = []
    for spec in catalog.values():
        if spec.kind == "local":
            each, images = usual_job(spec.name)
            one = Candidate(
                spec,
                problem=problems.get(spec.name),
                elsewhere=spec.address is not None,
                starts_in=expected_start(spec.name),
                seconds_per_image=each,
                images=images,
            )
            known.append(one)
    return await _planned(known, host_of(reading, settings), people)


def host_of(
    reading: Reading,
    settings: LabSettings,
    *,
    claims: Claims | None = None,
    users: Mapping[str, str] | None = None,
    names: bool = True,
) -> Host:
    """Return what a reading and the claims say about the host."""
    fault = reading.fault
    devices: tuple[Device, ...] | None = None
    if not reads_what_services_get(settings):
        # What is here says nothing of the engine's machine, neither its GPUs nor their lack.
        reading, fault = Reading(), None
    if reading.readable:
        devices = tuple(device_of(one, users or {}) for one in reading.devices)
        if not names:
            devices = tuple(_without_names(device) for device in devices)
    elif fault is not None and fault.code in ABSENT:
        devices = ()
    # A lost GPU is told with its number, below.
    told = fault is not None and fault.code != "gpu_lost"
    return Host(
        devices=devices,
        holds=tuple(_holds(claims or {})),
        memory_mib=None if is_elsewhere(settings) else _memory_mib(),
        most=settings.max_concurrent,
        notes=(problem_of(fault),) if fault is not None and told else (),
    )


def _candidate_of_lab(
    lab: Lab, spec: ServiceSpec, expected_start: ExpectedStart, usual_job: UsualJob
) -> Candidate:
    cell, name = lab.service(spec.name), spec.name
    external = cell.instance is not None and cell.instance.external_owner is not None
    each, images = usual_job(name)
    return Candidate(
        spec,
        problem=lab.survey.problems.get(name),
        elsewhere=external or spec.address is not None,
        starts_in=0.0 if cell.state == "ready" else _left(lab, name, expected_start),
        seconds_per_image=each,
        images=images,
    )


def _left(lab: Lab, name: str, expected_start: ExpectedStart) -> float | None:
    left = lab.estimate(name)
    return expected_start(name) if left is None else left


def _users(lab: Lab, others: Sequence[SeenClaim]) -> dict[str, str]:
    """Return whose a container or a process group is: the key of a hold of `_holds`."""
    cells = (lab.service(name) for name in lab.catalog)
    running = [(one.instance.identifier, one.spec.name) for one in cells if one.instance]
    running += [(one.identifier, _key_of_others(one.service, one.since)) for one in others]
    return {identifier.partition(":")[0]: key for identifier, key in running}


def _key_of_others(service: str, since: float) -> str:
    return f"{service}@{since}"


def _holds(claims: Claims) -> list[Hold]:
    devices: dict[tuple[str, bool, float], list[str]] = {}
    sample: dict[tuple[str, bool, float], GPUClaim] = {}
    for device, held in claims.items():
        for claim in held:
            key = (claim.service, claim.ours, claim.since)
            devices.setdefault(key, []).append(device)
            sample[key] = claim
    return [
        Hold(
            key=claim.service if claim.ours else _key_of_others(claim.service, claim.since),
            service=claim.service,
            devices=tuple(devices[key]),
            mib=claim.mib,
            exclusive=claim.exclusive,
            ours=claim.ours,
        )
        for key, claim in sample.items()
    ]


def _without_names(device: Device) -> Device:
    users = tuple(
        user if user.key is not None else replace(user, label="another program", owner=None)
        for user in device.users
    )
    return replace(device, users=users)


def _memory_mib() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (AttributeError, ValueError, OSError):
        return None


async def _planned(known: Sequence[Candidate], host: Host, people: int) -> PlanView:
    # Many services on many GPUs are a second's work, which belongs to no event loop.
    return await asyncio.to_thread(lambda: plan(known, host, people=people))
