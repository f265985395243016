"""Fetch a missing image, told in bytes, with an eye on the disk."""

from __future__ import annotations

import threading
import time

import docker
import docker.errors
import requests.exceptions
import urllib3.exceptions

from ..catalog.spec import ServiceSpec
from ..errors import RuntimeUnavailable
from .base import Progress, Report
from .docker_container import container_of
from .docker_disk import disk_full, free_bytes
from .docker_layers import Layers
from .docker_login import login_for
from .docker_pull_problems import not_fetched, pull_broke_off, registry_away
from .docker_reference import split_reference
from .docker_streams import EngineStream, open_stream

_TELL_SECONDS = 0.5
QUIET_SECONDS = 300.0
"""The longest silence of the engine: it is silent while it checks and unpacks a large layer."""


class DockerPull:
    """One pull, as blocking calls in a thread; `abandon` ends it at any moment.

    The engine itself tries a layer again that broke off, from where it ended, and drops what it
    has of an image when a pull is given up; `reserve_bytes` stay free on its disk.
    """

    def __init__(
        self,
        spec: ServiceSpec,
        report: Report,
        *,
        reserve_bytes: int,
        quiet_seconds: float = QUIET_SECONDS,
    ) -> None:
        self._spec = spec
        self._report = report
        self._reserve_bytes = reserve_bytes
        self._quiet_seconds = quiet_seconds
        self._layers = Layers()
        self._told_at = float("-inf")
        self._told_phase = ""
        self._stream: EngineStream | None = None
        self._abandoned = False
        self._lock = threading.Lock()

    def abandon(self) -> None:
        """End the pull; the engine then gives it up too."""
        with self._lock:
            self._abandoned = True
            stream = self._stream
        if stream is not None:
            stream.close()

    def run(self, client: docker.DockerClient) -> None:
        """Return when the image is here, or when the pull was abandoned.

        Raises:
            ImageMissing: the registry has no such image.
            ServiceError: the disk is full; the registry is away, refuses or breaks off.
            RuntimeUnavailable: the engine went away.
        """
        self._tell()
        info = client.info()
        self._see_to_the_disk(free_bytes(info))
        try:
            stream = self._open(client)
            if stream is None:
                return
            for event in stream:
                if said := event.get("error"):
                    raise not_fetched(self._spec, str(said))
                before = self._layers.bytes_to_come
                self._layers.take(event)
                # A fast registry may fill the disk before there is reason to tell anything.
                if self._tell() or self._layers.bytes_to_come > before:
                    self._see_to_the_disk(free_bytes(info))
        except docker.errors.APIError as error:
            raise not_fetched(self._spec, str(error.explanation or error)) from error
        except requests.exceptions.RequestException as error:
            raise self._broken(error) from error
        finally:
            if self._stream is not None:
                self._stream.close()

    def _open(self, client: docker.DockerClient) -> EngineStream | None:
        repository, tag = split_reference(container_of(self._spec).image)
        stream = open_stream(
            client,
            "POST",
            "/images/create",
            params={"fromImage": repository, "tag": tag},
            headers=login_for(client, repository),
            quiet_seconds=self._quiet_seconds,
        )
        with self._lock:
            self._stream = stream
            abandoned = self._abandoned
        if abandoned:
            stream.close()
        return None if abandoned else stream

    def _broken(self, error: requests.exceptions.RequestException) -> Exception:
        if any(isinstance(one, urllib3.exceptions.ReadTimeoutError) for one in error.args):
            return registry_away(self._spec)
        if isinstance(error, requests.exceptions.ChunkedEncodingError):
            return RuntimeUnavailable(
                "The Docker engine went away while it fetched an image.",
                pull_broke_off(self._spec).remedy,
                code="docker_away",
                command="sudo systemctl status docker",
            )
        return error

    def _see_to_the_disk(self, free: int | None) -> None:
        if free is None:
            return
        wanted = self._layers.bytes_to_come
        if free < wanted + self._reserve_bytes:
            raise disk_full(self._spec, free, wanted + self._reserve_bytes)

    def _tell(self) -> bool:
        """Report when there is reason to; return whether it did."""
        now, layers = time.monotonic(), self._layers
        if layers.phase == self._told_phase and now - self._told_at < _TELL_SECONDS:
            return False
        self._told_at, self._told_phase = now, layers.phase
        self._report(
            Progress(
                layers.phase,
                round(layers.percent, 1),
                "pulling",
                done_bytes=layers.done_bytes,
                total_bytes=layers.total_bytes,
            )
        )
        return True
