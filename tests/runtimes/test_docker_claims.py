"""Claims on a real engine where clocks go apart, starts are killed and containers come late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker_engine import DockerUnderTest
from runtime_houses import DockerHouse

from coursia_genai_lab.errors import GPUTaken
from coursia_genai_lab.runtimes.base import StartOrder
from coursia_genai_lab.runtimes.docker_claims import (
    claim_labels,
    claims_of_others,
    refuse_overbooking,
)
from coursia_genai_lab.runtimes.docker_container import OWNER_LABEL

pytestmark = pytest.mark.docker
HOUR = 3600


@pytest.fixture
def house(docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path) -> Iterator[DockerHouse]:
    yield DockerHouse(tmp_path, docker_engine, demo_image)
    for row in docker_engine.client.api.containers(all=True):
        docker_engine.client.api.remove_container(row["Id"], force=True)


def order(house: DockerHouse, owner: str) -> StartOrder:
    spec = house.spec(name=owner, gpu={"vram_mib": 16_000})
    made = house.order(spec, owner=owner)
    return replace(made, device_ids=["GPU-1"], gpu_rooms={"GPU-1": 24_000})


def made(house: DockerHouse, wanted: StartOrder, *, started: bool = False) -> str:
    """Make the container of a Lab, without more than its claim."""
    client = house.engine.client
    image = client.api.images()[0]["Id"]
    labels = {OWNER_LABEL: wanted.owner, **claim_labels(wanted)}
    container = client.containers.create(image, labels=labels)
    if started:
        container.start()
    return str(container.id)


class _Engine:
    """The real engine, whose clock and containers are older or younger than they seem here."""

    def __init__(self, real: Any, *, clock: float = 0, made: float = 0) -> None:
        self.api = self
        self._real, self._clock, self._made = real, clock, made

    def containers(self, **how: Any) -> list[dict[str, Any]]:
        rows = self._real.api.containers(**how)
        return [{**row, "Created": row["Created"] + self._clock + self._made} for row in rows]

    def info(self) -> dict[str, Any]:
        now = time.gmtime(time.time() + self._clock)
        return {"SystemTime": time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", now)}


def test_the_clock_of_the_engine_says_how_long_ago_a_container_was_made(
    house: DockerHouse,
) -> None:
    made(house, order(house, "ada"))
    for clock in (-24 * HOUR, 0, 24 * HOUR):
        young: Any = _Engine(house.engine.client, clock=clock)
        assert [one.owner for one in claims_of_others(young, "ben")] == ["ada"]
        left: Any = _Engine(house.engine.client, clock=clock, made=-HOUR)
        assert claims_of_others(left, "ben") == []


def test_the_real_engine_tells_its_time(house: DockerHouse) -> None:
    made(house, order(house, "ada"))
    assert [one.owner for one in claims_of_others(house.engine.client, "ben")] == ["ada"]


def test_what_has_ended_claims_nothing(house: DockerHouse) -> None:
    container = made(house, order(house, "ada"), started=True)
    assert claims_of_others(house.engine.client, "ben") != []
    house.engine.client.api.kill(container)
    house.engine.client.api.wait(container)
    assert claims_of_others(house.engine.client, "ben") == []


def test_who_runs_already_is_not_displaced_by_one_that_came_into_sight_late(
    house: DockerHouse,
) -> None:
    # An engine dates a container when it begins to make it: a slow disk shows it later than one
    # that was begun after it and runs by now, whose own looks are over.
    mine = made(house, order(house, "ben"))
    made(house, order(house, "ada"), started=True)
    with pytest.raises(GPUTaken):
        refuse_overbooking(house.engine.client, order(house, "ben"), mine)


def test_of_two_that_run_the_older_stays(house: DockerHouse) -> None:
    mine = made(house, order(house, "ben"), started=True)
    theirs = made(house, order(house, "ada"), started=True)
    refuse_overbooking(house.engine.client, order(house, "ben"), mine)
    with pytest.raises(GPUTaken):
        refuse_overbooking(house.engine.client, order(house, "ada"), theirs)
