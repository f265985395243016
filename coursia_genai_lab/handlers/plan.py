"""The plan: what fits on this host, and what a class would wait."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import LabHandler


class PlanHandler(LabHandler):
    """GET plan?people=N."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer for a class of N; students are not told whose other programs use the GPUs."""
        # Whoever plans pays for the planner, not every start of a server.
        from ..lab.plan import MOST_PEOPLE, PEOPLE

        people = int(self.number_argument("people", PEOPLE, 1, MOST_PEOPLE))
        self.answer(await self.parts.plan(people=people, names=self.role != "student"))
