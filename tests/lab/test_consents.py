"""Consents: one person, one path, one wording."""

from __future__ import annotations

from pathlib import Path

import pytest
from waiting import until

from coursia_genai_lab.lab.consents import Consent, Consents, ConsentsInMemory, Widening
from coursia_genai_lab.lab.kept_consents import KeptConsents
from coursia_genai_lab.lab.store.place import file_place
from coursia_genai_lab.lab.store.store import Store

ASKED = Widening("course/a.ipynb", "d1", ("flux",))


def test_a_consent_is_for_one_person_one_path_and_one_wording() -> None:
    consents = Consents()
    assert not consents.given("ada", ASKED)
    assert consents.give("ada", "course/a.ipynb", "d1")
    assert consents.given("ada", ASKED)
    assert not consents.given("bob", ASKED)
    assert not consents.given("ada", Widening("course/a.ipynb", "d2", ("flux",)))
    assert not consents.given("ada", Widening("course/b.ipynb", "d1", ("flux",)))


def test_giving_it_twice_changes_nothing_and_tells_nobody() -> None:
    told: list[Consent | None] = []
    consents = Consents(clock=lambda: 5.0)
    consents.listen(told.append)
    assert consents.give("ada", "a.ipynb", "d1")
    assert not consents.give("ada", "a.ipynb", "d1")
    assert [(one.subject, one.digest, one.since) for one in consents.of("ada")] == [
        ("a.ipynb", "d1", 5.0)
    ]
    assert told == consents.of("ada")
    assert told[0] is not None
    assert told[0].is_about(Widening("/a.ipynb", "d1", ("flux",)))
    consents.withdraw("ada", "a.ipynb")
    assert told[1:] == [None]


def test_withdrawing_ends_every_wording_of_a_notebook_and_nothing_else() -> None:
    consents = Consents()
    for person, path, digest in (
        ("ada", "a.ipynb", "d1"),
        ("ada", "a.ipynb", "d2"),
        ("ada", "b.ipynb", "d1"),
        ("bob", "a.ipynb", "d1"),
    ):
        consents.give(person, path, digest)
    assert consents.withdraw("ada", "a.ipynb") == 2
    assert consents.withdraw("ada", "a.ipynb") == 0
    assert [one.subject for one in consents.of("ada")] == ["b.ipynb"]
    assert consents.has("bob", "a.ipynb", "d1")


@pytest.mark.parametrize("spelling", ["/course/a.ipynb", "course//a.ipynb", "./course/a.ipynb"])
def test_one_notebook_has_one_name(spelling: str) -> None:
    consents = Consents()
    consents.give("ada", spelling, "d1")
    assert consents.given("ada", ASKED)


@pytest.mark.parametrize(
    ("folders", "path", "trusted"),
    [
        (["course"], "course/a.ipynb", True),
        (["/course/"], "course/deep/a.ipynb", True),
        (["course"], "course2/a.ipynb", False),
        (["course"], "course", False),
        (["course"], "other/../../course/a.ipynb", False),
        (["course/week1"], "course/a.ipynb", False),
        (["."], "anything/a.ipynb", True),
        (["."], "../a.ipynb", False),
        ([""], "a.ipynb", False),
        ([], "a.ipynb", False),
        (["."], "", False),
    ],
)
def test_the_operator_trusts_whole_folders_below_the_root(
    folders: list[str], path: str, trusted: bool
) -> None:
    assert Consents(trusted_folders=folders).trusts(path) is trusted


def test_a_link_in_a_trusted_folder_makes_no_other_notebook_trusted() -> None:
    consents = Consents(trusted_folders=["course"])
    linked = Widening("course/link.ipynb", "d1", ("flux",), real_path="downloads/a.ipynb")
    assert not consents.given("ada", linked)
    assert consents.given("ada", ASKED)


def test_memory_is_bounded_and_the_oldest_is_asked_for_again() -> None:
    consents = Consents(ConsentsInMemory(most=2))
    for path in ("a.ipynb", "b.ipynb", "c.ipynb"):
        consents.give("ada", path, "d1")
    assert [one.subject for one in consents.of("ada")] == ["b.ipynb", "c.ipynb"]


async def test_what_another_server_kept_is_told_once_it_is_read(tmp_path: Path) -> None:
    place = file_place(tmp_path / "store.sqlite3")
    stores = [Store(lambda: place, "durable", check_seconds=0.1) for _ in range(2)]
    here, elsewhere = (Consents(KeptConsents(store)) for store in stores)
    told: list[bool] = []
    here.listen(lambda given: told.append(here.given("ada", ASKED)))
    for store in stores:
        store.open()
        assert await store.settled(20)
    elsewhere.give("ada", "course/a.ipynb", "d1")
    await until(lambda: told == [True])
    elsewhere.withdraw("ada", "course/a.ipynb")
    await until(lambda: told == [True, False])
    for store in stores:
        await store.close(10)
