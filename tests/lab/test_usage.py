"""Usage: exports that end where they must, what is forgotten, what is kept, what is counted."""

from __future__ import annotations

import asyncio
import csv
import io
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from ledger_harness import PERSON, of, opened_store, pictures, spending
from prometheus_client import REGISTRY
from stamped_pictures import facts

from coursia_genai_lab.errors import StoreError
from coursia_genai_lab.lab.charge import Amount, Limit
from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.lab.generations import Generations
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.store.place import Place, file_place
from coursia_genai_lab.lab.usage import Usage
from coursia_genai_lab.lab.usage_rows import as_csv
from coursia_genai_lab.wire.usage import ExportRow, UsageExport

SECRET = "a prompt that nobody else is to read"
DAY = 86400.0


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return file_place(tmp_path / "store.sqlite3")


class Desk:
    """Record, ledger and usage on one store."""

    def __init__(self, store: Any, *limits: Limit, prompts: bool = False, **options: Any) -> None:
        self.generations = Generations(store, prompts=prompts)
        self.ledger = Ledger(store, limits=of(*limits), **options)
        self.usage = Usage(store, self.generations, self.ledger, prompts=prompts)

    async def made(self, person: str = PERSON, cents: float = 0.0, **more: Any) -> str:
        """Have a picture made and counted; return its id."""
        job = spending(person, cents=cents, **more)
        (charge,) = await self.ledger.reserve([job])
        await charge.sent()
        known = facts(id=job.id, prompt=SECRET)
        self.generations.note(
            Generation(job.id, person, "openai", job.service, job.model, facts=known, at=job.at)
        )
        charge.settle(job.worst)
        return job.id


@asynccontextmanager
async def opened(place: Place, *limits: Limit, **options: Any) -> AsyncIterator[Desk]:
    """Open all three as a server does."""
    async with opened_store(place) as store:
        desk = Desk(store, *limits, **options)
        try:
            yield desk
        finally:
            await desk.ledger.close()


async def test_an_export_that_is_cut_goes_on_where_it_ended(place: Place) -> None:
    async with opened(place) as desk:
        began = float(int(time.time()) - 1000)
        ids = [await desk.made(cents=1, at=began + number) for number in range(7)]
        first = await desk.usage.export(PERSON, 0, limit=4)
        assert ([row.id for row in first.rows], first.cut) == (ids[:4], True)
        second = await desk.usage.export(PERSON, first.rows[-1].at, limit=4)
        assert ([row.id for row in second.rows], second.cut) == (ids[3:], False)
        # The sign stands where whoever opens the table reads it.
        last = as_csv(first).splitlines()[-1]
        assert last.startswith("MORE ROWS FOLLOW")
        assert repr(began + 3) in last
        assert "MORE ROWS" not in as_csv(second)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_of_a_table_begins_a_formula(begin: str) -> None:
    row = ExportRow(
        id="1", at=0, person=f"{begin}1+1", kind="openai", service="s", model=f"{begin}cmd|' /C'!A0"
    )
    text = as_csv(UsageExport(since=0, person="", rows=[row]))
    (read,) = csv.DictReader(io.StringIO(text, newline=""))
    assert read["person"] == f"'{begin}1+1"
    assert read["model"] == f"'{begin}cmd|' /C'!A0"
    assert read["at"] == "1970-01-01T00:00:00.000+00:00"


@pytest.mark.parametrize(
    "model",
    [
        "x;=cmd|' /C'!A0",
        'x;"=cmd',
        "x;+1",
        "x\n=1+1",
        "x\t@SUM(1)",
        "\uff1d1+1",
        ' "=1+1',
    ],
)
def test_no_formula_begins_where_tables_are_cut_at_semicolons(model: str) -> None:
    row = ExportRow(id="1", at=0, person="ada", kind="openai", service="s", model=model)
    text = as_csv(UsageExport(since=0, person="", rows=[row]))
    for cell in re.split("[;\t\r\n]", text):
        assert not re.match("[ \"']*[=+@\uff1d]", cell) or "'" in cell[:3], cell
    harmless = "a fox; red - not blue = no"
    row = row.model_copy(update={"model": harmless})
    assert harmless in as_csv(UsageExport(since=0, person="", rows=[row]))


