"""Jobs that wait for an engine or are being worked on."""

from __future__ import annotations

from typing import Literal

from .shape import Shape

JobKind = Literal["openai", "comfyui", "a1111"]
"""The dialect in which it was asked for."""
JobState = Literal["waiting", "working"]


class JobView(Shape):
    """One job in the line of a service."""

    id: str
    service: str
    """Who makes it; the demo engine where that stands in."""
    kind: JobKind
    state: JobState
    position: int
    """1 is next; 0 while it is being worked on."""
    seconds: float | None
    """Seconds until its turn, by past jobs; null where nobody knows."""
    since: float
    """Unix time at which it was asked for."""
    mine: bool
    label: str = ""
    """What its owner recognises it by, the notebook's path; empty for other people's."""
    model: str = ""


class JobList(Shape):
    """GET jobs: the caller's own; an admin or a teacher sees those of others without labels."""

    jobs: list[JobView]
