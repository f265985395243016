"""GPUs that exist in a file: our real reader sees them through the fake `pynvml`.

    gpus = SimulatedGPUs(tmp_path)
    card = gpus.add("RTX 4090", total_mib=24_000)
    gpus.use(card, 9_000, pid=4711)              # a program takes memory
    gpus.give_back(card, pid=4711, after=0.5)    # it ends, and the driver frees it later
    gpus.lose(card)                              # the GPU falls off its bus
    Sampler(gpus.command) ; {"GenAILab": {"gpu_reader": gpus.command}}   # who looks
    gpus.reading()                               # the same reading, in this process

Each change is one atomic write, seen by every reader that runs, in whatever process. Memory that
is given back late goes by the wall's clock, or by `set_time` once a test has called that.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from coursia_genai_lab.gpu.nvml import Nvml
from coursia_genai_lab.gpu.processes import ProcessTable
from coursia_genai_lab.gpu.reading import Reading

FAKE_NVML = Path(__file__).resolve().parent / "fake_nvml"
RESERVED_MIB = 300


class SimulatedGPUs:
    """The machine's GPUs; every method may be called while readers run."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "gpus.json"
        if not self.file.exists():
            self._write({"driver": "550.54.15", "cuda": 12040, "gpus": [], "calls": {}})

    @property
    def command(self) -> list[str]:
        """The command line of a reader of these GPUs, for `Sampler` and `GenAILab.gpu_reader`."""
        return [sys.executable, str(FAKE_NVML / "read.py"), str(self.file)]

    def reading(self) -> Reading:
        """Return what our reading code finds now, without a child process."""
        os.environ["FAKE_NVML"] = str(self.file)
        try:
            driver = Nvml(fake_pynvml(), ProcessTable(same_pids=True))
            found = driver.read()
            driver.close()
            return found
        finally:
            del os.environ["FAKE_NVML"]

    # -- devices --------------------------------------------------------------------------------

    def add(
        self,
        name: str = "NVIDIA GeForce RTX 4090",
        total_mib: int = 24_000,
        *,
        reserved_mib: int = RESERVED_MIB,
        uuid: str = "",
        **figures: Any,
    ) -> str:
        """Add a GPU and return its UUID; `figures` as in the fake, `busy_percent=80` say."""
        with self._state() as state:
            index = len(state["gpus"])
            gpu = {
                "uuid": uuid or f"GPU-00000000-0000-4000-8000-{index:012d}",
                "name": name,
                "total_mib": total_mib,
                "reserved_mib": reserved_mib,
                "uses": [],
                "instances": [],
                "calls": {},
                **figures,
            }
            state["gpus"].append(gpu)
            return str(gpu["uuid"])

    def split(self, gpu: str, *totals_mib: int) -> list[str]:
        """Put a GPU into MIG mode with instances of so much memory; return their UUIDs."""
        with self._state() as state:
            found = _gpu(state, gpu)
            found["mig"] = "on"
            found["instances"] = [
                {
                    "uuid": f"MIG-{gpu.removeprefix('GPU-')[:-1]}{place}",
                    "name": f"{found['name']} MIG",
                    "total_mib": total,
                    "reserved_mib": 0,
                    "uses": [],
                }
                for place, total in enumerate(totals_mib)
            ]
            return [instance["uuid"] for instance in found["instances"]]

    def change(self, gpu: str, **figures: Any) -> None:
        """Set figures of a GPU: `busy_percent`, `temperature_celsius`, `old_memory`, …"""
        with self._state() as state:
            _device(state, gpu).update(figures)

    def lose(self, gpu: str, *, nameless: bool = False) -> None:
        """Let a GPU fall off its bus: what is asked of it fails as lost from now on.

        `nameless`: the driver does not even say which one it was, as newer ones do.
        """
        self.change(gpu, lost=True, fallen=nameless)

    def vanish(self, gpu: str) -> None:
        """Let a GPU be gone from the driver's list, as after a driver that came back without it."""
        with self._state() as state:
            state["gpus"] = [one for one in state["gpus"] if one["uuid"] != gpu]

    def bring_back(self, gpu: str) -> None:
        """Let a lost GPU work again, empty: it was reset."""
        self.change(gpu, lost=False, fallen=False, uses=[])

    # -- memory ---------------------------------------------------------------------------------

    def use(
        self,
        device: str,
        mib: int,
        *,
        pid: int | None = None,
        label: str = "",
        kind: str = "compute",
        amount_hidden: bool = False,
    ) -> None:
        """Let `pid` (or `label`) hold so much of a device from now on, in place of what it held.

        Without a pid the driver names nobody for it: a leak, or what it keeps for itself.
        """
        with self._state() as state:
            uses = _device(state, device)["uses"]
            uses[:] = [use for use in uses if not _is(use, pid, label)]
            more = {"pid": pid, "label": label, "mib": mib, "kind": kind}
            uses.append({**more, "amount_hidden": amount_hidden})

    def give_back(
        self,
        device: str,
        *,
        pid: int | None = None,
        label: str = "",
        after: float | None = 0.0,
        leak_mib: int = 0,
    ) -> None:
        """Let a holder end; its memory is free `after` seconds (None: never).

        Until then the driver still counts it and names nobody. `leak_mib` of it never come back.
        """
        with self._state() as state:
            uses = _device(state, device)["uses"]
            now = state.get("now") or time.time()
            for use in [use for use in uses if _is(use, pid, label)]:
                lasting = min(leak_mib, use["mib"])
                use.update(pid=None, mib=use["mib"] - lasting)
                use["until"] = None if after is None else now + after
                if lasting:
                    uses.append({"pid": None, "label": label, "mib": lasting})

    def used_mib(self, device: str) -> int:
        """Return what is held of a device at this moment, by whomever."""
        found = self.reading().device(device)
        if found is None or found.used_mib is None:
            raise LookupError(f"{device} tells no memory")
        return found.used_mib

    def set_time(self, now: float) -> None:
        """Let memory come back by this clock, Unix seconds, and no longer by the wall's."""
        with self._state() as state:
            state["now"] = now

    # -- the driver -----------------------------------------------------------------------------

    def driver_says(self, fault: str | None) -> None:
        """Let the driver not open: `library_not_found`, `driver_not_loaded`, `no_permission`, …

        None lets it open again.
        """
        with self._state() as state:
            state["fault"] = fault

    def call_fails(self, call: str, error: str | None, *, gpu: str | None = None) -> None:
        """Let one NVML call fail (`not_supported`, `gpu_is_lost`, …), on all GPUs or on one."""
        with self._state() as state:
            place = state if gpu is None else _gpu(state, gpu)
            place["calls"][call] = error

    def hang(self, call: str = "nvmlDeviceGetMemoryInfo") -> None:
        """Let a call of the driver never return: who is in it stays there until it is killed."""
        with self._state() as state:
            state["calls"][call] = "hang"

    def stop_hanging(self) -> None:
        """Let the driver answer those who ask from now on."""
        with self._state() as state:
            state["calls"] = {call: wish for call, wish in state["calls"].items() if wish != "hang"}

    # -- the file -------------------------------------------------------------------------------

    def _state(self) -> _Change:
        return _Change(self.file, self._write)

    def _write(self, state: dict[str, Any]) -> None:
        new = self.file.with_suffix(f".{os.getpid()}.new")
        new.write_text(json.dumps(state), encoding="utf-8")
        new.replace(self.file)


class _Change:
    """The state, written when the block ends."""

    def __init__(self, file: Path, write: Callable[[dict[str, Any]], None]) -> None:
        self._state: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        self._write = write

    def __enter__(self) -> dict[str, Any]:
        return self._state

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._write(self._state)


def _gpu(state: dict[str, Any], uuid: str) -> dict[str, Any]:
    found: dict[str, Any] = next(gpu for gpu in state["gpus"] if gpu["uuid"] == uuid)
    return found


def _device(state: dict[str, Any], uuid: str) -> dict[str, Any]:
    every = [*state["gpus"], *(one for gpu in state["gpus"] for one in gpu["instances"])]
    found: dict[str, Any] = next(device for device in every if device["uuid"] == uuid)
    return found


def _is(use: dict[str, Any], pid: int | None, label: str) -> bool:
    return bool(use.get("pid") == pid if pid is not None else label and use["label"] == label)


def fake_pynvml() -> ModuleType:
    """Return the fake module, a new one: each reader has its own, as each process has."""
    spec = importlib.util.spec_from_file_location("fake_pynvml", FAKE_NVML / "pynvml.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
