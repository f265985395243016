"""The fetches of a server: a few at a time, one a model, cancelled and closed cleanly."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ..catalog.spec import ModelSpec
from ..errors import Conflict, GenAIError, ModelFilesError
from ..wire.problems import Problem
from ..wire.weights import WeightsList, WeightsView
from .licences import Licences
from .places import place_of
from .problems import licence_open
from .speed import Speed
from .stock import CHECKING, Coming, FileKey, Stock
from .terms import Step, Terms

if TYPE_CHECKING:
    from aiohttp import ClientSession

PARALLEL = 2
WAITING = "waiting for another download"

END_SECONDS = 10.0
"""How long who ends something waits for a thread that a disk without an answer holds."""
LOOK_SECONDS = 10.0
MOST_LOOKS = 4
"""Threads that a disk without an answer may hold up."""

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass
class _Work:
    """One model for which something is done."""

    phase: str = WAITING
    steps: dict[FileKey, Step] = field(default_factory=dict)
    speed: Speed = field(default_factory=Speed)
    task: asyncio.Task[None] | None = None

    def coming(self) -> Coming:
        return Coming(self.phase, dict(self.steps), self.speed.bytes_per_second)

    def hear(self, key: FileKey, step: Step) -> None:
        # From a thread at times: single assignments, which need no lock.
        if step.phase != self.phase:
            self.speed.forget()
        self.phase = step.phase
        self.steps[key] = step
        self.speed.hear(sum(one.done_bytes for one in list(self.steps.values())))


_Job = Callable[[ModelSpec, _Work], Coroutine[Any, Any, None]]


class Fetches:
    """Brings and checks models in the background; `arrived` is told when files have come.

    Belongs to one event loop. `close` ends what runs and keeps what came.
    """

    def __init__(
        self,
        stock: Stock,
        licences: Licences,
        terms: Terms,
        *,
        arrived: Callable[[], Coroutine[Any, Any, object]] | None = None,
        parallel: int = PARALLEL,
        end_seconds: float = END_SECONDS,
    ) -> None:
        self._stock, self._licences, self._terms = stock, licences, terms
        self._arrived = arrived
        self._end_seconds = end_seconds
        self._room = asyncio.Semaphore(parallel)
        self._works: dict[str, _Work] = {}
        self._problems: dict[str, Problem] = {}
        self._session: ClientSession | None = None
        self._looks: set[asyncio.Future[Any]] = set()
        self._closed = False

    async def everything(self) -> WeightsList:
        """Return every model and what is done for it.

        Raises:
            ModelFilesError: the disk gives no answer.
        """
        return await self._look(partial(self._stock.everything, self._coming()))

    async def view(self, model_id: str) -> WeightsView:
        """Return one model.

        Raises:
            NotFound: there is no such model.
        """
        coming = self._coming().get(model_id, Coming())
        return await self._look(partial(self._stock.view, model_id, coming))

    async def fetch(self, model_id: str, *, by: str, accept_licence: bool = False) -> WeightsView:
        """Begin to bring what is missing of a model; one that is on its way is left alone.

        Raises:
            NotFound: there is no such model.
            Conflict: its licence is still to be accepted.
            ModelFilesError: the acceptance cannot be kept.
        """
        model = self._stock.offer(model_id).model
        if accept_licence and model.accept:
            await self._look(partial(self._accept, model, by))
        if await self._look(partial(self._licences.must_accept, model)):
            raise licence_open(model.title, model.licence, model.licence_url)
        self._begin(model_id, self._bring)
        return await self.view(model_id)

    async def verify(self, model_id: str) -> WeightsView:
        """Begin to read a model's files and to compare their hashes.

        Raises:
            NotFound: there is no such model.
            Conflict: it is being fetched.
        """
        self._stock.offer(model_id)
        running = self._works.get(model_id)
        if running is not None and running.phase != CHECKING:
            raise Conflict(
                "This model is being fetched; each file is checked as it comes.",
                "Wait until it is here.",
                code="model_busy",
            )
        self._begin(model_id, self._check)
        return await self.view(model_id)

    async def cancel(self, model_id: str) -> WeightsView:
        """End what is done for a model and keep what came; a second call changes nothing.

        Where the disk gives no answer the model is told as being fetched until it does.

        Raises:
            NotFound: there is no such model.
        """
        self._stock.offer(model_id)
        work = self._works.get(model_id)
        if work is not None and work.task is not None:
            await self._ended({work.task})
        return await self.view(model_id)

    async def idle(self) -> None:
        """Return when nothing is done any more."""
        while tasks := [work.task for work in self._works.values() if work.task is not None]:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """End everything and hang up, within `end_seconds`; what came is kept. Idempotent."""
        self._closed = True
        await self._ended({work.task for work in self._works.values() if work.task is not None})
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _look(self, work: Callable[[], T]) -> T:
        """Look at the disk, bounded: a network file system may never answer.

        A class looks at once: who finds every thread taken waits for one.
        """
        clock = asyncio.get_running_loop().time
        until = clock() + LOOK_SECONDS
        while len(self._looks) >= MOST_LOOKS and (left := until - clock()) > 0:
            await asyncio.wait(self._looks, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        if len(self._looks) < MOST_LOOKS:
            look = asyncio.ensure_future(asyncio.to_thread(work))
            self._looks.add(look)
            look.add_done_callback(self._looks.discard)
            done, _ = await asyncio.wait({look}, timeout=max(0.0, until - clock()))
            if done:
                return look.result()
        raise ModelFilesError(
            "The folders of GenAILab.model_roots give no answer.",
            "See whether the disk or the network file system under them is there.",
            code="models_unreadable",
        )

    async def _ended(self, tasks: set[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=self._end_seconds)

    def _coming(self) -> dict[str, Coming]:
        failed = {name: Coming(problem=problem) for name, problem in self._problems.items()}
        return {**failed, **{name: work.coming() for name, work in self._works.items()}}

    def _accept(self, model: ModelSpec, by: str) -> None:
        if self._licences.must_accept(model):
            self._licences.accept(model, by)

    def _begin(self, model_id: str, work_of: _Job) -> None:
        if self._closed or model_id in self._works:
            return
        self._problems.pop(model_id, None)
        work = self._works[model_id] = _Work()
        work.task = asyncio.create_task(self._run(self._stock.offer(model_id).model, work, work_of))
        # A task that is cancelled before its first step runs no line of its own.
        work.task.add_done_callback(lambda _: self._works.pop(model_id, None))

    async def _run(self, model: ModelSpec, work: _Work, work_of: _Job) -> None:
        try:
            async with self._room:
                await work_of(model, work)
        except GenAIError as error:
            self._problems[model.id] = Problem(**error.to_dict())
            log.info("Model %s: %s", model.id, error.message)
        except Exception as error:
            # A boundary: the panel must show that it ended, and the others go on.
            log.exception("Model %s could not be brought", model.id)
            self._problems[model.id] = Problem(
                code="model_fetch_failed",
                message=f"{model.title} could not be brought: {type(error).__name__}.",
                remedy="Try again; the server's log has the details.",
            )
        if self._arrived is not None and not self._closed:
            await self._arrived()

    async def _bring(self, model: ModelSpec, work: _Work) -> None:
        # Most servers never fetch, and each would load it with the extension.
        from .fetch import fetch_file, new_session

        if self._session is None:
            self._session = new_session()
        for file in model.files:
            key = (file.folder, file.name)
            place = await asyncio.to_thread(place_of, file, self._stock.roots)

            def hear(step: Step, key: FileKey = key) -> None:
                work.hear(key, step)

            await fetch_file(file, place, self._terms, self._session, hear)

    async def _check(self, model: ModelSpec, work: _Work) -> None:
        from .check import as_problem, check_file
        from .off_loop import in_thread

        work.phase = CHECKING
        stop = threading.Event()
        first: GenAIError | None = None
        for file in model.files:
            key = (file.folder, file.name)

            def hear(done: int, key: FileKey = key, total: int | None = file.size_bytes) -> None:
                work.hear(key, Step(CHECKING, done, total))

            def check(file: Any = file, hear: Callable[[int], None] = hear) -> Any:
                return check_file(file, self._stock.roots, hear, again=True, stop=stop)

            first = first or as_problem(await in_thread(check, stop=stop.set))
        if first is not None:
            raise first
