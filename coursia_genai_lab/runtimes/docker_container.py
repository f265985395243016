"""A service as a container: its name, labels and limits, and what an inspection tells."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount

from ..catalog.spec import ContainerSpec, GPUSpec, ServiceSpec
from ..errors import ConfigurationError, ServiceError
from .base import Exit, Instance, Secret, StartOrder
from .docker_calls import Inspection
from .docker_claims import DEVICES_LABEL, claim_labels
from .docker_network import NAMESPACE_LABEL
from .fingerprint import fingerprint, speech_fingerprint

OWNER_LABEL = "io.coursia.genai.owner"
SERVICE_LABEL = "io.coursia.genai.service"
HASH_LABEL = "io.coursia.genai.spec-hash"
SPEECH_LABEL = "io.coursia.genai.speech-hash"
STARTED_LABEL = "io.coursia.genai.started"
TOKEN_LABEL = "io.coursia.genai.token-ref"


def container_name(namespace: str, service: str) -> str:
    """Return the name, which is also the lock between Labs: an engine has each name once."""
    return f"{namespace}-{service}"


def container_of(spec: ServiceSpec) -> ContainerSpec:
    """Return the spec's container table.

    Raises:
        ConfigurationError: it has none.
    """
    if spec.container is None:
        raise ConfigurationError(f"{spec.title} has no [container] in its service file.")
    return spec.container


def create_arguments(
    order: StartOrder, *, network: str, credential_file: Path | None, cpus: int
) -> dict[str, Any]:
    """Return the arguments of `containers.create`; `cpus` is what the engine has.

    What is not given here is not to be had: no privilege, no device, no writable mount.

    Raises:
        ConfigurationError: a folder of models is missing or outside the model roots.
    """
    container = container_of(order.spec)
    memory = f"{container.memory_mib}m"
    arguments: dict[str, Any] = {
        "image": container.image,
        "name": container_name(order.namespace, order.spec.name),
        "labels": {
            OWNER_LABEL: order.owner,
            SERVICE_LABEL: order.spec.name,
            NAMESPACE_LABEL: order.namespace,
            HASH_LABEL: fingerprint(order.spec),
            SPEECH_LABEL: speech_fingerprint(order.spec),
            STARTED_LABEL: f"{time.time():.3f}",
            TOKEN_LABEL: credential_file.name if credential_file else "",
            **claim_labels(order),
        },
        "environment": dict(container.environment),
        "network": network,
        "ports": {f"{container.port}/tcp": ("127.0.0.1", None)},
        # `mounts` and never `volumes`, which makes missing folders, as root.
        "mounts": [*_credential_mount(container, credential_file), *_models(order, container)],
        "init": True,  # else a PID 1 without handlers ignores the polite signal
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "mem_limit": memory,
        "memswap_limit": memory,  # equal: no swap on top
        "pids_limit": container.pids,
        "log_config": LogConfig(type="json-file", config={"max-size": "4m", "max-file": "2"}),
        "read_only": container.read_only,
    }
    if container.command:
        arguments["command"] = list(container.command)
    if container.user:
        arguments["user"] = container.user
    if container.read_only:
        arguments["tmpfs"] = {"/tmp": "rw,nosuid,nodev,size=512m,mode=1777"}  # noqa: S108 -- within
    if container.cpus:
        # More than there are is an error to the engine.
        arguments["nano_cpus"] = int(min(container.cpus, max(cpus, 1)) * 1e9)
    if order.spec.gpu is not None:
        arguments["device_requests"] = [_gpus(order.spec.gpu, order.device_ids)]
    return arguments


def published_port(inspection: Inspection, spec: ServiceSpec) -> int | None:
    """Return the loopback port of the service; None when the container has none."""
    ports = inspection["NetworkSettings"].get("Ports") or {}
    bindings = ports.get(f"{container_of(spec).port}/tcp") or []
    return next((int(one["HostPort"]) for one in bindings if one["HostIp"] == "127.0.0.1"), None)


def labels_of(inspection: Inspection) -> Mapping[str, str]:
    """Return the labels, of a full inspection."""
    return inspection["Config"].get("Labels") or {}


def is_current(inspection: Inspection, spec: ServiceSpec) -> bool:
    """Say whether it runs, and as the spec wants it at present."""
    running = bool(inspection["State"]["Running"])
    return running and labels_of(inspection).get(HASH_LABEL) == fingerprint(spec)


def is_usable(inspection: Inspection, spec: ServiceSpec) -> bool:
    """Say whether it runs and can be spoken to as the spec says, though it may run otherwise."""
    running = bool(inspection["State"]["Running"])
    return running and labels_of(inspection).get(SPEECH_LABEL) == speech_fingerprint(spec)


def instance_of(
    inspection: Inspection, spec: ServiceSpec, credential: Secret, *, adopted: bool
) -> Instance:
    """Return the running container as an instance.

    Raises:
        ServiceError: it has no port on 127.0.0.1.
    """
    port = published_port(inspection, spec)
    if port is None:
        raise ServiceError(
            f"Docker gave {spec.title} no port on 127.0.0.1.",
            "See `docker ps`; restarting Docker may help.",
            code="no_port",
        )
    try:
        started_at = float(labels_of(inspection).get(STARTED_LABEL, ""))
    except ValueError:
        started_at = time.time()
    return Instance(
        service=spec.name,
        runtime="docker",
        identifier=str(inspection["Id"]),
        url=f"http://127.0.0.1:{port}",
        credential=credential,
        started_at=started_at if math.isfinite(started_at) else time.time(),
        adopted=adopted,
        detail={
            "container": str(inspection["Name"]).lstrip("/"),
            "image": str(inspection["Config"]["Image"]),
            "image_digest": str(inspection.get("Image") or ""),
            "gpus": labels_of(inspection).get(DEVICES_LABEL, ""),
        },
    )


def exit_of(inspection: Inspection) -> Exit | None:
    """Return how the container ended; None while it runs."""
    state = inspection["State"]
    if state["Running"] or state["Status"] in ("created", "restarting"):
        return None
    code = int(state["ExitCode"])
    if state.get("OOMKilled"):
        return Exit(code, "killed: out of memory")
    if state.get("Error"):
        return Exit(code, f"ended: {str(state['Error'])[:200]}")
    if code > 128:
        return Exit(code, f"killed by signal {code - 128}")
    return Exit(code, f"exited with status {code}")


def _credential_mount(container: ContainerSpec, file: Path | None) -> Sequence[Mount]:
    if file is None or container.token_path is None:
        return []
    return [Mount(target=container.token_path, source=str(file), type="bind", read_only=True)]


def _models(order: StartOrder, container: ContainerSpec) -> Sequence[Mount]:
    mounts = []
    for folder in dict.fromkeys([*container.models, *container.optional_models]):
        place = _model_folder(order, folder)
        if place is not None:
            target = f"/models/{folder.strip('/')}"
            mounts.append(Mount(target=target, source=str(place), type="bind", read_only=True))
        elif folder in container.models:
            raise ConfigurationError(
                f"{order.spec.title} wants the model folder {folder}, which is in no model root.",
                "Put it into a folder named by GenAILab.model_roots.",
            )
    return mounts


def _model_folder(order: StartOrder, folder: str) -> Path | None:
    for root in map(Path, order.model_roots):
        place = (root / folder).resolve()
        if place.is_dir() and place.is_relative_to(root.resolve()):
            return place
    return None


def _gpus(gpu: GPUSpec, chosen: Sequence[str]) -> DeviceRequest:
    # Docker allocates nothing: a mere count means the first ones, for every container anew.
    ids = list(chosen or gpu.ids)
    if ids:
        return DeviceRequest(device_ids=ids, capabilities=[["gpu"]])
    return DeviceRequest(count=gpu.count, capabilities=[["gpu"]])
