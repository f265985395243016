"""Memory of programs that nobody knows, where the driver does not say whose memory is in use."""

from __future__ import annotations

from pathlib import Path

import pytest
from gpu_bench import CONTEXT_MIB, Bench, bench, gpu_service, simulated
from memory_gpus import MemoryGPUs

from coursia_genai_lab.runtimes.base import Exit
from coursia_genai_lab.runtimes.fake import FakeWorld

FLUX = gpu_service("flux", 16_000)
FORGE = gpu_service("forge", 14_000)
SMALL = gpu_service("small", 6_000)
WIDE = gpu_service("wide", 5_000, count=2)
STRANGER = 999


def nameless(**totals_mib: int) -> MemoryGPUs:
    gpus = simulated(**totals_mib)
    gpus.names_users = False
    return gpus


async def rests(lab: Bench, name: str, *, newcomer: str) -> None:
    """Let a service give its memory to another, which then ends."""
    await lab.ready(name)
    lab.load(name)
    await lab.ready(newcomer)
    assert lab.lab.service(name).resting
    lab.lab.stop(newcomer, by="ada")
    await lab.until(lambda: lab.state(newcomer) == "stopped")


async def test_what_strangers_used_before_does_not_pass_for_a_service_that_came_later(
    tmp_path: Path,
) -> None:
    gpus = nameless(a=24_000, b=24_000)
    gpus.use("a", 13_001, pid=STRANGER)
    small = SMALL.model_copy(update={"gpu": gpu_service("small", 6_000, ids=["0"]).gpu})
    async with bench(tmp_path, gpus, small, WIDE) as lab:
        await lab.ready("small")
        # Its job has begun and not yet loaded: 300 of its 6000 MiB are in use.
        job = lab.lab.leases.take("job", ["small"], label="a.ipynb", person="ada")
        lab.lab.start("wide", by="ben")
        await lab.until(lambda: lab.state("wide") == "ready" or "waiting" in lab.phases[-1])
        for _ in range(20):
            await lab.settle()
            lab.clock.advance(1)
        lab.load("small")
        if lab.state("wide") == "ready":
            lab.load("wide")
        # 13001 + 6000 + 5000 MiB is more than the card has.
        assert gpus.used_mib("a") <= 24_000
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("wide") == "ready")


async def test_what_stays_when_a_service_has_gone_does_not_pass_for_the_next_ones_own(
    tmp_path: Path,
) -> None:
    gpus = nameless(a=24_000)
    large = gpu_service("large", 14_000)
    async with bench(tmp_path, gpus, FORGE, SMALL, large) as lab:
        await lab.ready("forge")
        gpus.use("a", 4_106, pid=STRANGER)
        lab.lab.stop("forge", by="ada")
        await lab.until(lambda: lab.state("forge") == "stopped")
        await lab.ready("small")
        job = lab.lab.leases.take("job", ["small"], label="a.ipynb", person="ada")
        lab.lab.start("large", by="ben")
        for _ in range(20):
            await lab.settle()
            lab.clock.advance(1)
        # 4106 + 6000 + 14000 MiB is more than the card has.
        assert lab.state("large") == "starting"
        lab.load("small")
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("large") == "ready")
        assert lab.lab.service("small").resting


async def test_memory_that_a_stranger_took_is_not_what_a_resting_service_gave_back(
    tmp_path: Path,
) -> None:
    gpus = nameless(a=24_000)
    async with bench(tmp_path, gpus, FLUX, FORGE) as lab:
        await rests(lab, "flux", newcomer="forge")
        gpus.use("a", 20_000, pid=STRANGER)
        lab.lab.start("flux", by="ada")
        await lab.until(lambda: lab.state("flux") == "failed")
        problem = lab.lab.service("flux").problem
        assert problem is not None
        assert problem.code == "gpu_full"
        gpus.free("a", pid=STRANGER)
        lab.lab.start("flux", by="ada")
        await lab.until(lambda: lab.state("flux") == "ready")


@pytest.mark.parametrize("named", [True, False])
async def test_a_stranger_that_has_gone_is_in_nobodys_way(tmp_path: Path, named: bool) -> None:
    gpus = simulated(a=24_000)
    gpus.names_users = named
    gpus.use("a", 5_000, pid=STRANGER)
    async with bench(tmp_path, gpus, SMALL, FORGE) as lab:
        await lab.ready("small")
        lab.lab.pin("small", minutes=None, by="ada")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: "waiting for GPU memory that Small uses" in lab.phases)
        assert gpus.used_mib("a") == 5_000 + CONTEXT_MIB
        gpus.free("a", pid=STRANGER)
        await lab.until(lambda: lab.state("forge") == "ready")


async def test_what_rests_does_not_count_on_memory_that_another_has_not_given_back_yet(
    tmp_path: Path,
) -> None:
    third, world = gpu_service("third", 5_000), FakeWorld()
    async with bench(
        tmp_path, nameless(a=24_000), third, SMALL, FLUX, world=world, release_seconds=8.0
    ) as lab:
        await lab.ready("third")
        lab.job("third")
        await lab.ready("small")
        await lab.ready("flux")
        assert lab.lab.service("small").resting
        lab.load("flux")
        await world.end("flux", Exit(137, "killed: out of memory"))
        await lab.until(lambda: lab.state("flux") == "failed")
        lab.lab.start("small", by="ada")
        await lab.until(lambda: not lab.lab.service("small").resting)
        lab.load("small")
        assert lab.gpus.used_mib("a") <= 24_000
    await world.close()
