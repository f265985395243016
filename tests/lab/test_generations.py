"""The record of generations: at once, for long, without prompts, whatever happens to its store."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from postgres_server import PostgresServer
from stamped_pictures import facts
from waiting import until

from coursia_genai_lab.errors import StoreError
from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.lab.generations import Generations
from coursia_genai_lab.lab.read_generation import read_generation
from coursia_genai_lab.lab.store.migrate import migrations
from coursia_genai_lab.lab.store.place import Place, file_place, find_place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.provenance import prompt_hash

SECRET = "a prompt that nobody else is to read"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


@asynccontextmanager
async def opened(place: Place, **options: Any) -> AsyncIterator[Generations]:
    """Open a record as a server does."""
    store = Store(lambda: place, "durable", check_seconds=0.1)
    generations = Generations(store, **options)
    store.open()
    assert await store.settled(60)
    try:
        yield generations
    finally:
        await store.close(60)


def made(person: str = "ada", **changed: Any) -> Generation:
    """Return a picture that is done."""
    known = facts(id=str(uuid.uuid4()), prompt=SECRET, negative_prompt=SECRET[::-1])
    values: dict[str, Any] = {
        "id": known.id,
        "person": person,
        "kind": "openai",
        "service": known.service,
        "model": known.model,
        "seconds": 2.5,
        "sha256": "ab" * 32,
        "facts": known,
    }
    return Generation(**{**values, **changed})


async def test_a_generation_is_found_by_its_id_at_once_and_later(path: Path) -> None:
    one = made()
    async with opened(file_place(path)) as generations:
        generations.note(one)
        assert await generations.find(one.id) is not None
    async with opened(file_place(path)) as generations:
        found = await generations.find(one.id)
        assert found is not None
        view = found.view(with_prompt=True)
        assert (view.sha256, view.outcome, view.seconds) == (one.sha256, "done", 2.5)
        assert one.facts is not None
        assert view.facts == one.facts.model_copy(update={"prompt": "", "negative_prompt": None})
        assert view.prompt_hash == prompt_hash(one.facts)
        assert await generations.find("another") is None


async def test_no_prompt_is_kept_unless_that_is_wanted(path: Path) -> None:
    async with opened(file_place(path)) as generations:
        generations.note(made())
    written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert SECRET.encode() not in written
    assert SECRET[::-1].encode() not in written
    assert SECRET not in repr(made())


async def test_a_prompt_that_is_kept_is_shown_to_who_may_see_it(path: Path) -> None:
    one = made()
    async with opened(file_place(path), prompts=True) as generations:
        generations.note(one)
        found = await generations.find(one.id)
    assert found is not None
    assert found.view(with_prompt=True).prompt == SECRET
    assert found.view(with_prompt=False).prompt is None
    assert SECRET not in repr(found)


async def test_equal_prompts_of_two_people_look_different(path: Path) -> None:
    one, two = made("ada"), made("ben")
    async with opened(file_place(path)) as generations:
        for each in (one, two):
            generations.note(each)
        rows = [await generations.find(each.id) for each in (one, two)]
    assert len({row.prompt_hash for row in rows if row}) == 2


async def test_usage_counts_what_somebody_had_made_since_a_time(path: Path) -> None:
    async with opened(file_place(path)) as generations:
        generations.note(made(at=100.0))
        generations.note(made(at=200.0))
        generations.note(made(at=200.0, service="flux", kind="comfyui", pictures=4, facts=None))
        generations.note(made(at=300.0, outcome="failed", code="out_of_memory", seconds=1.0))
        generations.note(made(at=300.0, outcome="cancelled", seconds=0.5))
        generations.note(made("ben", at=300.0))
        usage = await generations.usage("ada", 150.0)
        assert (usage.pictures, usage.seconds, usage.failed) == (5, 6.5, 1)
        assert [(one.service, one.pictures, one.failed) for one in usage.services] == [
            ("comfyui-qwen", 1, 1),
            ("flux", 4, 0),
        ]
        nobody = await generations.usage("eve", 0.0)
        assert (nobody.pictures, nobody.services) == (0, [])


async def test_a_second_note_of_one_id_changes_nothing(path: Path) -> None:
    one = made()
    async with opened(file_place(path)) as generations:
        generations.note(one)
        generations.note(made(id=one.id, facts=one.facts, pictures=7))
        assert (await generations.usage("ada", 0.0)).pictures == 1


async def test_without_a_store_the_server_remembers(tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("a file where a folder should be")
    place = file_place(tmp_path / "no-folder" / "store.sqlite3")
    one = made()
    async with opened(place) as generations:
        generations.note(one)
        assert await generations.find(one.id) is not None
        assert (await generations.usage("ada", 0.0)).pictures == 1
        with pytest.raises(StoreError):
            await generations.find("another")


async def test_a_store_that_is_deleted_gets_what_the_server_remembers(path: Path) -> None:
    before, after = made(), made()
    async with opened(file_place(path)) as generations:
        generations.note(before)
        await generations.usage("ada", 0.0)
        for file in path.parent.iterdir():
            file.unlink()
        await asyncio.to_thread(lambda: None)
        await until(path.exists)
        generations.note(after)
        assert (await generations.usage("ada", 0.0)).pictures == 2
    assert read_generation(file_place(path), before.id) is not None


async def test_two_servers_share_one_record(path: Path) -> None:
    here, there = [made() for _ in range(50)], [made() for _ in range(50)]
    async with opened(file_place(path)) as one, opened(file_place(path)) as two:
        for mine, yours in zip(here, there, strict=True):
            one.note(mine)
            two.note(yours)
        await two.usage("ada", 0.0)
        assert (await one.usage("ada", 0.0)).pictures == 100
        assert await one.find(there[-1].id) is not None


async def test_what_is_too_old_or_too_much_is_forgotten(path: Path) -> None:
    old, new = made(at=1000.0), made()
    async with opened(file_place(path)) as generations:
        generations.note(old)
        generations.note(new)
    async with opened(file_place(path), days=30) as generations:
        generations.note(made())  # the first of a server tidies up
        assert (await generations.usage("ada", 0.0)).pictures == 2
    async with opened(file_place(path), most=1) as generations:
        last = made()
        generations.note(last)
        assert (await generations.usage("ada", 0.0)).pictures == 1
    assert read_generation(file_place(path), new.id) is None
    assert read_generation(file_place(path), last.id) is not None


async def test_a_record_of_the_former_version_is_brought_up_to_date(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        for statement in migrations("durable", "sqlite")[0].statements:
            connection.execute(statement)
        connection.execute("INSERT INTO genai_meta VALUES ('a-uuid', 1, 0.0)")
    connection.close()
    one = made()
    with pytest.raises(StoreError):
        read_generation(file_place(path), one.id)
    async with opened(file_place(path)) as generations:
        generations.note(one)
        assert (await generations.usage("ada", 0.0)).pictures == 1
    assert read_generation(file_place(path), one.id) is not None


async def test_names_that_no_database_takes_are_kept_as_far_as_they_can_be(path: Path) -> None:
    odd = made("a\0da\ud800", model="m\0" * 500, id="x\0y")
    async with opened(file_place(path)) as generations:
        generations.note(odd)
    row = read_generation(file_place(path), "xy")
    assert row is not None
    assert len(row.model) <= 200


async def test_postgresql_keeps_it_too(postgres: PostgresServer) -> None:
    place = find_place(postgres.new_database(), "/nonexistent")
    one, failed = made(), made(outcome="failed", code="no\0picture", facts=None, sha256="")
    async with opened(place) as generations:
        generations.note(one)
        generations.note(failed)
        usage = await generations.usage("ada", 0.0)
        assert (usage.pictures, usage.seconds, usage.failed) == (1, 5.0, 1)
    async with opened(place, most=1) as generations:
        found = await generations.find(one.id)
        assert found is not None
        assert found.sha256 == one.sha256
        generations.note(made())
        assert (await generations.usage("ada", 0.0)).pictures == 1


KEEPER = """
import asyncio, sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from test_generations import made, opened
from coursia_genai_lab.lab.store.place import file_place

async def main():
    async with opened(file_place(Path(sys.argv[1]))) as generations:
        while True:
            burst = [made() for _ in range(7)]
            for one in burst:
                generations.note(one)
            await generations.usage("ada", 0.0)
            print(" ".join(one.id for one in burst), flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 2, 5, 13])
async def test_what_was_written_outlives_a_server_that_is_killed(path: Path, lines: int) -> None:
    here = Path(__file__).resolve().parent
    program = KEEPER.format(tests=str(here))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        told = [(await asyncio.to_thread(process.stdout.readline)).split() for _ in range(lines)]
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    known = [one for line in told for one in line]
    assert len(known) == 7 * lines
    async with opened(file_place(path)) as generations:
        assert all([await generations.find(one) for one in known])
        usage = await generations.usage("ada", 0.0)
        assert usage.pictures >= len(known)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
