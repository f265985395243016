"""The arbiter with the real sampler, whose driver is a simulated one in another process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from gpu_bench import gpu_service
from simulated_gpus import SimulatedGPUs

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.gpu.sampler import Sampler
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime

PATIENCE = 60.0
FLUX, FORGE = gpu_service("flux", 16_000), gpu_service("forge", 14_000)


class _Engines(FakeRuntime):
    def __init__(self, gpus: SimulatedGPUs) -> None:
        super().__init__(gpus=True)
        self._simulated = gpus

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        await super().stop(instance, grace_seconds)
        for card in instance.detail["gpus"].split(","):
            self._simulated.give_back(card, label=instance.service, after=0.3)


@asynccontextmanager
async def lab_on(folder: Path, gpus: SimulatedGPUs, *specs: ServiceSpec) -> AsyncIterator[Lab]:
    async def answers(spec: ServiceSpec, instance: Instance) -> None:
        assert spec.gpu is not None
        for card in instance.detail["gpus"].split(","):
            gpus.use(card, spec.gpu.vram_mib, label=spec.name)

    sampler = Sampler(gpus.command)
    lab = Lab(
        catalog=Catalog({spec.name: spec for spec in specs}),
        settings=LabSettings(state_path=str(folder / "state"), runtime="fake"),
        runtimes=lambda: {"fake": _Engines(gpus)},
        answers=answers,
        gpu_readings=sampler,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        yield lab
    finally:
        await lab.close()
        await sampler.close()


async def until_ready(lab: Lab, name: str) -> None:
    async def look() -> None:
        while lab.service(name).state != "ready":
            assert lab.service(name).state != "failed", lab.service(name).problem
            await lab.wait_for_change(lab.revision, 1)

    await asyncio.wait_for(look(), PATIENCE)


async def test_a_service_starts_when_the_driver_shows_the_memory_of_another_free(
    tmp_path: Path,
) -> None:
    gpus = SimulatedGPUs(tmp_path)
    card = gpus.add("RTX 4090", total_mib=24_000)
    async with lab_on(tmp_path, gpus, FLUX, FORGE) as lab:
        for name, other in (("flux", "forge"), ("forge", "flux"), ("flux", "forge")):
            lab.start(name, by="ada")
            await until_ready(lab, name)
            assert lab.gpus.devices_of(name) == [card]
            assert lab.service(other).state == "stopped"
            assert gpus.used_mib(card) <= 24_000


async def test_an_instance_of_a_split_gpu_is_a_gpu_of_its_own(tmp_path: Path) -> None:
    gpus = SimulatedGPUs(tmp_path)
    whole = gpus.add("A100", total_mib=40_000)
    small, large = gpus.split(whole, 5_000, 20_000)
    async with lab_on(tmp_path, gpus, FLUX, gpu_service("tiny", 4_000, ids=[small])) as lab:
        for name, card in (("flux", large), ("tiny", small)):
            lab.start(name, by="ada")
            await until_ready(lab, name)
            assert lab.gpus.devices_of(name) == [card]


@pytest.mark.parametrize("fault", ["library_not_found", "driver_not_loaded"])
async def test_without_a_driver_the_reason_is_told(tmp_path: Path, fault: str) -> None:
    gpus = SimulatedGPUs(tmp_path)
    gpus.driver_says(fault)
    async with lab_on(tmp_path, gpus, FLUX) as lab:
        with pytest.raises(ServiceError) as refused:
            await lab.endpoint("flux", timeout=PATIENCE)
        assert refused.value.error_code == "no_gpu"
        assert "driver" in refused.value.message
