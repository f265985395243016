"""Launches, their waits, and GenAI for a kernel that started without it."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import NotFound
from ..wire.launches import EnableKernel, LaunchView
from ..wire.services import Accepted
from ..wire.shape import Shape
from .base import LabHandler


class LaunchList(Shape):
    """The kernels that were launched with GenAI."""

    launches: list[LaunchView]


class LaunchesHandler(LabHandler):
    """GET launches."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List the launches; a student's own."""
        self.answer(LaunchList(launches=self.parts.desk.views(self.only)))


class EnableKernelHandler(LabHandler):
    """POST kernels/{id}/enable."""

    @web.authenticated
    @authorized
    async def post(self, kernel_id: str) -> None:
        """Give a running kernel a token, a lease and the variables to set by a silent execute."""
        profile = self.body_as(EnableKernel).profile
        self.answer(await self.parts.launcher.enable(kernel_id, profile=profile))


class SkipWaitHandler(LabHandler):
    """POST kernels/{id}/skip-wait."""

    @web.authenticated
    @authorized
    async def post(self, kernel_id: str) -> None:
        """Let a kernel that waits for its services start now."""
        if not self.parts.launcher.skip_wait(kernel_id):
            raise NotFound(
                "No kernel of this id waits for its services.", "It has started already."
            )
        self.answer(Accepted(revision=self.parts.lab.revision), 202)
