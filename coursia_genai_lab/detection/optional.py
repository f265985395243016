"""Which services a notebook can do without, and why."""

from __future__ import annotations

from collections.abc import Sequence

from .signs import Sign, Way

Decided = Sequence[tuple[str, Sign]]


def find_optional(decided: Decided) -> dict[str, Way]:
    """Return the services that are optional, each with one condition that makes it so.

    A service is optional when every place that sends it work stands behind a switch that is
    off, behind a setting that is not the default, in a fallback beside another service, or in
    one of several branches of which another leads to another service.
    """
    found: dict[str, Way] = {}
    for service in dict.fromkeys(service for service, _ in decided):
        reasons = [_reason(service, sign, decided) for name, sign in decided if name == service]
        if all(reasons):
            found[service] = next(reason for reason in reasons if reason)
    return found


def _reason(service: str, sign: Sign, decided: Decided) -> Way | None:
    for way in sorted(sign.ways, key=lambda way: (way.cell, way.line)):
        if way.kind in {"off", "setting"}:
            return way
        others = [other for name, other in decided if name != service and not other.has_way("off")]
        if way.kind == "fallback" and any(way not in other.ways for other in others):
            return way
        if way.kind == "branch" and any(_parts(way, other) for other in others):
            return way
    return None


def _parts(way: Way, other: Sign) -> bool:
    return any(found.key == way.key and found.branch != way.branch for found in other.ways)


RULES = {
    "off": "switch:off",
    "setting": "switch:default",
    "fallback": "fallback",
    "branch": "branch:one-of",
}
"""Kind of a condition -> the rule that names it in the evidence."""
