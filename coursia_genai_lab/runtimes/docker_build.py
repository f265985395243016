"""Make an image from a build context: all of it, under its name, or nothing."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Mapping
from typing import IO, Any

import docker
import docker.errors
import requests.exceptions
import urllib3.exceptions

from ..errors import RuntimeUnavailable, ServiceError
from .base import Progress, Report
from .build_context import BuildContext, build_context
from .building import BuildOrder, Log
from .docker_build_output import BuildOutput
from .docker_build_problems import (
    base_missing,
    build_cancelled,
    build_disk_full,
    build_engine_away,
    build_failed,
    build_stalled,
)
from .docker_build_remains import BASE_LABEL, BUILD_LABEL, remove_image, sweep
from .docker_calls import has_image
from .docker_container import container_of
from .docker_disk import free_bytes
from .docker_login import all_logins
from .docker_problems import AWAY
from .docker_pull import DockerPull
from .docker_reference import split_reference
from .docker_streams import EngineStream, open_stream

QUIET_SECONDS = 3600.0
"""The longest silence: a step that fetches or compiles may say nothing for a long time."""
LONGEST_SECONDS = 6 * 3600.0
_MIB = 1 << 20


class DockerBuild:
    """One build, as blocking calls in a thread; `abandon` ends it at any moment.

    The result is built without a name and gets it at the end, so that nobody ever starts half of
    it. What a build that fails has made goes, its cache included.
    """

    def __init__(
        self,
        order: BuildOrder,
        report: Report,
        log: Log,
        *,
        reserve_bytes: int,
        quiet_seconds: float = QUIET_SECONDS,
        sweep_after_seconds: float = 60.0,
        may_fetch: bool = True,
    ) -> None:
        self._order, self._spec = order, order.spec
        self._report, self._log = report, log
        self._output = BuildOutput(log)
        self._reserve_bytes = reserve_bytes
        self._quiet_seconds = quiet_seconds
        self._sweep_after_seconds = sweep_after_seconds
        self._may_fetch = may_fetch
        self._stream: EngineStream | None = None
        self._pull: DockerPull | None = None
        self._abandoned = False
        self._lock = threading.Lock()

    def abandon(self) -> None:
        """End the build; the engine then ends it too."""
        with self._lock:
            self._abandoned = True
            stream, pull = self._stream, self._pull
        if pull is not None:
            pull.abandon()
        if stream is not None:
            stream.close()

    def run(self, client: docker.DockerClient) -> str:
        """Return the id of the image, which then bears its name.

        Raises:
            ServiceError: why there is none; the code says which kind of reason.
            RuntimeUnavailable: the engine went away.
            ConfigurationError: the build context cannot be used.
        """
        context = build_context(self._spec, self._order.base)
        info = client.info()
        self._see_to_the_disk(free_bytes(info), before=True)
        sweep(client, self._sweep_after_seconds)
        base = "" if context.base == "scratch" else context.base
        self._fetch_base(client, base)
        digest = _digest(client, base)
        if base:
            self._log(f"base image: {digest}")
        known = {str(one) for one in client.api.images(quiet=True, all=True)}
        archive, content = context.pack()
        try:
            with archive:
                image = self._build(client, archive, context, _labels(content, digest), info)
            self._name(client, image)
        except RuntimeUnavailable:
            raise  # the engine keeps what was made, and the next build sweeps it
        except BaseException:
            self._remove_what_was_made(client, known)
            raise
        return image

    def _fetch_base(self, client: docker.DockerClient, base: str) -> None:
        self._tell("looking for the base image")
        if not base or has_image(client, base):
            return
        if not self._may_fetch:
            raise base_missing(self._spec, "GenAILab.pull_images forbids it", base)
        container = container_of(self._spec).model_copy(update={"image": base})
        pull = DockerPull(
            self._spec.model_copy(update={"container": container}),
            self._report_base,
            reserve_bytes=self._reserve_bytes,
        )
        with self._lock:
            self._pull, abandoned = pull, self._abandoned
        self._log(f"fetching the base image {base}")
        try:
            if not abandoned:
                pull.run(client)
        except RuntimeUnavailable:
            raise
        except ServiceError as error:
            if error.error_code == "disk_full":
                raise build_disk_full(self._spec) from error
            raise base_missing(self._spec, error.message, base) from error
        self._end_if_abandoned()

    def _build(
        self,
        client: docker.DockerClient,
        archive: IO[bytes],
        context: BuildContext,
        labels: Mapping[str, str],
        info: Mapping[str, Any],
    ) -> str:
        output = self._output
        self._tell("sending the build context")
        try:
            for event in self._open(client, archive, context, labels):
                if said := event.get("error"):
                    output.end()
                    raise build_failed(self._spec, output.step, str(said), list(output.last))
                if output.take(event):
                    self._tell(output.step)
                    self._see_to_the_disk(free_bytes(info))
            output.end()
        except docker.errors.APIError as error:
            self._end_if_abandoned()
            said = str(error.explanation or error)
            raise build_failed(self._spec, output.step, said, []) from error
        except requests.exceptions.RequestException as error:
            self._end_if_abandoned()
            if any(isinstance(one, urllib3.exceptions.ReadTimeoutError) for one in error.args):
                raise build_stalled(self._spec, self._quiet_seconds) from error
            raise build_engine_away(self._spec) from error
        finally:
            if self._stream is not None:
                self._stream.close()
        self._end_if_abandoned()
        if not output.built:
            raise build_engine_away(self._spec)
        return output.built

    def _open(
        self,
        client: docker.DockerClient,
        archive: IO[bytes],
        context: BuildContext,
        labels: Mapping[str, str],
    ) -> EngineStream:
        # By hand, for the SDK's own `build` gives nothing that another thread could close.
        parameters = {
            "rm": "1",
            "forcerm": "1",
            "nocache": "1" if self._order.no_cache else "0",
            "buildargs": json.dumps(dict(context.arguments)),
            "labels": json.dumps(dict(labels)),
        }
        headers = {"Content-Type": "application/x-tar", **all_logins()}
        stream = open_stream(
            client,
            "POST",
            "/build",
            params=parameters,
            headers=headers,
            quiet_seconds=self._quiet_seconds,
            body=archive,
        )
        with self._lock:
            self._stream = stream
            abandoned = self._abandoned
        if abandoned:
            stream.close()
        return stream

    def _name(self, client: docker.DockerClient, image: str) -> None:
        name = container_of(self._spec).image
        former = _id_of(client, name)
        self._end_if_abandoned()
        repository, tag = split_reference(name)
        client.api.tag(image, repository, tag, force=True)
        self._log(f"named {name}")
        self._tell("built", 100.0)
        if former and former != _id_of(client, name):
            remove_image(client, former, seconds=0)

    def _remove_what_was_made(self, client: docker.DockerClient, known: set[str]) -> None:
        before = {one.removeprefix("sha256:") for one in known}
        made = [*self._output.made, self._output.built.removeprefix("sha256:")]
        new = [one for one in made if one and not any(old.startswith(one) for old in before)]
        with contextlib.suppress(*AWAY):  # the first reason is the one to tell
            for image in reversed(new):
                remove_image(client, image)

    def _see_to_the_disk(self, free: int | None, *, before: bool = False) -> None:
        size = self._spec.build.size_mib if self._spec.build is not None else None
        wanted = self._reserve_bytes + ((size or 0) * _MIB if before else 0)
        if free is not None and free < wanted:
            raise build_disk_full(self._spec, free, wanted)

    def _report_base(self, progress: Progress) -> None:
        phase = progress.phase.replace("the image", "the base image")
        self._report(
            Progress(
                phase,
                None,
                "building",
                done_bytes=progress.done_bytes,
                total_bytes=progress.total_bytes,
            )
        )

    def _tell(self, phase: str, percent: float | None = None) -> None:
        self._end_if_abandoned()
        shown = self._output.percent if percent is None and self._output.number else percent
        self._report(Progress(phase[:160], shown, "building"))

    def _end_if_abandoned(self) -> None:
        if self._abandoned:
            raise build_cancelled(self._spec)


def _labels(content: str, base: str) -> dict[str, str]:
    return {BUILD_LABEL: content, BASE_LABEL: base}


def _id_of(client: docker.DockerClient, image: str) -> str:
    try:
        return str(client.images.get(image).id)
    except docker.errors.ImageNotFound:
        return ""


def _digest(client: docker.DockerClient, base: str) -> str:
    """Return exactly which base image that is; where no registry gave it, its id."""
    if not base:
        return ""
    try:
        found = client.images.get(base).attrs
    except docker.errors.ImageNotFound:
        return base
    digests = found.get("RepoDigests") or []
    return str(digests[0] if digests else found["Id"])
