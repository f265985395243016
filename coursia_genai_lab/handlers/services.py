"""Services: what they do, commands to them, their logs."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..lab.views import service_view, service_views
from ..wire.services import Accepted, LogLines, ServiceList
from ..wire.shape import Shape
from .base import LabHandler
from .person import need_role

SURVEY_SECONDS = 5.0
"""How long a command waits for the Lab's first look round, in the first moments of a server."""


class ServicesHandler(LabHandler):
    """GET services."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List every service of the catalogue."""
        lab = self.parts.lab
        await lab.look_around()
        views = service_views(lab, door=self.parts.doors.address, person=self.person)
        self.answer(ServiceList(revision=lab.revision, services=views))


class ServiceHandler(LabHandler):
    """GET services/{name}."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Show one service."""
        parts = self.parts
        self.answer(service_view(parts.lab, name, door=parts.doors.address, person=self.person))


class CommandBody(Shape):
    """What a command may say."""

    force: bool = False


class ServiceCommandHandler(LabHandler):
    """POST services/{name}/start, /stop, /restart."""

    @web.authenticated
    @authorized
    async def post(self, name: str, command: str) -> None:
        """Set a wish; the answer is the revision to wait for, never the outcome."""
        lab, by = self.parts.lab, self.person
        # Before it is known what this machine can run, the demo engine would get the wish.
        await lab.opened(SURVEY_SECONDS)
        force = self.body_as(CommandBody).force
        if force and lab.used_by_others(name, by):
            need_role(self.role, "Stopping what others work with")
        if command == "start":
            revision = lab.start(name, by=by)
        elif command == "stop":
            revision = lab.stop(name, by=by, force=force)
        else:
            revision = lab.restart(name, by=by, force=force)
        if force and command != "start":
            self.parts.audit.note(by, "force_stop", name, command)
        self.answer(Accepted(revision=revision), 202)


class ServiceLogsHandler(LabHandler):
    """GET services/{name}/logs?tail=N."""

    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        """Answer with the last lines of output, secrets removed."""
        # It may tell what others work on.
        need_role(self.role, "Reading the log of a service")
        tail = int(self.number_argument("tail", 200, 1, 5000))
        lines = self.parts.builds.lines(name, tail)
        if lines is None:
            lines = await self.parts.lab.logs(name, tail)
        self.answer(LogLines(service=name, lines=lines))
