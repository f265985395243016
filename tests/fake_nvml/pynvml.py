"""Stands in for nvidia-ml-py's `pynvml`: the devices live in a JSON file that a test writes.

FAKE_NVML names the file; `tests/simulated_gpus.py` writes it. It is read anew whenever it has
changed, so a program that has "opened the driver" sees what happens to its GPUs meanwhile.
Functions have the names, the arguments and the errors of the real module.
"""
# ruff: noqa: N802, N816 -- the names are the real module's

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

NVML_ERROR_UNINITIALIZED = 1
NVML_ERROR_INVALID_ARGUMENT = 2
NVML_ERROR_NOT_SUPPORTED = 3
NVML_ERROR_NO_PERMISSION = 4
NVML_ERROR_NOT_FOUND = 6
NVML_ERROR_DRIVER_NOT_LOADED = 9
NVML_ERROR_TIMEOUT = 10
NVML_ERROR_LIBRARY_NOT_FOUND = 12
NVML_ERROR_FUNCTION_NOT_FOUND = 13
NVML_ERROR_GPU_IS_LOST = 15
NVML_ERROR_RESET_REQUIRED = 16
NVML_ERROR_LIB_RM_VERSION_MISMATCH = 18
NVML_ERROR_GPU_NOT_FOUND = 28
NVML_ERROR_UNKNOWN = 999
NVML_TEMPERATURE_GPU = 0
nvmlMemory_v2 = 0x02000028

MIB = 1024 * 1024
_WORDS = {
    name.removeprefix("NVML_ERROR_").lower(): value
    for name, value in list(globals().items())
    if name.startswith("NVML_ERROR_")
}


class NVMLError(Exception):
    """As the real one: its `value` is NVML's number."""

    def __init__(self, value: int) -> None:
        super().__init__(value)
        self.value = value

    def __str__(self) -> str:
        named = (word for word, value in _WORDS.items() if value == self.value)
        return next(named, "unknown").replace("_", " ")


class _File:
    """The state, read again when the file has changed."""

    def __init__(self) -> None:
        self._seen: tuple[int, int, int] | None = None
        self._state: dict[str, Any] = {}
        self.opened = 0

    def read(self) -> dict[str, Any]:
        path = Path(os.environ["FAKE_NVML"])
        found = path.stat()
        mark = (found.st_ino, found.st_mtime_ns, found.st_size)
        if mark != self._seen:
            self._state, self._seen = json.loads(path.read_text(encoding="utf-8")), mark
        return self._state


_file = _File()


def _asked(call: str, handle: _Handle | None = None, *, closed: bool = False) -> dict[str, Any]:
    """Return the state, after whatever the test wants this call to do."""
    state = _file.read()
    wishes = [state.get("calls", {}).get(call)]
    if not closed and not _file.opened:
        raise NVMLError(NVML_ERROR_UNINITIALIZED)
    if handle is not None:
        gpu = handle.gpu(state)
        wishes.append(gpu.get("calls", {}).get(call))
        if gpu.get("lost") and call != "nvmlDeviceGetUUID":
            raise NVMLError(NVML_ERROR_GPU_IS_LOST)
    for wish in wishes:
        if wish == "hang":
            _hang(call)
        elif wish is not None:
            raise NVMLError(_WORDS[wish])
    return state


def _hang(call: str) -> None:
    while _file.read().get("calls", {}).get(call) == "hang":
        time.sleep(0.02)


class _Handle:
    """A GPU by its place in the state, or an instance of it."""

    def __init__(self, index: int, place: int | None = None) -> None:
        self.index = index
        self.place = place

    def gpu(self, state: dict[str, Any]) -> dict[str, Any]:
        try:
            gpu: dict[str, Any] = state["gpus"][self.index]
        except IndexError:
            raise NVMLError(NVML_ERROR_GPU_IS_LOST) from None
        return gpu

    def device(self, state: dict[str, Any]) -> dict[str, Any]:
        gpu = self.gpu(state)
        if self.place is None:
            return gpu
        try:
            instance: dict[str, Any] = gpu["instances"][self.place]
        except IndexError:
            raise NVMLError(NVML_ERROR_NOT_FOUND) from None
        return instance


def nvmlInit() -> None:
    state = _asked("nvmlInit", closed=True)
    if state.get("fault"):
        raise NVMLError(_WORDS[state["fault"]])
    _file.opened += 1


def nvmlShutdown() -> None:
    _asked("nvmlShutdown")
    _file.opened -= 1


def nvmlSystemGetDriverVersion() -> str:
    return str(_asked("nvmlSystemGetDriverVersion")["driver"])


