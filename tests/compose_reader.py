"""What a Compose implementation makes of a file: the arguments of the engine's own calls.

Written from the Compose specification and apart from what writes the file; a key that it does
not know is an error, so that nothing of a file is passed over.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import docker
from docker.types import DeviceRequest, IPAMConfig, IPAMPool, LogConfig, Mount

NOT_OF_THE_CONTAINER = {"container_name", "pull_policy", "stop_grace_period"}


def unescaped(text: str) -> str:
    """Return a value after interpolation with an empty environment; `$$` is one dollar."""
    assert not re.search(r"(?<!\$)(\$\$)*\$(?!\$)", text), text
    return text.replace("$$", "$")


def container_arguments(made: dict[str, Any], name: str, folder: Path) -> dict[str, Any]:
    """Return the arguments of `containers.create` for a service of a Compose file in a folder."""
    service = dict(made["services"][name])
    known: dict[str, Any] = {
        "image": service.pop("image"),
        "cap_drop": service.pop("cap_drop"),
        "security_opt": service.pop("security_opt"),
        "init": service.pop("init"),
        "read_only": service.pop("read_only"),
        "mem_limit": service.pop("mem_limit"),
        "memswap_limit": service.pop("memswap_limit"),
        "pids_limit": service.pop("pids_limit"),
        "environment": {k: unescaped(v) for k, v in service.pop("environment", {}).items()},
    }
    [network] = service.pop("networks")
    assert network in made["networks"]
    [port] = service.pop("ports")
    published = int(port["published"]) if "published" in port else None
    known["ports"] = {f"{port['target']}/{port['protocol']}": (port["host_ip"], published)}
    logging = service.pop("logging")
    known["log_config"] = LogConfig(type=logging["driver"], config=logging["options"])
    mounts = []
    for secret in service.pop("secrets", []):
        file = folder / made["secrets"][secret["source"]]["file"]
        mounts.append(Mount(secret["target"], str(file.resolve()), type="bind", read_only=True))
    for volume in service.pop("volumes", []):
        assert volume["bind"] == {"create_host_path": False}
        source = str((folder / unescaped(volume["source"])).resolve())
        mounts.append(
            Mount(volume["target"], source, type=volume["type"], read_only=volume["read_only"])
        )
    known["mounts"] = mounts
    if "command" in service:
        known["command"] = [unescaped(word) for word in service.pop("command")]
    if "user" in service:
        known["user"] = service.pop("user")
    if "tmpfs" in service:
        known["tmpfs"] = dict(place.split(":", 1) for place in service.pop("tmpfs"))
    if "cpus" in service:
        known["nano_cpus"] = int(service.pop("cpus") * 1e9)
    if "deploy" in service:
        devices = service.pop("deploy")["resources"]["reservations"]["devices"]
        known["device_requests"] = [
            DeviceRequest(
                count=device.get("count", 0),
                device_ids=device.get("device_ids"),
                capabilities=[device["capabilities"]],
            )
            for device in devices
        ]
        assert [device["driver"] for device in devices] == ["nvidia"]
    assert set(service) <= NOT_OF_THE_CONTAINER, set(service) - NOT_OF_THE_CONTAINER
    return known


def create_network(client: docker.DockerClient, made: dict[str, Any], name: str) -> str:
    """Make the only network of a Compose file under a name; return its id."""
    [network] = made["networks"].values()
    assert set(network) == {"driver", "driver_opts", "ipam"}
    pools = [IPAMPool(subnet=one["subnet"]) for one in network["ipam"]["config"]]
    return str(
        client.api.create_network(
            name,
            driver=network["driver"],
            options=network["driver_opts"],
            ipam=IPAMConfig(pool_configs=pools),
        )["Id"]
    )
