"""Real containers that take turns on GPUs which the driver only pretends to have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from docker_engine import DockerUnderTest
from memory_gpus import MemoryGPUs
from runtime_houses import DockerHouse
from simulated_clock import SimulatedClock

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.docker import DockerRuntime

pytestmark = pytest.mark.docker
PATIENCE = 120.0
VISIBLE = "NVIDIA_VISIBLE_DEVICES"


class Turns:
    """One Lab on the engine, whose containers use GPU memory for as long as they run."""

    def __init__(self, lab: Lab, engine: DockerUnderTest, clock: SimulatedClock) -> None:
        self.lab = lab
        self.engine = engine
        self.clock = clock
        self.kernels: list[str] = []
        self.notes: list[TimelineNote] = []

    def state(self, name: str) -> str:
        return self.lab.service(name).state

    def given(self, name: str) -> str | None:
        """Return the GPUs that a service's container really sees."""
        instance = self.lab.service(name).instance
        assert instance is not None
        return self.engine.variable(instance.identifier, VISIBLE)

    async def until(self, true: Callable[[], bool]) -> None:
        """Let the Lab's time pass with the real one until something is true."""

        async def look() -> None:
            while not true():
                await asyncio.sleep(0.02)
                self.clock.advance(0.1)

        await asyncio.wait_for(look(), PATIENCE)

    async def use(self, notebook: str, service: str) -> None:
        """Let a notebook run a cell that needs a service, and fall asleep."""
        self.lab.kernel_busy(notebook, True)
        asked = asyncio.ensure_future(self.lab.endpoint(service, timeout=PATIENCE))
        await self.until(asked.done)
        await asked
        self.lab.kernel_busy(notebook, False)

    def let_the_others_sleep(self) -> None:
        for _ in range(70):
            self.clock.advance(1)
            for kernel in self.kernels:
                self.lab.kernel_busy(kernel, False)


class _Engine(DockerRuntime):
    """Docker, and a driver that gives a container's memory back a while after its end."""

    def __init__(self, host: str, gpus: MemoryGPUs) -> None:
        super().__init__(host=host, look_seconds=0.1)
        self._gpus = gpus

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        await super().stop(instance, grace_seconds)
        self._gpus.end(instance.identifier, after=1.0)


@asynccontextmanager
async def lab_of(
    owner: str, house: DockerHouse, gpus: MemoryGPUs, *specs: ServiceSpec
) -> AsyncIterator[Turns]:
    async def answers(spec: ServiceSpec, instance: Instance) -> None:
        assert spec.gpu is not None
        for card in instance.detail["gpus"].split(","):
            gpus.use(card, spec.gpu.vram_mib, container=instance.identifier, pid=1)

    notes: list[TimelineNote] = []
    lab = Lab(
        catalog=Catalog({spec.name: spec for spec in specs}),
        settings=LabSettings(
            state_path=str(house.folder / owner),
            namespace=f"cgl-{owner}",
            network_subnet=house.engine.subnet,
            runtime="docker",
            max_concurrent=32,
            idle_minutes=60,
        ),
        runtimes=lambda: {"docker": _Engine(house.engine.host, gpus)},
        answers=answers,
        record=notes.append,
        gpu_readings=gpus,
        clock=gpus.clock,
    )
    turns = Turns(lab, house.engine, gpus.clock)
    turns.notes = notes
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        yield turns
    finally:
        await lab.close()


async def test_two_notebooks_take_turns_with_services_that_do_not_fit_together(
    gpu_engine: DockerUnderTest, gpu_image: str, tmp_path: Path
) -> None:
    gpus = MemoryGPUs(SimulatedClock(), **{"GPU-a": 24_000})
    async with DockerHouse(tmp_path, gpu_engine, gpu_image) as house:
        specs = [
            house.spec(name=name, title=name.capitalize(), gpu={"vram_mib": mib}, idle_minutes=1)
            for name, mib in (("flux", 16_000), ("forge", 14_000))
        ]
        async with lab_of("ada", house, gpus, *specs) as turns:
            for kernel, service in (("k1", "flux"), ("k2", "forge")):
                turns.kernels.append(kernel)
                turns.lab.leases.take(
                    "kernel", [service], label=f"{kernel}.ipynb", person="ada", kernel_id=kernel
                )
            for kernel, service, other in (
                ("k1", "flux", "forge"),
                ("k2", "forge", "flux"),
                ("k1", "flux", "forge"),
            ):
                await turns.use(kernel, service)
                assert (turns.state(service), turns.state(other)) == ("ready", "stopped")
                assert turns.given(service) == "GPU-a"
                assert gpus.used_mib("GPU-a") <= 24_000
                turns.let_the_others_sleep()
        why = {note.reason for note in turns.notes if note.event == "stopping"}
        assert {"Room for Forge.", "Room for Flux."} <= why
        assert gpu_engine.leftovers() == []


async def test_two_users_share_eight_gpus_that_each_wants_alone(
    gpu_engine: DockerUnderTest, gpu_image: str, tmp_path: Path
) -> None:
    cards = {f"GPU-{number}": 24_000 for number in range(8)}
    gpus = MemoryGPUs(SimulatedClock(), **cards)
    async with DockerHouse(tmp_path, gpu_engine, gpu_image) as house:
        sleeps = house.container(command=[*_python(house), "import time; time.sleep(3600)"])
        specs = [
            house.spec(
                name=f"train-{number}",
                container=sleeps,
                gpu={"vram_mib": 4_000, "exclusive": True},
                stop_grace_seconds=0,
                start_timeout_seconds=3600,
            )
            for number in range(5)
        ]
        names = [spec.name for spec in specs]
        async with (
            lab_of("ada", house, gpus, *specs) as ada,
            lab_of("ben", house, gpus, *specs) as ben,
        ):
            for name in names:
                ada.lab.start(name, by="ada")
                ben.lab.start(name, by="ben")

            def ready() -> list[tuple[Turns, str]]:
                return [(one, n) for one in (ada, ben) for n in names if one.state(n) == "ready"]

            for one in (ada, ben):
                for name in names:
                    one.lab.pin(name, minutes=None, by="somebody")
            await ada.until(lambda: len(ready()) == 8)
            assert sorted(str(one.given(name)) for one, name in ready()) == sorted(cards)
            whose, first = ready()[0]
            whose.lab.unpin(first, by="somebody")
            whose.lab.stop(first, by="somebody", force=True)
            before = {(id(one), name) for one, name in ready()}
            await ada.until(lambda: len({(id(o), n) for o, n in ready()} - before) == 1)
            assert len({one.given(name) for one, name in ready()}) == len(ready())
        assert gpu_engine.leftovers() == []


def _python(house: DockerHouse) -> list[str]:
    command = house.container()["command"]
    assert isinstance(command, list)
    return command[:2]
