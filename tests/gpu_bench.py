"""A Lab over simulated GPUs, with engines that really take and give back their memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from memory_gpus import MemoryGPUs
from simulated_clock import SimulatedClock

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.leases import Lease
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.runtimes.base import Instance, Progress, Report
from coursia_genai_lab.runtimes.fake import FakeRuntime, FakeWorld

PATIENCE = 60.0
CONTEXT_MIB = 300
"""What a process holds of a GPU for as long as it lives, models or not."""
STEP_SECONDS = 0.25


def gpu_service(name: str, vram_mib: int, **more: object) -> ServiceSpec:
    """Return a service that wants a GPU; `more` is for its [gpu] table."""
    return ServiceSpec.model_validate(
        {
            "name": name,
            "title": name.capitalize(),
            "dialect": "comfyui",
            "process": {"command": ["nothing"]},
            "gpu": {"vram_mib": vram_mib, **more},
            "start_timeout_seconds": 120,
        }
    )


class Bench:
    """One Lab on GPUs that it may share with the benches of other Labs."""

    def __init__(self, lab: Lab, gpus: MemoryGPUs, runtime: Engines) -> None:
        self.lab = lab
        self.gpus = gpus
        self.clock = gpus.clock
        self.runtime = runtime
        self.notes: list[TimelineNote] = []
        self.phases: list[str] = []
        self.working: set[str] = set()
        """Services whose engines say that they work."""
        self.frees = True
        """Whether engines give their memory back when they are asked."""
        self.refusal: asyncio.Future[None] | None = None
        """When engines that were asked say that they do not."""

    def state(self, name: str) -> str:
        return self.lab.service(name).state

    def gpus_of(self, name: str) -> list[str]:
        return self.lab.gpus.devices_of(name)

    def job(self, name: str, person: str = "ada") -> Lease:
        """Let somebody send a job, for which the engine loads all that it declared."""
        lease = self.lab.leases.take("job", [name], label="a.ipynb", person=person)
        self.load(name)
        return lease

    def load(self, name: str) -> None:
        """Let an engine load its model."""
        service = self.lab.service(name)
        assert service.instance is not None
        assert service.spec.gpu is not None
        for card in self.gpus_of(name):
            self.gpus.use(
                card, service.spec.gpu.vram_mib, container=service.instance.identifier, pid=1
            )

    async def ready(self, name: str) -> None:
        """Ask for a service as a door does, and let time pass until it answers."""
        asked = asyncio.ensure_future(self.lab.endpoint(name, timeout=PATIENCE))
        await self.until(asked.done)
        await asked

    async def until(self, true: Callable[[], bool], *, seconds: float = 600) -> None:
        """Let simulated time pass until something is true, at most so many seconds."""

        async def look() -> None:
            end = self.clock.monotonic() + seconds
            while not true():
                assert self.clock.monotonic() < end, (self.phases[-5:], self.notes[-5:])
                for _ in range(20):
                    await asyncio.sleep(0)
                await asyncio.sleep(0.001)
                self.clock.advance(STEP_SECONDS)

        await asyncio.wait_for(look(), PATIENCE)

    async def settle(self) -> None:
        """Let what is under way go on as far as it gets without time."""
        for _ in range(10):
            await asyncio.sleep(0.002)


@asynccontextmanager
async def bench(
    folder: Path,
    gpus: MemoryGPUs,
    *specs: ServiceSpec,
    world: FakeWorld | None = None,
    release_seconds: float | None = 1.0,
    idle_minutes: float = 0.5,
    seen: bool = True,
) -> AsyncIterator[Bench]:
    """Open a Lab whose services take GPU memory; `release_seconds` None leaks it."""
    world = world or FakeWorld()
    runtime = Engines(world, gpus, release_seconds)
    made: list[Bench] = []

    async def answers(spec: ServiceSpec, instance: Instance) -> None:
        for card in instance.detail["gpus"].split(","):
            gpus.use(card, CONTEXT_MIB, container=instance.identifier, pid=1)

    async def busy(spec: ServiceSpec, instance: Instance) -> bool:
        await asyncio.sleep(0)
        return spec.name in made[0].working

    async def free(spec: ServiceSpec, instance: Instance) -> None:
        await asyncio.sleep(0)
        if made[0].refusal is not None:
            await made[0].refusal
            raise ServiceError("It gives nothing back.")
        if made[0].frees:
            for card in instance.detail["gpus"].split(","):
                gpus.use(card, CONTEXT_MIB, container=instance.identifier, pid=1)

    lab = Lab(
        catalog=Catalog({spec.name: spec for spec in specs}),
        settings=LabSettings(
            state_path=str(folder), runtime="fake", max_concurrent=64, idle_minutes=idle_minutes
        ),
        runtimes=lambda: {"fake": runtime},
        answers=answers,
        busy=busy,
        free=free,
        record=lambda note: made[0].notes.append(note),
        emit=lambda event: made[0].phases.append(event.phase or "") if made else None,
        gpu_readings=gpus if seen else None,
        clock=gpus.clock,
    )
    made.append(Bench(lab, gpus, runtime))
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        yield made[0]
    finally:
        await lab.close()


class Engines(FakeRuntime):
    """Engines whose end gives their memory back after a while."""

    def __init__(self, world: FakeWorld, gpus: MemoryGPUs, release_seconds: float | None) -> None:
        super().__init__(world=world, gpus=True)
        self.unfetched: dict[str, asyncio.Event] = {}
        """Services whose images are being fetched, until their event is set."""
        self._memory = gpus
        self._release_seconds = release_seconds

    async def prepare(self, spec: ServiceSpec, report: Report) -> None:
        if spec.name in self.unfetched:
            report(Progress("downloading the image", state="pulling"))
            await self.unfetched[spec.name].wait()

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        await super().stop(instance, grace_seconds)
        self._memory.end(instance.identifier, after=self._release_seconds)


def simulated(**totals_mib: int) -> MemoryGPUs:
    """Return GPUs on a clock of their own."""
    return MemoryGPUs(SimulatedClock(), **totals_mib)
