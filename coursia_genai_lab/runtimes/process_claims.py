"""GPU memory that children of this user's Labs hold, by their records on this host."""

from __future__ import annotations

from pathlib import Path

from .base import StartOrder
from .child import identify
from .gpu_claims import SeenClaim, default_devices, give_way, join_devices, split_devices
from .process_records import FOLDER, ProcessRecord, read_record


def chosen_devices(order: StartOrder) -> str:
    """Return the GPUs of an order as one text; empty where the spec wants none."""
    gpu = order.spec.gpu
    if gpu is None:
        return ""
    return join_devices(order.device_ids or default_devices(gpu.ids, gpu.count))


def gpu_environment(order: StartOrder) -> dict[str, str]:
    """Return the variables by which a child sees its own GPUs alone; none without a GPU."""
    devices = chosen_devices(order)
    if not devices:
        return {}
    # Else CUDA numbers the fastest first, unlike the driver.
    return {"CUDA_VISIBLE_DEVICES": devices, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def claims_of_others(state_folder: str, owner: str) -> list[SeenClaim]:
    """Return what children of this user's other Labs hold; their folders lie beside ours."""
    found = []
    for path in sorted(Path(state_folder).parent.glob(f"*/{FOLDER}/*.json")):
        record = read_record(path)
        if record is None or not record.gpus or record.owner == owner:
            continue
        if record.identity.same_process(identify(record.pid)):
            found.append(_claim(record))
    return found


def refuse_overbooking(order: StartOrder, record: ProcessRecord) -> None:
    """Return when a child that was just recorded fits beside older ones of other Labs.

    Raises:
        GPUTaken: it has to give way.
    """
    if record.gpus:
        others = claims_of_others(order.state_folder, order.owner)
        give_way(order.spec, _claim(record), others, order.gpu_rooms)


def _claim(record: ProcessRecord) -> SeenClaim:
    return SeenClaim(
        identifier=f"{record.pid}:{record.start_time}",
        service=record.service,
        owner=record.owner,
        devices=split_devices(record.gpus),
        mib=record.gpu_mib,
        exclusive=record.gpu_exclusive,
        since=record.started_at,
        rank=f"{record.started_at:020.6f} {record.pid:09d}",
    )
