"""A Lab on a real engine while time, service files and folders change under it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from docker_engine import DockerUnderTest
from runtime_houses import NAMESPACE, DockerHouse
from simulated_clock import SimulatedClock
from waiting import until

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import GenAIError
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.ownership import claim_slots
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.docker import DockerRuntime
from coursia_genai_lab.runtimes.readiness import until_ready

pytestmark = pytest.mark.docker

PATIENCE = 60.0
HOUR = 3600.0


@pytest.fixture
def house(docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path) -> Iterator[DockerHouse]:
    house = DockerHouse(tmp_path, docker_engine, demo_image)
    yield house
    remains = house.engine.leftovers() + [str(file) for file in tmp_path.rglob("docker-*")]
    docker_engine.empty()
    assert remains == []


async def answers(spec: ServiceSpec, instance: Instance) -> None:
    async with aiohttp.ClientSession() as session:
        await until_ready(instance.url, spec.readiness, timeout_seconds=PATIENCE, session=session)


@contextlib.asynccontextmanager
async def lab_on(
    house: DockerHouse,
    spec: ServiceSpec,
    clock: SimulatedClock,
    notes: list[TimelineNote],
    **settings: object,
) -> AsyncIterator[Lab]:
    known: dict[str, object] = {
        "state_path": str(house.folder / "store"),
        "namespace": NAMESPACE,
        "network_subnet": house.engine.subnet,
        "runtime": "docker",
        "idle_minutes": 10.0,
    }
    lab = Lab(
        catalog=Catalog({spec.name: spec}),
        settings=LabSettings(**(known | settings)),  # type: ignore[arg-type]
        runtimes=lambda: {"docker": DockerRuntime(host=house.engine.host)},
        answers=answers,
        record=notes.append,
        clock=clock,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        yield lab
    finally:
        await lab.close()


def identifier(lab: Lab) -> str:
    instance = lab.service("chatty").instance
    assert instance is not None
    return instance.identifier


async def test_what_has_drifted_runs_on_while_it_is_held_and_is_renewed_after(
    house: DockerHouse,
) -> None:
    clock, notes = SimulatedClock(), list[TimelineNote]()
    old = house.spec(stop_grace_seconds=0)
    new = house.spec(container=house.container(memory_mib=300), stop_grace_seconds=0)
    async with house:
        slot, _ = claim_slots(house.folder / "store")
        order = replace(house.order(old), owner=slot.owner, state_folder=str(slot.folder))
        left = await house.runtime().start(order, house.reports.append)
        slot.release()
        async with lab_on(house, new, clock, notes) as lab:
            assert identifier(lab) == left.identifier
            assert [problem.code for problem in lab.changes.warnings] == ["drifted"]
            lease = lab.leases.take("kernel", ["chatty"], label="a", person="ada", kernel_id="k")
            clock.advance(60)
            assert identifier(lab) == left.identifier
            lab.leases.drop(lease.id)
            clock.advance(2)
            await until(lambda: [note.event for note in notes].count("ready") == 1)
            assert identifier(lab) != left.identifier
            assert lab.changes.warnings == []
            inspected = house.engine.client.api.inspect_container(identifier(lab))
            assert inspected["HostConfig"]["Memory"] == 300 * 2**20


async def test_an_hours_sleep_and_an_hours_standstill_cost_no_container(
    house: DockerHouse,
) -> None:
    clock, notes = SimulatedClock(), list[TimelineNote]()
    async with lab_on(house, house.spec(stop_grace_seconds=0), clock, notes) as lab:
        await lab.endpoint("chatty", timeout=PATIENCE)
        before = identifier(lab)
        lease = lab.leases.take("kernel", ["chatty"], label="a", person="ada", kernel_id="k")
        lab.kernel_busy("k", True)
        for lose_an_hour in (clock.sleep, clock.pause):
            lose_an_hour(HOUR)
            clock.advance(5)
            assert lab.leases.live(lease.id)
            assert lab.leases.strength(lease) == "active"
            lab.kernel_busy("k", True)
            clock.advance(5)
        runtime = lab.service("chatty").runtime
        assert runtime is not None
        assert lab.service("chatty").state == "ready"
        assert identifier(lab) == before
        assert house.engine.client.api.inspect_container(before)["State"]["Running"]
        assert [note.event for note in notes] == ["asked", "started", "ready"]


async def test_a_folder_of_models_that_is_gone_is_told_and_used_once_it_is_back(
    house: DockerHouse, tmp_path: Path
) -> None:
    models = tmp_path / "models" / "qwen"
    spec = house.spec(container=house.container(models=["qwen"]), stop_grace_seconds=0)
    clock, notes = SimulatedClock(), list[TimelineNote]()
    async with lab_on(house, spec, clock, notes, model_roots=(str(models.parent),)) as lab:
        with pytest.raises(GenAIError) as failure:
            await lab.endpoint("chatty", timeout=PATIENCE)
        assert "qwen" in failure.value.message
        cell = lab.service("chatty")
        assert cell.state == "failed"
        assert cell.problem is not None
        assert cell.problem.code == failure.value.error_code
        assert "model_roots" in cell.problem.remedy
        assert house.engine.leftovers() == []
        assert not models.exists()  # an engine that makes it would make it root's
        models.mkdir(parents=True)
        lab.start("chatty", by="ada")
        assert (await lab.endpoint("chatty", timeout=PATIENCE)).url
