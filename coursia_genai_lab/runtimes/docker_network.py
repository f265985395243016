"""The network of the Lab's containers: one a namespace, made once whoever comes first."""

from __future__ import annotations

import logging
import time
from typing import Any

import docker
import docker.errors
from docker.types import IPAMConfig, IPAMPool

from ..errors import Conflict, ServiceError

log = logging.getLogger(__name__)

NAMESPACE_LABEL = "io.coursia.genai.namespace"
_OTHER_SUBNETS = tuple(f"10.213.{part}.0/24" for part in range(0, 256, 8))
_VISIBLE_SECONDS = 1.0
_OPTIONS = {
    # Containers have nothing to say to one another.
    "com.docker.network.bridge.enable_icc": "false",
    # Nor to the world: without address translation no answer finds its way back.
    "com.docker.network.bridge.enable_ip_masquerade": "false",
}


def ensure_network(client: docker.DockerClient, name: str, subnet: str) -> str:
    """Return the id of the network, made when it is not there.

    A fixed subnet makes the race safe: Docker 20.10 makes several networks of one name, but
    never two on one subnet. When somebody else has the subnet another one is taken.

    Raises:
        Conflict: a network of that name is somebody else's.
        ServiceError: no subnet is free.
    """
    for candidate in (subnet, *_OTHER_SUBNETS):
        found = _ours(client, name)
        if found is not None:
            return found
        free = _create(client, name, candidate)
        # Taken, maybe by a Lab that makes our network this very moment: the subnet is reserved
        # some time before the network can be seen.
        found = _ours(client, name) if free else _ours_soon(client, name)
        if found is not None:
            return found
        log.warning("subnet %s is taken; the network %s uses another one", candidate, name)
    raise ServiceError(
        f"Docker has no free subnet for the network {name}.",
        "Choose one with GenAILab.network_subnet, or remove networks that nobody uses.",
        code="no_subnet",
        command="docker network prune",
    )


def drop_unused_network(client: docker.DockerClient, name: str) -> None:
    """Remove the network when no container of the namespace is left; else leave it."""
    if client.api.containers(all=True, filters={"label": f"{NAMESPACE_LABEL}={name}"}):
        return
    for network in _named(client, name):
        if NAMESPACE_LABEL in (network.get("Labels") or {}):
            _remove(client, str(network["Id"]))


def _create(client: docker.DockerClient, name: str, subnet: str) -> bool:
    """Make the network; return whether the subnet was free."""
    try:
        made = client.api.create_network(
            name,
            driver="bridge",
            options=_OPTIONS,
            ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)]),
            check_duplicate=True,
            labels={NAMESPACE_LABEL: name},
        )
    except docker.errors.APIError as error:
        if error.status_code not in (403, 409):
            raise
        return False
    if _ours(client, name) != made["Id"]:
        _remove(client, str(made["Id"]))  # another Lab made one first, on another subnet
    return True


def _ours_soon(client: docker.DockerClient, name: str) -> str | None:
    until = time.monotonic() + _VISIBLE_SECONDS
    while True:
        found = _ours(client, name)
        if found is not None or time.monotonic() > until:
            return found
        time.sleep(0.05)


def _ours(client: docker.DockerClient, name: str) -> str | None:
    """Return the oldest network of ours, so that of two, made at one moment, all take one."""
    networks = sorted(_named(client, name), key=lambda one: (str(one["Created"]), str(one["Id"])))
    ours = [one for one in networks if NAMESPACE_LABEL in (one.get("Labels") or {})]
    if networks and not ours:
        raise Conflict(
            f"A Docker network named {name} exists, and it is not the Lab's.",
            "Choose another GenAILab.namespace, or remove that network.",
            code="network_taken",
            command=f"docker network rm {name}",
        )
    return str(ours[0]["Id"]) if ours else None


def _remove(client: docker.DockerClient, network: str) -> None:
    try:
        client.api.remove_network(network)
    except docker.errors.APIError as error:
        # Gone already, or a container of another Lab has just joined it.
        log.debug("the network %s stays: %s", network, error)


def _named(client: docker.DockerClient, name: str) -> list[dict[str, Any]]:
    # The engine's filter matches parts of names.
    return [one for one in client.api.networks(names=[name]) if one["Name"] == name]
