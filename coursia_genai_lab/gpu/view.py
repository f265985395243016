"""GPUs as callers may see them: the shared reading with names for those who use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..wire.audience import for_students
from ..wire.gpu import GPUClaim, GPUsView, GPUUser, GPUView
from .reading import Device, GPUProcess, Reading
from .sampler import Sampler

ANOTHER = "another user's program"
"""Whose it is, the system tells or not; the caller is not told."""
NAMELESS = "a program"
"""Closed to us: no /proc, or another process space."""
_SHORT = 12

Services = Mapping[str | int, str]
"""Whose a container id or a process group is: the name of a service."""
Claims = Mapping[str, Sequence[GPUClaim]]
"""By UUID of a device."""


class GPUAnswers:
    """The answer to GET gpus: made once a reading, however many ask."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._made: dict[bool, tuple[object, str]] = {}

    async def answer(self, *, services: Services, claims: Claims, whole: bool) -> str:
        """Return a `GPUsView` as JSON; `whole` as in `gpus_view`.

        Waits for a reading where there is none; see `Sampler.latest`.
        """
        reading = await self._sampler.latest()
        key = (
            id(reading),
            reading.at,
            self._sampler.stale_since,
            self._sampler.problem,
            tuple(services.items()),
            tuple((uuid, tuple(held)) for uuid, held in claims.items()),
        )
        made = self._made.get(whole)
        if made is None or made[0] != key:
            view = gpus_view(self._sampler, reading, services=services, claims=claims, whole=whole)
            made = self._made[whole] = (key, view.model_dump_json())
        return made[1]


def gpus_view(
    sampler: Sampler, reading: Reading, *, services: Services, claims: Claims, whole: bool
) -> GPUsView:
    """Return the reading for a caller; `whole` False leaves out who is not of this Lab."""
    view = GPUsView(
        at=reading.at,
        stale_since=sampler.stale_since,
        driver=reading.driver,
        cuda=reading.cuda,
        problem=sampler.problem,
        gpus=[
            _view(sampler, device, services, claims.get(device.uuid, ()), whole)
            for device in reading.devices
        ],
    )
    return view if whole else for_students(view)


def _view(
    sampler: Sampler,
    device: Device,
    services: Services,
    claims: Sequence[GPUClaim],
    whole: bool,
) -> GPUView:
    return GPUView(
        id=device.uuid,
        index=device.index,
        name=device.name,
        state=device.state,
        total_mib=device.total_mib,
        used_mib=device.used_mib,
        free_mib=device.free_mib,
        busy_percent=device.busy_percent,
        temperature_celsius=device.temperature_celsius,
        power_watts=device.power_watts,
        power_limit_watts=device.power_limit_watts,
        mig=device.mig,
        parent=device.parent,
        claims=list(claims),
        users=[_user(process, services, whole) for process in device.processes],
        history=sampler.history(device.uuid),
    )


def service_of(process: GPUProcess, services: Services) -> str | None:
    """Return the service of this Lab that a process belongs to; None for somebody else's."""
    if process.container is not None:
        return services.get(process.container)
    return services.get(process.group) if process.group is not None else None


def _user(process: GPUProcess, services: Services, whole: bool) -> GPUUser:
    service = service_of(process, services)
    if service is None and not whole:
        return GPUUser(used_mib=process.used_mib, label=ANOTHER)
    return GPUUser(
        pid=process.pid,
        used_mib=process.used_mib,
        label=service or label_of(process),
        service=service,
        owner=process.owner if whole else None,
    )


def label_of(process: GPUProcess) -> str:
    """Return what a person recognises of a process: its container, else its program."""
    if process.container is not None:
        return f"container {process.container[:_SHORT]}"
    return process.program or NAMELESS
