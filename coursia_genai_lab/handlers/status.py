"""The snapshot that a page loads, and the long poll that waits for a newer one."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..lab.views import service_views
from ..wire.services import StatusView
from .base import LabHandler

LONGEST_WAIT_SECONDS = 30.0


class StatusHandler(LabHandler):
    """GET status; `?since=R&wait=20` answers when the revision is newer than R, or after 20 s."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the snapshot for this caller."""
        parts, lab = self.parts, self.parts.lab
        since = self.get_query_argument("since", None)
        if since is not None:
            wait = self.number_argument("wait", 0, 0, LONGEST_WAIT_SECONDS)
            revision = int(self.number_argument("since", 0, -1, 2**53))
            if revision <= lab.revision:
                await lab.wait_for_change(revision, wait)
        else:
            await lab.look_around()
        person = self.person
        self.answer(
            StatusView(
                instance=lab.instance,
                revision=lab.revision,
                version=parts.version,
                person=person,
                role=self.role,
                mode=lab.policy.view(self.role, person=person),
                services=service_views(lab, door=parts.doors.address, person=person),
                launches=parts.desk.views(self.only),
                questions=parts.cloud_questions.open(person),
                warnings=[*lab.changes.warnings, *parts.doors.notes(), *parts.memory.notes()],
            )
        )
