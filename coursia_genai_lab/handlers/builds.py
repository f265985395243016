"""Builds: make the image of a service here."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from pydantic import Field
from tornado import web

from ..wire.services import Accepted
from ..wire.shape import Shape
from .base import LabHandler
from .person import need_admin


class BuildBody(Shape):
    """How an image is to be built."""

    base: str = Field(default="", max_length=255, pattern=r"^([A-Za-z0-9][A-Za-z0-9._:/@-]*)?$")
    """Base image in place of the build context's own, best with its digest; empty: that one."""
    no_cache: bool = False
    """Whether steps are done again that an earlier build has done."""


class BuildHandler(LabHandler):
    """POST and DELETE services/{name}/build."""

    @web.authenticated
    @authorized
    async def post(self, name: str) -> None:
        """Begin to build; the service's state tells how it goes, its log what is said."""
        need_admin(self.role, "Building images")
        body = self.body_as(BuildBody)
        revision = self.parts.builds.begin(
            name, by=self.person, base=body.base, no_cache=body.no_cache
        )
        self.answer(Accepted(revision=revision), 202)

    @web.authenticated
    @authorized
    async def delete(self, name: str) -> None:
        """End a build, if there is one; nothing of it stays."""
        need_admin(self.role, "Ending a build")
        self.answer(Accepted(revision=self.parts.builds.cancel(name, by=self.person)), 202)
