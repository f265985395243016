"""What fits on this host: which services can run, which together, and what a class would wait."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .problems import Problem
from .shape import Shape

Fit = Literal["fits", "after_freeing", "never", "needs_no_gpu", "unknown"]
"""`after_freeing`: once what holds the memory now has gone; `never`: no GPU here is enough."""


class PlannedService(Shape):
    """One service on this host."""

    service: str
    title: str
    fit: Fit
    gpus: list[str] = Field(default_factory=list)
    """UUIDs of the GPUs that it would get."""
    vram_mib: int | None = None
    memory_mib: int | None = None
    problem: Problem | None = None
    """The first thing that keeps it from running, with what mends it."""


class ClassWait(Shape):
    """What a class would wait for one service, if everybody asked for a picture at once."""

    service: str
    people: int
    seconds_per_image: float | None = None
    """Median of past jobs on this host; None: there were none."""
    images: int = 0
    """How many past jobs this rests on."""
    start_seconds: float | None = None
    median_seconds: float | None = None
    """What the person in the middle of the queue waits, the start included."""
    last_seconds: float | None = None


class PlanView(Shape):
    """GET plan: before class, and not in it."""

    services: list[PlannedService] = Field(default_factory=list)
    together: list[list[str]] = Field(default_factory=list)
    """Largest sets of services that can run at one time; a service that is in none cannot run."""
    apart: list[list[str]] = Field(default_factory=list)
    """Pairs that cannot run together and would take turns."""
    waits: list[ClassWait] = Field(default_factory=list)
    notes: list[Problem] = Field(default_factory=list)
