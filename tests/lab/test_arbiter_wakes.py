"""Services that gave their GPU memory away, run on, and want it back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from gpu_bench import CONTEXT_MIB, bench, gpu_service, simulated

FLUX = gpu_service("flux", 16_000)
FORGE = gpu_service("forge", 14_000)
OF_FORGE = "waiting for GPU memory that Forge uses"


@pytest.mark.parametrize("steps", range(8))
async def test_who_is_stopped_and_wanted_again_while_it_waits_does_not_wait_for_ever(
    tmp_path: Path, steps: int
) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        await lab.ready("forge")
        job = lab.job("forge")
        lab.lab.start("flux", by="ada")
        await lab.until(lambda: OF_FORGE in lab.phases)
        lab.lab.stop("flux", by="ada")
        # However far the call-off has come: it takes several steps of the loop.
        for _ in range(steps):
            await asyncio.sleep(0)
        lab.lab.start("flux", by="ada")
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("flux") == "ready")
        assert not lab.lab.service("flux").resting


async def test_who_waits_for_its_memory_again_does_not_pass_for_unused(tmp_path: Path) -> None:
    async with bench(
        tmp_path, simulated(a=24_000), FLUX, FORGE, release_seconds=0.0, idle_minutes=0.2
    ) as lab:
        await lab.ready("flux")
        await lab.ready("forge")
        job = lab.job("forge")
        lab.lab.start("flux", by="ada")
        await lab.until(lambda: OF_FORGE in lab.phases)
        for _ in range(30):
            await lab.settle()
            lab.clock.advance(1)
            lab.lab.leases.progress(job.id)
        assert lab.state("flux") == "starting"
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("flux") == "ready")
        assert lab.runtime.starts == ["flux", "forge"]


@pytest.mark.parametrize("steps", range(8))
async def test_what_a_door_gave_out_stays_until_its_caller_has_claimed_it(
    tmp_path: Path, steps: int
) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        await lab.ready("forge")
        job = lab.job("forge")
        asked = asyncio.ensure_future(lab.lab.endpoint("flux", timeout=60))
        await lab.until(lambda: OF_FORGE in lab.phases)
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("flux") == "ready")
        # Forge is wanted again at once, and Flux has no job yet.
        lab.lab.start("forge", by="ben")
        await asked
        for _ in range(steps):
            await asyncio.sleep(0)
        job = lab.job("flux")
        for _ in range(20):
            await lab.settle()
            lab.clock.advance(0.5)
        assert (lab.state("flux"), lab.state("forge")) == ("ready", "starting")
        assert not lab.lab.service("flux").resting
        assert lab.gpus.used_mib("a") >= 16_000
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("forge") == "ready")


async def test_a_job_whose_caller_was_slow_to_claim_the_service_is_not_stopped(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        lab.frees = False
        await lab.ready("flux")
        lab.load("flux")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: lab.lab.service("flux").resting)
        instance = lab.lab.service("flux").instance
        job = lab.job("flux")
        for _ in range(30):
            await lab.settle()
            lab.clock.advance(1)
        assert (lab.state("flux"), lab.state("forge")) == ("ready", "starting")
        assert lab.lab.service("flux").instance is instance
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("forge") == "ready")


async def test_whoever_claims_a_service_late_and_asks_again_waits_for_its_memory(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        await lab.ready("forge")
        first = lab.job("forge")
        late = lab.lab.leases.take("job", ["flux"], label="a.ipynb", person="ada")
        asked = asyncio.ensure_future(lab.lab.endpoint("flux", timeout=60))
        await lab.until(lambda: OF_FORGE in lab.phases)
        assert lab.gpus.used_mib("a") <= 14_000 + 2 * CONTEXT_MIB
        lab.lab.leases.drop(first.id)
        await lab.until(asked.done)
        assert (await asked).backend == "flux"
        assert lab.lab.service("forge").resting
        assert lab.runtime.starts == ["flux", "forge"]
        lab.lab.leases.drop(late.id)
