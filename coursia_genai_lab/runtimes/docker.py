"""Run a service as a container of the local Docker engine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import docker
import docker.errors

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError, ImageMissing, RuntimeUnavailable
from ..wire.problems import Problem
from ..wire.services import RuntimeName
from . import credentials
from .base import Exit, Instance, Progress, Report, Runtime, StartOrder
from .docker_calls import Launched, has_image, inspect, log_lines, stop_and_remove
from .docker_claims import claims_of_others
from .docker_container import container_of, exit_of
from .docker_disk import RESERVE_BYTES, disk_full, free_bytes
from .docker_drift import drift_of
from .docker_engine import DockerEngine
from .docker_find import find_containers
from .docker_launch import Abandoned, DockerLaunch
from .docker_logs import DockerLogs
from .docker_network import drop_unused_network
from .docker_problems import image_missing, no_log, refused, stays
from .docker_pull import QUIET_SECONDS, DockerPull
from .docker_reference import may_be_fetched
from .docker_watch import DockerWatch
from .gpu_claims import SeenClaim
from .loopback import takes_connections

log = logging.getLogger(__name__)

_CHECK_SECONDS = 2.8
_LOOK_SECONDS = 15.0
_LOG_SECONDS = 4.5
_FIND_SECONDS = 30.0
_UNDO_SECONDS = 5.0
_CALM_SECONDS = 30.0
_LONGEST_PAUSE = 1.0
_DEAF_LOOKS = 12
"""Pauses between looks after which a port that nobody serves has ended with its engine; one that
restarts and keeps its containers needs a few seconds."""


@dataclass
class _Kept:
    credential_file: Path
    namespace: str
    ending: bool = False
    stopped: bool = False


class DockerRuntime(Runtime):
    """Start services as containers with a private credential on dynamic loopback ports.

    Args:
        host: address of the engine; None means DOCKER_HOST, then the usual sockets.
        environ: None means the Lab's own environment.
        pull: whether missing images are fetched, where their service files allow it.
        reserve_bytes: what a fetched image leaves free on the engine's disk.
        look_seconds: pause between two looks at a container while no events can be heard.
        quiet_seconds: silence of the engine after which a download has failed.
    """

    name: ClassVar[RuntimeName] = "docker"
    takes_gpus = True
    refuses_gpus = True

    def __init__(
        self,
        *,
        host: str | None = None,
        environ: Mapping[str, str] | None = None,
        sockets: Sequence[Path] | None = None,
        pull: bool = True,
        reserve_bytes: int = RESERVE_BYTES,
        look_seconds: float = 0.25,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._engine = DockerEngine(host, environ=environ, sockets=sockets)
        self._watch = DockerWatch(self._engine)
        self._logs = DockerLogs(self._engine)
        self._pull = pull
        self._reserve_bytes = reserve_bytes
        self._look_seconds = look_seconds
        self._quiet_seconds = quiet_seconds
        self._looked_in_vain = False
        self._kept: dict[str, _Kept] = {}
        self._held: set[asyncio.Task[None]] = set()

    def fits(self, spec: ServiceSpec) -> bool:
        """Say whether the spec has a container."""
        return spec.kind == "local" and spec.container is not None

    async def check(self, spec: ServiceSpec) -> Problem | None:
        """Say whether the engine is here, and the image, or room to fetch it."""
        image = container_of(spec).image
        fetchable = self._may_fetch(spec)

        def look(client: docker.DockerClient) -> GenAIError | None:
            if has_image(client, image):
                return None
            if not fetchable:
                return image_missing(spec)
            free = free_bytes(client.info())
            return None if free is None or free > self._reserve_bytes else disk_full(spec, free)

        try:
            error = await self._engine.call(look, seconds=_CHECK_SECONDS)
        except RuntimeUnavailable as unavailable:
            error = unavailable
        except docker.errors.APIError as refusal:
            error = refused(spec, refusal)
        return _problem(error) if error else None

    async def prepare(self, spec: ServiceSpec, report: Report) -> None:
        """Fetch the image where it is missing and may be fetched.

        Raises:
            RuntimeUnavailable, ServiceError: with the remedy.
        """
        if not self._may_fetch(spec):
            return
        image = container_of(spec).image
        try:
            here = await self._engine.call(lambda client: has_image(client, image))
        except docker.errors.APIError as error:
            raise refused(spec, error) from error
        if not here:
            await self._fetch(spec, _in_loop(report))

    async def start(self, order: StartOrder, report: Report) -> Instance:
        """Create and start the container, its image fetched before; return when it has its port.

        Raises:
            ImageMissing, PortTaken, RuntimeUnavailable, ServiceError: with the remedy.
            Conflict: the name is somebody else's, whose container is left alone.
        """
        report_in_loop = _in_loop(report)
        try:
            return await self._launch(order, report_in_loop)
        except ImageMissing:
            if not self._may_fetch(order.spec):
                raise
        await self._fetch(order.spec, report_in_loop)
        return await self._launch(order, report_in_loop)

    async def wait(self, instance: Instance) -> Exit:
        """Return when the container has ended, is gone, or can no more be reached for good.

        Containers may go on without their engine, but their ports end with it: an engine that
        is away is awaited for as long as the port takes connections.
        """
        kept = self._kept.get(instance.identifier)
        clock = asyncio.get_running_loop().time
        away_pause, heard_at = self._look_seconds, clock()
        with self._watch.bell(instance.identifier) as bell:
            while True:
                bell.clear()
                try:
                    if (exit_ := await self._look(instance, kept)) is not None:
                        return exit_
                    pause = _CALM_SECONDS if self._watch.listening else self._look_seconds
                    away_pause, heard_at = self._look_seconds, clock()
                except (RuntimeUnavailable, docker.errors.APIError) as error:
                    log.debug("cannot look at %s: %s", instance.service, error)
                    pause = away_pause = min(away_pause * 2, _LONGEST_PAUSE)
                    if await takes_connections(instance.url):
                        heard_at = clock()
                    elif clock() - heard_at > _DEAF_LOOKS * self._look_seconds:
                        return Exit(None, "the Docker engine ended, and the service's port with it")
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(bell.wait(), pause)
                if kept is not None and kept.stopped:
                    return Exit(None, "stopped")

    async def drift(self, spec: ServiceSpec, instance: Instance) -> Problem | None:
        """Say whether the service file or the image has changed since the container began."""
        try:
            return await self._engine.call(
                lambda client: drift_of(client, spec, instance.identifier), seconds=_LOOK_SECONDS
            )
        except (RuntimeUnavailable, docker.errors.APIError) as error:
            log.debug("cannot compare %s with its file: %s", instance.service, error)
            return None

    async def claims(self, owner: str, state_folder: str) -> list[SeenClaim]:
        """Return the GPU memory of other owners' containers on this engine."""
        try:
            return await self._engine.call(
                lambda client: claims_of_others(client, owner), seconds=_CHECK_SECONDS
            )
        except (RuntimeUnavailable, docker.errors.APIError) as error:
            log.debug("cannot see the claims of other Labs: %s", error)
            return []

    async def presence(self) -> AsyncIterator[bool]:
        """Tell whether the engine answers: now, after each change and each return.

        Who looked in vain with `find` hears of that absence first, be it over or not.
        """
        absence_told = self._looked_in_vain
        if absence_told:
            yield False
        async for here in self._watch.presence():
            if here or not absence_told:
                yield here
            absence_told = False

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
                lambda client: log_lines(client, instance.identifier, tail), seconds=_LOG_SECONDS
            )
        except docker.errors.APIError as error:
            raise no_log(instance.service, error) from error
        return credentials.redact(lines, instance.credential)

    async def follow(self, instance: Instance, tail: int) -> AsyncIterator[str]:
        """Give the last lines of output, then new ones until the container ends."""
        async with contextlib.aclosing(self._logs.follow(instance.identifier, tail)) as lines:
            async for line in lines:
                yield credentials.redact([line], instance.credential)[0]

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
            self._looked_in_vain = True
            return []
        except docker.errors.APIError as error:
            log.warning("cannot look for containers of an earlier Lab: %s", error)
            return []
        self._looked_in_vain = False
        return [self._keep(launched, namespace) for launched in found]

    async def close(self) -> None:
        """Wait a little for what is being undone, then end threads and connections."""
        if self._held:
            await asyncio.wait(self._held, timeout=_UNDO_SECONDS)
        self._watch.close()
        self._logs.close()
        self._engine.close()

    def _may_fetch(self, spec: ServiceSpec) -> bool:
        return self._pull and may_be_fetched(container_of(spec))

    async def _fetch(self, spec: ServiceSpec, report: Report) -> None:
        pull = DockerPull(
            spec, report, reserve_bytes=self._reserve_bytes, quiet_seconds=self._quiet_seconds
        )
        report(Progress("waiting to download the image", state="pulling"))
        try:
            await self._engine.call(pull.run, pull=True)
        finally:
            pull.abandon()

    async def _launch(self, order: StartOrder, report: Report) -> Instance:
        launch = DockerLaunch(order, report)
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

    async def _look(self, instance: Instance, kept: _Kept | None) -> Exit | None:
        found = await self._engine.call(
            lambda client: inspect(client, instance.identifier), seconds=_LOOK_SECONDS
        )
        if found is None:
            by_us = kept is not None and kept.ending
            return Exit(None, "stopped" if by_us else "removed by somebody")
        return exit_of(found)

    def _keep(self, launched: Launched, namespace: str) -> Instance:
        identifier = launched.instance.identifier
        if identifier not in self._kept:
            self._kept[identifier] = _Kept(launched.credential_file, namespace)
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
            await self._engine.call(end, insist=True)
        except docker.errors.APIError as error:
            raise stays(instance.service, error) from error
        if kept is not None:
            kept.stopped = True
            self._watch.ring(instance.identifier)
            self._kept.pop(instance.identifier, None)

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


def _in_loop(report: Report) -> Report:
    """Return a report that threads may call."""
    loop = asyncio.get_running_loop()

    def report_in_loop(progress: Progress) -> None:
        loop.call_soon_threadsafe(report, progress)

    return report_in_loop


def _problem(error: GenAIError) -> Problem:
    return Problem(**error.to_dict())
