"""Trouble with the store costs thumbnails, and nothing else."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_pictures import picture, size_of
from thumbnail_harness import opened
from waiting import until

from coursia_genai_lab.lab.store.place import file_place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


async def test_without_a_store_pictures_are_taken_and_forgotten(tmp_path: Path) -> None:
    (tmp_path / "no-folder").write_text("a file where a folder should be")
    async with opened(file_place(tmp_path / "no-folder" / "store.sqlite3")) as record:
        one = record.had()
        record.thumbnails.take(one, picture())
        assert await record.thumbnails.ids("ada") == []
        assert await record.generations.find(one) is not None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 768 KiB that is unmounted at the end."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=768k", "tmpfs", str(folder)]
    allowed = shutil.which("mount") and os.getuid() == 0
    if not allowed or subprocess.run(words, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_full_disk_costs_thumbnails_and_nothing_else(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    async with opened(file_place(small_disk / "store.sqlite3")) as record:
        first = record.had()
        record.thumbnails.take(first, picture())
        await record.keeps(first)
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        second = record.had()
        record.thumbnails.take(second, picture())
        await until(lambda: not record.store.durable)
        assert await record.generations.find(second) is not None
        assert (await record.generations.usage("ada", 0.0)).pictures >= 1
        ballast.unlink()
        await until(lambda: record.store.durable)
        third = record.had()
        record.thumbnails.take(third, picture())
        await record.keeps(third)
        assert (await record.generations.usage("ada", 0.0)).pictures == 3


async def test_a_store_of_the_former_version_gets_the_table(path: Path) -> None:
    async with opened(file_place(path)) as record:
        one = record.had()
        await record.generations.usage("ada", 0.0)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE genai_thumbnails")
        connection.execute("UPDATE genai_meta SET version = 4")
    connection.close()
    async with opened(file_place(path)) as record:
        record.thumbnails.take(one, picture())
        await record.keeps(one)


KEEPER = """
import asyncio, sys
from pathlib import Path
from small_pictures import picture
from thumbnail_harness import opened
from coursia_genai_lab.lab.store.place import file_place

async def main():
    async with opened(file_place(Path(sys.argv[1]))) as record:
        while True:
            one = record.had()
            record.thumbnails.take(one, picture((64, 64)))
            await record.keeps(one)
            print(one, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 4, 9])
async def test_what_was_kept_outlives_a_server_that_is_killed(path: Path, lines: int) -> None:
    here = Path(__file__).resolve().parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(here), str(here.parent)])}
    process = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        assert process.stdout is not None
        told = [(await asyncio.to_thread(process.stdout.readline)).strip() for _ in range(lines)]
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert all(told)
    async with opened(file_place(path)) as record:
        ids = await record.thumbnails.ids("ada")
        assert set(told) <= set(ids)
        for one in ids:
            found = await record.thumbnails.of("ada", one)
            assert found is not None
            assert size_of(found) == (96, 96) or size_of(found) == (64, 64)
