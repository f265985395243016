"""Whether the model files of a service are here: asked off the event loop, and bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from ..catalog.spec import ServiceSpec
from ..runtimes.docker_threads import DaemonThreads
from ..weights.inventory import missing_models, weights_problem
from ..wire.problems import Problem
from ..wire.services import RuntimeName

LOOK_SECONDS = 3.0
READERS: frozenset[RuntimeName] = frozenset({"docker", "process"})
"""Runtimes whose services read the operator's folders; a server of somebody else has its own."""


@dataclass(frozen=True)
class ModelsHere:
    """What is missing for a service, and why it cannot start for want of it; None: it can."""

    missing: tuple[str, ...] = ()
    problem: Problem | None = None


class ModelFiles:
    """Look at the model roots for one service after the other.

    A network file system may never answer. Each question waits at most `seconds`, and none is put
    again while an earlier one hangs, so that one thread is all that is lost. `look` is called in
    that thread.
    """

    def __init__(
        self,
        roots: Sequence[str],
        *,
        look: Callable[[ServiceSpec, Sequence[str]], ModelsHere] | None = None,
        seconds: float = LOOK_SECONDS,
    ) -> None:
        self._roots = tuple(roots)
        self._look = look or look_at
        self._seconds = seconds
        self._threads: DaemonThreads | None = None
        self._looks: dict[str, Future[ModelsHere]] = {}

    async def of(self, spec: ServiceSpec) -> ModelsHere:
        """Return what is missing for a service now."""
        if not any(model.files for model in spec.models):
            return ModelsHere()
        look = self._looks.get(spec.name)
        if look is None or look.done():
            if self._threads is None:
                self._threads = DaemonThreads(1, "genai-model-files")
            look = self._threads.submit(lambda: self._look(spec, self._roots))
            self._looks[spec.name] = look
        answer = asyncio.wrap_future(look)
        await asyncio.wait([answer], timeout=self._seconds)
        return answer.result() if answer.done() else ModelsHere(problem=_silent(spec))

    def close(self) -> None:
        """Let the thread go; a look that hangs keeps nothing from ending."""
        threads, self._threads = self._threads, None
        self._looks.clear()
        if threads is not None:
            threads.close()


def look_at(spec: ServiceSpec, roots: Sequence[str]) -> ModelsHere:
    """Return what is missing for a service; blocks on the disk."""
    missing = tuple(model.id for model in missing_models(spec, roots))
    return ModelsHere(missing, weights_problem(spec, roots))


def _silent(spec: ServiceSpec) -> Problem:
    return Problem(
        code="models_unreadable",
        message=f"Whether the models of {spec.title} are here is not known: the folders of "
        "GenAILab.model_roots give no answer.",
        remedy="See whether the disk or the network file system under them is there.",
    )
