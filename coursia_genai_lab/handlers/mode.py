"""The mode and its layers."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..wire.policy import ModeChange
from .base import LabHandler


class ModeHandler(LabHandler):
    """GET mode, PUT mode."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Show the mode in force and who set what."""
        self.answer(self.parts.lab.policy.view(self.role, person=self.person))

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Set or clear a layer that may be changed here."""
        policy = self.parts.lab.policy
        change = self.body_as(ModeChange)
        policy.change(change, by=self.person)
        self.parts.audit.note(self.person, "mode", change.layer, change.value or "as above")
        await self.parts.modes.keep()
        self.answer(policy.view(self.role, person=self.person))