def nvmlSystemGetCudaDriverVersion_v2() -> int:
    return int(_asked("nvmlSystemGetCudaDriverVersion_v2")["cuda"])


def nvmlDeviceGetCount() -> int:
    return len(_asked("nvmlDeviceGetCount")["gpus"])


def nvmlDeviceGetHandleByIndex(index: int) -> _Handle:
    handle = _Handle(index)
    if handle.gpu(_asked("nvmlDeviceGetHandleByIndex")).get("fallen"):
        raise NVMLError(NVML_ERROR_GPU_IS_LOST)
    return handle


def nvmlDeviceGetUUID(handle: _Handle) -> str:
    return str(handle.device(_asked("nvmlDeviceGetUUID", handle))["uuid"])


def nvmlDeviceGetName(handle: _Handle) -> str:
    return str(handle.device(_asked("nvmlDeviceGetName", handle))["name"])


def nvmlDeviceGetMigMode(device: _Handle) -> list[int]:
    mode = device.gpu(_asked("nvmlDeviceGetMigMode", device)).get("mig", "never")
    if mode == "never":
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
    return [int(mode == "on"), int(mode == "on")]


def nvmlDeviceGetMaxMigDeviceCount(device: _Handle) -> int:
    _asked("nvmlDeviceGetMaxMigDeviceCount", device)
    return 7


def nvmlDeviceGetMigDeviceHandleByIndex(device: _Handle, index: int) -> _Handle:
    state = _asked("nvmlDeviceGetMigDeviceHandleByIndex", device)
    handle = _Handle(device.index, index)
    handle.device(state)
    return handle


def nvmlDeviceGetMemoryInfo(handle: _Handle, version: int | None = None) -> SimpleNamespace:
    device = handle.device(_asked("nvmlDeviceGetMemoryInfo", handle))
    reserved, total = device.get("reserved_mib", 0) * MIB, device["total_mib"] * MIB
    used = sum(use["mib"] for use in _uses(device)) * MIB
    free = max(0, total - used - reserved)
    if version is None:
        return SimpleNamespace(total=total, used=used + reserved, free=free)
    if version != nvmlMemory_v2 or device.get("old_memory"):
        raise NVMLError(NVML_ERROR_FUNCTION_NOT_FOUND)
    return SimpleNamespace(version=version, total=total, used=used, free=free, reserved=reserved)


def nvmlDeviceGetUtilizationRates(handle: _Handle) -> SimpleNamespace:
    device = handle.device(_asked("nvmlDeviceGetUtilizationRates", handle))
    if handle.place is not None:
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
    return SimpleNamespace(gpu=device.get("busy_percent", 0), memory=0)


def nvmlDeviceGetTemperature(handle: _Handle, sensor: int) -> int:
    device = handle.device(_asked("nvmlDeviceGetTemperature", handle))
    if handle.place is not None:
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
    return int(device.get("temperature_celsius", 40))


def nvmlDeviceGetPowerUsage(handle: _Handle) -> int:
    device = handle.device(_asked("nvmlDeviceGetPowerUsage", handle))
    if handle.place is not None:
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
    return int(device.get("power_watts", 30) * 1000)


def nvmlDeviceGetEnforcedPowerLimit(handle: _Handle) -> int:
    device = handle.device(_asked("nvmlDeviceGetEnforcedPowerLimit", handle))
    if handle.place is not None:
        raise NVMLError(NVML_ERROR_NOT_SUPPORTED)
    return int(device.get("power_limit_watts", 350) * 1000)


def nvmlDeviceGetComputeRunningProcesses(handle: _Handle) -> list[SimpleNamespace]:
    return _listed(handle, "nvmlDeviceGetComputeRunningProcesses", "compute")


def nvmlDeviceGetGraphicsRunningProcesses(handle: _Handle) -> list[SimpleNamespace]:
    return _listed(handle, "nvmlDeviceGetGraphicsRunningProcesses", "graphics")


def _listed(handle: _Handle, call: str, kind: str) -> list[SimpleNamespace]:
    device = handle.device(_asked(call, handle))
    return [
        SimpleNamespace(
            pid=use["pid"],
            usedGpuMemory=None if use.get("amount_hidden") else use["mib"] * MIB,
            gpuInstanceId=0xFFFFFFFF,
            computeInstanceId=0xFFFFFFFF,
        )
        for use in _uses(device)
        if use.get("pid") is not None and use.get("kind", "compute") == kind
    ]


def _uses(device: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what holds memory now: what was given back stays until its time has come."""
    now = _file.read().get("now") or time.time()
    return [use for use in device["uses"] if use.get("until") is None or now < use["until"]]
