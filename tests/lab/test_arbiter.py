"""Services that share GPUs take turns, and nobody who works is disturbed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from gpu_bench import CONTEXT_MIB, bench, gpu_service, simulated

from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.gpu.reading import Fault
from coursia_genai_lab.lab.views import service_view
from coursia_genai_lab.runtimes.fake import FakeWorld

FLUX = gpu_service("flux", 16_000)
FORGE = gpu_service("forge", 14_000)
TINY = gpu_service("tiny", 2_000)


async def test_two_services_that_fit_run_beside_each_other(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, TINY) as lab:
        await lab.ready("flux")
        await lab.ready("tiny")
        assert (lab.state("flux"), lab.state("tiny")) == ("ready", "ready")
        shown = service_view(lab.lab, "tiny", door=lambda name: None, person="ada")
        assert shown.gpus == ["a"]
        claims = {one.service: one.mib for one in lab.lab.gpus.claims()["a"]}
        assert claims == {"flux": 16_000, "tiny": 2_000}


async def test_the_second_starts_once_the_first_gave_its_memory_back(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        lab.load("flux")
        await lab.ready("forge")
        assert (lab.state("flux"), lab.state("forge")) == ("ready", "ready")
        assert lab.gpus.used_mib("a") == 2 * CONTEXT_MIB
        freed = [note for note in lab.notes if note.event == "freed"]
        assert [(note.service, note.by, note.reason) for note in freed] == [
            ("flux", "forge", "Room for Forge.")
        ]
        assert "freeing memory of Flux" in lab.phases


async def test_who_gave_memory_back_has_it_again_before_its_next_job(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        await lab.ready("forge")
        job = lab.job("forge")
        assert lab.lab.service("flux").resting
        task = asyncio.ensure_future(lab.lab.endpoint("flux", timeout=60))
        await lab.until(lambda: "waiting for GPU memory that Forge uses" in lab.phases)
        assert lab.state("flux") == "starting"
        lab.lab.leases.drop(job.id)
        await lab.until(task.done)
        assert (await task).backend == "flux"
        assert lab.lab.service("forge").resting
        assert lab.runtime.starts == ["flux", "forge"]


async def test_an_engine_that_gives_nothing_back_is_stopped(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        lab.frees = False
        await lab.ready("flux")
        lab.load("flux")
        await lab.ready("forge")
        assert lab.state("flux") == "stopped"
        assert "waiting until the memory is back" in lab.phases
        stops = [note for note in lab.notes if note.event == "stopping"]
        assert [(note.service, note.by, note.reason) for note in stops] == [
            ("flux", "forge", "Room for Forge.")
        ]


async def test_a_job_that_runs_is_waited_for(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        job = lab.job("flux")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: "waiting for GPU memory that Flux uses" in lab.phases)
        for _ in range(40):
            await lab.settle()
            lab.clock.advance(1)
            assert lab.state("flux") == "ready"
            assert lab.gpus.used_mib("a") == 16_000
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("forge") == "ready")
        waits = [note for note in lab.notes if note.event == "waited"]
        assert [(note.service, note.reason) for note in waits] == [
            ("forge", "For GPU memory that Flux used.")
        ]


async def test_an_engine_that_works_for_somebody_unknown_is_left_alone(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        lab.load("flux")
        lab.working.add("flux")
        lab.lab.start("forge", by="ben")
        for _ in range(20):
            await lab.settle()
            lab.clock.advance(1)
        assert (lab.state("flux"), lab.state("forge")) == ("ready", "starting")
        lab.working.clear()
        await lab.until(lambda: lab.state("forge") == "ready")


async def test_a_wait_ends_in_time_and_says_who_holds_the_memory(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        lab.lab.pin("flux", minutes=None, by="ada")
        await lab.until(lambda: lab.state("flux") == "ready")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: lab.state("forge") == "failed")
        problem = lab.lab.service("forge").problem
        assert problem is not None
        assert problem.code == "gpu_full"
        assert "Flux (16000 MiB)" in problem.message
        assert problem.command == "coursia-genai stop flux"
        assert lab.state("flux") == "ready"


async def test_a_wish_withdrawn_leaves_the_queue(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE, TINY) as lab:
        await lab.ready("flux")
        job = lab.job("flux")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: "waiting for GPU memory that Flux uses" in lab.phases)
        lab.lab.start("tiny", by="cleo")
        await lab.settle()
        lab.clock.advance(5)
        await lab.settle()
        assert lab.state("tiny") == "starting"
        lab.lab.stop("forge", by="ben")
        await lab.until(lambda: lab.state("tiny") == "ready")
        assert lab.state("forge") == "stopped"
        lab.lab.leases.drop(job.id)


async def test_a_start_on_another_gpu_does_not_wait_for_the_queue(tmp_path: Path) -> None:
    pinned = gpu_service("other", 2_000, ids=["1"])
    first = gpu_service("forge", 14_000, ids=["0"])
    async with bench(tmp_path, simulated(a=24_000, b=24_000), FLUX, first, pinned) as lab:
        await lab.ready("flux")
        assert lab.gpus_of("flux") == ["a"]
        job = lab.job("flux")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: "waiting for GPU memory that Flux uses" in lab.phases)
        await lab.ready("other")
        assert lab.gpus_of("other") == ["b"]
        assert lab.state("forge") == "starting"
        lab.lab.leases.drop(job.id)


async def test_memory_that_does_not_come_back_is_told_with_what_keeps_it(tmp_path: Path) -> None:
    gpus = simulated(a=24_000)
    async with bench(tmp_path, gpus, FLUX, FORGE, release_seconds=None) as lab:
        lab.frees = False
        await lab.ready("flux")
        lab.load("flux")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: lab.state("forge") == "failed")
        problem = lab.lab.service("forge").problem
        assert problem is not None
        assert problem.code == "gpu_memory_stays"
        assert problem.message.startswith("Flux was stopped to make room for Forge")


async def test_a_stranger_that_fills_the_gpu_is_named(tmp_path: Path) -> None:
    gpus = simulated(a=24_000)
    gpus.use("a", 20_000, pid=999)
    async with bench(tmp_path, gpus, FLUX) as lab:
        lab.lab.start("flux", by="ada")
        await lab.until(lambda: lab.state("flux") == "failed")
        problem = lab.lab.service("flux").problem
        assert problem is not None
        assert problem.code == "gpu_full"
        assert "python (process 999)" in problem.message
        gpus.free("a", pid=999)
        lab.lab.start("flux", by="ada")
        await lab.until(lambda: lab.state("flux") == "ready")


async def test_without_names_of_processes_the_memory_is_shared_all_the_same(
    tmp_path: Path,
) -> None:
    gpus = simulated(a=24_000)
    gpus.names_users = False
    async with bench(tmp_path, gpus, FLUX, FORGE, TINY) as lab:
        await lab.ready("flux")
        lab.load("flux")
        await lab.ready("tiny")
        await lab.ready("forge")
        assert lab.lab.service("flux").resting or lab.state("flux") == "stopped"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ((48_000, []), "gpu_too_small"),
        ((10, ["GPU-gone"]), "gpu_absent"),
        ((10, ["1"]), "gpu_lost"),
    ],
)
async def test_what_can_never_be_is_told_at_once(
    tmp_path: Path, more: tuple[int, list[str]], code: str
) -> None:
    gpus = simulated(a=24_000, b=24_000)
    gpus.lost.add("b")
    vram_mib, ids = more
    async with bench(tmp_path, gpus, gpu_service("flux", vram_mib, ids=ids)) as lab:
        with pytest.raises(ServiceError) as refused:
            await lab.ready("flux")
        assert refused.value.error_code == code
        assert refused.value.remedy


async def test_a_driver_that_hangs_is_told_after_a_while(tmp_path: Path) -> None:
    gpus = simulated(a=24_000)
    gpus.fault = Fault("driver_hangs")
    async with bench(tmp_path, gpus, FLUX) as lab:
        with pytest.raises(ServiceError) as refused:
            await lab.ready("flux")
        assert refused.value.error_code == "gpu_unreadable"


async def test_a_driver_that_hangs_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    gpus = simulated(a=24_000)
    gpus.fault = Fault("driver_hangs")
    async with bench(tmp_path, gpus, FLUX) as lab:
        lab.lab.start("flux", by="ada")
        await lab.settle()
        lab.clock.advance(3)
        gpus.fault = None
        await lab.until(lambda: lab.state("flux") == "ready")


async def test_without_a_driver_named_gpus_are_claimed_unseen_with_a_warning(
    tmp_path: Path,
) -> None:
    gpus = simulated()
    gpus.fault = Fault("no_driver")
    one = gpu_service("one", 16_000, ids=["0"], exclusive=True)
    two = gpu_service("two", 16_000, ids=["0"], exclusive=True)
    async with bench(tmp_path, gpus, one, two, FLUX) as lab:
        await lab.ready("one")
        assert [warning.code for warning in lab.lab.changes.warnings] == ["gpu_unseen"]
        await lab.ready("two")
        assert (lab.state("one"), lab.state("two")) == ("stopped", "ready")
        with pytest.raises(ServiceError) as refused:
            await lab.ready("flux")
        assert refused.value.error_code == "no_gpu"


async def test_a_lost_gpu_fails_its_service_once_the_job_has_failed(tmp_path: Path) -> None:
    gpus = simulated(a=24_000, b=24_000)
    async with bench(tmp_path, gpus, FLUX, FORGE) as lab:
        await lab.ready("flux")
        job = lab.job("flux")
        gpus.lost.add("a")
        await lab.settle()
        lab.clock.advance(3)
        assert lab.state("flux") == "ready"
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("flux") == "failed")
        problem = lab.lab.service("flux").problem
        assert problem is not None
        assert problem.code == "gpu_lost"
        await lab.ready("forge")
        assert lab.gpus_of("forge") == ["b"]


async def test_without_a_gpu_in_a_spec_the_driver_is_never_asked(tmp_path: Path) -> None:
    gpus = simulated(a=24_000)
    plain = FLUX.model_copy(update={"gpu": None, "name": "plain"})
    async with bench(tmp_path, gpus, plain) as lab:
        lab.lab.start("plain", by="ada")
        await lab.until(lambda: lab.state("plain") in ("ready", "failed"))
        job = lab.lab.leases.take("job", ["plain"], label="a.ipynb", person="ada")
        lab.clock.advance(10)
        lab.lab.leases.drop(job.id)
        lab.clock.advance(10)
        await lab.settle()
        assert gpus.readings == 0


async def test_two_labs_on_one_host_do_not_take_the_same_memory(tmp_path: Path) -> None:
    gpus, world = simulated(a=24_000), FakeWorld()
    async with (
        bench(tmp_path / "ada", gpus, FLUX, world=world) as ada,
        bench(tmp_path / "ben", gpus, FORGE, world=world) as ben,
    ):
        ada.lab.start("flux", by="ada")
        ben.lab.start("forge", by="ben")
        await ada.until(lambda: "ready" in (ada.state("flux"), ben.state("forge")))
        first, second = (ada, ben) if ada.state("flux") == "ready" else (ben, ada)
        mine, theirs = ("flux", "forge") if first is ada else ("forge", "flux")
        await second.until(lambda: "waiting for GPU memory that another Lab uses" in second.phases)
        assert second.state(theirs) == "starting"
        first.lab.stop(mine, by="whoever")
        await second.until(lambda: second.state(theirs) == "ready")
    await world.close()


async def test_who_was_just_served_keeps_the_service_until_they_can_claim_it(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: "waiting for GPU memory that Flux uses" in lab.phases)
        await lab.ready("flux")
        await lab.settle()
        assert not lab.lab.service("flux").resting
        job = lab.job("flux")
        for _ in range(10):
            await lab.settle()
            lab.clock.advance(1)
            assert lab.gpus.used_mib("a") == 16_000
        lab.lab.leases.drop(job.id)
        await lab.until(lambda: lab.state("forge") == "ready")
