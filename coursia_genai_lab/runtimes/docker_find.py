"""What an earlier Lab left on the engine: the living adopted, the rest removed."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import docker

from ..catalog.spec import ServiceSpec
from ..errors import ConfigurationError, ServiceError
from . import credentials
from .docker_calls import Inspection, Launched, inspect, remove
from .docker_container import (
    OWNER_LABEL,
    SERVICE_LABEL,
    TOKEN_LABEL,
    instance_of,
    is_usable,
    labels_of,
)
from .docker_launch import STEM
from .docker_network import NAMESPACE_LABEL, drop_unused_network

log = logging.getLogger(__name__)


def find_containers(
    client: docker.DockerClient,
    specs: Sequence[ServiceSpec],
    owner: str,
    namespace: str,
    state_folder: str,
) -> list[Launched]:
    """Return the owner's containers that their specs can still use; remove the owner's others.

    One that has drifted from its spec is among them: somebody may hold it.
    """
    by_name = {spec.name: spec for spec in specs if spec.container is not None}
    labels = [f"{OWNER_LABEL}={owner}", f"{NAMESPACE_LABEL}={namespace}"]
    alive: list[Launched] = []
    for row in client.api.containers(all=True, filters={"label": labels}):
        found = inspect(client, str(row["Id"]))
        if found is None:
            continue
        adopted = _adopt(found, by_name, state_folder)
        if adopted is not None:
            alive.append(adopted)
            continue
        log.info("removing the container %s of an earlier Lab", found["Name"])
        remove(client, str(found["Id"]))
        if token_ref := labels_of(found).get(TOKEN_LABEL):
            credentials.remove_credential(credentials.credential_path(state_folder, token_ref))
    drop_unused_network(client, namespace)
    keep = {one.credential_file.name for one in alive}
    credentials.sweep_credentials(state_folder, f"{STEM}{namespace}-", keep)
    return alive


def _adopt(
    found: Inspection, by_name: Mapping[str, ServiceSpec], state_folder: str
) -> Launched | None:
    spec = by_name.get(labels_of(found).get(SERVICE_LABEL, ""))
    if spec is None or not is_usable(found, spec):
        return None
    try:
        file = credentials.credential_path(state_folder, labels_of(found).get(TOKEN_LABEL, ""))
        credential = credentials.read_credential(file)
        if credential is None:
            return None
        return Launched(instance_of(found, spec, credential, adopted=True), file)
    except (ConfigurationError, ServiceError) as error:
        log.info("the container %s cannot be used: %s", found["Name"], error.message)
        return None
