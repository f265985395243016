"""What holds besides the mode: fallback, models, quotas, text, and where it comes from."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import LabHandler


class PolicyHandler(LabHandler):
    """GET policy, PUT policy."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Show what holds for the caller; teachers and admins see every quota."""
        self.answer(self.parts.lab.policy.policy_view(self.person))

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Answer 409 with where it is to be changed: this server reads it from elsewhere."""
        raise self.parts.lab.policy.refuse_change()
