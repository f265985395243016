"""What may happen to the store's file; nothing of it stops a service or loses what is known."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from store_harness import codes, note, opened, services
from waiting import until

from coursia_genai_lab.lab.store.file_systems import file_system_type, on_network
from coursia_genai_lab.lab.store.place import Place, file_place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.sqlite3"


@pytest.fixture
def place(path: Path) -> Place:
    return file_place(path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB that is unmounted at the end."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = shutil.which("mount") and os.getuid() == 0
    if not mounted or _mount("-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)) != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def _mount(*words: str) -> int:
    return subprocess.run(["mount", *words], check=False, capture_output=True).returncode


def fill(disk: Path) -> Path:
    """Take all the space that is left."""
    file = disk / "ballast"
    with file.open("wb", buffering=0) as ballast:
        for size in (4096, 512):
            try:
                while True:
                    ballast.write(bytes(size))
            except OSError:
                continue
    return file


async def test_a_file_deleted_under_the_server_is_begun_anew_with_what_is_remembered(
    place: Place, path: Path
) -> None:
    async with opened(place) as (_, timeline):
        timeline.record(note("an earlier server's"))
    async with opened(place) as (store, timeline):
        timeline.record(note("before"))
        assert await services(timeline) == ["before", "an earlier server's"]
        first = store.uuid
        shutil.rmtree(path.parent)
        await until(lambda: codes(store) == ["store_lost"])
        assert store.durable
        assert store.uuid != first
        timeline.record(note("after"))
        assert await services(timeline) == ["after", "before", "an earlier server's"]
        (problem,) = store.notes()
        assert str(path) in problem.message
        assert problem.remedy
    async with opened(place) as (store, timeline):
        assert store.notes() == []
        assert await services(timeline) == ["after", "before", "an earlier server's"]


async def test_a_write_right_after_the_deletion_is_not_lost(place: Place, path: Path) -> None:
    async with opened(place) as (_, timeline):
        assert await services(timeline) == []
        path.unlink()
        timeline.record(note("after"))
    async with opened(place) as (_, timeline):
        assert await services(timeline) == ["after"]


async def test_two_servers_whose_file_is_deleted_meet_again_in_one(
    place: Place, path: Path
) -> None:
    async with opened(place) as (one, ada), opened(place) as (two, bob):
        ada.record(note("hers"))
        assert await services(ada) == ["hers"]
        bob.record(note("his"))
        assert await services(bob) == ["his", "hers"]
        path.unlink()
        await until(lambda: bool(codes(one) or codes(two)))
        await until(lambda: one.uuid == two.uuid and one.durable and two.durable)
        ada.record(note("hers too"))
        await services(ada)
        assert sorted(await services(bob)) == ["hers", "hers too", "his"]


@pytest.mark.parametrize("damage", ["garbage", "cut short", "overwritten inside"])
async def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    place: Place, path: Path, damage: str
) -> None:
    async with opened(place) as (_, timeline):
        for number in range(200):
            timeline.record(note(f"service-{number}"))
    whole = path.read_bytes()
    damaged = {
        "garbage": b"no database at all, but long enough to be taken for one" * 100,
        "cut short": whole[: len(whole) // 2],
        "overwritten inside": whole[:4096] + b"\xff" * 8192 + whole[12288:],
    }[damage]
    path.write_bytes(damaged)
    async with opened(place) as (store, timeline):
        assert codes(store) == ["store_corrupt"]
        assert store.durable
        timeline.record(note("after"))
        assert await services(timeline) == ["after"]
        (aside,) = [file for file in path.parent.iterdir() if "damaged" in file.name]
        assert aside.read_bytes() == damaged
        assert str(aside) in store.notes()[0].remedy


async def test_a_file_damaged_under_the_server_is_set_aside_and_what_is_remembered_kept(
    place: Place, path: Path
) -> None:
    async with opened(replace(place, network="nfs4")) as (store, timeline):
        timeline.record(note("before"))
        assert await services(timeline) == ["before"]
        with path.open("r+b") as file:
            file.write(b"\xff" * 4096 * 3)
        timeline.record(note("after"))
        await until(lambda: "store_corrupt" in codes(store))
        assert await services(timeline) == ["after", "before"]
        assert store.durable


async def test_an_empty_file_is_a_new_store(place: Place, path: Path) -> None:
    path.parent.mkdir()
    path.touch(0o600)
    async with opened(place) as (store, timeline):
        assert store.notes() == []
        timeline.record(note("first"))
        assert await services(timeline) == ["first"]


async def test_a_full_disk_is_told_and_what_happens_meanwhile_is_written_later(
    small_disk: Path,
) -> None:
    async with opened(file_place(small_disk / "store.sqlite3")) as (store, timeline):
        timeline.record(note("before"))
        assert await services(timeline) == ["before"]
        ballast = fill(small_disk)
        for _ in range(200):
            timeline.record(note("meanwhile", reason="x" * 900))
        await until(lambda: codes(store) == ["store_full"])
        assert (await timeline.page(person=None)).entries != []
        assert not store.durable
        assert "space" in store.notes()[0].remedy
        ballast.unlink()
        assert _mount("-o", "remount,size=4m", str(small_disk)) == 0
        await until(lambda: store.durable)
        assert store.notes() == []
        assert len(await services(timeline, limit=500)) == 201


async def test_a_disk_that_is_full_from_the_beginning_stops_nothing(small_disk: Path) -> None:
    ballast = fill(small_disk)
    async with opened(file_place(small_disk / "store.sqlite3")) as (store, timeline):
        assert codes(store) == ["store_full"]
        timeline.record(note("early"))
        assert await services(timeline) == ["early"]
        ballast.unlink()
        await until(lambda: store.durable)
        assert await services(timeline) == ["early"]


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[tuple[Path, Callable[[bool], None]]]:
    """A folder, and how to take and give the right to write there; root needs a whole disk."""
    folder = tmp_path / "sealed"
    folder.mkdir()
    if os.getuid() != 0:
        yield folder, lambda seal: folder.chmod(0o500 if seal else 0o700)
        folder.chmod(0o700)
        return
    if _mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)) != 0:
        pytest.skip("this container may not mount a disk")

    def seal(seal: bool) -> None:
        assert _mount("-o", "remount," + ("ro" if seal else "rw"), str(folder)) == 0

    yield folder, seal
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_a_place_that_cannot_be_written_is_told_until_it_can(
    sealed: tuple[Path, Callable[[bool], None]],
) -> None:
    folder, seal = sealed
    place = file_place(folder / "store.sqlite3")
    async with opened(place) as (_, timeline):
        timeline.record(note("before"))
    seal(True)
    async with opened(place) as (store, timeline):
        await until(lambda: codes(store) == ["store_read_only"])
        timeline.record(note("meanwhile"))
        assert (await services(timeline))[0] == "meanwhile"
        assert not store.durable
        seal(False)
        await until(lambda: store.durable)
        assert await services(timeline) == ["meanwhile", "before"]


async def test_a_place_where_no_store_can_be_made_stops_nothing(
    sealed: tuple[Path, Callable[[bool], None]],
) -> None:
    folder, seal = sealed
    seal(True)
    async with opened(file_place(folder / "store.sqlite3")) as (store, timeline):
        assert codes(store) == ["store_read_only"]
        timeline.record(note("meanwhile"))
        assert await services(timeline) == ["meanwhile"]
        seal(False)
        await until(lambda: store.durable)
        assert await services(timeline) == ["meanwhile"]


async def test_a_locked_store_is_told_and_written_when_it_is_free(place: Place, path: Path) -> None:
    async with opened(place, busy_seconds=0.3) as (store, timeline):
        timeline.record(note("before"))
        assert await services(timeline) == ["before"]
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        timeline.record(note("meanwhile"))
        await until(lambda: codes(store) == ["store_locked"])
        other.execute("ROLLBACK")
        other.close()
        await until(lambda: store.durable)
        assert await services(timeline) == ["meanwhile", "before"]


async def test_a_store_of_a_newer_version_is_left_as_it_is(place: Place, path: Path) -> None:
    async with opened(place):
        pass
    with sqlite3.connect(path) as database:
        database.execute("UPDATE genai_meta SET version = 99")
    database.close()
    before = path.read_bytes()
    async with opened(place) as (store, timeline):
        assert codes(store) == ["store_newer"]
        timeline.record(note("early"))
        page = await timeline.page(person=None)
        assert [entry.service for entry in page.entries] == ["early"]
        assert not page.durable
    assert path.read_bytes() == before


async def test_a_setting_that_cannot_work_is_told_like_any_trouble(tmp_path: Path) -> None:
    def locate() -> Place:
        return file_place(tmp_path) if (tmp_path / "mended").exists() else _wrong()

    def _wrong() -> Place:
        from coursia_genai_lab.lab.store.place import find_place

        return find_place("mysql://somewhere", tmp_path)

    async with opened(locate) as (store, timeline):
        assert codes(store) == ["store_url_wrong"]
        timeline.record(note("early"))
        assert await services(timeline) == ["early"]


async def test_a_folder_in_the_files_place_stops_nothing(place: Place, path: Path) -> None:
    path.mkdir(parents=True)
    async with opened(place) as (store, timeline):
        assert not store.durable
        assert len(codes(store)) == 1
        timeline.record(note("early"))
        assert await services(timeline) == ["early"]


async def test_a_change_that_no_store_takes_holds_up_no_other(place: Place) -> None:
    async with opened(place) as (store, timeline):
        timeline.record(note("before"))
        store.write(lambda connection: connection.exec_driver_sql("NONSENSE"))  # type: ignore[arg-type, return-value]
        timeline.record(note("after"))
        assert await services(timeline) == ["after", "before"]
        assert store.notes() == []


async def test_a_store_that_stays_away_takes_no_more_memory_than_is_allowed(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    async with opened(file_place(tmp_path / "file" / "store.sqlite3")) as (store, timeline):
        for number in range(12_000):
            timeline.record(note(f"service-{number}"))
        assert codes(store)[-1] == "store_entries_lost"
        assert (await services(timeline, limit=1)) == ["service-11999"]


async def test_a_network_file_system_gets_no_shared_memory_and_a_warning(
    place: Place, path: Path
) -> None:
    async with opened(replace(place, network="nfs4")) as (store, timeline):
        timeline.record(note("one"))
        assert await services(timeline) == ["one"]
        assert codes(store) == ["store_on_network"]
        assert store.durable
        assert [file.name for file in path.parent.iterdir()] == ["store.sqlite3"]


def test_the_file_system_of_a_path_is_the_innermost_mount() -> None:
    mounts = (
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "90 22 0:44 / /home rw - nfs4 server:/home rw,vers=4.2\n"
        r"91 90 0:45 / /home/ada\040b rw - ext4 /dev/sdb rw" + "\n"
        "92 22 0:46 / /homework rw master:2 propagate_from:1 - fuse.sshfs h:/w rw\n"
    )
    found = {
        path: file_system_type(Path(path), mounts)
        for path in ("/var/x", "/home/bob/x", "/home/ada b/x", "/homework/x", "/homes")
    }
    assert list(found.values()) == ["ext4", "nfs4", "ext4", "fuse.sshfs", "ext4"]


def test_a_temporary_folder_is_no_network_file_system(tmp_path: Path) -> None:
    assert on_network(tmp_path / "not" / "there") is None


async def test_a_server_that_was_killed_leaves_a_store_that_the_next_one_reads(
    place: Place, path: Path, tmp_path: Path
) -> None:
    # What a killed server leaves is its file with a log that nobody has merged.
    async with opened(place) as (_, timeline):
        for number in range(20):
            timeline.record(note(f"service-{number}"))
        await timeline.page(person=None)
        crashed = tmp_path / "crashed"
        shutil.copytree(path.parent, crashed)
    assert (crashed / "store.sqlite3-wal").stat().st_size > 0
    async with opened(file_place(crashed / "store.sqlite3")) as (store, timeline):
        assert store.notes() == []
        assert len(await services(timeline)) == 20
