"""One thing that the Lab did or saw, as the Lab tells it; whoever keeps a record listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import time

from ..wire.timeline import TimelineEvent


@dataclass(frozen=True)
class TimelineNote:
    """What happened to one service, who caused it, why, and how long it took."""

    service: str
    event: TimelineEvent
    by: str = ""
    """Who or what caused it: a notebook, a person, `idle`, `an earlier Lab`."""
    reason: str = ""
    """A sentence."""
    code: str | None = None
    """Code of the problem, for `failed`."""
    seconds: float | None = None
    """How long it took, where it took time: a start for `ready`, a stop for `stopped`."""
    at: float = field(default_factory=time)
    """Unix time, seconds."""


Record = Callable[[TimelineNote], None]
"""Called on the event loop, in the order of events; it must not block and must not raise."""

ExpectedSeconds = Callable[[str], "float | None"]
"""Service -> seconds that its start is expected to take on this host; None: unknown."""


def forget(note: TimelineNote) -> None:
    """Keep no record."""


def unknown(service: str) -> float | None:
    """Expect nothing."""
    return None
