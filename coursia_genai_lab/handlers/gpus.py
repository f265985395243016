"""GPUs: the one cached reading, who holds what, and a short history."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..lab.lab import Lab
from .base import LabHandler


class GPUsHandler(LabHandler):
    """GET gpus; never an event: a page that shows GPUs asks about once a second."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the shared reading; students are not told whose other programs are."""
        parts = self.parts
        text = await parts.gpus.answer(
            services=_services(parts.lab),
            claims=parts.gpu_claims(),
            whole=self.role != "student",
        )
        self.answer_json(text)


def _services(lab: Lab) -> dict[str | int, str]:
    """Return which service a container or a process group is."""
    found: dict[str | int, str] = {}
    for name in lab.catalog:
        instance = lab.service(name).instance
        if instance is None:
            continue
        if instance.runtime == "process":
            # The warden leads the group of its service.
            found[int(instance.identifier.partition(":")[0])] = name
        elif instance.runtime == "docker":
            found[instance.identifier] = name
    return found
