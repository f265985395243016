"""How the whole is: services over time, kernel starts, pictures, what is wrong."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .services import ServiceState
from .shape import Shape
from .timeline import TimelineEntry

OverallStatus = Literal["healthy", "degraded", "unhealthy"]
"""`degraded`: something needs attention while pictures can be made; `unhealthy`: none can."""
HealthStatus = Literal["healthy", "changing", "idle", "unavailable", "unhealthy"]
"""Of one service: it answers; it is on its way; it rests; it cannot run here; it has failed."""


class HealthReason(Shape):
    """Why the whole is not healthy."""

    code: str
    message: str
    remedy: str = ""
    service: str | None = None
    """The service that it concerns; null: the server."""


class UpSpan(Shape):
    """A time in which a service answered."""

    began: float
    """Unix time, seconds."""
    ended: float
    """Unix time, seconds; the time of the answer where it still does."""


class ServiceHealth(Shape):
    """One service now, and in the window."""

    title: str
    status: HealthStatus
    state: ServiceState
    since: float
    """Unix time of the last change of state."""
    stand_in: str | None = None
    """Who answers in its place; `status` and `state` are then the stand-in's."""
    code: str | None = None
    """Code of its problem."""
    up_seconds: float = 0.0
    """Seconds of the window in which the service itself answered."""
    up: list[UpSpan] = Field(default_factory=list)
    """When that was, oldest first, as the timeline tells."""


class HealthMetrics(Shape):
    """Counts: a student's own, everybody's for teachers and admins."""

    own: bool
    """Whether they are the caller's own."""
    uptime_seconds: float
    """Of this server."""
    classic_executions: int = 0
    """Kernels that began without a need for image services, since this server began."""
    genai_executions: int = 0
    """Kernels of notebooks that make images with one service, or drive one directly."""
    hybrid_executions: int = 0
    """Kernels of notebooks that use several services."""
    fallback_executions: int = 0
    """Those of the kernels above that a stand-in serves."""
    errors: int = 0
    """Failures of services in the window; they are nobody's own."""
    pictures: int = 0
    """Made in the window."""
    failed_pictures: int = 0
    """Jobs of the window that failed."""
    engine_seconds: float = 0.0
    """Time for which engines worked on the jobs of the window."""
    waiting: int = 0
    """Jobs in line now."""
    working: int = 0
    """Jobs that an engine works on now."""


class HealthIntegration(Shape):
    """Whether the parts fit together."""

    zero_regression_maintained: bool
    """Whether no kernel of this server was held up by a failure of ours."""
    genai_available: bool
    """Whether the mode lets a service answer, and one could."""
    fallback_functional: bool
    """Whether the demo engine could stand in."""
    launches_missed: int = 0
    """Kernels that began without GenAI because it failed or was late."""


class HealthView(Shape):
    """GET health: read from memory and the timeline when somebody asks."""

    at: float
    """Unix time of the answer."""
    overall_status: OverallStatus
    reasons: list[HealthReason] = Field(default_factory=list)
    """Why, the gravest first; empty where it is healthy."""
    server_began: float
    """Unix time at which this server began."""
    window_began: float
    """Unix time at which the window begins: a day ago, or as far back as is known."""
    durable: bool = True
    """False: no store could be opened, and only what this server remembers is told."""
    services: dict[str, ServiceHealth] = Field(default_factory=dict)
    """By name."""
    metrics: HealthMetrics
    integration: HealthIntegration
    failures: list[TimelineEntry] = Field(default_factory=list)
    """Failures of services in the window, the newest first, at most ten."""
