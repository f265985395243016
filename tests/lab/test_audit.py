"""The audit: deeds are kept, and neither changed nor removed, on either database."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ledger_harness import opened_store
from postgres_server import PostgresServer
from simulated_clock import SimulatedClock

from coursia_genai_lab.lab.audit import Audit
from coursia_genai_lab.lab.store.place import Place, file_place, find_place
from coursia_genai_lab.lab.store.store import Store


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return file_place(tmp_path / "store.sqlite3")


def long_ago(store: Store, clock: SimulatedClock) -> None:
    """Note a deed of 2023, old enough to be removed; the first note of a Lab removes such."""
    audit = Audit(store, clock=clock)
    audit.note("grace", "policy", "mode")
    audit.note("grace", "policy", "quotas")


async def test_deeds_are_told_newest_first_and_by_kind_and_person(place: Place) -> None:
    async with opened_store(place) as store:
        audit = Audit(store)
        audit.note("ada", "mode", "person", "auto to off")
        audit.note("grace", "charge", "job 1")
        audit.note("ada", "export", "grace\0")
        entries = (await audit.page()).entries
        assert [one.deed for one in entries] == ["export", "charge", "mode"]
        assert entries[0].subject == "grace"
        assert [one.deed for one in (await audit.page(person="ada", limit=1)).entries] == ["export"]
        assert (await audit.page(deed="charge")).entries[0].person == "grace"
    async with opened_store(place) as store:
        assert len((await Audit(store).page()).entries) == 3


async def test_deeds_wait_in_memory_for_a_store_that_is_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with opened_store(file_place(tmp_path / "file" / "store.sqlite3")) as store:
        audit = Audit(store)
        audit.note("ada", "mode", "person")
        assert [one.person for one in (await audit.page()).entries] == ["ada"]


async def test_a_file_lets_no_deed_be_changed_or_removed_within_two_years(place: Place) -> None:
    clock = SimulatedClock()
    async with opened_store(place) as store:
        audit = Audit(store)
        audit.note("ada", "policy", "quotas", "10 pictures a day")
        long_ago(store, clock)
        assert len((await audit.page()).entries) == 2
    assert place.path is not None
    database = sqlite3.connect(place.path, isolation_level=None)
    for statement in (
        "UPDATE genai_audit SET person = 'nobody'",
        "DELETE FROM genai_audit",
        "UPDATE genai_audit SET at = 0 WHERE person = 'grace'",
    ):
        with pytest.raises(sqlite3.IntegrityError):
            database.execute(statement)
    assert clock.wall() < time.time() - 731 * 86400
    database.execute("DELETE FROM genai_audit WHERE person = 'grace'")
    assert database.execute("SELECT person FROM genai_audit").fetchall() == [("ada",)]
    database.close()


async def test_postgresql_lets_no_deed_be_changed_or_removed_within_two_years(
    postgres: PostgresServer,
) -> None:
    url = postgres.new_database()
    database = urlsplit(url).path.lstrip("/")
    async with opened_store(find_place(url, "/nonexistent")) as store:
        audit = Audit(store)
        audit.note("ada", "policy", "quotas", "10 pictures a day")
        long_ago(store, SimulatedClock())
        assert len((await audit.page()).entries) == 2
    for statement in (
        "UPDATE genai_audit SET person = 'nobody'",
        "DELETE FROM genai_audit",
        "TRUNCATE genai_audit",
    ):
        with pytest.raises(AssertionError, match="never changed"):
            postgres.sql(statement, database)
    postgres.sql("DELETE FROM genai_audit WHERE person = 'grace'", database)
    assert postgres.sql("SELECT person FROM genai_audit", database) == "ada"


async def test_a_name_writes_no_line_of_its_own_into_the_log(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with opened_store(place) as store:
        Audit(store).note("ada\nERROR root did: it", "export", "bob\r\nand more")
    (line,) = [one.getMessage() for one in caplog.records if "export" in one.getMessage()]
    assert line.isprintable()
