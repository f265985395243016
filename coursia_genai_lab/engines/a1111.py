"""The AUTOMATIC1111 WebUI and Forge: their progress, and their memory."""

from __future__ import annotations

from typing import ClassVar

from ..errors import ServiceError
from ..wire.services import Dialect
from .base import Engine


class WebUI(Engine):
    """Ask the WebUI by the routes of its `api.py`."""

    dialect: ClassVar[Dialect] = "a1111"

    async def busy(self) -> bool:
        """Say whether a job runs; one that waits for the WebUI's lock is not told of."""
        answer = await self._ask("GET", "/sdapi/v1/progress?skip_current_image=true")
        state = answer.get("state")
        if not isinstance(state, dict):
            raise ServiceError("The WebUI told nothing of its progress.")
        return bool(answer.get("progress")) or bool(state.get("job_count"))

    async def free(self) -> None:
        """Unload the checkpoint."""
        await self._ask("POST", "/sdapi/v1/unload-checkpoint", {})
