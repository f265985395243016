"""Consents and pins outlast the server that they were given to."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from waiting import until

from coursia_genai_lab.lab.consents import Consent, Consents
from coursia_genai_lab.lab.kept_consents import KeptConsents
from coursia_genai_lab.lab.kept_pins import KeptPins
from coursia_genai_lab.lab.leases import Leases
from coursia_genai_lab.lab.pins import Pins
from coursia_genai_lab.lab.store.place import Place, file_place, find_place
from coursia_genai_lab.lab.store.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "postgresql":
        return find_place(request.getfixturevalue("postgres").new_database(), tmp_path)
    return file_place(tmp_path / "store.sqlite3")


@asynccontextmanager
async def consents_in(place: Place) -> AsyncIterator[KeptConsents]:
    store = Store(lambda: place, "durable", check_seconds=0.1)
    consents = KeptConsents(store)
    store.open()
    assert await store.settled(20)
    yield consents
    assert store.notes() == []
    await store.close(10)


@asynccontextmanager
async def pins_in(place: Place, name: str = "here") -> AsyncIterator[tuple[Pins, KeptPins]]:
    store = Store(lambda: place, "durable", check_seconds=0.1)
    kept = KeptPins(store, name)
    leases = Leases(lambda services: kept.compare())
    pins = Pins(leases)
    kept.attend(leases, pins, known=lambda service: service != "gone")
    store.open()
    assert await store.settled(20)
    yield pins, kept
    assert store.notes() == []
    await store.close(10)


async def test_a_consent_outlasts_the_server_and_a_withdrawn_one_does_not(place: Place) -> None:
    async with consents_in(place) as kept:
        consents = Consents(kept)
        assert consents.give("ada", "a/b.ipynb", "digest")
        assert consents.give("ada", "c.ipynb", "digest")
        assert not consents.give("ada", "c.ipynb", "digest")
        assert consents.withdraw("ada", "c.ipynb") == 1
    async with consents_in(place) as kept:
        consents = Consents(kept)
        assert consents.has("ada", "a/b.ipynb", "digest")
        assert not consents.has("ada", "a/b.ipynb", "another digest")
        assert not consents.has("bob", "a/b.ipynb", "digest")
        assert not consents.has("ada", "c.ipynb", "digest")
        assert [one.subject for one in consents.of("ada")] == ["a/b.ipynb"]


async def test_a_consent_given_to_one_server_counts_in_another(tmp_path: Path) -> None:
    place = file_place(tmp_path / "store.sqlite3")
    async with consents_in(place) as one, consents_in(place) as two:
        one.add(Consent("ada", "metadata", "a.ipynb", "digest", time.time()))
        await until(lambda: two.has("ada", "metadata", "a.ipynb", "digest"))
        two.remove("ada", "metadata", "a.ipynb", "digest")
        await until(lambda: not one.has("ada", "metadata", "a.ipynb", "digest"))


async def test_consents_are_begun_anew_from_memory_when_the_file_is_deleted(
    tmp_path: Path,
) -> None:
    place = file_place(tmp_path / "store.sqlite3")
    assert place.path is not None
    store = Store(lambda: place, "durable", check_seconds=0.1)
    kept = KeptConsents(store)
    kept.add(Consent("ada", "metadata", "a.ipynb", "digest", 1.0))
    store.open()
    await until(lambda: store.durable)
    await store.read(lambda connection: None)
    place.path.unlink()
    await until(lambda: [problem.code for problem in store.notes()] == ["store_lost"])
    await store.close(10)
    async with consents_in(place) as consents:
        assert consents.has("ada", "metadata", "a.ipynb", "digest")


async def test_a_name_that_is_no_unicode_is_found_again(place: Place) -> None:
    async with consents_in(place) as consents:
        consents.add(Consent("ada", "metadata", "caf\udce9\0.ipynb", "digest", 1.0))
        assert consents.has("ada", "metadata", "caf\udce9\0.ipynb", "digest")
    async with consents_in(place) as consents:
        assert consents.has("ada", "metadata", "caf\udce9\0.ipynb", "digest")


async def test_a_pin_holds_again_after_a_restart_until_its_end(place: Place) -> None:
    async with pins_in(place) as (pins, _):
        end = pins.set("flux", minutes=30, by="ada").ends_at
        pins.set("sd35", minutes=30, by="ada")
        pins.end("sd35")
        pins.set("demo", minutes=None, by="ada")
    async with pins_in(place) as (pins, _):
        (pin,) = pins.of("flux")
        assert pin.person == "ada"
        assert pin.ends_at == pytest.approx(end, abs=5)
        assert pins.of("sd35") == []
        # It was meant to hold until the server stops.
        assert pins.of("demo") == []


async def test_pins_of_another_place_or_of_a_service_that_is_gone_hold_nothing(
    place: Place,
) -> None:
    async with pins_in(place, "there") as (pins, _):
        pins.set("flux", minutes=30, by="ada")
    async with pins_in(place, "here") as (pins, kept):
        pins.set("gone", minutes=30, by="ada")
        kept.compare()
        assert pins.of("flux") == []
    async with pins_in(place, "here") as (pins, _):
        assert pins.of("gone") == []
