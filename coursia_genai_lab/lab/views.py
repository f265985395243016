"""Services as callers may see them, built field by field: no credential ever leaves."""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from ..catalog.spec import ServiceSpec
from ..errors import NotAllowed
from ..wire.audience import MARKS
from ..wire.policy import Mode
from ..wire.problems import Problem
from ..wire.services import HolderView, ModelFileView, ServiceView
from .builds import buildable
from .kept_entry import SOMEBODY
from .lab import Lab
from .leases import HOLDING, Lease
from .model_files import READERS, ModelsHere
from .service import Service
from .timeline import NOBODY

Address = Callable[[str], str | None]


def service_view(lab: Lab, name: str, *, door: Address, person: str) -> ServiceView:
    """Return one service; where a stand-in answers, its state is the stand-in's."""
    asked = lab.service(name)
    backend = lab.backend(name)
    # While its image is made, that is what people wait for, whoever stands in meanwhile.
    building = asked.working and asked.state == "building"
    cell = asked if building else lab.service(backend)
    instance = cell.instance
    external = instance.external_owner if instance else None
    return ServiceView(
        name=name,
        title=asked.spec.title,
        summary=asked.spec.summary,
        dialect=asked.spec.dialect,
        kind=asked.spec.kind,
        state=cell.state,
        wanted=cell.meant_to_run,
        phase=cell.phase,
        percent=cell.percent if building else _percent(lab, backend),
        done_bytes=cell.done_bytes,
        total_bytes=cell.total_bytes,
        estimate_seconds=None if building else lab.estimate(backend),
        started_by=_starter(lab, cell, person),
        runtime=instance.runtime if instance else "none",
        stand_in=backend if backend != name else None,
        stand_in_reason=_why_not(lab, asked) if backend != name else None,
        external_owner=external,
        door=door(name),
        door_variable=_door_variable(asked.spec),
        since=cell.since,
        stops_in_seconds=lab.idle.left(backend),
        holders=[_holder(lab, lease, person) for lease in lab.holders(name)],
        models=_models(lab, asked.spec, cell),
        missing_models=list(_files(lab, name).missing),
        gpu_vram_mib=asked.spec.gpu.vram_mib if asked.spec.gpu else None,
        problem=cell.problem or _models_gone(lab, cell),
        troubleshooting=_troubleshooting(lab, cell, person),
        last_word=lab.clouds.last_word(backend),
        barred_by=_barred_by(lab, cell),
        can_start=_can_start(lab, cell),
        can_stop=cell.meant_to_run and not external,
        gpus=lab.gpus.devices_of(backend),
        can_build=_can_build(lab, asked),
    )


def service_views(lab: Lab, *, door: Address, person: str) -> list[ServiceView]:
    """Return every service of the catalogue, by name."""
    return [service_view(lab, name, door=door, person=person) for name in sorted(lab.catalog)]


def _door_variable(spec: ServiceSpec) -> str | None:
    """Return the first variable that is the address itself, of which a notebook can make URLs."""
    variables = (pair for group in spec.exports for pair in group.variables.items())
    return next((name for name, value in variables if value in ("{door}", "{openai}")), None)


def _percent(lab: Lab, backend: str) -> float | None:
    """Return what the runtime reports, else how far past starts say that this one is.

    An expectation stays below 100: only readiness is all of it.
    """
    cell, left = lab.service(backend), lab.estimate(backend)
    if cell.percent is not None or left is None:
        return cell.percent
    elapsed = cell.seconds_in_start
    return round(min(99.0, 100 * elapsed / max(elapsed + left, 0.001)), 1)


def _starter(lab: Lab, cell: Service, person: str) -> str | None:
    """Return who or what started it; other people and their notebooks are not named."""
    cause = cell.started_by
    if cause is None or cause == person or cause in NOBODY or cause in lab.catalog:
        return cause
    labels = (cause, posixpath.basename(cause))
    whose = {lease.person for lease in lab.leases.standing() if lease.label in labels}
    mine = cause.endswith(".ipynb") and whose <= {person}
    return cause if mine else SOMEBODY


def _why_not(lab: Lab, asked: Service) -> Problem | None:
    problem = lab.survey.problems.get(asked.spec.name)
    # Why the build failed says more than that there is no image.
    return asked.work_problem or problem if problem is not None else None


def _can_build(lab: Lab, asked: Service) -> bool:
    problem = lab.survey.problems.get(asked.spec.name)
    away = problem is not None and problem.code.startswith("docker_")
    return buildable(lab, asked.spec.name) and not asked.working and not away


def _can_start(lab: Lab, cell: Service) -> bool:
    startable = cell.spec.kind == "local" and not cell.meant_to_run
    return startable and _barred_by(lab, cell) is None


def _troubleshooting(lab: Lab, cell: Service, person: str) -> str:
    """Return what the service file knows of troubles, unless the remedy says just that."""
    known, problem = cell.spec.troubleshooting.strip(), cell.problem
    repeats = problem is not None and known in problem.remedy
    if cell.state != "failed" or repeats:
        return ""
    if lab.policy.people.role(person) != "student":
        return known
    return "\n".join(line for line in known.splitlines() if not MARKS.search(line))


def _barred_by(lab: Lab, cell: Service) -> Mode | None:
    try:
        lab.routing.refuse(cell.spec)
    except NotAllowed:
        return lab.policy.effective()
    return None


def _holder(lab: Lab, lease: Lease, person: str) -> HolderView:
    mine, strength = lease.person == person, lab.leases.strength(lease)
    return HolderView(
        kind=lease.kind,
        label=lease.label if mine else SOMEBODY,
        kernel_id=lease.kernel_id if mine else None,
        since=lease.since,
        active=strength in HOLDING,
        strength=strength,
        ends_at=lease.ends_at,
    )


def _models(lab: Lab, spec: ServiceSpec, cell: Service) -> list[ModelFileView]:
    missing = _files(lab, spec.name).missing
    return [
        ModelFileView(
            id=model.id,
            title=model.title,
            available=cell.state == "ready" and model.id not in missing,
            size_mib=model.size_mib,
        )
        for model in spec.models
    ]


def _files(lab: Lab, name: str) -> ModelsHere:
    return lab.survey.models.get(name, ModelsHere())


def _models_gone(lab: Lab, cell: Service) -> Problem | None:
    """Return what is told of a service that runs on although its model files have gone."""
    here, instance = _files(lab, cell.spec.name), cell.instance
    if cell.state != "ready" or instance is None or instance.runtime not in READERS:
        return None
    if here.problem is None or not here.missing:
        return None
    return Problem(
        code="models_gone",
        message=f"The model files of {cell.spec.title} have gone since it started. It goes on "
        "with what it has in memory; a picture with another model fails.",
        remedy="Bring the files back; it need not be stopped for that.",
        command=here.problem.command,
    )
