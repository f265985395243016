"""A server that stops while its driver hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from jupyter_process import JupyterProcess
from simulated_gpus import FAKE_NVML, SimulatedGPUs
from waiting import until


def readers(gpus: SimulatedGPUs) -> list[int]:
    """Return the processes that read these GPUs."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if str(gpus.file) in command and str(FAKE_NVML / "read.py") in command:
            found.append(int(folder.name))
    return found


def test_a_driver_that_hangs_keeps_no_server_from_serving_and_from_stopping(
    tmp_path: Path, jupyter_process: Callable[..., JupyterProcess]
) -> None:
    gpus = SimulatedGPUs(tmp_path)
    gpus.add()
    server = jupyter_process(traits={"GenAILab": {"gpu_reader": gpus.command}})
    path = "coursia-genai/api/v1/gpus"
    server.wait_until("there is a reading", lambda: server.api("GET", path)["at"])
    gpus.hang()
    server.wait_until("it is told", lambda: server.api("GET", path)["stale_since"])
    # The server serves meanwhile, and the last reading stays.
    assert server.api("GET", "coursia-genai/api/v1/status")["services"]
    assert len(server.api("GET", path)["gpus"]) == 1
    assert server.stop(within=60) == 0
    asyncio.run(until(lambda: not readers(gpus)))
