"""From the first request to the first good answer, beside `docker run` and the same readiness."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from coursia_genai_lab.catalog import Catalog, ServiceSpec
from coursia_genai_lab.composition import build_runtimes
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.readiness import until_ready

from .measure import Figures, show


class Engine(Protocol):
    """The tests' own engine: its address, a client of the SDK, a subnet of its own."""

    host: str
    client: Any
    root: Path
    subnet: str


N = 7
KERNELS = 30
NETWORK = "genai-bench"
TOKEN = "/run/secrets/coursia-genai/token"


def service(image: str) -> ServiceSpec:
    """Return the demo engine as a container."""
    return ServiceSpec.model_validate(
        {
            "name": "bench",
            "title": "Bench",
            "dialect": "comfyui",
            "container": {"image": image, "port": 8188, "memory_mib": 256},
            "readiness": {"path": "/health", "interval_seconds": 0.05},
            "stop_grace_seconds": 1,
        }
    )


async def _answers(url: str, spec: ServiceSpec, session: aiohttp.ClientSession) -> None:
    await until_ready(url, spec.readiness, timeout_seconds=60, session=session)


async def _docker(host: str, *arguments: str) -> str:
    call = await asyncio.create_subprocess_exec(
        *("docker", "--host", host, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await call.communicate()
    if call.returncode:
        raise RuntimeError(f"docker {arguments[0]} failed")
    return out.decode().strip()


async def plain(engine: Engine, spec: ServiceSpec, folder: Path) -> float:
    """Run the container by the command line and probe it; return milliseconds."""
    assert spec.container is not None
    token = folder / "token"
    token.write_text("a-token-for-the-benchmark", encoding="utf-8")
    token.chmod(0o444)
    async with aiohttp.ClientSession() as session:
        begin = time.perf_counter()
        made = await _docker(
            engine.host, "run", "--detach", "--init", f"--network={NETWORK}",
            "--publish=127.0.0.1::8188", "--memory=256m", f"--volume={token}:{TOKEN}:ro",
            spec.container.image,
        )  # fmt: skip
        place = await _docker(engine.host, "port", made, "8188/tcp")
        await _answers(f"http://{place}", spec, session)
        taken = (time.perf_counter() - begin) * 1000
    await _docker(engine.host, "rm", "--force", made)
    return taken


async def through_the_lab(engine: Engine, spec: ServiceSpec, folder: Path) -> tuple[float, int]:
    """Ask the Lab 30 times at once; return milliseconds to the last answer, and the creates."""
    settings = LabSettings(
        state_path=str(folder / "state"),
        docker_host=engine.host,
        network_subnet=engine.subnet,
        namespace="genai-bench-lab",
    )
    async with aiohttp.ClientSession() as session:

        async def answers(wanted: ServiceSpec, instance: Instance) -> None:
            await _answers(instance.url, wanted, session)

        lab = Lab(
            catalog=Catalog({spec.name: spec}),
            settings=settings,
            runtimes=lambda: build_runtimes(settings),
            answers=answers,
        )
        await lab.open()
        await lab.opened(30)
        began = time.time()
        try:
            begin = time.perf_counter()
            await asyncio.gather(*(lab.endpoint(spec.name, timeout=60) for _ in range(KERNELS)))
            taken = (time.perf_counter() - begin) * 1000
        finally:
            await lab.close()
    events = engine.client.api.events(
        since=int(began) - 1,
        until=int(time.time()) + 1,
        filters={"event": "create", "type": "container"},
        decode=True,
    )
    return taken, sum(event["time"] >= began - 1 for event in events)


async def measure(engine: Engine, image: str) -> None:
    """Print both, in turn."""
    from docker.types import IPAMConfig, IPAMPool

    spec = service(image)
    # Another subnet than the Lab's own network, beside which it must exist.
    first, second, _ = engine.subnet.split(".", 2)
    pool = IPAMPool(subnet=f"{first}.{(int(second) + 1) % 256}.0.0/24")
    engine.client.api.create_network(NETWORK, ipam=IPAMConfig(pool_configs=[pool]))
    base, ours, creates = [], [], []
    for turn in range(N + 1):
        with tempfile.TemporaryDirectory() as folder:
            one = await plain(engine, spec, Path(folder))
            milliseconds, created = await through_the_lab(engine, spec, Path(folder))
        if turn:  # the first reads the image from the disk
            base.append(one)
            ours.append(milliseconds)
            creates.append(created)
    reference = Figures("docker run and the same readiness", base)
    show(Figures(f"{KERNELS} requests at once through the Lab", ours), reference)
    extra = Figures("over docker run", [a - b for a, b in zip(ours, base, strict=True)])
    show(extra, goal="<= 300 ms")
    print(f"  containers made for {KERNELS} requests: {sorted(set(creates))}; goal exactly 1")


def main() -> None:
    """Run the measurement on an engine of its own; needs root and dockerd."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from _pytest.outcomes import Skipped

    running_engine = importlib.import_module("docker_engine").running_engine
    build_demo_image = importlib.import_module("docker_image").build_demo_image
    if shutil.which("docker") is None:
        print("  skipped: needs the docker command line")
        return
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(running_engine())
        except Skipped as reason:
            print(f"  skipped: {reason}")
            return
        image = build_demo_image(engine.client, engine.root)
        asyncio.run(measure(engine, image))


if __name__ == "__main__":
    main()
