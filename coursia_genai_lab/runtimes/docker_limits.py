"""What an engine silently leaves out of the protection that containers are to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import docker

from .docker_disk import free_bytes

OLDEST_API = (1, 41)
"""Docker 20.10, the oldest engine that this is tried with."""


@dataclass(frozen=True)
class EngineFacts:
    """Which engine it is, and in sentences what it does not do though it is asked to."""

    name: str
    """`Docker 20.10.24`, `Podman 4.3.1, rootless`."""
    ignores: list[str]
    free_bytes: int | None = None
    """Room for images; None where it cannot be seen."""


def facts_of(client: docker.DockerClient) -> EngineFacts:
    """Ask the engine what it is and what it can limit; two calls."""
    return facts(client.version(), client.info())


def facts(version: Mapping[str, Any], info: Mapping[str, Any]) -> EngineFacts:
    """Return what the answers of `version` and `info` tell.

    The engine takes limits that it cannot keep without a word; see the fields MemoryLimit,
    SwapLimit, PidsLimit, CpuCfsQuota and SecurityOptions of its API.
    """
    podman = is_podman(version)
    rootless = _is_rootless(info)
    ignores = [] if podman else _too_old(version)
    if str(info.get("CgroupDriver")) == "none":
        ignores.append(
            "It runs rootless without control groups, so limits of memory, processors and "
            "processes are not kept: a service can take all of this machine."
        )
    else:
        ignores += [sentence for field, sentence in _LIMITS.items() if info.get(field) is False]
    if not any("seccomp" in str(one) for one in info.get("SecurityOptions") or ()):
        ignores.append("It filters no system calls (seccomp) of containers.")
    if podman:
        ignores.append(
            "Podman gives no GPU to a container that is asked for by Docker's API, so services "
            "that need one do not start."
        )
    name = f"{'Podman' if podman else 'Docker'} {version.get('Version', '')}"
    name = name.strip() + (", rootless" if rootless else "")
    return EngineFacts(name, ignores, free_bytes(info))


def is_podman(version: Mapping[str, Any]) -> bool:
    """Say whether the engine is Podman, which speaks Docker's API."""
    parts = version.get("Components") or [{}]
    return str(parts[0].get("Name")) == "Podman Engine"


_LIMITS = {
    "MemoryLimit": "It cannot limit memory: a service can take all of this machine's.",
    "SwapLimit": "It cannot limit swap: a service that outgrows its memory slows the machine "
    "down before it is ended.",
    "PidsLimit": "It cannot limit how many processes a service starts.",
    "CpuCfsQuota": "It cannot limit processors: a service can keep all of them busy.",
}


def _is_rootless(info: Mapping[str, Any]) -> bool:
    named = any("name=rootless" in str(one) for one in info.get("SecurityOptions") or ())
    return named or bool(info.get("Rootless"))


def _too_old(version: Mapping[str, Any]) -> list[str]:
    said = str(version.get("ApiVersion", ""))
    try:
        major, minor = (int(part) for part in said.split("."))
    except ValueError:
        return []
    if (major, minor) >= OLDEST_API:
        return []
    return [f"Its API is {said}, older than that of Docker 20.10, with which this is not tried."]
