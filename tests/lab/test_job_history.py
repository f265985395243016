"""What a picture takes: learned from past jobs, the time in the queue left out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from coursia_genai_lab.lab.job_history import JobHistory
from coursia_genai_lab.lab.leases import Lease, Leases
from coursia_genai_lab.lab.store.place import Place, file_place
from coursia_genai_lab.lab.store.store import Store


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return file_place(tmp_path / "starts.sqlite3")


@asynccontextmanager
async def history(place: Place, spec: str = "spec-1") -> AsyncIterator[JobHistory]:
    store = Store(lambda: place, "host", check_seconds=0.1)
    jobs = JobHistory(store, fingerprint=lambda service: spec)
    store.open()
    assert await store.settled(60)
    yield jobs
    jobs.flush()
    assert store.notes() == []
    await store.close(10)


async def test_nothing_is_known_of_a_service_without_jobs(place: Place) -> None:
    async with history(place) as jobs:
        assert jobs.usual("flux") == (None, 0)


async def test_the_time_in_the_queue_is_no_time_of_the_job(place: Place) -> None:
    async with history(place) as jobs:
        # A class of five asks at once, and each picture takes eight seconds.
        for number in range(1, 6):
            jobs.ended("flux", 100.0, 100.0 + 8 * number)
        assert jobs.usual("flux") == (8.0, 5)


async def test_one_slow_job_changes_little(place: Place) -> None:
    async with history(place) as jobs:
        jobs.ended("flux", 0.0, 300.0)
        for number in range(1, 6):
            jobs.ended("flux", 1000.0 * number, 1000.0 * number + 10)
        assert jobs.usual("flux") == (10.0, 6)


async def test_jobs_whose_ends_were_seen_in_one_look_share_its_time(place: Place) -> None:
    async with history(place) as jobs:
        for _ in range(4):
            jobs.ended("flux", 0.0, 2.0)
        assert jobs.usual("flux") == (0.5, 4)


async def test_services_are_told_apart(place: Place) -> None:
    async with history(place) as jobs:
        jobs.ended("flux", 0.0, 9.0)
        jobs.ended("sd35", 0.0, 3.0)
        assert jobs.usual("flux") == (9.0, 1)
        assert jobs.usual("sd35") == (3.0, 1)


async def test_the_next_server_of_the_host_knows_them(place: Place) -> None:
    async with history(place) as jobs:
        jobs.ended("flux", 0.0, 9.0)
        jobs.ended("flux", 20.0, 31.0)
    async with history(place) as jobs:
        assert jobs.usual("flux") == (10.0, 2)


async def test_the_times_of_another_model_prove_nothing(place: Place) -> None:
    async with history(place) as jobs:
        jobs.ended("flux", 0.0, 9.0)
    async with history(place, "spec-2") as jobs:
        assert jobs.usual("flux") == (None, 0)


def test_only_a_job_that_came_to_a_good_end_is_heard_of() -> None:
    now, heard = [100.0], []

    def hear(lease: Lease, began: float, ended: float) -> None:
        heard.append((lease.services, ended - began))

    leases = Leases(clock=lambda: now[0])
    leases.hear_finished(hear)
    good, refused = (leases.take("job", ["flux"], label="nb.ipynb", person="ada") for _ in range(2))
    now[0] += 7
    leases.drop(refused.id)
    leases.drop(good.id, done=True)
    leases.drop(good.id, done=True)
    assert heard == [(("flux",), 7.0)]
