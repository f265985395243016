"""The few calls to the engine that every part of the Docker runtime makes."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import docker.errors

from .base import Instance
from .docker_problems import already_going

log = logging.getLogger(__name__)

Inspection = Mapping[str, Any]
_GONE_SECONDS = 10.0


@dataclass(frozen=True)
class Launched:
    """A running container, with the file of its credential."""

    instance: Instance
    credential_file: Path


def has_image(client: docker.DockerClient, image: str) -> bool:
    """Say whether the image is on this machine; never fetches it."""
    try:
        client.images.get(image)
    except docker.errors.ImageNotFound:
        return False
    return True


def inspect(client: docker.DockerClient, container: str) -> Inspection | None:
    """Return what the engine knows of the container; None when it is gone."""
    try:
        found: Inspection = client.api.inspect_container(container)
    except docker.errors.NotFound:
        return None
    return found


def log_lines(client: docker.DockerClient, container: str, tail: int) -> list[str]:
    """Return the last lines of output, oldest first; none when the container is gone."""
    try:
        text = bytes(client.api.logs(container, tail=tail))
    except docker.errors.APIError as error:
        if error.status_code in (404, 409):
            return []
        raise
    return text.decode("utf-8", "replace").splitlines()[-tail:]


def remove(client: docker.DockerClient, container: str) -> None:
    """Remove the container, running or not; it may be gone, or going by another's hand."""
    try:
        client.api.remove_container(container, force=True, v=True)
    except docker.errors.NotFound:
        return
    except docker.errors.APIError as error:
        if not already_going(error):
            raise


def stop_and_remove(client: docker.DockerClient, container: str, grace_seconds: int) -> None:
    """End the container politely, then remove it, and return when it is gone.

    Raises:
        docker.errors.APIError: the engine does not remove it.
    """
    try:
        client.api.stop(container, timeout=grace_seconds)
    except docker.errors.NotFound:
        return
    except docker.errors.APIError as error:
        log.info("cannot stop %s politely: %s", container[:12], error)
    remove(client, container)
    until = time.monotonic() + _GONE_SECONDS
    while inspect(client, container) is not None and time.monotonic() < until:
        time.sleep(0.05)  # somebody else's removal goes on
