"""GPU memory as containers' labels claim it: every Lab on the engine can read them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import docker

from .base import StartOrder
from .docker_calls import inspect
from .gpu_claims import SeenClaim, default_devices, give_way, join_devices, split_devices

DEVICES_LABEL = "io.coursia.genai.gpu.devices"
MIB_LABEL = "io.coursia.genai.gpu.mib"
EXCLUSIVE_LABEL = "io.coursia.genai.gpu.exclusive"
_OWNER_LABEL = "io.coursia.genai.owner"
_SERVICE_LABEL = "io.coursia.genai.service"
_LIVE = ("created", "running", "restarting", "paused")
_STALE_SECONDS = 120.0
"""A container that was made so long ago and never started belongs to a start that was killed."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
"""RFC 3339, in nanoseconds, which Python 3.10 does not read."""


def claim_labels(order: StartOrder) -> dict[str, str]:
    """Return the labels that say what a container of this order holds; none without a GPU."""
    gpu = order.spec.gpu
    if gpu is None:
        return {}
    return {
        DEVICES_LABEL: join_devices(order.device_ids or default_devices(gpu.ids, gpu.count)),
        MIB_LABEL: str(gpu.vram_mib),
        EXCLUSIVE_LABEL: "true" if gpu.exclusive else "false",
    }


def claims_of_others(client: docker.DockerClient, owner: str) -> list[SeenClaim]:
    """Return what containers of other owners hold, in whatever namespace."""
    return [
        _claim(row, rank="") for row in _rows(client) if row["Labels"].get(_OWNER_LABEL) != owner
    ]


def refuse_overbooking(client: docker.DockerClient, order: StartOrder, container: str) -> None:
    """Return when a container that was just made fits beside other Labs' older ones.

    No Lab can see another's decision before its container is there, so each looks once more
    when its own can be seen, and again when it runs; the engine's time of creation decides, but
    what does not run yet gives way to all that does: the looks of those may be over.

    Raises:
        GPUTaken: it has to give way.
    """
    if order.spec.gpu is None:
        return
    rows = {str(row["Id"]): row for row in _rows(client)}
    mine = rows.pop(container, None)
    if mine is None:
        return
    wanted = set(split_devices(mine["Labels"].get(DEVICES_LABEL, "")))
    rivals = []
    for row in rows.values():
        foreign = row["Labels"].get(_OWNER_LABEL) != order.owner
        if foreign and wanted & set(split_devices(row["Labels"].get(DEVICES_LABEL, ""))):
            late = row.get("State") == "running" and mine.get("State") == "created"
            rank = "" if late else _rank(client, str(row["Id"]))
            if rank is not None:
                rivals.append(_claim(row, rank=rank))
    if rivals:
        claim = _claim(mine, rank=_rank(client, container) or "")
        give_way(order.spec, claim, rivals, order.gpu_rooms)


def _rows(client: docker.DockerClient) -> list[Mapping[str, Any]]:
    # Podman heeds a label without a value on lists, though not on events.
    rows = client.api.containers(all=True, filters={"label": [DEVICES_LABEL]})
    live = [row for row in rows if row.get("State") in _LIVE and row.get("Labels")]
    if all(row.get("State") != "created" for row in live):
        return live
    now = _engine_time(client)
    return [row for row in live if not _is_stale(row, now)]


def _is_stale(row: Mapping[str, Any], now: float) -> bool:
    age = now - float(row.get("Created") or 0)
    return row.get("State") == "created" and age > _STALE_SECONDS


def _engine_time(client: docker.DockerClient) -> float:
    """Return the engine's own time, in Unix seconds: its clock may differ from ours."""
    told = _TIME.fullmatch(str(client.info().get("SystemTime") or ""))
    if told is None:
        return time.time()
    zone = "+00:00" if told[2] == "Z" else told[2]
    return datetime.fromisoformat(told[1] + zone).timestamp()


def _rank(client: docker.DockerClient, container: str) -> str | None:
    """Return a text that sorts by the time of creation, then by id; None when it is gone."""
    found = inspect(client, container)
    if found is None:
        return None
    # The list has whole seconds only, and the inspection drops the zeros at the end.
    whole, _, fraction = str(found["Created"]).rstrip("Z").partition(".")
    return f"{whole}.{fraction:0<9} {container}"


def _claim(row: Mapping[str, Any], *, rank: str) -> SeenClaim:
    labels = row["Labels"]
    mib = labels.get(MIB_LABEL, "")
    return SeenClaim(
        identifier=str(row["Id"]),
        service=labels.get(_SERVICE_LABEL, ""),
        owner=labels.get(_OWNER_LABEL, ""),
        devices=split_devices(labels.get(DEVICES_LABEL, "")),
        mib=int(mib) if mib.isdecimal() else 0,
        exclusive=labels.get(EXCLUSIVE_LABEL) == "true",
        since=float(row.get("Created") or 0),
        rank=rank,
    )
