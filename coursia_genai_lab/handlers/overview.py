"""How the whole is: services over time, queue, kernel starts, pictures, what is wrong."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from .. import wire
from ..lab.views import service_views
from .base import LabHandler

if TYPE_CHECKING:
    from ..wire.health import HealthIntegration, HealthMetrics, ServiceHealth


class OverviewHandler(LabHandler):
    """GET api/v1/health; no background work: what it tells is gathered when somebody asks."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the caller's own numbers, everybody's for teachers and admins."""
        # Whoever looks at the dashboard pays for it, not every start of a server.
        from ..lab import health

        parts, lab, now = self.parts, self.parts.lab, time.time()
        own = self.role == "student"
        page = await parts.memory.recent.page(None if self.role == "admin" else self.person)
        began = health.window_of(page, now)
        views = service_views(lab, door=parts.doors.address, person=self.person)
        services = health.services_of(views, page, began=began, now=now)
        failures = health.failures_of(page, began)
        integration = self._integration(services)
        status, reasons = health.overall(
            health.reasons_of(
                views,
                [*lab.changes.warnings, *parts.memory.notes()],
                integration.launches_missed,
            ),
            switched_off=lab.policy.effective() == "off",
            available=integration.genai_available,
        )
        self.answer(
            wire.HealthView(
                at=now,
                overall_status=status,
                reasons=reasons,
                server_began=parts.began,
                window_began=began,
                durable=page.durable,
                services=services,
                metrics=await self._metrics(own, began, now, len(failures)),
                integration=integration,
                failures=failures[: health.MOST_FAILURES],
            )
        )

    async def _metrics(self, own: bool, began: float, now: float, errors: int) -> HealthMetrics:
        parts = self.parts
        whose = self.person if own else None
        starts = parts.launcher.tally.of(whose)
        usage = await parts.memory.generations.usage(whose, began)
        jobs = parts.doors.queue.view(self.person, all_people=not own)
        waiting = sum(job.state == "waiting" for job in jobs)
        return wire.HealthMetrics(
            own=own,
            uptime_seconds=round(now - parts.began, 3),
            classic_executions=starts.classic,
            genai_executions=starts.genai,
            hybrid_executions=starts.hybrid,
            fallback_executions=starts.fallback,
            errors=errors,
            pictures=usage.pictures,
            failed_pictures=usage.failed,
            engine_seconds=usage.seconds,
            waiting=waiting,
            working=len(jobs) - waiting,
        )

    def _integration(self, services: dict[str, ServiceHealth]) -> HealthIntegration:
        from ..lab import health

        lab, missed = self.parts.lab, self.parts.launcher.tally.missed
        return wire.HealthIntegration(
            zero_regression_maintained=missed == 0,
            genai_available=health.is_available(lab, services),
            fallback_functional=health.can_fall_back(lab, services),
            launches_missed=missed,
        )
