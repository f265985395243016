"""What the Lab did, for whom, why, and how long it took."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .shape import Shape

TimelineEvent = Literal[
    "asked",
    "started",
    "ready",
    "adopted",
    "kept",
    "released",
    "freed",
    "waited",
    "stopping",
    "stopped",
    "failed",
    "reaped",
    "drifted",
    "engine_away",
    "engine_back",
]


class TimelineEntry(Shape):
    """One thing that happened to one service."""

    id: int
    """Counts up in one store."""
    at: float
    """Unix time, seconds."""
    service: str
    event: TimelineEvent
    by: str = ""
    """Who or what caused it: a notebook, a person, `idle`, `an earlier Lab`."""
    reason: str = ""
    """A sentence."""
    code: str | None = None
    """Code of the problem, for `failed`."""
    seconds: float | None = None
    """How long it took, where it took time."""


class TimelineView(Shape):
    """The newest entries first."""

    entries: list[TimelineEntry] = Field(default_factory=list)
    more: bool = False
    """Whether older entries exist; ask with `before=` the last id."""
    durable: bool = True
    """False: no store could be opened, and the entries end with this server."""
