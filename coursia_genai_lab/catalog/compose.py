"""The catalogue as a Compose file, for who runs the services without the Lab.

It makes the containers that the Lab would make: the same limits, no capability, no privilege,
models read-only, published on 127.0.0.1 only. Three things differ because Compose keeps the
containers, not the Lab: each has the fixed port of its door, its credential is a file that the
administrator writes under `./secrets`, and no label calls it the Lab's, which then leaves it alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .spec import ContainerSpec, GPUSpec, ServiceSpec
from .yaml_text import yaml_of

PROJECT = "genai"
NETWORK = "genai"
_NETWORK_OPTIONS = {
    "com.docker.network.bridge.enable_icc": "false",
    "com.docker.network.bridge.enable_ip_masquerade": "false",
}
_TMPFS = "/tmp:rw,nosuid,nodev,size=512m,mode=1777"  # noqa: S108 -- inside the container
COMPOSE_MARK = "# Written by `coursia-genai catalog export --compose`"
"""How such a file begins."""
_HEAD = (
    COMPOSE_MARK
    + """; write it again rather than change it.
#
# The Lab needs none of this: it starts the services itself. It uses what runs from this file
# when the containers' names stand in a service's known_containers, and never stops it.
#
# Before the first start:
{steps}#
# Then: docker compose -f docker-compose.genai.yml up -d SERVICE
"""
)


@dataclass(frozen=True)
class ComposeSettings:
    """What the operator chose."""

    model_roots: Sequence[str] = ()
    subnet: str = "172.20.0.0/16"
    cpus: int | None = None
    """CPUs of the machine, as a bound to what a service may have; None: none is known."""


def compose_file(specs: Iterable[ServiceSpec], settings: ComposeSettings) -> str:
    """Return the YAML text of a Compose file with every service that has a container."""
    chosen = [spec for spec in specs if spec.container is not None and spec.kind == "local"]
    steps = [f"#   {step}\n" for step in _steps(chosen, settings)]
    body = yaml_of(compose_of(chosen, settings))
    return _HEAD.format(steps="".join(steps)) + "\n" + body


def compose_of(specs: Iterable[ServiceSpec], settings: ComposeSettings) -> dict[str, Any]:
    """Return the Compose file as a table; `specs` without a container are left out."""
    services: dict[str, Any] = {}
    secrets: dict[str, Any] = {}
    for spec in specs:
        if spec.container is None or spec.kind != "local":
            continue
        taken = {service["container_name"] for service in services.values()}
        # Compose takes no file in which two containers have one name.
        free = (name for name in [*spec.known_containers, spec.name] if name not in taken)
        name = next(free, f"{PROJECT}-{spec.name}")
        services[spec.name] = _service(spec, spec.container, settings, name)
        if spec.container.token_path is not None:
            secrets[_secret(spec)] = {"file": f"./secrets/{spec.name}"}
    network = {
        "driver": "bridge",
        "driver_opts": dict(_NETWORK_OPTIONS),
        "ipam": {"config": [{"subnet": settings.subnet}]},
    }
    made: dict[str, Any] = {"name": PROJECT, "services": services, "networks": {NETWORK: network}}
    return made | ({"secrets": secrets} if secrets else {})


def _service(
    spec: ServiceSpec, container: ContainerSpec, settings: ComposeSettings, name: str
) -> dict[str, Any]:
    memory = f"{container.memory_mib}m"
    made: dict[str, Any] = {
        "image": container.image,
        "container_name": name,
        "pull_policy": "missing" if _may_be_pulled(container) else "never",
        # Each of these alone keeps the service away from the machine.
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "init": True,
        "read_only": container.read_only,
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": container.pids,
        "stop_grace_period": f"{math.ceil(spec.stop_grace_seconds)}s",
        "networks": [NETWORK],
        "ports": [_port(spec, container)],
        "logging": {"driver": "json-file", "options": {"max-size": "4m", "max-file": "2"}},
    }
    if container.command:
        made["command"] = [_escaped(word) for word in container.command]
    if container.environment:
        made["environment"] = {
            name: _escaped(value) for name, value in container.environment.items()
        }
    if container.user:
        made["user"] = container.user
    if container.read_only:
        made["tmpfs"] = [_TMPFS]
    if container.cpus:
        made["cpus"] = min(container.cpus, settings.cpus or container.cpus)
    volumes = _volumes(container, settings.model_roots)
    if volumes:
        made["volumes"] = volumes
    if container.token_path is not None:
        made["secrets"] = [{"source": _secret(spec), "target": container.token_path}]
    if spec.gpu is not None:
        devices = [_gpus(spec.gpu)]
        made["deploy"] = {"resources": {"reservations": {"devices": devices}}}
    return made


def _port(spec: ServiceSpec, container: ContainerSpec) -> dict[str, Any]:
    port: dict[str, Any] = {"target": container.port, "host_ip": "127.0.0.1", "protocol": "tcp"}
    return port | ({"published": str(spec.door_port)} if spec.door_port is not None else {})


def _volumes(container: ContainerSpec, roots: Sequence[str]) -> list[dict[str, Any]]:
    volumes = []
    for folder in dict.fromkeys([*container.models, *container.optional_models]):
        place = _place(folder, roots)
        if place is None and folder not in container.models:
            continue
        volumes.append(
            {
                "type": "bind",
                "source": _escaped(place) if place else f"./models/{folder}",
                "target": f"/models/{folder}",
                "read_only": True,
                # Compose would make a missing folder, as root.
                "bind": {"create_host_path": False},
            }
        )
    return volumes


def _place(folder: str, roots: Sequence[str]) -> str | None:
    for root in map(Path, roots):
        place = (root / folder).resolve()
        if place.is_dir() and place.is_relative_to(root.resolve()):
            return str(place)
    return None


def _gpus(gpu: GPUSpec) -> dict[str, Any]:
    which: dict[str, Any] = {"device_ids": list(gpu.ids)} if gpu.ids else {"count": gpu.count}
    return {"driver": "nvidia", **which, "capabilities": ["gpu"]}


def _secret(spec: ServiceSpec) -> str:
    return f"{spec.name}-token"


def _may_be_pulled(container: ContainerSpec) -> bool:
    if container.pull is not None:
        return container.pull
    first, slash, _ = container.image.partition("/")
    return bool(slash) and bool(re.search(r"[.:]|^localhost$", first))


def _escaped(text: str) -> str:
    # Compose puts variables of its own environment in the place of $NAME.
    return text.replace("$", "$$")


def _steps(specs: Sequence[ServiceSpec], settings: ComposeSettings) -> Iterable[str]:
    if any(spec.container and spec.container.token_path for spec in specs):
        yield "mkdir -m 700 secrets"
    for spec in specs:
        if spec.container and spec.container.token_path:
            # Readable to all inside a folder that is closed: the service has no capability, not
            # even that of reading its owner's files.
            file = f"secrets/{spec.name}"
            yield f'printf %s "$(openssl rand -hex 32)" > {file} && chmod 444 {file}'
    for spec in specs:
        if spec.build is not None:
            yield f"coursia-genai build {spec.name}"
    folders = {
        folder
        for spec in specs
        if spec.container
        for folder in spec.container.models
        if _place(folder, settings.model_roots) is None
    }
    if folders:
        yield f"put models into {', '.join(f'./models/{name}' for name in sorted(folders))}"
