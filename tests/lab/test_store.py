"""The store: what is given to it lasts, and nobody ever waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection
from store_harness import note, opened, services
from waiting import until

from coursia_genai_lab.errors import ConfigurationError, StoreError
from coursia_genai_lab.lab.store.place import Place, file_place, find_place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.lab.timeline import Timeline


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return file_place(tmp_path / "data" / "store.sqlite3")


async def test_entries_outlast_the_server_newest_first(place: Place) -> None:
    async with opened(place) as (_, timeline):
        timeline.record(note("comfyui", by="ada", reason="She asked.", seconds=2.5))
        timeline.record(note("flux", "failed", code="image_missing"))
    async with opened(place) as (store, timeline):
        page = await timeline.page(person=None)
        assert [entry.service for entry in page.entries] == ["flux", "comfyui"]
        assert page.durable
        assert not page.more
        newest, oldest = page.entries
        assert newest.id > oldest.id
        assert (newest.event, newest.code) == ("failed", "image_missing")
        assert (oldest.by, oldest.reason, oldest.seconds) == ("ada", "She asked.", 2.5)
        assert store.notes() == []


async def test_pages_go_back_in_time_without_gap(place: Place) -> None:
    async with opened(place) as (_, timeline):
        for number in range(7):
            timeline.record(note(f"service-{number}"))
        seen: list[str] = []
        before = None
        more = True
        while more:
            page = await timeline.page(person=None, before=before, limit=3)
            seen += [entry.service for entry in page.entries]
            before, more = page.entries[-1].id, page.more
        assert seen == [f"service-{number}" for number in reversed(range(7))]
        timeline.record(note("service-3"))
        assert await services(timeline, service="service-3") == ["service-3", "service-3"]


async def test_file_and_folder_are_for_this_user_alone(place: Place) -> None:
    assert place.path is not None
    async with opened(place) as (_, timeline):
        timeline.record(note())
        assert await services(timeline) == ["comfyui"]
        modes = {stat.S_IMODE(path.stat().st_mode) for path in place.path.parent.iterdir()}
        assert modes == {0o600}
        assert stat.S_IMODE(place.path.parent.stat().st_mode) == 0o700


async def test_a_wider_file_is_made_private(place: Place) -> None:
    assert place.path is not None
    place.path.parent.mkdir()
    place.path.touch(0o644)
    async with opened(place):
        assert stat.S_IMODE(place.path.stat().st_mode) == 0o600


async def test_a_link_in_the_files_place_is_not_followed(place: Place, tmp_path: Path) -> None:
    assert place.path is not None
    place.path.parent.mkdir()
    place.path.symlink_to(tmp_path / "elsewhere")
    async with opened(place) as (store, _):
        assert store.notes() != []
    assert not (tmp_path / "elsewhere").exists()


async def test_recording_before_the_store_is_open_loses_nothing(place: Place) -> None:
    store = Store(lambda: place, "durable")
    timeline = Timeline(store)
    timeline.record(note("early"))
    store.open()
    timeline.record(note("while opening"))
    assert await store.settled(20)
    assert await services(timeline) == ["while opening", "early"]
    await store.close()
    await store.close()


async def test_a_closed_store_answers_from_memory_and_can_be_opened_again(place: Place) -> None:
    async with opened(place) as (store, timeline):
        timeline.record(note("one"))
        await store.close()
        timeline.record(note("two"))
        page = await timeline.page(person=None)
        assert [entry.service for entry in page.entries] == ["two", "one"]
        assert not page.durable
        store.open()
        await until(lambda: store.durable)
        assert await services(timeline) == ["two", "one"]


async def test_two_servers_with_one_store_lose_no_entry(place: Place) -> None:
    async with opened(place) as (one, ada), opened(place) as (two, bob):
        assert one.uuid == two.uuid != ""
        for number in range(300):
            ada.record(note(f"ada-{number}"))
            bob.record(note(f"bob-{number}"))
            if number % 20 == 0:
                await asyncio.sleep(0)
        # A store that waited too long for the other's lock writes a little later.
        for store, timeline, last in ((one, ada, "ada-299"), (two, bob, "bob-299")):
            await until(lambda store=store: store.durable)
            while not (page := await timeline.page(person=None, service=last)).durable:
                await until(lambda store=store: store.durable)
            assert len(page.entries) == 1
        entries = (await ada.page(person=None, limit=500)).entries
        entries += (await ada.page(person=None, limit=500, before=entries[-1].id)).entries
        assert len({entry.id for entry in entries}) == len(entries) == 600
        for name in ("ada", "bob"):
            mine = [entry.service for entry in entries if entry.service.startswith(name)]
            assert mine == [f"{name}-{number}" for number in reversed(range(300))]


WRITER = """
import asyncio, sys
from pathlib import Path
from coursia_genai_lab.lab.store.place import file_place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.lab.timeline import Timeline
from coursia_genai_lab.lab.timeline_note import TimelineNote

async def main():
    store = Store(lambda: file_place(Path(sys.argv[1])), "durable")
    timeline = Timeline(store)
    store.open()
    for number in range(200):
        timeline.record(TimelineNote(f"{sys.argv[2]}-{number}", "started"))
        await asyncio.sleep(0)
    await store.close(30)

