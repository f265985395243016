"""The store in a real PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
from urllib.parse import urlsplit

import pytest
from postgres_server import PASSWORD, PostgresServer
from store_harness import codes, note, opened, services
from waiting import until

from coursia_genai_lab.lab.store.place import Place, find_place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.lab.timeline import Timeline


def place(url: str) -> Place:
    return find_place(url, "/nonexistent")


async def test_entries_outlast_the_server(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    async with opened(place(url)) as (store, timeline):
        timeline.record(note("comfyui", by="ada"))
        timeline.record(note("flux\0"))
        assert store.notes() == []
    async with opened(place(url)) as (store, timeline):
        page = await timeline.page(person=None, limit=1)
        assert (page.entries[0].service, page.more, page.durable) == ("flux", True, True)
        older = await timeline.page(person=None, before=page.entries[0].id)
        assert [entry.service for entry in older.entries] == ["comfyui"]


async def test_servers_that_make_one_store_at_one_moment_share_it_and_lose_nothing(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_database()
    stores = [Store(lambda: place(url), "durable") for _ in range(3)]
    timelines = [Timeline(store) for store in stores]
    for store in stores:
        store.open()
    for number in range(100):
        for who, timeline in enumerate(timelines):
            timeline.record(note(f"{who}-{number}"))
    assert all([await store.settled(20) for store in stores])
    assert len({store.uuid for store in stores}) == 1
    await asyncio.gather(*(timeline.page(person=None) for timeline in timelines))
    entries = (await timelines[0].page(person=None, limit=500)).entries
    assert len({entry.id for entry in entries}) == len({e.service for e in entries}) == 300
    for store in stores:
        await store.close()


async def test_a_database_that_goes_and_comes_back_gets_what_happened_meanwhile(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(place(postgres.new_database())) as (store, timeline):
        timeline.record(note("before"))
        assert await services(timeline) == ["before"]
        postgres.stop()
        await until(lambda: codes(store) == ["store_unreachable"])
        timeline.record(note("meanwhile"))
        page = await timeline.page(person=None)
        assert [entry.service for entry in page.entries] == ["meanwhile", "before"]
        assert not page.durable
        (problem,) = store.notes()
        assert "127.0.0.1" in problem.message
        assert problem.remedy
        postgres.start()
        await until(lambda: store.durable)
        assert store.notes() == []
        assert await services(timeline) == ["meanwhile", "before"]
    assert PASSWORD not in caplog.text


async def test_a_database_that_is_away_when_the_server_starts_stops_nothing(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_database()
    postgres.stop()
    async with opened(place(url)) as (store, timeline):
        assert codes(store) == ["store_unreachable"]
        timeline.record(note("early"))
        assert await services(timeline) == ["early"]
        postgres.start()
        await until(lambda: store.durable)
        assert await services(timeline) == ["early"]


async def test_a_database_that_hangs_blocks_nobody(postgres: PostgresServer) -> None:
    async with opened(place(postgres.new_database())) as (store, timeline):
        timeline.record(note("before"))
        assert await services(timeline) == ["before"]
        with postgres.frozen():
            timeline.record(note("meanwhile"))
            assert await asyncio.wait_for(services(timeline), 60) == ["meanwhile", "before"]
            await asyncio.wait_for(store.close(0.2), 60)


async def test_a_wrong_password_is_told_and_never_shown(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = postgres.new_database().replace(PASSWORD, "a-guessed-word")
    async with opened(place(url)) as (store, timeline):
        assert codes(store) == ["store_refused"]
        timeline.record(note("early"))
        assert await services(timeline) == ["early"]
        shown = repr(store.notes()) + repr(store) + caplog.text
    assert "a-guessed-word" not in shown + caplog.text


async def test_a_database_where_nothing_may_be_written_is_read(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    name = urlsplit(url).path.lstrip("/")
    async with opened(place(url)) as (_, timeline):
        timeline.record(note("before"))
    postgres.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    async with opened(place(url)) as (store, timeline):
        timeline.record(note("meanwhile"))
        await until(lambda: codes(store) == ["store_read_only"])
        assert await services(timeline) == ["meanwhile", "before"]
        postgres.sql(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        await until(lambda: store.durable)
        assert await services(timeline) == ["meanwhile", "before"]


async def test_a_store_of_a_newer_version_is_left_as_it_is(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    name = urlsplit(url).path.lstrip("/")
    async with opened(place(url)):
        pass
    postgres.sql("UPDATE genai_meta SET version = 99", name)
    async with opened(place(url)) as (store, timeline):
        assert codes(store) == ["store_newer"]
        timeline.record(note("early"))
        assert await services(timeline) == ["early"]
    assert postgres.sql("SELECT count(*) FROM genai_timeline", name) == "0"
