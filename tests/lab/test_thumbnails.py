"""Small pictures of one's own history: bounded, and gone when they should be."""

from __future__ import annotations

import base64
import sqlite3
import time
from pathlib import Path

import pytest
from postgres_server import PostgresServer
from small_pictures import picture, size_of
from thumbnail_harness import opened

from coursia_genai_lab.lab.store.place import file_place, find_place
from coursia_genai_lab.lab.thumbnails import MOST_WAITING


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


async def test_the_thumbnail_of_a_picture_is_there_for_its_owner_also_later(path: Path) -> None:
    async with opened(file_place(path)) as record:
        one = record.had()
        record.thumbnails.take(one, picture())
        kept = await record.keeps(one)
        assert size_of(kept) == (96, 60)
    async with opened(file_place(path)) as record:
        assert await record.thumbnails.of("ada", one) == kept
        assert await record.thumbnails.ids("ada") == [one]


async def test_the_text_of_a_picture_will_do(path: Path) -> None:
    async with opened(file_place(path)) as record:
        one, broken = record.had(), record.had()
        record.thumbnails.take(broken, b"%%%", in_base64=True)
        record.thumbnails.take(one, base64.b64encode(picture()), in_base64=True)
        await record.keeps(one)
        assert await record.thumbnails.ids("ada") == [one]


async def test_nobody_else_gets_it(path: Path) -> None:
    async with opened(file_place(path)) as record:
        one = record.had()
        record.thumbnails.take(one, picture())
        await record.keeps(one)
        assert await record.thumbnails.of("ben", one) is None
        assert await record.thumbnails.of("", one) is None
        assert await record.thumbnails.ids("ben") == []


async def test_what_the_record_does_not_know_has_none(path: Path) -> None:
    async with opened(file_place(path)) as record:
        record.thumbnails.take("no-such-id", picture())
        one = record.had()
        record.thumbnails.take(one, picture())
        await record.keeps(one)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT id FROM genai_thumbnails").fetchall() == [(one,)]
    connection.close()


def written(path: Path, data: bytes) -> bool:
    """Say whether any piece of a thumbnail lies in a file of the record."""
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    # SQLite cuts what is long into pages.
    return any(data[at : at + 64] in files for at in range(0, len(data) - 64, 64))


async def test_erasing_deletes_them_and_what_was_under_way_comes_to_nothing(path: Path) -> None:
    async with opened(file_place(path)) as record:
        mine, late, theirs = record.had(), record.had(), record.had("ben")
        for one in (mine, theirs):
            record.thumbnails.take(one, picture())
        data = await record.keeps(mine)
        await record.keeps(theirs, "ben")
        assert written(path, data)
        erased = await record.usage.erase("ada")
        assert (erased.generations, erased.thumbnails) == (2, 1)
        record.thumbnails.take(late, picture((64, 64)))
        after = record.had()
        record.thumbnails.take(after, picture((80, 64)))
        await record.keeps(after)
        assert await record.thumbnails.of("ada", mine) is None
        assert await record.thumbnails.ids("ada") == [after]
        assert await record.thumbnails.ids("ben") == [theirs]
        # The same pixels as ada's.
        assert await record.thumbnails.of("ben", theirs) == data
        await record.usage.erase("ben")
    assert not written(path, data)


async def test_of_one_person_the_newest_are_kept(
    path: Path,
) -> None:
    now = time.time()
    with_one = picture((64, 64))
    async with opened(file_place(path)) as record:
        ids = [record.had(at=now - 1000 + number) for number in range(205)]
        other = record.had("ben", at=now - 5000)
        for one in (other, *ids):
            record.thumbnails.take(one, with_one)
            await record.keeps(one, "ben" if one == other else "ada")
        assert await record.thumbnails.ids("ada") == ids[:4:-1]
        assert await record.thumbnails.ids("ben") == [other]


