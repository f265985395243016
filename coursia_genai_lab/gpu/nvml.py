"""Take one reading through NVML; each of its calls may fail without spoiling the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any, TypeVar

from .processes import ProcessTable
from .reading import Device, DeviceState, Fault, FaultCode, GPUProcess, MigMode, Reading

T = TypeVar("T")

MIB = 1024 * 1024
_MILLI = 1000
_CUDA_MAJOR = 1000
"""NVML writes CUDA 12.4 as 12040."""


class Nvml:
    """The driver, asked through the module `pynvml` of nvidia-ml-py or one like it."""

    def __init__(self, pynvml: ModuleType | Any, processes: ProcessTable) -> None:
        self._nvml: Any = pynvml
        self._processes = processes
        self._open = False
        # The second one: this nvidia-ml-py and the driver differ on the shape of an answer.
        mismatch = getattr(pynvml, "NVMLLibraryMismatchError", pynvml.NVMLError)
        self._errors: tuple[type[Exception], ...] = (pynvml.NVMLError, mismatch)

    def read(self) -> Reading:
        """Return a reading; what cannot be read is None in it, or its fault. Never raises.

        May take seconds where the driver has gone to sleep, and for ever where a GPU falls off
        its bus: run it in a process that somebody can kill.
        """
        at = time.time()
        if not self._open:
            fault = self._begin()
            if fault is not None:
                return Reading(at=at, fault=fault)
        driver = _text(self._try(self._nvml.nvmlSystemGetDriverVersion))
        cuda = self._try(self._nvml.nvmlSystemGetCudaDriverVersion_v2)
        try:
            count = int(self._nvml.nvmlDeviceGetCount())
        except self._errors as error:
            return Reading(at=at, driver=driver, fault=self._fault(error))
        devices: list[Device] = []
        unseen: dict[int, Fault] = {}
        for index in range(count):
            try:
                devices.extend(self._gpu(index))
            except self._errors as error:
                unseen[index] = self._fault(error)
        fault = _judged(devices, unseen)
        return Reading(at, driver, _cuda(cuda), tuple(devices), fault)

    def close(self) -> None:
        """Let go of the driver. Idempotent."""
        if self._open:
            self._open = False
            self._try(self._nvml.nvmlShutdown)

    def _begin(self) -> Fault | None:
        try:
            self._nvml.nvmlInit()
        except self._errors as error:
            return self._fault(error)
        self._open = True
        return None

    def _gpu(self, index: int) -> Iterator[Device]:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        uuid = _text(nvml.nvmlDeviceGetUUID(handle)) or f"GPU-{index}"
        split = self._mig(handle)
        gpu = self._device(handle, uuid, index, mig=split)
        if split != "on":
            yield gpu
            return
        # Its processes are those of its instances.
        yield replace(gpu, processes=())
        places = self._try(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0
        for place in range(places):
            instance = self._try(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, place)
            name = _text(self._try(nvml.nvmlDeviceGetUUID, instance)) if instance else None
            if instance is not None and name is not None:
                yield self._device(instance, name, place, mig="on", parent=uuid)

    def _mig(self, handle: Any) -> MigMode:
        nvml = self._nvml
        try:
            now, _ = nvml.nvmlDeviceGetMigMode(handle)
        except self._errors as error:
            code = getattr(error, "value", None)
            # GPUs that cannot be split, and drivers from before there was such a thing.
            cannot = (nvml.NVML_ERROR_NOT_SUPPORTED, nvml.NVML_ERROR_FUNCTION_NOT_FOUND)
            return "off" if code in cannot else "unknown"
        return "on" if now else "off"

    def _device(
        self, handle: Any, uuid: str, index: int, *, mig: MigMode, parent: str | None = None
    ) -> Device:
        nvml = self._nvml
        state: DeviceState = "ok"
        total = used = free = reserved = None
        try:
            total, used, free, reserved = self._memory(handle)
        except self._errors as error:
            if self._fault(error).code == "gpu_lost":
                state = "lost"
        busy = self._try(nvml.nvmlDeviceGetUtilizationRates, handle)
        processes = None if state == "lost" else self._users(handle)
        return Device(
            uuid=uuid,
            index=index,
            name=_text(self._try(nvml.nvmlDeviceGetName, handle)) or "GPU",
            state=state,
            total_mib=total,
            used_mib=used,
            free_mib=free,
            reserved_mib=reserved,
            busy_percent=None if busy is None else float(busy.gpu),
            temperature_celsius=self._try(
                nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU
            ),
            power_watts=_watts(self._try(nvml.nvmlDeviceGetPowerUsage, handle)),
            power_limit_watts=_watts(self._try(nvml.nvmlDeviceGetEnforcedPowerLimit, handle)),
            mig=mig,
            parent=parent,
            processes=tuple(processes or ()),
            processes_known=processes is not None,
        )

    def _memory(self, handle: Any) -> tuple[int, int, int, int | None]:
        nvml = self._nvml
        try:
            found = nvml.nvmlDeviceGetMemoryInfo(handle, nvml.nvmlMemory_v2)
        except self._errors as error:
            if self._fault(error).code == "gpu_lost":
                raise
            # Drivers before 510 count what they reserve as used.
            old = nvml.nvmlDeviceGetMemoryInfo(handle)
            return old.total // MIB, old.used // MIB, old.free // MIB, None
        return found.total // MIB, found.used // MIB, found.free // MIB, found.reserved // MIB

    def _users(self, handle: Any) -> list[GPUProcess] | None:
        nvml = self._nvml
        asked = [
            self._try(nvml.nvmlDeviceGetComputeRunningProcesses, handle),
            self._try(nvml.nvmlDeviceGetGraphicsRunningProcesses, handle),
        ]
        if asked[0] is None:
            return None
        held: dict[int, int | None] = {}
        for process in (one for found in asked if found for one in found):
            mib = None if process.usedGpuMemory is None else process.usedGpuMemory // MIB
            # A program that computes and draws is in both lists, with the same figure.
            held[process.pid] = max(held.get(process.pid) or 0, mib) if mib is not None else mib
        return [self._processes.process(pid, mib) for pid, mib in sorted(held.items())]

    def _try(self, call: Callable[..., T], *arguments: Any) -> T | None:
        try:
            return call(*arguments)
        except self._errors:
            return None

    def _fault(self, error: Exception) -> Fault:
        nvml, value = self._nvml, getattr(error, "value", None)
        codes: dict[int, FaultCode] = {
            nvml.NVML_ERROR_LIBRARY_NOT_FOUND: "no_driver",
            nvml.NVML_ERROR_DRIVER_NOT_LOADED: "driver_not_loaded",
            nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "driver_mismatch",
            nvml.NVML_ERROR_NO_PERMISSION: "no_permission",
            nvml.NVML_ERROR_GPU_IS_LOST: "gpu_lost",
            nvml.NVML_ERROR_RESET_REQUIRED: "gpu_lost",
            nvml.NVML_ERROR_GPU_NOT_FOUND: "no_gpu",
        }
        return Fault(codes.get(value, "driver_failed") if value else "driver_failed", str(error))


def _judged(devices: list[Device], unseen: dict[int, Fault]) -> Fault | None:
    lost = [f"{device.name}, number {device.index}" for device in devices if device.state == "lost"]
    # A batch system or a container shows us some of the GPUs, and forbids the others.
    lost += [f"number {index}" for index, fault in unseen.items() if fault.code != "no_permission"]
    if lost and (devices or any(fault.code == "gpu_lost" for fault in unseen.values())):
        return Fault("gpu_lost", "; ".join(lost))
    if unseen and not devices:
        return next(iter(unseen.values()))
    return None if devices else Fault("no_gpu")


def _text(value: Any) -> str | None:
    # Some versions of nvidia-ml-py give bytes.
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _watts(milliwatts: float | None) -> float | None:
    return None if milliwatts is None else milliwatts / _MILLI


def _cuda(number: int | None) -> str | None:
    return None if number is None else f"{number // _CUDA_MAJOR}.{number % _CUDA_MAJOR // 10}"
