"""What somebody had made and what it cost, and what the record knows of one generation."""

from __future__ import annotations

import asyncio
import time

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import InvalidRequest, NotFound
from ..lab.usage_rows import as_csv
from .base import LabHandler
from .person import need_admin, need_role

WEEK = 7 * 86400.0
EVERYBODY = "*"


class UsageHandler(LabHandler):
    """GET usage?since=&person=, DELETE usage?person=."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer for the caller, the last seven days without `since`; for others with the role."""
        person = self.get_query_argument("person", "") or self.person
        if person != self.person:
            need_role(self.role, "Seeing what others had made")
        since = self.number_argument("since", time.time() - WEEK, 0, 2**53)
        self.answer(await self.parts.usage.of(person, since))

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        """Take the caller's name and prompts from record and ledger; an admin also another's."""
        person = self.get_query_argument("person", "") or self.person
        if person != self.person:
            need_admin(self.role, "Having forgotten what others had made")
        erased = await self.parts.usage.erase(person)
        found = (
            f"{erased.generations} generations, {erased.charges} charges, "
            f"{erased.thumbnails} thumbnails"
        )
        own = person == self.person
        self.parts.audit.note(
            self.person, "erase", "their own" if own else "another person's", found
        )
        self.answer(erased)


class UsageExportHandler(LabHandler):
    """GET usage/export?format=csv|json&since=&person=; `person=*` is everybody."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with a file of every job since a time, the last seven days without `since`."""
        form = self.get_query_argument("format", "csv")
        if form not in ("csv", "json"):
            raise InvalidRequest("format must be csv or json.")
        person = self.get_query_argument("person", "") or self.person
        if person != self.person:
            need_role(self.role, "Taking away what others had made")
        since = self.number_argument("since", time.time() - WEEK, 0, 2**53)
        everybody = person == EVERYBODY
        export = await self.parts.usage.export(None if everybody else person, since)
        self.parts.audit.note(
            self.person,
            "export",
            "everybody" if everybody else person,
            f"{len(export.rows)} rows as {form}",
        )
        self.set_header("Content-Disposition", f'attachment; filename="genai-usage.{form}"')
        if form == "json":
            self.answer(export)
            return
        self.set_header("Cache-Control", "no-store")
        text = await asyncio.to_thread(as_csv, export)
        self.finish(text, set_content_type="text/csv; charset=utf-8")


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