async def test_all_together_take_no_more_than_they_may(path: Path) -> None:
    now = time.time()
    async with opened(file_place(path)) as record:
        ids = [record.had(f"person {number}", at=now + number) for number in range(20)]
        for number, one in enumerate(ids):
            record.thumbnails.take(one, picture())
            size = len(await record.keeps(one, f"person {number}"))
    async with opened(file_place(path), most_bytes=5 * size + size // 2) as record:
        left = [await record.thumbnails.of(f"person {n}", one) for n, one in enumerate(ids)]
        assert [one is not None for one in left] == [False] * 15 + [True] * 5


async def test_they_are_kept_as_long_as_the_record(path: Path) -> None:
    async with opened(file_place(path)) as record:
        old, new = record.had(at=time.time() - 40 * 86400), record.had()
        for one in (old, new):
            record.thumbnails.take(one, picture())
            await record.keeps(one)
    async with opened(file_place(path), days=30.0) as record:
        assert await record.thumbnails.ids("ada") == [new]


async def test_they_go_with_the_entry_of_the_record(path: Path) -> None:
    async with opened(file_place(path)) as record:
        ids = [record.had() for _ in range(3)]
        for one in ids:
            record.thumbnails.take(one, picture())
            await record.keeps(one)
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM genai_generations WHERE id = ?", ids[:1])
        connection.execute("UPDATE genai_generations SET person = 'eve' WHERE id = ?", ids[1:2])
    connection.close()
    async with opened(file_place(path)) as record:
        assert await record.thumbnails.ids("ada") == ids[2:]
        assert await record.thumbnails.ids("eve") == []


async def test_switched_off_none_is_kept_and_those_that_were_are_deleted(path: Path) -> None:
    async with opened(file_place(path)) as record:
        one = record.had()
        record.thumbnails.take(one, picture())
        await record.keeps(one)
    async with opened(file_place(path), wanted=False) as record:
        two = record.had()
        record.thumbnails.take(two, picture())
        assert await record.thumbnails.ids("ada") == []
    async with opened(file_place(path)) as record:
        assert await record.thumbnails.ids("ada") == []
        three = record.had()
        record.thumbnails.take(three, picture())
        await record.keeps(three)


async def test_when_too_many_wait_the_next_are_dropped(path: Path) -> None:
    async with opened(file_place(path), after_seconds=0.5) as record:
        ids = [record.had() for _ in range(MOST_WAITING + 5)]
        for one in ids:
            record.thumbnails.take(one, picture((64, 64)))
        for one in ids[:MOST_WAITING]:
            await record.keeps(one)
        assert set(await record.thumbnails.ids("ada")) == set(ids[:MOST_WAITING])


async def test_closing_drops_what_waits(path: Path) -> None:
    async with opened(file_place(path), after_seconds=3600.0) as record:
        one = record.had()
        record.thumbnails.take(one, picture())
    async with opened(file_place(path)) as record:
        assert await record.thumbnails.ids("ada") == []


async def test_servers_on_one_postgresql_share_them_and_erase_them_for_each_other(
    postgres: PostgresServer,
) -> None:
    place = find_place(postgres.new_database(), "/nonexistent")
    async with opened(place) as here, opened(place) as there:
        one, late, theirs = here.had(), here.had(), here.had("ben")
        for each in (one, theirs):
            here.thumbnails.take(each, picture())
        await here.keeps(one)
        await here.keeps(theirs, "ben")
        assert size_of(await there.keeps(one)) == (96, 60)
        assert (await there.usage.erase("ada")).thumbnails == 1
        here.thumbnails.take(late, picture())
        after = here.had()
        here.thumbnails.take(after, picture())
        await here.keeps(after)
        assert await here.thumbnails.ids("ada") == [after]
        assert await here.thumbnails.of("ada", one) is None
    async with opened(place, days=-1.0) as record:
        assert await record.thumbnails.ids("ben") == []
    async with opened(place) as record:
        again = record.had(at=time.time() + 5)
        record.thumbnails.take(again, picture())
        size = len(await record.keeps(again))
        await record.keeps(again)
    async with opened(place, most_bytes=size - 1) as record:
        assert await record.thumbnails.ids("ada") == []


async def test_who_erases_while_another_server_keeps_finds_nothing_left(
    postgres: PostgresServer,
) -> None:
    place = find_place(postgres.new_database(), "/nonexistent")
    async with opened(place) as here, opened(place) as there:
        for _ in range(15):
            ids = [here.had() for _ in range(3)]
            await here.generations.usage("ada", 0.0)
            for one in ids:
                here.thumbnails.take(one, picture((64, 64)))
            await there.usage.erase("ada")
            # What comes after all that is under way has come through.
            last = here.had("ben")
            here.thumbnails.take(last, picture((64, 64)))
            await here.keeps(last, "ben")
            assert await there.thumbnails.ids("ada") == []
