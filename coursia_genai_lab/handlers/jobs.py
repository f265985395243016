"""Jobs that wait for an engine or are being worked on, and their end."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..wire.jobs import JobList
from ..wire.services import Accepted
from .base import LabHandler


class JobsHandler(LabHandler):
    """GET jobs."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List the caller's jobs with their places; for teachers and admins everybody's."""
        queue = self.parts.doors.queue
        jobs = queue.view(self.person, all_people=self.role != "student")
        self.answer(JobList(jobs=jobs))


class JobHandler(LabHandler):
    """DELETE jobs/{id}."""

    @web.authenticated
    @authorized
    async def delete(self, job_id: str) -> None:
        """End a job of the caller; for teachers and admins anybody's. 404 once it is over."""
        await self.parts.doors.queue.cancel(job_id, self.person, anybody=self.role != "student")
        self.answer(Accepted(revision=self.parts.lab.revision), 202)
