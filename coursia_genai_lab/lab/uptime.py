"""When a service answered, told from its timeline."""

from __future__ import annotations

from collections.abc import Iterable

from ..wire.health import UpSpan
from ..wire.timeline import TimelineEntry

_UP = frozenset({"ready", "adopted"})
_DOWN = frozenset({"stopping", "stopped", "failed", "reaped"})
_ANEW = frozenset({"asked", "started"})
"""What happens to a service that does not run: where it did, its end was seen by nobody."""


def up_spans(
    entries: Iterable[TimelineEntry], *, began: float, now: float, up_since: float | None
) -> list[UpSpan]:
    """Return when a service answered between two Unix times, oldest first.

    `entries` are its own, oldest first, and may reach back before `began`; `up_since` is the Unix
    time since which it answers now, None where it does not. Where its end was seen by nobody, it
    ends with what was last seen of it: never more is told than is known.
    """
    spans: list[tuple[float, float]] = []
    opened: float | None = None
    seen = began
    first = True
    for entry in entries:
        if opened is not None and (entry.event in _DOWN or entry.event in _ANEW):
            spans.append((opened, seen if entry.event in _ANEW else entry.at))
            opened = None
        elif first and entry.event == "stopping":
            # Its start lies before what we are given.
            spans.append((began, entry.at))
        elif opened is None and entry.event in _UP:
            opened = entry.at
        seen, first = entry.at, False
    if up_since is not None:
        spans.append((up_since if opened is None else opened, now))
    elif opened is not None:
        spans.append((opened, seen))
    clipped = ((max(start, began), min(end, now)) for start, end in spans)
    return [UpSpan(began=start, ended=end) for start, end in clipped if start < end]


def seconds_of(spans: Iterable[UpSpan]) -> float:
    """Return the length of spans, seconds."""
    return round(sum(span.ended - span.began for span in spans), 3)
