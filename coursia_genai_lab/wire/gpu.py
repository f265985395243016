"""GPUs as callers see them: one cached reading, who holds what, and a short history."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .problems import Problem
from .shape import Shape

GPUState = Literal["ok", "lost"]
MigState = Literal["off", "on", "unknown"]


class GPUUser(Shape):
    """A process that holds GPU memory."""

    pid: int | None = None
    """None: the driver does not tell this caller."""
    used_mib: int | None = None
    """None: the driver does not say how much."""
    label: str
    """What a person recognises: a service, a container, a program."""
    service: str | None = None
    """The service of this Lab that it belongs to, else None."""
    owner: str | None = None
    """The Unix user's name, where it is known."""


class GPUClaim(Shape):
    """Memory of a GPU that a service holds or is about to take."""

    service: str
    mib: int
    exclusive: bool = False
    ours: bool = True
    """Whether it is this Lab's; another Lab on the same engine has claims too."""
    since: float
    """Unix time, seconds."""


class GPUPoint(Shape):
    """One past reading of a GPU."""

    at: float
    """Unix time, seconds."""
    used_mib: int | None = None
    busy_percent: float | None = None


class GPUView(Shape):
    """One GPU, or one MIG instance of one."""

    id: str
    """The driver's UUID, `GPU-…` or `MIG-…`."""
    index: int
    """The driver's number; it may change when the machine starts again."""
    name: str
    state: GPUState = "ok"
    total_mib: int | None = None
    used_mib: int | None = None
    free_mib: int | None = None
    busy_percent: float | None = None
    """0 to 100; None where the driver does not tell, as for MIG instances."""
    temperature_celsius: float | None = None
    power_watts: float | None = None
    power_limit_watts: float | None = None
    mig: MigState = "off"
    parent: str | None = None
    """Of a MIG instance: the UUID of its GPU, which is then no device of its own."""
    claims: list[GPUClaim] = Field(default_factory=list)
    users: list[GPUUser] = Field(default_factory=list)
    history: list[GPUPoint] = Field(default_factory=list)
    """Oldest first, at most some minutes."""


class GPUsView(Shape):
    """GET gpus: the one cached reading that all viewers share."""

    at: float | None = None
    """Unix time of the reading, seconds; None: there has been none yet."""
    stale_since: float | None = None
    """Unix time since which the driver gives no answer; None: the reading is fresh."""
    driver: str | None = None
    cuda: str | None = None
    """The newest CUDA version that the driver takes."""
    problem: Problem | None = None
    """Why there is no reading: no driver, no permission, a driver that hangs."""
    gpus: list[GPUView] = Field(default_factory=list)
