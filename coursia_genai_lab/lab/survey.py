"""What this machine can run: which runtime takes which service, and why none does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from ..catalog.load import Catalog
from ..catalog.spec import ServiceSpec
from ..errors import ImageMissing, NothingInstalled, ServiceError
from ..runtimes.base import NO_NEIGHBOUR, Runtime
from ..wire.problems import Problem
from ..wire.services import RuntimeName
from .cloud_problems import as_error
from .clouds import Clouds
from .model_files import READERS, ModelFiles, ModelsHere

log = logging.getLogger(__name__)

RuntimeSource = Callable[[], Mapping[RuntimeName, Runtime]]
Lack = Callable[[ServiceSpec], "Problem | None"]
"""Says why a service cannot have its GPU here; None: it may."""
PREFERENCE: tuple[RuntimeName, ...] = ("fake", "external", "docker", "process")
FRESH_SECONDS = 15.0
"""How long an answer about the machine is believed: an image may be built at any moment."""


class Survey:
    """Ask the runtimes what they could start, and remember the answer for a while.

    What is in the way is told as a road: the engine first, then the GPU, the image and the model
    files, each with one command. `source` builds the runtimes at first use, in a thread, for
    their libraries are heavy. Without `files` nobody looks for model files, without `no_gpu` for
    a GPU.
    """

    def __init__(
        self,
        catalog: Catalog,
        source: RuntimeSource,
        choice: str,
        files: ModelFiles | None = None,
        no_gpu: Lack | None = None,
        clouds: Clouds | None = None,
    ) -> None:
        self._catalog = catalog
        self._source = source
        self._choice = choice
        self._files = files
        self._no_gpu = no_gpu
        self._clouds = clouds or Clouds(catalog)
        self._runtimes: Mapping[RuntimeName, Runtime] | None = None
        self._chosen: frozenset[str] = frozenset()
        self._building = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self.problems: dict[str, Problem | None] = {}
        """Service -> why it cannot start here; None when it can. Empty until asked."""
        self.models: dict[str, ModelsHere] = {}
        """Service -> which of its model files are missing; what needs none is not here."""

    async def runtimes(self) -> Mapping[RuntimeName, Runtime]:
        """Return the runtimes that the operator's choice leaves."""
        async with self._building:
            if self._runtimes is None:
                built = await asyncio.to_thread(self._source)
                self._chosen = frozenset(built if self._choice == "auto" else [self._choice])
                self._runtimes = {name: built[name] for name in PREFERENCE if name in built}
            return self._runtimes

    def _candidates(
        self, spec: ServiceSpec, runtimes: Mapping[RuntimeName, Runtime]
    ) -> list[Runtime]:
        # The demo engine is a process, and must be there whatever is chosen for the rest.
        return [
            runtime
            for name, runtime in runtimes.items()
            if runtime.fits(spec) and (name in self._chosen or spec.name == "demo")
        ]

    async def runtime_for(self, spec: ServiceSpec) -> Runtime:
        """Return the first runtime that can start the service now.

        Raises:
            ServiceError: why none can, in the words of the most promising one.
        """
        candidates = self._candidates(spec, await self.runtimes())
        first: Problem | None = None
        for runtime in candidates:
            problem = await runtime.check(spec)
            if self._no_gpu is not None and runtime.takes_gpus and _comes_later(problem):
                problem = self._no_gpu(spec) or problem
            here = await self._files_of(spec, runtime)
            problem = problem or here.problem
            if problem is None:
                self.models[spec.name] = here
                self.problems[spec.name] = None
                return runtime
            if problem.code != NO_NEIGHBOUR:
                first = first or problem
        first = first or nothing_runs(spec)
        # Only now: whoever asks meanwhile must not hear of a doubt that is none.
        self.problems[spec.name] = first
        raise as_error(first)

    async def _files_of(self, spec: ServiceSpec, runtime: Runtime) -> ModelsHere:
        if self._files is None or runtime.name not in READERS:
            return ModelsHere()
        # Also where something else is in the way: both can be fetched at one time.
        self.models[spec.name] = found = await self._files.of(spec)
        return found

    async def ask(self, *, fresh: bool = False) -> dict[str, Problem | None]:
        """Return, per service, why it cannot start here; asks again when the answer is old."""
        async with self._asking:
            if fresh or time.monotonic() - self._asked_at > FRESH_SECONDS:
                # Side by side: one engine that keeps silent must not be waited for six times.
                await asyncio.gather(*map(self._examine, self._catalog.values()))
                self._asked_at = time.monotonic()
            return self.problems

    async def _examine(self, spec: ServiceSpec) -> None:
        if spec.kind == "cloud":
            await self._clouds.refresh()
            self.problems[spec.name] = self._clouds.problem(spec.name)
            return
        try:
            await self.runtime_for(spec)
        except ServiceError:
            return
        except Exception as error:
            # One file of an operator may hold what nobody thought of; the panel must go on to
            # show the others.
            log.exception("%s could not be examined", spec.name)
            self.problems[spec.name] = cannot_examine(spec, error)

    async def close(self) -> None:
        """Close the runtimes that were built; the next question builds new ones."""
        runtimes, self._runtimes = self._runtimes, None
        for runtime in (runtimes or {}).values():
            await runtime.close()
        if self._files is not None:
            self._files.close()


def _comes_later(problem: Problem | None) -> bool:
    """Say whether a GPU that is not there is to be told before this."""
    return problem is None or problem.code == ImageMissing.code


def nothing_runs(spec: ServiceSpec) -> Problem:
    """Return the problem of a service that no runtime takes."""
    return Problem(
        code=NothingInstalled.code,
        message=f"Nothing on this machine can run {spec.title}.",
        remedy=spec.install or NothingInstalled.default_remedy,
        command=spec.install_command,
    )


def cannot_examine(spec: ServiceSpec, error: Exception) -> Problem:
    """Return the problem of a service about which the question itself failed."""
    return Problem(
        code="not_examined",
        message=f"Whether {spec.title} can run here could not be found out: "
        f"{type(error).__name__}.",
        remedy="Correct its service file; the server's log has the details.",
    )
