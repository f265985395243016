"""ComfyUI: jobs with ids of our own, its queue, and its memory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import ServiceError
from ..wire.services import Dialect
from .base import Engine
from .comfyui_errors import NOTHING
from .comfyui_fitness import refuse_unfit
from .comfyui_job import LOOK_SECONDS, ComfyJob
from .comfyui_pictures import made, put
from .orders import Notice, Order, Picture, Report, unheard
from .workflow_plan import Plan, plan

if TYPE_CHECKING:
    from aiohttp import ClientSession


class ComfyUI(Engine):
    """Ask ComfyUI by the routes of its `server.py`."""

    dialect: ClassVar[Dialect] = "comfyui"

    def __init__(self, url: str, headers: Mapping[str, str], session: ClientSession) -> None:
        super().__init__(url, headers, session)
        self._fit: set[tuple[str, ...]] = set()
        """Workflows and nodes that this server was seen to have everything for."""

    async def run(
        self,
        graph: Mapping[str, Any],
        report: Report = unheard,
        *,
        index: int = 0,
        previews: bool = False,
        silence_seconds: float | None = 3600.0,
        look_seconds: float = LOOK_SECONDS,
        owners: Mapping[str, str] = NOTHING,
    ) -> dict[str, Any]:
        """Post a graph in API format and return its entry of the history once it is done.

        `report` hears phases, steps and, with `previews`, small pictures, under `index`. After
        `silence_seconds` without progress the job is ended; None waits for ever. Cancelling the
        call ends the job, waiting or running, and no other. `owners` leads from a model file to
        the model of the catalogue that brings it, for the remedy where one is missing.

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
            owners=owners,
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
        key = await self._fitting(made_of)
        files = await asyncio.to_thread(made_of.files)
        stored = {name: await put(self._calls, data) for name, data in files.items()}
        for notice in made_of.notices:
            report(Notice(notice))
        pictures = []
        for index in range(order.count):
            seed = order.seed_of(index)
            job = ComfyJob(
                self._calls,
                made_of.graph_for(seed, stored),
                report,
                index=index,
                previews=order.previews,
                silence_seconds=order.silence_seconds,
                owners=made_of.owners,
                fields=made_of.fields,
            )
            try:
                entry = await job.run()
            except ServiceError:
                # It may have been restarted with other nodes and files.
                self._fit.discard(key)
                raise
            data = job.sent or await made(self._calls, entry)
            pictures.append(Picture(data[0], seed, index, made_of.recipe))
            report(pictures[-1])
        return pictures

    async def _fitting(self, made_of: Plan) -> tuple[str, ...]:
        """Ask the server once whether it has what a workflow needs; return what it is known by."""
        # Its graph alone says what a server must have: texts and numbers lack nowhere.
        nodes = sorted({str(node["class_type"]) for node in made_of.graph.values()})
        key = (made_of.recipe.workflow_hash or "", *nodes)
        if key not in self._fit:
            await refuse_unfit(
                self._calls, made_of.graph, owners=made_of.owners, fields=made_of.fields
            )
            self._fit.add(key)
        return key

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
