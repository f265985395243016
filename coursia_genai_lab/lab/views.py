"""Services as callers may see them, built field by field: no credential ever leaves."""

from __future__ import annotations

from collections.abc import Callable

from ..catalog.spec import ServiceSpec
from ..wire.services import HolderView, ModelFileView, ServiceView
from .lab import Lab
from .leases import Lease
from .service import Service

Address = Callable[[str], str | None]


def service_view(lab: Lab, name: str, *, door: Address, person: str) -> ServiceView:
    """Return one service; where a stand-in answers, its state is the stand-in's."""
    asked = lab.service(name)
    backend = lab.backend(name)
    cell = lab.service(backend)
    instance = cell.instance
    external = instance.external_owner if instance else None
    return ServiceView(
        name=name,
        title=asked.spec.title,
        summary=asked.spec.summary,
        dialect=asked.spec.dialect,
        kind=asked.spec.kind,
        state=cell.state,
        wanted=cell.wanted,
        phase=cell.phase,
        percent=_percent(lab, backend),
        estimate_seconds=lab.estimate(backend),
        started_by=cell.started_by,
        runtime=instance.runtime if instance else "none",
        stand_in=backend if backend != name else None,
        stand_in_reason=lab.survey.problems.get(name) if backend != name else None,
        external_owner=external,
        door=door(name),
        since=cell.since,
        stops_in_seconds=lab.idle.left(backend),
        holders=[_holder(lease, person) for lease in lab.holders(name)],
        models=_models(asked.spec, cell),
        gpu_vram_mib=asked.spec.gpu.vram_mib if asked.spec.gpu else None,
        problem=cell.problem,
        can_start=_can_start(lab, cell),
        can_stop=cell.wanted and not external,
    )


def service_views(lab: Lab, *, door: Address, person: str) -> list[ServiceView]:
    """Return every service of the catalogue, by name."""
    return [service_view(lab, name, door=door, person=person) for name in sorted(lab.catalog)]


def _percent(lab: Lab, backend: str) -> float | None:
    """Return what the runtime reports, else how far past starts say that this one is.

    An expectation stays below 100: only readiness is all of it.
    """
    cell, left = lab.service(backend), lab.estimate(backend)
    if cell.percent is not None or left is None:
        return cell.percent
    elapsed = cell.seconds_in_start
    return round(min(99.0, 100 * elapsed / max(elapsed + left, 0.001)), 1)


def _can_start(lab: Lab, cell: Service) -> bool:
    startable = cell.spec.kind == "local" and not cell.wanted
    return startable and not lab.routing.forbidden(cell.spec)


def _holder(lease: Lease, person: str) -> HolderView:
    mine = lease.person == person
    return HolderView(
        kind=lease.kind,
        label=lease.label if mine else "another person",
        kernel_id=lease.kernel_id if mine else None,
        since=lease.since,
        active=lease.state == "live",
    )


def _models(spec: ServiceSpec, cell: Service) -> list[ModelFileView]:
    available = cell.state == "ready"
    return [
        ModelFileView(id=model.id, title=model.title, available=available, size_mib=model.size_mib)
        for model in spec.models
    ]
