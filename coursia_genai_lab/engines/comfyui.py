"""ComfyUI: its queue, and its memory."""

from __future__ import annotations

from typing import ClassVar

from ..errors import ServiceError
from ..wire.services import Dialect
from .base import Engine


class ComfyUI(Engine):
    """Ask ComfyUI by the routes of its `server.py`."""

    dialect: ClassVar[Dialect] = "comfyui"

    async def busy(self) -> bool:
        """Say whether a prompt runs or waits."""
        answer = await self._ask("GET", "/prompt")
        try:
            return int(answer["exec_info"]["queue_remaining"]) > 0
        except (KeyError, TypeError, ValueError) as error:
            raise ServiceError("ComfyUI told nothing of its queue.") from error

    async def free(self) -> None:
        """Unload every model; it happens between two prompts."""
        await self._ask("POST", "/free", {"unload_models": True, "free_memory": True})
