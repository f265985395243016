"""Services as callers see them: state, progress, problems, holders, events."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .consents import ConsentNeeded
from .launches import LaunchView
from .policy import Mode, ModeView
from .problems import Problem
from .shape import Shape

ServiceState = Literal[
    "absent",
    "building",
    "pulling",
    "starting",
    "ready",
    "stopping",
    "stopped",
    "failed",
    "unavailable",
]
RuntimeName = Literal["docker", "process", "external", "fake", "none"]
Dialect = Literal["comfyui", "a1111", "openai_images", "openrouter"]
Role = Literal["student", "teacher", "admin"]
Placement = Literal["embedded", "service"]


Strength = Literal["active", "dormant", "suspended", "protected"]
"""Jobs and pins are `protected`; a kernel is `active` while it works, else `dormant`; `suspended`
once its heartbeat has lapsed."""


class HolderView(Shape):
    """Something that keeps a service alive."""

    kind: Literal["kernel", "job", "pin"]
    label: str
    """What a person recognises: a notebook's name for a kernel."""
    kernel_id: str | None = None
    since: float
    """Unix time, seconds."""
    active: bool = True
    """False: dormant or suspended; shown, but it stops no release."""
    strength: Strength = "active"
    ends_at: float | None = None
    """Unix time at which it ends by itself, seconds; None: it does not."""


class ModelFileView(Shape):
    """A model that a service offers."""

    id: str
    title: str
    available: bool
    size_mib: int | None = None


class CloudWord(Shape):
    """What a provider last said to a call of this Lab."""

    at: float
    """Unix time, seconds."""
    problem: Problem | None = None
    """Why it did not answer, or would not; None: it answered."""


class ServiceView(Shape):
    """One service: what it is, what it does now, what helps if it does not."""

    name: str
    title: str
    summary: str = ""
    dialect: Dialect
    kind: Literal["local", "cloud"]
    state: ServiceState
    wanted: bool = False
    """Whether somebody or something wants it to run."""
    phase: str | None = None
    """What it does at the moment, a short sentence; None when it does nothing."""
    percent: float | None = None
    """0 to 100 where it is known, or expected from past starts on this host."""
    done_bytes: int | None = None
    """Bytes fetched so far, while it is pulling."""
    total_bytes: int | None = None
    estimate_seconds: float | None = None
    """Expected seconds until ready, from past starts on this host."""
    started_by: str | None = None
    runtime: RuntimeName = "none"
    stand_in: str | None = None
    """Name of the service that answers in its place (demo mode), else None."""
    stand_in_reason: Problem | None = None
    """Why the service itself cannot answer here, while a stand-in does."""
    external_owner: str | None = None
    """Who runs it, when it is not ours."""
    door: str | None = None
    """Address that kernels use, once it is open."""
    door_variable: str | None = None
    """Name of the variable that holds it in kernels; None: kernels are given none."""
    since: float
    """Unix time of the last change of state, seconds."""
    stops_in_seconds: float | None = None
    """Seconds until it is stopped for want of holders, else None."""
    holders: list[HolderView] = Field(default_factory=list)
    models: list[ModelFileView] = Field(default_factory=list)
    gpu_vram_mib: int | None = None
    """Declared GPU memory, MiB."""
    problem: Problem | None = None
    troubleshooting: str = ""
    """What its service file says of known troubles, one a line; told only once it has failed."""
    last_word: CloudWord | None = None
    """Of a cloud: what became of the last call; None: there was none since the key was set."""
    barred_by: Mode | None = None
    """The mode in force, where it lets nobody use the service; else None."""
    can_start: bool = True
    can_stop: bool = False
    can_build: bool = False
    """Whether its image is made here and could be made now."""
    gpus: list[str] = Field(default_factory=list)
    """UUIDs of the GPUs that it holds."""
    missing_models: list[str] = Field(default_factory=list)
    """Ids of the models that must be fetched before it can start."""


class ServiceList(Shape):
    """Every service of the catalogue."""

    revision: int
    services: list[ServiceView]


class StatusView(Shape):
    """The snapshot that a page loads before it follows events."""

    instance: str
    """Changes at each start of the Lab; a page that sees another one loads again."""
    revision: int
    version: str
    placement: Placement = "embedded"
    person: str
    role: Role
    mode: ModeView
    services: list[ServiceView] = Field(default_factory=list)
    launches: list[LaunchView] = Field(default_factory=list)
    questions: list[ConsentNeeded] = Field(default_factory=list)
    """What clouds would need of this caller now: calls may be held until it is answered."""
    warnings: list[Problem] = Field(default_factory=list)


class Accepted(Shape):
    """The answer to a command: the revision to wait for."""

    revision: int


class PinRequest(Shape):
    """POST services/{name}/pin: keep a service, whoever uses it."""

    minutes: float | None = Field(default=60, gt=0, le=7 * 24 * 60)
    """How long; None until it is unpinned or the server stops. Default: an hour."""


class LogLines(Shape):
    """The last lines of a service's output, secrets removed."""

    service: str
    lines: list[str]


class LabEvent(Shape):
    """A change, told on the event bus: public fields only."""

    instance: str
    revision: int
    kind: Literal["service", "launch", "mode", "warning"]
    service: str | None = None
    state: ServiceState | None = None
    phase: str | None = None
    percent: float | None = None
