"""What one look at the GPUs found, as plain values that also cross a pipe.

The child that looks imports this module and little else, so it stands on dataclasses alone.
Memory is in MiB, time in Unix seconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

DeviceState = Literal["ok", "lost"]
MigMode = Literal["off", "on", "unknown"]
FaultCode = Literal[
    "no_driver",
    "driver_not_loaded",
    "driver_mismatch",
    "no_permission",
    "driver_hangs",
    "driver_failed",
    "no_gpu",
    "gpu_lost",
]


@dataclass(frozen=True)
class Fault:
    """Why GPUs cannot be read, or not all of them; `problems.py` has the sentences."""

    code: FaultCode
    detail: str = ""
    """The driver's own word, or the GPUs that are lost."""


@dataclass(frozen=True)
class GPUProcess:
    """A process that holds memory of a device; what the system does not tell is None."""

    pid: int
    used_mib: int | None = None
    program: str | None = None
    """The program's name as the kernel keeps it, at most 15 characters."""
    owner: str | None = None
    """The Unix user's name, or number where it has none."""
    container: str | None = None
    """The full id of the container that it runs in."""
    group: int | None = None
    """Its process group: the pid of the leader."""


@dataclass(frozen=True)
class Device:
    """A GPU, or a MIG instance of one (then `parent` is the GPU's UUID)."""

    uuid: str
    index: int
    """The driver's number; of an instance: its place on its GPU."""
    name: str
    state: DeviceState = "ok"
    total_mib: int | None = None
    used_mib: int | None = None
    """Held by programs: without what the driver reserves, where it says how much."""
    free_mib: int | None = None
    reserved_mib: int | None = None
    busy_percent: float | None = None
    temperature_celsius: float | None = None
    power_watts: float | None = None
    power_limit_watts: float | None = None
    mig: MigMode = "off"
    parent: str | None = None
    processes: tuple[GPUProcess, ...] = ()
    processes_known: bool = True
    """False: the driver does not say who uses it."""

    @property
    def takes_work(self) -> bool:
        """Whether a program can run on it: a GPU that is split into instances takes none."""
        return self.state == "ok" and (self.parent is not None or self.mig != "on")


@dataclass(frozen=True)
class Reading:
    """One look at every device."""

    at: float | None = None
    """Unix time, seconds; None: nobody has looked yet."""
    driver: str | None = None
    cuda: str | None = None
    devices: tuple[Device, ...] = ()
    """By index, each GPU followed by its instances."""
    fault: Fault | None = None

    @property
    def readable(self) -> bool:
        """Whether `devices` is what this machine has: also with a lost one, never by a guess."""
        return self.at is not None and (self.fault is None or self.fault.code == "gpu_lost")

    def device(self, name: str) -> Device | None:
        """Return the device with this UUID, or the GPU with this index; None for neither."""
        for device in self.devices:
            if device.uuid == name or (device.parent is None and str(device.index) == name):
                return device
        return None


NOTHING_YET = Reading()


def to_json(reading: Reading) -> str:
    """Return one line that `from_json` understands."""
    # Once a second, for as long as somebody looks: asdict() would copy every value.
    devices = [
        {**vars(device), "processes": [vars(process) for process in device.processes]}
        for device in reading.devices
    ]
    fault = None if reading.fault is None else vars(reading.fault)
    fields = {**vars(reading), "devices": devices, "fault": fault}
    return json.dumps(fields, separators=(",", ":"))


def from_json(line: str | bytes) -> Reading:
    """Return the reading that a line holds.

    Raises:
        ValueError: it is no such line.
    """
    try:
        fields: dict[str, Any] = json.loads(line)
        devices = tuple(_device(device) for device in fields.pop("devices"))
        fault = fields.pop("fault")
        return Reading(**fields, devices=devices, fault=None if fault is None else Fault(**fault))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"This is no reading: {error}") from None


def _device(fields: dict[str, Any]) -> Device:
    processes = tuple(GPUProcess(**process) for process in fields.pop("processes"))
    return Device(**fields, processes=processes)
