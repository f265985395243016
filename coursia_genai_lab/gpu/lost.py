"""GPUs that were there and are not: a driver that lost one may not even say which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .reading import Device, Fault, Reading


def with_lost(reading: Reading, known: Mapping[str, Device]) -> Reading:
    """Return the reading with every known GPU that is missing in it, as lost.

    Instances of MIG are made and unmade by administrators, so a missing one is none. A reading
    that tells nothing of GPUs, as without a driver, stays as it is.
    """
    if reading.at is None or (reading.fault and reading.fault.code not in ("gpu_lost", "no_gpu")):
        return reading
    devices = [_as_known(device, known) for device in reading.devices]
    present = {device.uuid for device in devices}
    for uuid, device in known.items():
        if uuid not in present:
            devices.append(_lost(device))
    lost = [f"{device.name}, number {device.index}" for device in devices if _is_lost(device)]
    if not lost:
        return reading
    numbers = {device.uuid: device.index for device in devices if device.parent is None}
    # An instance stays behind its GPU: sorted() keeps the order of equals.
    devices = sorted(devices, key=lambda device: numbers.get(device.parent or device.uuid, 0))
    return replace(reading, devices=tuple(devices), fault=Fault("gpu_lost", "; ".join(lost)))


def gpus_of(reading: Reading) -> dict[str, Device]:
    """Return the GPUs of a reading that answered, by UUID, without instances."""
    return {
        device.uuid: device
        for device in reading.devices
        if device.parent is None and device.state == "ok"
    }


def _as_known(device: Device, known: Mapping[str, Device]) -> Device:
    if _is_lost(device) and device.uuid in known:
        return _lost(replace(known[device.uuid], index=device.index))
    return device


def _lost(device: Device) -> Device:
    return Device(
        uuid=device.uuid,
        index=device.index,
        name=device.name,
        state="lost",
        total_mib=device.total_mib,
        mig=device.mig,
        processes_known=False,
    )


def _is_lost(device: Device) -> bool:
    return device.state == "lost" and device.parent is None
