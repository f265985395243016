"""Tokens for work outside a kernel."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..wire.services import Accepted
from ..wire.tokens import TokenLifetime, TokenRequest
from .base import LabHandler
from .person import need_role

LONGEST_OF_STUDENTS = 2 * 3600.0
"""Seconds; whoever works on renews it."""


class TokensHandler(LabHandler):
    """POST tokens."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Give a token with the variables to set; the answer holds a secret and is not kept."""
        wish = self.body_as(TokenRequest)
        self._need_role_for(wish.lifetime_seconds)
        given = await self.parts.job_tokens.give(wish, self.person)
        self.parts.audit.note(self.person, "token", given.id, "given")
        self.answer(given, 201)

    def _need_role_for(self, seconds: float) -> None:
        if seconds > LONGEST_OF_STUDENTS:
            need_role(self.role, "A token for longer than two hours")


class TokenRenewalHandler(TokensHandler):
    """POST tokens/{id}/renew."""

    @web.authenticated
    @authorized
    async def post(self, token_id: str) -> None:
        """Let a token of one's own live on."""
        seconds = self.body_as(TokenLifetime).lifetime_seconds
        self._need_role_for(seconds)
        self.answer(self.parts.job_tokens.renew(token_id, self.person, seconds))


class TokenHandler(LabHandler):
    """DELETE tokens/{id}."""

    @web.authenticated
    @authorized
    async def delete(self, token_id: str) -> None:
        """End a token and what it claims; admins may end everybody's."""
        anybody = self.role == "admin"
        await self.parts.job_tokens.end(token_id, self.person, anybody=anybody)
        self.parts.audit.note(self.person, "token", token_id, "ended")
        self.answer(Accepted(revision=self.parts.lab.revision))
