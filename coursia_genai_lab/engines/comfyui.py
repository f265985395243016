"""ComfyUI: jobs with ids of our own, its queue, and its memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import ServiceError
from ..wire.services import Dialect
from .base import Engine
from .comfyui_job import LOOK_SECONDS, ComfyJob
from .orders import Report, unheard


class ComfyUI(Engine):
    """Ask ComfyUI by the routes of its `server.py`."""

    dialect: ClassVar[Dialect] = "comfyui"

    async def run(
        self,
        graph: Mapping[str, Any],
        report: Report = unheard,
        *,
        index: int = 0,
        previews: bool = False,
        silence_seconds: float | None = 3600.0,
        look_seconds: float = LOOK_SECONDS,
        model: str | None = None,
    ) -> dict[str, Any]:
        """Post a graph in API format and return its entry of the history once it is done.

        `report` hears phases, steps and, with `previews`, small pictures, under `index`. After
        `silence_seconds` without progress the job is ended; None waits for ever. Cancelling the
        call ends the job, waiting or running, and no other. `model` is named in the remedy where
        a file is missing.

        Raises:
            InvalidRequest: ComfyUI does not take a value; its message names the input.
            ServiceError: `node_missing`, `models_missing`, `no_answer`; ServiceDied when nothing
                listens any more.
            GenerationError: `engine_failed`, `out_of_memory`, `no_progress`, `job_lost`;
                GenerationCancelled when somebody interrupted it.
        """
        job = ComfyJob(
            self._calls,
            graph,
            report,
            index=index,
            previews=previews,
            silence_seconds=silence_seconds,
            look_seconds=look_seconds,
            model=model,
        )
        return await job.run()

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
