"""How the services and the whole are, judged by what the Lab knows of them anyway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..errors import NotAllowed
from ..wire.health import HealthReason, HealthStatus, OverallStatus, ServiceHealth
from ..wire.problems import Problem
from ..wire.services import ServiceState, ServiceView
from ..wire.timeline import TimelineEntry, TimelineView
from .lab import Lab
from .routing import DEMO
from .uptime import seconds_of, up_spans

DAY = 86400.0
MOST_FAILURES = 10
_STATUS: Mapping[ServiceState, HealthStatus] = {
    "ready": "healthy",
    "building": "changing",
    "pulling": "changing",
    "starting": "changing",
    "stopping": "changing",
    "absent": "idle",
    "stopped": "idle",
    "unavailable": "unavailable",
    "failed": "unhealthy",
}
_ABLE = frozenset({"healthy", "changing", "idle"})


def window_of(page: TimelineView, now: float) -> float:
    """Return where the window begins that a page of the timeline covers: at most a day ago."""
    known = page.entries[-1].at if page.more and page.entries else 0.0
    return min(now, max(now - DAY, known))


def failures_of(page: TimelineView, began: float) -> list[TimelineEntry]:
    """Return the failures since a Unix time, the newest first."""
    return [entry for entry in page.entries if entry.event == "failed" and entry.at >= began]


def services_of(
    views: Iterable[ServiceView], page: TimelineView, *, began: float, now: float
) -> dict[str, ServiceHealth]:
    """Return the health of each service, by name, with the times at which it answered."""
    stories: dict[str, list[TimelineEntry]] = {}
    for entry in reversed(page.entries):
        stories.setdefault(entry.service, []).append(entry)
    return {view.name: _service(view, stories.get(view.name, ()), began, now) for view in views}


def _service(
    view: ServiceView, story: Sequence[TimelineEntry], began: float, now: float
) -> ServiceHealth:
    itself = view.stand_in is None and view.state == "ready"
    spans = up_spans(story, began=began, now=now, up_since=view.since if itself else None)
    return ServiceHealth(
        title=view.title,
        status=_STATUS[view.state],
        state=view.state,
        since=view.since,
        stand_in=view.stand_in,
        code=view.problem.code if view.problem else None,
        up_seconds=seconds_of(spans),
        up=spans,
    )


def is_available(lab: Lab, services: Mapping[str, ServiceHealth]) -> bool:
    """Say whether the mode lets a service answer, and one could."""
    return any(
        services[name].status in _ABLE and _allowed(lab, services[name].stand_in or name)
        for name in services
    )


def can_fall_back(lab: Lab, services: Mapping[str, ServiceHealth]) -> bool:
    """Say whether the demo engine could stand in."""
    demo = services.get(DEMO)
    return demo is not None and demo.status in _ABLE and _allowed(lab, DEMO)


def _allowed(lab: Lab, name: str) -> bool:
    try:
        lab.routing.refuse(lab.catalog[name])
    except NotAllowed:
        return False
    return True


def reasons_of(
    views: Iterable[ServiceView], warnings: Iterable[Problem], missed: int
) -> list[HealthReason]:
    """Return what needs attention: failed services first, then what concerns the server."""
    reasons = [
        HealthReason(
            code=view.problem.code if view.problem else "service_died",
            message=view.problem.message if view.problem else f"{view.title} has failed.",
            remedy=view.problem.remedy if view.problem else "",
            service=view.stand_in or view.name,
        )
        for view in views
        if view.state == "failed"
    ]
    reasons += [
        HealthReason(code=one.code, message=one.message, remedy=one.remedy) for one in warnings
    ]
    if missed:
        reasons.append(
            HealthReason(
                code="launches_missed",
                message=f"{missed} kernels began without GenAI because it failed or was late.",
                remedy="The server's log says why.",
            )
        )
    # A stand-in that fails is one reason, however many services it stands in for.
    return list({(one.service, one.code): one for one in reversed(reasons)}.values())[::-1]


def overall(
    reasons: list[HealthReason], *, switched_off: bool, available: bool
) -> tuple[OverallStatus, list[HealthReason]]:
    """Return the whole's status, and why; a server that is switched off lacks nothing."""
    if not switched_off and not available:
        nothing = HealthReason(
            code="nothing_available",
            message="No service could make an image now.",
            remedy="Each service says what it lacks.",
        )
        return "unhealthy", [nothing, *reasons]
    return ("degraded" if reasons else "healthy"), reasons
