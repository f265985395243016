"""Pins: keep a service for a while, whoever uses it."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..wire.services import Accepted, PinRequest
from .base import LabHandler
from .person import need_role
from .services import SURVEY_SECONDS


class PinHandler(LabHandler):
    """POST services/{name}/pin."""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Start a service if need be and keep it; the answer is the revision to wait for."""
        need_role(self.role, "Keeping a service")
        minutes = self.body_as(PinRequest).minutes
        await self.parts.lab.opened(SURVEY_SECONDS)
        revision = self.parts.lab.pin(name, minutes=minutes, by=self.person)
        self.answer(Accepted(revision=revision), 202)


class UnpinHandler(LabHandler):
    """POST services/{name}/unpin."""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """End a pin, if there is one; the service then stops as others do."""
        need_role(self.role, "Ending what keeps a service")
        self.answer(Accepted(revision=self.parts.lab.unpin(name, by=self.person)), 202)
