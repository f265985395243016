"""How a running container differs from what its service file and its image are now."""

from __future__ import annotations

import docker
import docker.errors

from ..catalog.spec import ServiceSpec
from ..wire.problems import Problem
from .docker_calls import inspect
from .docker_container import HASH_LABEL, container_of, labels_of
from .fingerprint import fingerprint

CODE = "drifted"


def drift_of(client: docker.DockerClient, spec: ServiceSpec, container: str) -> Problem | None:
    """Return what has changed since the container began; None when nothing has, or it is gone."""
    found = inspect(client, container)
    if found is None:
        return None
    if labels_of(found).get(HASH_LABEL) != fingerprint(spec):
        return _drifted(f"{spec.title} runs as an earlier service file describes it.")
    try:
        image = client.images.get(container_of(spec).image)
    except docker.errors.ImageNotFound:
        return None  # removed behind our back: what runs goes on, and a start will tell
    if image.id != found["Image"]:
        return _drifted(f"{spec.title} runs from an older image than the one that is here now.")
    return None


def _drifted(message: str) -> Problem:
    return Problem(
        code=CODE,
        message=message,
        remedy="It starts anew once nobody uses it; restart it to have the change at once.",
    )
