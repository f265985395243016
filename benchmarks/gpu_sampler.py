"""What GPUs on the screen cost: thirty pages that ask once a second, and one answer of a server.

The driver is simulated, with eight GPUs and four programs on each; the reading code, its process,
the sampler, the answers and the server are real. The share of a core is that of the sampler and of
its child together, without HTTP; an answer over HTTP is shown beside `health`, which does nothing.

    python -m benchmarks.gpu_sampler
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from coursia_genai_lab.gpu.sampler import Sampler
from coursia_genai_lab.gpu.view import GPUAnswers

from .measure import Figures, interleaved, show

GPUS, PROGRAMS, READERS, SECONDS, N = 8, 4, 30, 20.0, 300


def simulated(folder: Path) -> Any:
    """Return eight GPUs with four programs each."""
    gpus = importlib.import_module("simulated_gpus").SimulatedGPUs(folder)
    for _ in range(GPUS):
        card = gpus.add()
        for program in range(PROGRAMS):
            gpus.use(card, 1_000, pid=os.getpid() + program)
    return gpus


async def watch(command: list[str]) -> None:
    """Print the processor time of thirty readers, and what one answer takes in the server."""
    sampler = Sampler(command)
    answers = GPUAnswers(sampler)

    async def ask() -> None:
        await answers.answer(services={}, claims={}, whole=True)

    async def read(late: float) -> None:
        await asyncio.sleep(late)
        while True:
            await ask()
            await asyncio.sleep(1)

    try:
        await sampler.fresh()
        readers = [asyncio.create_task(read(number / READERS)) for number in range(READERS)]
        begin, cpu = time.perf_counter(), _seconds(sampler)
        await asyncio.sleep(SECONDS)
        share = (_seconds(sampler) - cpu) / (time.perf_counter() - begin)
        for reader in readers:
            reader.cancel()
        print(
            f"  {READERS} readers at 1 Hz, {GPUS} GPUs: {100 * share:.2f} % of a core over "
            f"{SECONDS:.0f} s, child included; goal <= 1 %",
            flush=True,
        )
        taken = []
        for _ in range(N):
            begin = time.perf_counter()
            await ask()
            taken.append((time.perf_counter() - begin) * 1000)
        show(Figures("one answer, without HTTP", taken), goal="<= 2 ms")
        readings = []
        for _ in range(N):
            begin = time.perf_counter()
            await sampler.fresh()
            readings.append((time.perf_counter() - begin) * 1000)
        show(Figures("one fresh reading", readings))
    finally:
        await sampler.close()


def _seconds(sampler: Sampler) -> float:
    """Return the processor time of this process and of the child, so far."""
    fields = Path(f"/proc/{sampler.reader_pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def serve(folder: Path, command: list[str]) -> None:
    """Print what GET gpus takes on a server of its own, and what no work at all takes there."""
    jupyter = importlib.import_module("jupyter_process")
    traits = {"GenAILab": {"gpu_reader": command}}
    with jupyter.JupyterProcess.start(folder, traits=traits) as server:

        def get(path: str) -> Callable[[], httpx.Response]:
            url = f"{server.base_url}coursia-genai/{path}"
            return lambda: server.http.get(url).raise_for_status()

        calls: dict[str, Callable[[], object]] = {
            "GET gpus": get("api/v1/gpus"),
            "GET health": get("health"),
        }
        figures = interleaved(calls, n=N, warm=5)
        show(figures["GET gpus"], figures["GET health"], goal="<= 2 ms")


def main() -> None:
    """Run the measurements."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gpus = simulated(folder)
        asyncio.run(watch(gpus.command))
        serve(folder / "server", gpus.command)


if __name__ == "__main__":
    main()
