"""Other people's containers on the local engine, read by name; started only where allowed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import docker
import docker.errors

from ..errors import RuntimeUnavailable, ServiceError
from .docker_calls import Inspection, inspect
from .docker_container import OWNER_LABEL, labels_of
from .docker_engine import DockerEngine
from .neighbours import KnownContainer

log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.5
"""A part of the three seconds that a check may take."""
_PROJECT_LABEL = "com.docker.compose.project"
_REACHABLE = {"0.0.0.0": "127.0.0.1", "127.0.0.1": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}


class DockerNeighbours:
    """Look at the engine for containers that a person or another tool has made."""

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine

    async def known(self, names: Sequence[str], port: int | None) -> list[KnownContainer]:
        """Return the containers with these names that no Lab has made; none without an engine."""

        def look(client: docker.DockerClient) -> list[KnownContainer]:
            found = (inspect(client, name) for name in names)
            # An id or its beginning would be found too: only the very name counts.
            return [
                _known(one, port)
                for one, name in zip(found, names, strict=True)
                if one is not None
                and str(one.get("Name", "")).lstrip("/") == name
                and OWNER_LABEL not in labels_of(one)
            ]

        try:
            return await self._engine.call(look, seconds=_LOOK_SECONDS)
        except (RuntimeUnavailable, docker.errors.APIError) as error:
            log.debug("no containers of others to find: %s", error)
            return []

    async def wake(self, name: str) -> None:
        """Start somebody's stopped container.

        Raises:
            RuntimeUnavailable: the engine is away.
            ServiceError: the engine refuses.
        """
        try:
            await self._engine.call(lambda client: client.api.start(name))
        except docker.errors.APIError as error:
            raise ServiceError(
                f"The container {name} does not start: {error.explanation or error}.",
                f"Try `docker start {name}`, or ask whoever made it.",
            ) from error

    async def close(self) -> None:
        """Let go of threads and connections."""
        self._engine.close()


def _known(found: Inspection, port: int | None) -> KnownContainer:
    return KnownContainer(
        name=str(found["Name"]).lstrip("/"),
        running=bool(found.get("State", {}).get("Running")),
        addresses=tuple(dict.fromkeys(_addresses(found, port))),
        project=labels_of(found).get(_PROJECT_LABEL, ""),
    )


def _addresses(found: Inspection, port: int | None) -> Iterator[str]:
    ports: Mapping[str, Any] = found.get("NetworkSettings", {}).get("Ports") or {}
    for inner in sorted(ports, key=lambda name: name != f"{port}/tcp"):
        if not inner.endswith("/tcp"):
            continue
        for binding in ports[inner] or ():
            host = _REACHABLE.get(str(binding.get("HostIp") or "0.0.0.0"))
            if host:
                yield f"http://{host}:{binding['HostPort']}"
