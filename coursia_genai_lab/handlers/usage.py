"""What somebody had made, and what the record knows of one generation."""

from __future__ import annotations

import time

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import NotFound
from .base import LabHandler
from .person import need_role

WEEK = 7 * 86400.0


class UsageHandler(LabHandler):
    """GET usage?since=&person=."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer for the caller, the last seven days without `since`; for others with the role."""
        person = self.get_query_argument("person", "") or self.person
        if person != self.person:
            need_role(self.role, "Seeing what others had made")
        since = self.number_argument("since", time.time() - WEEK, 0, 2**53)
        self.answer(await self.parts.memory.generations.usage(person, since))


class GenerationHandler(LabHandler):
    """GET generations/{id}."""

    @web.authenticated
    @authorized
    async def get(self, generation_id: str) -> None:
        """Answer for whoever has the id, which stands in the picture's file; its prompt, if it
        is recorded, for who asked for it, and for teachers and admins.
        """
        found = await self.parts.memory.generations.find(generation_id)
        if found is None:
            raise NotFound(
                "The record knows no such generation.",
                "It was made elsewhere, or so long ago that the record has forgotten it.",
                code="generation_unknown",
            )
        own = found.person == self.person or self.role != "student"
        self.answer(found.view(with_prompt=own))
