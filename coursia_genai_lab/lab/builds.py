"""Images that are made here: one at a time, each once, whoever asks and how often."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ..catalog.spec import ServiceSpec
from ..errors import Conflict, GenAIError, ServiceError
from ..runtimes.base import Progress
from ..runtimes.building import Builder, BuildOrder
from ..wire.problems import Problem
from .lab import Lab
from .service import Service

log = logging.getLogger(__name__)

LOG_LINES = 5000
CLOSE_SECONDS = 5.0


@dataclass
class _Build:
    order: BuildOrder
    by: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=LOG_LINES))
    task: asyncio.Task[None] | None = None
    problem: Problem | None = None
    """Why it failed, once it has ended."""

    @property
    def running(self) -> bool:
        return self.task is not None and not self.task.done()


class Builds:
    """Build images on wish, and show it on every service that runs from them.

    `source` makes the builder at first use, in a thread, for its libraries are heavy.
    """

    def __init__(self, lab: Lab, source: Callable[[], Builder]) -> None:
        self._lab = lab
        self._source = source
        self._builder: Builder | None = None
        self._turn = asyncio.Lock()
        self._builds: dict[str, _Build] = {}
        """By the name of the image: the build at work, else the last one."""
        self._closed = False

    def begin(self, service: str, *, by: str, base: str = "", no_cache: bool = False) -> int:
        """Begin to make the image of a service; return the revision to wait for.

        Who asks while it is being made joins that build.

        Raises:
            NotFound: no such service.
            Conflict: its image is not made here, or is being made from another base image.
        """
        spec = self._lab.service(service).spec
        image = _image(spec)
        if image is None or self._closed or not buildable(self._lab, service):
            raise Conflict(
                f"The image of {spec.title} is not made here.",
                "Only a service with [container] and [build] in its service file has one to build.",
                code="not_buildable",
            )
        known = self._builds.get(image)
        if known is not None and known.running:
            if base and base != known.order.base:
                raise Conflict(
                    f"The image of {spec.title} is being made from another base image.",
                    "Wait until that has ended, or cancel it first.",
                    code="build_in_progress",
                )
            return self._lab.revision
        build = self._builds[image] = _Build(BuildOrder(spec, base, no_cache), by)
        log.info("%s: build asked by %s", service, by)
        build.task = asyncio.create_task(self._run(image, build), name=f"genai-build-{service}")
        build.task.add_done_callback(lambda _: self._over(image, build))
        self._show(image, Progress("waiting for another build to end", state="building"))
        return self._lab.revision

    def cancel(self, service: str, *, by: str) -> int:
        """End the build of a service's image, if there is one; return the revision to wait for."""
        image = _image(self._lab.service(service).spec)
        build = self._builds.get(image or "")
        if build is not None and build.running and build.task is not None:
            log.info("%s: build cancelled by %s", service, by)
            build.task.cancel()
        return self._lab.revision

    def running(self, service: str) -> bool:
        """Say whether the image of a service is being made."""
        build = self._builds.get(_image(self._lab.service(service).spec) or "")
        return build is not None and build.running

    def lines(self, service: str, tail: int) -> list[str] | None:
        """Return the end of a build's output; None where the service's own log tells more.

        That is so once the image is made, and while the service runs.
        """
        cell = self._lab.service(service)
        build = self._builds.get(_image(cell.spec) or "")
        if build is None or not (build.running or cell.work_problem is not None):
            return None
        return list(build.lines)[-tail:]

    async def wait(self, service: str) -> Problem | None:
        """Return once no build of the service's image is at work: why the last one failed."""
        cell = self._lab.service(service)
        build = self._builds.get(_image(cell.spec) or "")
        if build is not None and build.task is not None:
            await asyncio.wait([build.task])
        return cell.work_problem

    async def close(self) -> None:
        """End every build, within a few seconds; nothing of them stays."""
        self._closed = True
        tasks = [build.task for build in self._builds.values() if build.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSE_SECONDS)
        if self._builder is not None:
            await self._builder.close()

    async def _run(self, image: str, build: _Build) -> None:
        problem: Problem | None = None
        try:
            async with self._turn:
                builder = await self._made_builder()
                self._show(image, Progress("getting ready to build", state="building"))
                await builder.build(
                    build.order, lambda told: self._show(image, told), build.lines.append
                )
            log.info("%s: built", image)
        except asyncio.CancelledError:
            problem = _cancelled(build.order.spec)
        except GenAIError as error:
            problem = Problem(**error.to_dict())
        except Exception as error:
            log.exception("%s: the build broke", image)
            broke = ServiceError(f"The build of {image} broke: {type(error).__name__}.")
            problem = Problem(**broke.to_dict())
        if problem is not None:
            log.warning("%s: %s", image, problem.message)
            build.lines.append(problem.message)
        build.problem = problem
        if not self._closed:
            # First: whoever sees the end of the build must find the image known to be here.
            await self._lab.survey.ask(fresh=True)

    def _over(self, image: str, build: _Build) -> None:
        if build.task is not None and build.task.cancelled():
            build.problem = _cancelled(build.order.spec)  # before it had begun
        for cell in self._cells(image):
            cell.end_work(build.problem)
        if not self._closed:
            for cell in self._cells(image):
                name = cell.spec.name
                stands = self._lab.backend(name) == name
                cell.mark_unavailable(self._lab.survey.problems.get(name) if stands else None)

    async def _made_builder(self) -> Builder:
        if self._builder is None:
            self._builder = await asyncio.to_thread(self._source)
        return self._builder

    def _show(self, image: str, told: Progress) -> None:
        build = self._builds.get(image)
        if build is None or not build.running:
            return  # what a thread still said when all was over
        for cell in self._cells(image):
            cell.show_work(told)

    def _cells(self, image: str) -> list[Service]:
        cells = map(self._lab.service, self._lab.catalog)
        return [cell for cell in cells if _image(cell.spec) == image]


def buildable(lab: Lab, service: str) -> bool:
    """Say whether the image of a service is made here, by an engine that this Lab may use."""
    chosen = lab.settings.runtime in ("auto", "docker", "fake")
    return chosen and _image(lab.service(service).spec) is not None


def _image(spec: ServiceSpec) -> str | None:
    if spec.build is None or spec.container is None:
        return None
    return spec.container.image


def _cancelled(spec: ServiceSpec) -> Problem:
    return Problem(
        code="build_cancelled",
        message=f"The build of the image of {spec.title} was cancelled; nothing of it was kept.",
        remedy="Build it again when you want the service.",
        command=f"coursia-genai build {spec.name}",
    )
