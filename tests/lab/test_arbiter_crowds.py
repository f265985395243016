"""Many who want GPU memory at once: calm, fair, and each counted once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from gpu_bench import bench, gpu_service, simulated

from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.gpu.reading import Device as ReadDevice
from coursia_genai_lab.gpu.reading import Fault, GPUProcess, Reading
from coursia_genai_lab.lab.gpu_book import Book, device_of
from coursia_genai_lab.lab.gpu_memory import count
from coursia_genai_lab.lab.gpu_presence import reads_what_services_get
from coursia_genai_lab.lab.planning import host_of, plan_of_lab
from coursia_genai_lab.runtimes.fake import FakeWorld
from coursia_genai_lab.runtimes.gpu_claims import SeenClaim

FLUX = gpu_service("flux", 16_000)
FORGE = gpu_service("forge", 14_000)
TINY = gpu_service("tiny", 12_000)


async def test_who_waits_together_does_not_keep_each_other_awake(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE, TINY) as lab:
        await lab.ready("flux")
        job = lab.job("flux")
        lab.lab.start("forge", by="ben")
        lab.lab.start("tiny", by="cleo")
        await lab.until(lambda: (lab.state("forge"), lab.state("tiny")) == ("starting", "starting"))
        for _ in range(5):
            await lab.settle()
        before, told = lab.gpus.readings, len(lab.phases)
        for _ in range(20):
            await lab.settle()
        # No time has passed and nothing has changed: nobody has a reason to look.
        assert lab.gpus.readings - before <= 2
        assert len(lab.phases) - told <= 2
        lab.lab.leases.drop(job.id)


async def test_nobody_gives_way_to_a_start_that_still_downloads(tmp_path: Path) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        lab.runtime.unfetched["forge"] = fetched = asyncio.Event()
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: "downloading the image" in lab.phases)
        for _ in range(10):
            await lab.settle()
            lab.clock.advance(0.5)
        assert (lab.state("flux"), lab.state("forge")) == ("ready", "pulling")
        assert not lab.lab.service("flux").resting
        fetched.set()
        await lab.until(lambda: lab.state("forge") == "ready")
        assert lab.lab.service("flux").resting


@pytest.mark.parametrize("named", [True, False])
async def test_an_engine_that_kept_its_memory_may_go_on_with_it(
    tmp_path: Path, named: bool
) -> None:
    gpus = simulated(a=24_000)
    gpus.names_users = named
    async with bench(tmp_path, gpus, FLUX, FORGE) as lab:
        lab.frees = False
        await lab.ready("flux")
        lab.load("flux")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: lab.lab.service("flux").resting)
        # It was asked, kept everything, and whoever wanted its memory has gone.
        lab.lab.stop("forge", by="ben")
        await lab.ready("flux")
        assert lab.runtime.starts == ["flux"]
        assert not lab.lab.service("flux").resting


async def test_what_is_pinned_while_it_gives_way_does_not_wait_for_who_waits_for_it(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        lab.frees = False
        await lab.ready("flux")
        lab.load("flux")
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: lab.lab.service("flux").resting)
        lab.lab.pin("flux", minutes=None, by="ada")
        await lab.until(lambda: not lab.lab.service("flux").resting, seconds=30)
        assert (lab.state("flux"), lab.state("forge")) == ("ready", "starting")
        await lab.until(lambda: "waiting for GPU memory that Flux uses" in lab.phases)
        assert "waiting for GPU memory that another program uses" not in lab.phases
        lab.lab.unpin("flux", by="ada")
        await lab.until(lambda: lab.state("forge") == "ready")
        assert lab.runtime.starts == ["flux", "forge"]


async def test_a_job_of_who_has_its_memory_again_is_not_stopped_for_an_older_wish(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, simulated(a=24_000), FLUX, FORGE) as lab:
        await lab.ready("flux")
        lab.load("flux")
        lab.refusal = asyncio.get_running_loop().create_future()
        lab.lab.start("forge", by="ben")
        await lab.until(lambda: lab.lab.service("flux").resting)
        lab.lab.pin("flux", minutes=None, by="ada")
        await lab.until(lambda: not lab.lab.service("flux").resting)
        job = lab.job("flux")
        lab.lab.unpin("flux", by="ada")
        lab.refusal.set_result(None)
        for _ in range(5):
            await lab.settle()
            lab.clock.advance(0.5)
        assert (lab.state("flux"), lab.state("forge")) == ("ready", "starting")
        lab.lab.leases.drop(job.id)


def test_the_process_of_another_lab_is_not_counted_as_a_stranger_too() -> None:
    book = Book(
        clock=lambda: 0.0,
        wall=lambda: 0.0,
        going=lambda name: False,
        spare=lambda name: False,
        used_at=lambda name: 0.0,
    )
    book.others = [
        SeenClaim("4711:815.2", "flux", "ben", ("a",), 10_000, False, since=1.0, rank="1")
    ]
    user = GPUProcess(4712, 9_000, program="python", group=4711)
    read = ReadDevice("a", 0, "Card", total_mib=24_000, used_mib=9_000, processes=(user,))
    device = device_of(read, book.owners())
    counted = count(device, book.holds([device]))
    assert counted.foreign == 0
    assert counted.taken() == 10_000


@pytest.mark.parametrize("host", ["tcp://10.0.0.9:2375", "ssh://gpu.example"])
def test_gpus_of_this_machine_say_nothing_of_an_engine_on_another(host: str) -> None:
    card = ReadDevice("GPU-a", 0, "Card", total_mib=24_000, used_mib=0)
    reading = Reading(at=1.0, devices=(card,))
    away = LabSettings(docker_host=host)
    assert not reads_what_services_get(away)
    assert host_of(reading, away).devices is None
    assert host_of(Reading(fault=Fault("no_driver")), away).notes == ()
    for here in (
        LabSettings(),
        LabSettings(docker_host="unix:///run/docker.sock"),
        LabSettings(docker_host="tcp://127.0.0.1:2375"),
        LabSettings(docker_host=host, gpu_reader=("ssh", "gpu.example", "reader")),
    ):
        assert reads_what_services_get(here)
        assert [one.id for one in host_of(reading, here).devices or ()] == ["GPU-a"]


async def test_where_no_gpu_can_be_seen_services_share_by_their_word(tmp_path: Path) -> None:
    alone = gpu_service("alone", 1_000, exclusive=True)
    async with bench(tmp_path, simulated(a=24_000), FLUX, alone, seen=False) as lab:
        await lab.ready("flux")
        await lab.ready("alone")
        assert (lab.state("flux"), lab.state("alone")) == ("stopped", "ready")
        assert lab.gpus.readings == 0


async def test_what_another_lab_gave_up_is_not_shown_for_ever(tmp_path: Path) -> None:
    gpus, world = simulated(a=24_000), FakeWorld()
    async with (
        bench(tmp_path / "ada", gpus, FLUX, world=world) as ada,
        bench(tmp_path / "ben", gpus, gpu_service("small", 4_000), world=world) as ben,
    ):
        await ben.ready("small")
        ada.lab.pin("flux", minutes=None, by="ada")
        await ada.until(lambda: ada.state("flux") == "ready")
        assert [one.ours for one in ada.lab.gpus.claims()["a"]] == [True, False]
        ben.lab.stop("small", by="ben")
        await ada.until(lambda: [one.ours for one in ada.lab.gpus.claims()["a"]] == [True])
    await world.close()


async def test_the_plan_counts_another_labs_service_once(tmp_path: Path) -> None:
    gpus, world = simulated(a=24_000), FakeWorld()
    async with (
        bench(tmp_path / "ada", gpus, TINY, world=world) as ada,
        bench(tmp_path / "ben", gpus, gpu_service("other", 9_000), world=world) as ben,
    ):
        await ben.ready("other")
        ben.load("other")
        view = await plan_of_lab(
            ada.lab,
            readings=gpus.fresh,
            expected_start=lambda name: None,
            usual_job=lambda name: (None, 0),
            people=2,
            names=True,
        )
        (planned,) = view.services
        assert planned.fit == "fits"
        assert [note.code for note in view.notes] == []
    await world.close()
