"""The timeline: what the Lab did and why, page by page."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..lab.timeline import MOST_A_PAGE
from .base import LabHandler


class TimelineHandler(LabHandler):
    """GET timeline?service=&before=&limit=; newest first, other people's names left out."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with one page."""
        before = int(self.number_argument("before", 0, 0, 2**53))
        page = await self.parts.memory.timeline.page(
            person=None if self.role == "admin" else self.person,
            service=self.get_query_argument("service", "") or None,
            before=before or None,
            limit=int(self.number_argument("limit", 100, 1, MOST_A_PAGE)),
        )
        self.answer(page)
