"""From the first request to its answer, beside the demo engine's own boot."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp

from coursia_genai_lab.catalog import ServiceSpec, load_catalog
from coursia_genai_lab.composition import build_runtimes
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.readiness import until_ready

from .measure import Figures, show

N = 7
KERNELS = 30


async def plain_boot(folder: Path) -> float:
    """Start the engine by hand and probe it as fast as can be; return milliseconds."""
    import secrets
    import socket
    import sys

    token = folder / "token"
    token.write_text(secrets.token_urlsafe(16), encoding="utf-8")
    token.chmod(0o600)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begin = time.perf_counter()
    command = ["-m", "coursia_genai_lab.servers.demo", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        "--token-file",
        str(token),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/health") as answer:
                        if answer.status == 200:
                            return (time.perf_counter() - begin) * 1000
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.005)
    finally:
        process.terminate()
        await process.wait()


async def through_the_lab(folder: Path) -> tuple[float, int]:
    """Ask for it 30 times at once; return milliseconds to the last answer and the starts."""
    async with aiohttp.ClientSession() as session:

        async def answers(spec: ServiceSpec, instance: Instance) -> None:
            await until_ready(instance.url, spec.readiness, timeout_seconds=60, session=session)

        starts: list[str] = []
        settings = LabSettings(state_path=str(folder / "state"), mode="demo")
        lab = Lab(
            catalog=load_catalog(),
            settings=settings,
            runtimes=lambda: build_runtimes(settings),
            answers=answers,
            emit=lambda event: starts.append("x") if event.phase == "getting ready" else None,
        )
        await lab.open()
        await lab.opened(30)
        try:
            begin = time.perf_counter()
            await asyncio.gather(*(lab.endpoint("comfyui", timeout=60) for _ in range(KERNELS)))
            return (time.perf_counter() - begin) * 1000, len(starts)
        finally:
            await lab.close()


async def measure() -> None:
    """Print both, in turn."""
    plain, ours, starts = [], [], []
    for _ in range(N):
        with tempfile.TemporaryDirectory() as folder:
            plain.append(await plain_boot(Path(folder)))
            milliseconds, started = await through_the_lab(Path(folder))
            ours.append(milliseconds)
            starts.append(started)
    base = Figures("plain start and probe", plain)
    show(Figures(f"{KERNELS} requests at once through the Lab", ours), base)
    extra = Figures(
        "over the service's own boot", [a - b for a, b in zip(ours, plain, strict=True)]
    )
    show(extra, goal="<= 300 ms")
    print(f"  starts for {KERNELS} requests: {sorted(set(starts))}; goal exactly 1")


def main() -> None:
    """Run the measurement."""
    asyncio.run(measure())


if __name__ == "__main__":
    main()
