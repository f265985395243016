"""What builds leave behind when their engine or their Lab was killed, and its removal."""

from __future__ import annotations

import logging
import time
from typing import Any

import docker
import docker.errors

from .docker_calls import remove
from .docker_container import OWNER_LABEL

log = logging.getLogger(__name__)

BUILD_LABEL = "io.coursia.genai.build"
"""Hash of the context and arguments that the image was built from."""
BASE_LABEL = "io.coursia.genai.base"
"""Digest of the base image that was really used."""
CONTEXT_LABEL = "io.coursia.genai.context"
"""Set by our Dockerfiles in their first step, so that all that follows bears it."""
_PATIENCE_SECONDS = 5.0


def remove_image(
    client: docker.DockerClient, image: str, *, seconds: float = _PATIENCE_SECONDS
) -> bool:
    """Remove an image without a name, and its parents without one; say whether it is gone.

    The engine needs a moment to end what ran from it; what somebody uses or has named stays.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            # Asked for by its id an engine takes away an only name, too.
            if client.images.get(image).tags:
                return False
            client.api.remove_image(image)
        except docker.errors.ImageNotFound:
            return True
        except docker.errors.APIError as error:
            if time.monotonic() >= until:
                log.debug("the image %s stays: %s", image[:19], error)
                return False
            time.sleep(0.1)  # in a thread of the engine's own
        else:
            return True


def sweep(client: docker.DockerClient, after_seconds: float) -> None:
    """Remove what builds of ours left on this engine more than `after_seconds` ago.

    A build at work runs its step in a container, which keeps its image; a container that runs is
    left alone, as is one whose image has a name: somebody made it by hand.
    """
    ours = {"label": [CONTEXT_LABEL]}
    oldest = time.time() - after_seconds
    for row in client.api.containers(all=True, filters=ours):
        if row["Created"] <= oldest and _left_by_a_build(client, row):
            remove(client, str(row["Id"]))
    for row in client.api.images(filters={**ours, "dangling": True}):
        if row["Created"] <= oldest:
            remove_image(client, str(row["Id"]), seconds=0)


def _left_by_a_build(client: docker.DockerClient, row: dict[str, Any]) -> bool:
    if OWNER_LABEL in (row.get("Labels") or {}) or row.get("State") == "running":
        return False
    try:
        image = client.images.get(row["ImageID"]).attrs
    except docker.errors.ImageNotFound:
        return True
    return not (image.get("RepoTags") or image.get("RepoDigests"))
