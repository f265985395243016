"""What a swap of two services that do not fit together loses beyond the driver's own time."""

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
from coursia_genai_lab.lab.clock import Clock
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime

from .measure import Figures, show

N = 9
RELEASE_SECONDS = 1.0
"""From the end of a process to its memory being free, as the simulated driver has it."""
CARD = "GPU-a"


class _Engines(FakeRuntime):
    """Services whose memory comes back a while after their end."""

    def __init__(self, gpus: Any) -> None:
        super().__init__(gpus=True)
        self._gpus = gpus
        self.free_at = 0.0

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        await super().stop(instance, grace_seconds)
        self._gpus.end(instance.identifier, after=RELEASE_SECONDS)
        self.free_at = time.monotonic() + RELEASE_SECONDS


def service(name: str) -> ServiceSpec:
    """Return a service that fills more than half of the card."""
    return ServiceSpec.model_validate(
        {
            "name": name,
            "title": name,
            "dialect": "comfyui",
            "process": {"command": ["nothing"]},
            "gpu": {"vram_mib": 16_000},
        }
    )


async def measure() -> None:
    """Swap back and forth; print the time from the memory being free to the next start."""
    gpus = importlib.import_module("memory_gpus").MemoryGPUs(Clock(), **{CARD: 24_000})
    runtime = _Engines(gpus)

    async def answers(spec: ServiceSpec, instance: Instance) -> None:
        gpus.use(CARD, 16_000, container=instance.identifier, pid=1)

    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(
            catalog=Catalog({name: service(name) for name in ("one", "two")}),
            settings=LabSettings(state_path=folder, runtime="fake"),
            runtimes=lambda: {"fake": runtime},
            answers=answers,
            gpu_readings=gpus,
        )
        await lab.open()
        await lab.opened(30)
        lost: list[float] = []
        try:
            await lab.endpoint("one", timeout=60)
            for turn in range(N):
                lab.start(("two", "one")[turn % 2], by="somebody")
                while lab.service(("two", "one")[turn % 2]).state != "ready":
                    await lab.wait_for_change(lab.revision, 60)
                lost.append(1000 * (time.monotonic() - runtime.free_at))
        finally:
            await lab.close()
    show(Figures("lost by a swap beyond the release of the memory", lost), goal="<= 500 ms")


def main() -> None:
    """Run the measurement; it needs no GPU."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    asyncio.run(measure())


if __name__ == "__main__":
    main()
