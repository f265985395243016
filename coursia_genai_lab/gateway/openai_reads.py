"""What the OpenAI door tells besides pictures: models, where the caller stands, its jobs."""

from __future__ import annotations

import time
from typing import Any

from ..wire.images import ModelInfo
from ..wire.jobs import JobList
from .needs import LabView
from .openai_models import ModelDirectory
from .queue import FairQueue
from .record import Record
from .tokens import Grant

CREATED = 1_760_000_000
"""A date for clients that want one; models of the catalogue have none."""
QUEUE = "/v1/coursia/queue"
USAGE_SECONDS = 7 * 86_400.0
"""How far back the usage is counted: a week, as REST does."""


class Reads:
    """Answer the door's GETs as JSON values."""

    def __init__(
        self, lab: LabView, models: ModelDirectory, queue: FairQueue, record: Record
    ) -> None:
        self._lab = lab
        self._models = models
        self._queue = queue
        self._record = record

    async def read(self, path: str, grant: Grant) -> dict[str, Any] | None:
        """Return what a path tells; None for one that tells nothing.

        Raises:
            ModelUnknown: it names a model that nobody knows.
        """
        if path == "/v1/models":
            await self._lab.clouds.learn()
            listed = self._models.listed(grant.mode, grant.person, grant.fallback)
            return {"object": "list", "data": [_described(info) for info in listed]}
        if path.startswith("/v1/models/"):
            name = path.removeprefix("/v1/models/")
            await self._lab.clouds.learn()
            return _described(self._models.find(name, grant.mode, grant.person, grant.fallback))
        if path == "/v1/coursia/status":
            await self._lab.clouds.learn()
            return self._status(grant)
        if path == QUEUE:
            return JobList(jobs=self._queue.view(grant.person)).model_dump()
        if path == "/v1/coursia/usage":
            usage = await self._record.usage(grant.person, time.time() - USAGE_SECONDS)
            return usage.model_dump()
        return None

    def _status(self, grant: Grant) -> dict[str, Any]:
        listed = self._models.listed(grant.mode, grant.person, grant.fallback)
        return {
            "mode": self._lab.policy.effective(grant.mode),
            "person": grant.person,
            "kernel_id": grant.kernel_id,
            "path": grant.path,
            "services": sorted(grant.services),
            "models": [info.model_dump() for info in listed],
        }


def _described(info: ModelInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "object": "model",
        "created": CREATED,
        "owned_by": info.service,
        **info.model_dump(exclude={"id"}),
    }
