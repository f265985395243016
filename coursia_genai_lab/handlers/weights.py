"""Model files: what is here, bring it, end that, check it."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..wire.weights import FetchRequest
from .base import LabHandler
from .person import need_role


class WeightsListHandler(LabHandler):
    """GET models."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List every model of the catalogue that has files."""
        self.answer(await self.parts.fetches.everything())


class FetchModelHandler(LabHandler):
    """POST models/{id}/fetch, DELETE models/{id}/fetch."""

    @web.authenticated
    @authorized
    async def post(self, model: str) -> None:
        """Begin to bring what is missing; the answer says how things stand, never the outcome."""
        need_role(self.role, "Fetching model files")
        accept = self.body_as(FetchRequest).accept_licence
        fetches = self.parts.fetches
        view = await fetches.fetch(model, by=self.person, accept_licence=accept)
        self.answer(view, 202)

    @web.authenticated
    @authorized
    async def delete(self, model: str) -> None:
        """End what is done for a model; what came is kept."""
        need_role(self.role, "Ending a download")
        self.answer(await self.parts.fetches.cancel(model))


class VerifyModelHandler(LabHandler):
    """POST models/{id}/verify."""

    @web.authenticated
    @authorized
    async def post(self, model: str) -> None:
        """Begin to read a model's files and to compare their hashes."""
        need_role(self.role, "Checking model files")
        self.answer(await self.parts.fetches.verify(model), 202)