def test_no_cell_of_a_table_speaks_to_a_terminal() -> None:
    row = ExportRow(
        id="1", at=0, person="\x1b]0;x\x07", kind="openai", service="s", model="\x9b2J\0"
    )
    text = as_csv(UsageExport(since=0, person="", rows=[row]))
    assert all(one.isprintable() for one in text.replace("\r\n", ""))


async def test_prompts_of_before_stay_out_of_a_class_once_they_are_recorded_no_more(
    place: Place,
) -> None:
    async with opened(place, prompts=True) as desk:
        await desk.made()
        assert (await desk.usage.export(None, 0)).rows[0].prompt == SECRET
    async with opened(place, prompts=False) as desk:
        assert (await desk.usage.export(None, 0)).rows[0].prompt == ""
        assert (await desk.usage.export(PERSON, 0)).rows[0].prompt == SECRET


async def test_who_is_forgotten_keeps_the_quota_and_leaves_no_name_in_the_store(
    place: Place,
) -> None:
    person = "ada-lovelace"
    async with opened(place, pictures(10), prompts=True) as desk:
        for _ in range(3):
            await desk.made(person, cents=2)
        (waiting,) = await desk.ledger.reserve([spending(person, cents=4)])
        await waiting.sent()
        erased = await desk.usage.erase(person)
        assert (erased.generations, erased.charges) == (3, 4)
        view = await desk.usage.of(person, 0)
        assert (view.pictures, view.cents, view.charges) == (0, 0, [])
        assert view.left[0].pictures_left == 6
        # What was under way still ends, and counts.
        waiting.settle(Amount(pictures=2, microusd=30_000))
        assert (await desk.usage.of(person, 0)).left[0].pictures_left == 5
        assert (await desk.ledger.account(None, 0)).cents == 6 + 3
    assert place.path is not None
    database = sqlite3.connect(place.path)
    kept = "\n".join(line for line in database.iterdump() if line.startswith("INSERT"))
    database.close()
    assert person not in kept
    assert SECRET not in kept


async def test_old_charges_go_and_what_they_cost_a_quota_stays(place: Place) -> None:
    course = Limit("course", "", "course", pictures=10)
    async with opened(place, course, days=30) as desk:
        await desk.made(cents=1, at=time.time() - 31 * DAY)
        (charge,) = await desk.ledger.reserve([spending(cents=1, at=time.time() - 31 * DAY)])
        await charge.sent()
        charge.unknown()
        await desk.made(cents=1)
    # The first charge of a server's life looks for old ones.
    async with opened(place, course, days=30) as desk:
        await desk.made(cents=1)
        assert len(await desk.ledger.charges(None, state="settled")) == 2
        assert len(await desk.ledger.charges(None, state="unknown")) == 1
        assert (await desk.ledger.left(PERSON))[0].pictures_left == 6


async def test_charges_are_counted_for_prometheus(place: Place) -> None:
    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"coursia_genai_{name}_total", labels) or 0.0

    ends = [value("charges", state=state) for state in ("settled", "refunded")]
    dollars = value("spent_dollars", provider="acme")
    async with opened(place) as desk:
        await desk.made(cents=50)
        (charge,) = await desk.ledger.reserve([spending(cents=5)])
        charge.refund()
    assert value("charges", state="settled") == ends[0] + 1
    assert value("charges", state="refunded") == ends[1] + 1
    assert value("spent_dollars", provider="acme") == pytest.approx(dollars + 0.5)


async def test_a_locked_store_sells_nothing_and_counts_free_work_when_it_is_let_go(
    place: Place,
) -> None:
    async with opened(place, pictures(100)) as desk:
        await desk.made()
        assert place.path is not None
        database = sqlite3.connect(place.path, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="Nothing is bought"):
            await desk.ledger.reserve([spending(cents=1)])
        (charge,) = await desk.ledger.reserve([spending(pictures=5)])
        charge.settle(Amount(pictures=5))
        database.close()
        for _ in range(600):
            left = (await desk.ledger.left(PERSON))[0]
            if (left.pictures, left.pictures_left) == (100, 94):
                break
            await asyncio.sleep(0.1)
        else:
            pytest.fail(f"counted {left}")
        (charge,) = await desk.ledger.reserve([spending(cents=1)])
        await charge.sent()
