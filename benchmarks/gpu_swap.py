"""What a swap of two services that do not fit together loses beyond the driver's own time.

Twice: with services that are nothing, and with real containers on an engine of its own, whose
GPUs the driver only pretends to have. Both are read by the real reader in its child process.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from coursia_genai_lab.catalog import Catalog, ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.gpu.sampler import Sampler
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.runtimes.base import Instance, Report, Runtime, StartOrder
from coursia_genai_lab.runtimes.fake import FakeRuntime

from .measure import Figures, show

N = 9
RELEASE_SECONDS = 1.0
"""From the end of a process to its memory being free, as the simulated driver has it."""
VRAM_MIB = 16_000
CARD_MIB = 24_000


class _Swaps:
    """The moments that count: when memory was free, and when the next start could begin."""

    def __init__(self, gpus: Any) -> None:
        self._gpus = gpus
        self._free_at: float | None = None
        self.lost: list[float] = []

    def ended(self, instance: Instance) -> None:
        """Let the driver give the memory of an instance back after a while."""
        for card in instance.detail["gpus"].split(","):
            self._gpus.give_back(card, label=instance.service, after=RELEASE_SECONDS)
        self._free_at = time.monotonic() + RELEASE_SECONDS

    def begins(self) -> None:
        """Note that the next service may start."""
        if self._free_at is not None:
            self.lost.append(1000 * (time.monotonic() - self._free_at))
            self._free_at = None

    async def answers(self, spec: ServiceSpec, instance: Instance) -> None:
        """Let a service that was started hold its memory."""
        for card in instance.detail["gpus"].split(","):
            self._gpus.use(card, VRAM_MIB, label=spec.name)


class _Nothing(FakeRuntime):
    def __init__(self, swaps: _Swaps) -> None:
        super().__init__(gpus=True)
        self._swaps = swaps

    async def start(self, order: StartOrder, report: Report) -> Instance:
        self._swaps.begins()
        return await super().start(order, report)

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        await super().stop(instance, grace_seconds)
        self._swaps.ended(instance)


def _containers(host: str, swaps: _Swaps) -> Runtime:
    from coursia_genai_lab.runtimes.docker import DockerRuntime

    class Containers(DockerRuntime):
        async def start(self, order: StartOrder, report: Report) -> Instance:
            swaps.begins()
            return await super().start(order, report)

        async def stop(self, instance: Instance, grace_seconds: float) -> None:
            await super().stop(instance, grace_seconds)
            swaps.ended(instance)

    return Containers(host=host)


def service(name: str, **more: Any) -> ServiceSpec:
    """Return a service that fills more than half of the card."""
    return ServiceSpec.model_validate(
        {
            "name": name,
            "title": name,
            "dialect": "comfyui",
            "gpu": {"vram_mib": VRAM_MIB},
            "stop_grace_seconds": 1,
            **more,
        }
    )


async def swap(
    gpus: Any, swaps: _Swaps, runtime: Runtime, specs: list[ServiceSpec], **more: Any
) -> None:
    """Swap two services back and forth."""
    sampler = Sampler(gpus.command)
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(
            catalog=Catalog({spec.name: spec for spec in specs}),
            settings=LabSettings(state_path=folder, runtime=runtime.name, **more),
            runtimes=lambda: {runtime.name: runtime},
            answers=swaps.answers,
            gpu_readings=sampler,
        )
        await lab.open()
        await lab.opened(30)
        try:
            await lab.endpoint("one", timeout=60)
            for turn in range(N):
                name = ("two", "one")[turn % 2]
                lab.start(name, by="somebody")
                while lab.service(name).state != "ready":
                    await lab.wait_for_change(lab.revision, 60)
        finally:
            await lab.close()
            await sampler.close()


def _with_nothing(gpus: Any, _folder: Path) -> _Swaps:
    swaps = _Swaps(gpus)
    specs = [service(name, process={"command": ["nothing"]}) for name in ("one", "two")]
    asyncio.run(swap(gpus, swaps, _Nothing(swaps), specs))
    return swaps


def _with_containers(gpus: Any, tools: Path) -> _Swaps:
    docker_engine = importlib.import_module("docker_engine")
    build_image = importlib.import_module("docker_image").build_demo_image
    swaps = _Swaps(gpus)
    with docker_engine.running_engine(docker_engine.gpu_tools(tools)) as engine:
        container = {"image": build_image(engine.client, engine.root), "port": 8188}
        specs = [service(name, container=container) for name in ("one", "two")]
        runtime = _containers(engine.host, swaps)
        asyncio.run(swap(gpus, swaps, runtime, specs, network_subnet=engine.subnet))
    return swaps


def main() -> None:
    """Run both measurements; they need no GPU, the second needs root and dockerd."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from _pytest.outcomes import Skipped

    simulated = importlib.import_module("simulated_gpus").SimulatedGPUs
    for what, measure in (("nothing", _with_nothing), ("containers", _with_containers)):
        with tempfile.TemporaryDirectory() as folder:
            gpus = simulated(Path(folder))
            gpus.add(total_mib=CARD_MIB)
            try:
                lost = measure(gpus, Path(folder)).lost
            except Skipped as reason:
                print(f"  skipped: {reason}")
                continue
        name = f"lost by a swap beyond the release of the memory, {what}"
        show(Figures(name, lost), goal="<= 500 ms")


if __name__ == "__main__":
    main()
