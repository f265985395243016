"""ComfyUI: jobs with ids of our own, its queue, and its memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import ServiceError
from ..wire.services import Dialect
from .base import Engine
from .comfyui_fitness import refuse_unfit
from .comfyui_job import LOOK_SECONDS, ComfyJob
from .comfyui_pictures import made, put
from .orders import Notice, Order, Picture, Report, unheard
from .workflow_plan import plan

if TYPE_CHECKING:
    from aiohttp import ClientSession


class ComfyUI(Engine):
    """Ask ComfyUI by the routes of its `server.py`."""

    dialect: ClassVar[Dialect] = "comfyui"

    def __init__(self, url: str, headers: Mapping[str, str], session: ClientSession) -> None:
        super().__init__(url, headers, session)
        self._fit: set[tuple[str, ...]] = set()
        """Model and nodes that this server was seen to have everything for."""

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

    @classmethod
    def check(cls, order: Order) -> None:
        """Make the graph and throw it away."""
        plan(order)

    async def generate(self, order: Order, report: Report = unheard) -> list[Picture]:
        """Make the pictures by the workflow of the order's model, one job a picture.

        A job each lets others in between, and gives every picture the seed that it says.
        """
        made_of = plan(order)
        # Its graph alone says what a server must have: texts and numbers lack nowhere.
        key = (order.model, *sorted({node["class_type"] for node in made_of.graph.values()}))
        if key not in self._fit:
            await refuse_unfit(self._calls, made_of.graph, order.model)
            self._fit.add(key)
        stored = {name: await put(self._calls, data) for name, data in made_of.pictures.items()}
        for notice in made_of.notices:
            report(Notice(notice))
        pictures = []
        for index in range(order.count):
            seed = order.seed_of(index)
            try:
                entry = await self.run(
                    made_of.graph_for(seed, stored),
                    report,
                    index=index,
                    previews=order.previews,
                    silence_seconds=order.silence_seconds,
                    model=order.model,
                )
            except ServiceError:
                # It may have been restarted with other nodes and files.
                self._fit.discard(key)
                raise
            data = await made(self._calls, entry)
            pictures.append(Picture(data[0], seed, index))
            report(pictures[-1])
        return pictures

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