asyncio.run(main())
"""


async def test_processes_that_begin_and_write_one_store_at_one_moment_lose_no_entry(
    place: Place,
) -> None:
    names = ("ada", "bob", "eve")
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, str(place.path), name)
        for name in names
    ]
    assert [await writer.wait() for writer in writers] == [0, 0, 0]
    async with opened(place) as (_, timeline):
        for name in names:
            for number in (0, 100, 199):
                assert await services(timeline, service=f"{name}-{number}") != []
        page = await timeline.page(person=None, limit=500)
        rest = await timeline.page(person=None, limit=500, before=page.entries[-1].id)
        assert len({entry.id for entry in page.entries + rest.entries}) == 600


async def test_two_servers_that_make_one_store_at_one_moment_share_it(place: Place) -> None:
    stores = [Store(lambda: place, "durable") for _ in range(4)]
    for store in stores:
        store.open()
    assert all([await store.settled(20) for store in stores])
    assert len({store.uuid for store in stores}) == 1
    assert [store.notes() for store in stores] == [[]] * 4
    for store in stores:
        await store.close()


async def test_two_servers_with_two_stores_know_nothing_of_each_other(tmp_path: Path) -> None:
    first, second = file_place(tmp_path / "1.sqlite3"), file_place(tmp_path / "2.sqlite3")
    async with opened(first) as (one, ada), opened(second) as (two, bob):
        ada.record(note("hers"))
        bob.record(note("his"))
        assert one.uuid != two.uuid
        assert await services(ada) == ["hers"]
        assert await services(bob) == ["his"]


async def test_old_and_too_many_entries_are_forgotten(place: Place) -> None:
    store = Store(lambda: place, "durable")
    timeline = Timeline(store, days=1, most=5)
    store.open()
    timeline.record(note("ancient", at=1000.0))
    for number in range(500):
        timeline.record(note(f"service-{number}"))
    assert await services(timeline) == [f"service-{n}" for n in (499, 498, 497, 496, 495)]
    await store.close()


async def test_names_of_others_are_not_shown(place: Place) -> None:
    async with opened(place) as (_, timeline):
        timeline.record(note(by="ada"))
        timeline.record(note(event="stopped", by="idle"))

        async def causes(person: str | None) -> list[str]:
            return [entry.by for entry in (await timeline.page(person=person)).entries]

        assert await causes(None) == ["idle", "ada"]
        assert await causes("ada") == ["idle", "ada"]
        assert await causes("bob") == ["idle", "another person"]


async def test_text_that_a_database_refuses_is_kept_without_it(place: Place) -> None:
    async with opened(place) as (store, timeline):
        timeline.record(note(by="caf\udce9.ipynb", reason="a\0b" + "x" * 5000))
        (entry,) = (await timeline.page(person=None)).entries
        assert entry.by == "caf?.ipynb"
        assert entry.reason.startswith("abxxx")
        assert len(entry.reason) == 1000
        assert store.notes() == []


def test_a_url_may_lie_in_a_private_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://lab:hush@db.example/genai\n")
    file.chmod(0o600)
    found = find_place(str(file), tmp_path)
    assert found.url == "postgresql+psycopg://lab:hush@db.example/genai"
    assert found.shown == "PostgreSQL database genai at db.example"
    assert "hush" not in repr(found)
    assert find_place("", tmp_path).path == tmp_path / "coursia-genai" / "store.sqlite3"
    assert find_place("sqlite:////srv/x.sqlite3", tmp_path).path == Path("/srv/x.sqlite3")


@pytest.mark.parametrize(
    "text",
    ["mysql://u:hush@h/d", "postgresql://u:hush@h:port/d", "sqlite://", "sqlite:///:memory:"],
)
def test_a_url_that_cannot_work_is_refused_without_being_quoted(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        find_place(text, tmp_path)
    assert "hush" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_a_file_with_the_url_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://lab:hush@db.example/genai\n")
    file.chmod(0o644)
    with pytest.raises(ConfigurationError) as refusal:
        find_place(str(file), tmp_path)
    assert refusal.value.error_code == "store_url_exposed"
    link = tmp_path / "link"
    file.chmod(0o600)
    link.symlink_to(file)
    with pytest.raises(ConfigurationError):
        find_place(str(link), tmp_path)


async def test_the_file_is_an_ordinary_sqlite_database(place: Place) -> None:
    assert place.path is not None
    async with opened(place) as (_, timeline):
        timeline.record(note())
        await timeline.page(person=None)
    with sqlite3.connect(place.path) as database:
        assert database.execute("SELECT version FROM genai_meta").fetchall() == [(5,)]
        assert database.execute("SELECT service FROM genai_timeline").fetchall() == [("comfyui",)]
    database.close()


async def test_who_asks_finds_everything_that_was_given_before(place: Place) -> None:
    async with opened(place) as (store, timeline):
        for number in range(300):
            timeline.record(note(f"service-{number}"))
            # Asked of the store itself: the timeline adds what the store does not have yet.
            found = await store.read(timeline.load)
            assert found[0].service == f"service-{number}"


async def test_a_transaction_answers_once_all_of_it_is_kept(place: Place) -> None:
    async with opened(place) as (store, timeline):
        timeline.record(note("before"))

        def work(connection: Connection) -> int:
            return int(connection.exec_driver_sql("UPDATE genai_timeline SET cause = 'x'").rowcount)

        # What was given before is written before.
        assert await store.transact(work) == 1

        def broken(connection: Connection) -> None:
            connection.exec_driver_sql("UPDATE genai_timeline SET cause = 'y'")
            connection.exec_driver_sql("UPDATE nothing SET cause = 'y'")

        with pytest.raises(StoreError):
            await store.transact(broken)
        # The store is well, and nothing of it was kept.
        assert (await timeline.page(person=None)).entries[0].by == "x"
        assert store.notes() == []


async def test_a_store_that_is_not_open_takes_no_transaction(place: Place) -> None:
    store = Store(lambda: place, "durable")
    with pytest.raises(StoreError):
        await store.transact(lambda connection: None)
