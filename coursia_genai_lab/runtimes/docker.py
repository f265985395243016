"""Run a service as a container of the local Docker engine."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import docker
import docker.errors

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError, RuntimeUnavailable
from ..wire.services import Problem, RuntimeName
from . import credentials
from .base import Exit, Instance, Progress, Report, Runtime, StartOrder
from .docker_calls import Launched, has_image, inspect, log_lines, stop_and_remove
from .docker_container import container_of, exit_of
from .docker_engine import DockerEngine
from .docker_find import find_containers
from .docker_launch import Abandoned, DockerLaunch
from .docker_network import drop_unused_network
from .docker_problems import image_missing, no_log, refused, stays

log = logging.getLogger(__name__)

_CHECK_SECONDS = 2.8
_LOOK_SECONDS = 15.0
_FIND_SECONDS = 30.0
_UNDO_SECONDS = 5.0
_YOUNG_LOOKS = 40
_LONGEST_PAUSE = 10.0


@dataclass
class _Kept:
    credential_file: Path
    namespace: str
    stopped: asyncio.Event
    ending: bool = False


class DockerRuntime(Runtime):
    """Start services as containers with a private credential on dynamic loopback ports.

    `host` None means DOCKER_HOST, then the usual sockets; `environ` None the Lab's own
    environment; `look_seconds` is the pause between two looks at a young container.
    """

    name: ClassVar[RuntimeName] = "docker"

    def __init__(
        self,
        *,
        host: str | None = None,
        environ: Mapping[str, str] | None = None,
        sockets: Sequence[Path] | None = None,
        look_seconds: float = 0.25,
    ) -> None:
        self._engine = DockerEngine(host, environ=environ, sockets=sockets)
        self._look_seconds = look_seconds
        self._kept: dict[str, _Kept] = {}
        self._held: set[asyncio.Task[None]] = set()

    def fits(self, spec: ServiceSpec) -> bool:
        """Say whether the spec has a container."""
        return spec.kind == "local" and spec.container is not None

    async def check(self, spec: ServiceSpec) -> Problem | None:
        """Say whether engine and image are here."""
        image = container_of(spec).image

        try:
            present = await self._engine.call(
                lambda client: has_image(client, image), seconds=_CHECK_SECONDS
            )
        except RuntimeUnavailable as error:
            return _problem(error)
        except docker.errors.APIError as error:
            return _problem(refused(spec, error))
        return None if present else _problem(image_missing(spec))

    async def start(self, order: StartOrder, report: Report) -> Instance:
        """Create and start the container; return when it has its port.

        Raises:
            ImageMissing, PortTaken, RuntimeUnavailable, ServiceError: with the remedy.
            Conflict: the name is somebody else's, whose container is left alone.
        """
        loop = asyncio.get_running_loop()

        def report_in_loop(progress: Progress) -> None:
            loop.call_soon_threadsafe(report, progress)

        launch = DockerLaunch(order, report_in_loop)
        work = asyncio.ensure_future(self._engine.call(launch.run))
        try:
            launched = await asyncio.shield(work)
        except asyncio.CancelledError:
            # A thread cannot be cancelled: it gives up at its next step, or is undone.
            launch.abandon()
            await self._held_to_the_end(self._undo(work, order), _UNDO_SECONDS)
            raise
        except docker.errors.APIError as error:
            raise refused(order.spec, error) from error
        return self._keep(launched, order.namespace)

    async def wait(self, instance: Instance) -> Exit:
        """Return when the container has ended or is gone; an engine that is away is awaited."""
        kept = self._kept.get(instance.identifier)
        stopped = kept.stopped if kept else asyncio.Event()
        looks, away_pause = 0, self._look_seconds
        while True:
            try:
                found = await self._engine.call(
                    lambda client: inspect(client, instance.identifier), seconds=_LOOK_SECONDS
                )
                if found is None:
                    by_us = kept is not None and kept.ending
                    return Exit(None, "stopped" if by_us else "removed by somebody")
                if (exit_ := exit_of(found)) is not None:
                    return exit_
                looks += 1
                pause = self._look_seconds * (1 if looks < _YOUNG_LOOKS else 4)
                away_pause = self._look_seconds
            except (RuntimeUnavailable, docker.errors.APIError) as error:
                # Containers may go on without their engine, so this is not their end.
                log.debug("cannot look at %s: %s", instance.service, error)
                pause = away_pause = min(away_pause * 2, _LONGEST_PAUSE)
            try:
                await asyncio.wait_for(stopped.wait(), pause)
            except asyncio.TimeoutError:
                continue
            return Exit(None, "stopped")

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        """Stop and remove the container, its credential, and a network that nobody uses.

        Raises:
            RuntimeUnavailable: the engine is away; the next Lab removes what is left.
            ServiceError: the engine does not remove it.
        """
        await self._held_to_the_end(self._stop(instance, grace_seconds))

    async def logs(self, instance: Instance, tail: int) -> list[str]:
        """Return its last lines; none when it is gone.

        Raises:
            RuntimeUnavailable: the engine is away.
        """
        if tail <= 0:
            return []
        try:
            lines = await self._engine.call(
                lambda client: log_lines(client, instance.identifier, tail), seconds=_LOOK_SECONDS
            )
        except docker.errors.APIError as error:
            raise no_log(instance.service, error) from error
        return credentials.redact(lines, instance.credential)

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        """Adopt containers that run; nothing when there is no engine to ask."""
        try:
            await self._engine.call(lambda client: client.ping(), seconds=_CHECK_SECONDS)
            found = await self._engine.call(
                lambda client: find_containers(client, specs, owner, namespace, state_folder),
                seconds=_FIND_SECONDS,
            )
        except RuntimeUnavailable as error:
            log.debug("no containers to find: %s", error.message)
            return []
        except docker.errors.APIError as error:
            log.warning("cannot look for containers of an earlier Lab: %s", error)
            return []
        return [self._keep(launched, namespace) for launched in found]

    async def close(self) -> None:
        """Wait a little for what is being undone, then end threads and connections."""
        if self._held:
            await asyncio.wait(self._held, timeout=_UNDO_SECONDS)
        self._engine.close()

    def _keep(self, launched: Launched, namespace: str) -> Instance:
        identifier = launched.instance.identifier
        if identifier not in self._kept:
            self._kept[identifier] = _Kept(launched.credential_file, namespace, asyncio.Event())
        return launched.instance

    async def _stop(self, instance: Instance, grace_seconds: float) -> None:
        kept = self._kept.get(instance.identifier)

        def end(client: docker.DockerClient) -> None:
            stop_and_remove(client, instance.identifier, math.ceil(grace_seconds))
            if kept is not None:
                credentials.remove_credential(kept.credential_file)
                drop_unused_network(client, kept.namespace)

        if kept is not None:
            kept.ending = True
        try:
            await self._engine.call(end)
        except docker.errors.APIError as error:
            raise stays(instance.service, error) from error
        if kept is not None:
            kept.stopped.set()
            del self._kept[instance.identifier]

    async def _undo(self, work: asyncio.Future[Launched], order: StartOrder) -> None:
        try:
            launched = await work
            if not launched.instance.adopted:
                await self._stop(self._keep(launched, order.namespace), 0)
        except Abandoned:
            return  # it undid itself
        except (GenAIError, docker.errors.APIError) as error:
            log.info("the abandoned start of %s: %s", order.spec.name, error)

    async def _held_to_the_end(
        self, work: Coroutine[Any, Any, None], seconds: float | None = None
    ) -> None:
        """Await the work, which goes on when the waiting is cancelled or takes too long."""
        task = asyncio.create_task(work)
        self._held.add(task)
        task.add_done_callback(self._held.discard)
        if seconds is None:
            await asyncio.shield(task)
        else:
            await asyncio.wait([task], timeout=seconds)


def _problem(error: GenAIError) -> Problem:
    return Problem(**error.to_dict())
