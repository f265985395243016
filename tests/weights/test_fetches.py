"""Several fetches of one server: two at a time, one a model, ended cleanly."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from liar_server import Liar, Mood
from model_fetching import QUICK
from waiting import until

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import Conflict
from coursia_genai_lab.weights.fetches import WAITING, Fetches
from coursia_genai_lab.weights.licences import Licences
from coursia_genai_lab.weights.sources import Sources
from coursia_genai_lab.weights.speed import Speed
from coursia_genai_lab.weights.stock import Stock
from coursia_genai_lab.weights.terms import Terms

DATA = b"weights" * 1000
NAMES = ("one", "two", "three")


def catalogue(liar: Liar) -> Catalog:
    models = [
        {
            "id": name,
            "title": name,
            "files": [
                {
                    "folder": "checkpoints",
                    "name": f"{name}.safetensors",
                    "size_bytes": len(DATA),
                    "url": liar.offer(f"/{name}", DATA),
                }
            ],
        }
        for name in NAMES
    ]
    spec = ServiceSpec.model_validate(
        {
            "name": "pictures",
            "title": "Pictures",
            "dialect": "comfyui",
            "process": {"command": ["{python}"]},
            "models": models,
        }
    )
    return Catalog({"pictures": spec})


def fetches_into(root: Path, liar: Liar, arrived: list[str]) -> Fetches:
    sources, licences = Sources(), Licences([root])
    stock = Stock(catalogue(liar), [root], sources, licences)

    async def tell() -> None:
        arrived.append("files")

    return Fetches(stock, licences, Terms(sources, reserve_bytes=0, patience=QUICK), arrived=tell)


async def test_two_come_at_a_time_and_the_third_waits_its_turn(tmp_path: Path, liar: Liar) -> None:
    liar.moods = [Mood(stall_after=10), Mood(stall_after=10)]
    arrived: list[str] = []
    fetches = fetches_into(tmp_path, liar, arrived)
    try:
        for name in NAMES:
            await fetches.fetch(name, by="ada")
            await fetches.fetch(name, by="bob")
        await until(lambda: len(liar.gets()) == 2)
        third = await fetches.view("three")
        assert (third.state, third.phase) == ("fetching", WAITING)
        with pytest.raises(Conflict):
            await fetches.verify("one")
        ended = await fetches.cancel("one")
        assert ended.phase is None
        await until(lambda: (tmp_path / "checkpoints" / "three.safetensors").exists())
        await until(lambda: bool(arrived))
        assert len(liar.gets()) == 3
    finally:
        await asyncio.wait_for(fetches.close(), 60)
    assert (await fetches.view("two")).state in ("partial", "missing")
    await fetches.fetch("two", by="ada")
    assert (await fetches.view("two")).phase is None


async def test_everything_that_was_begun_is_here_once_it_is_idle(
    tmp_path: Path, liar: Liar
) -> None:
    fetches = fetches_into(tmp_path, liar, [])
    try:
        for name in NAMES:
            await fetches.fetch(name, by="ada")
        await asyncio.wait_for(fetches.idle(), 60)
        listed = await fetches.everything()
        assert {one.state for one in listed.models} == {"present"}
        assert listed.roots[0].writable
    finally:
        await fetches.close()
        await fetches.close()


async def test_a_whole_class_may_look_at_once(tmp_path: Path, liar: Liar) -> None:
    fetches = fetches_into(tmp_path, liar, [])
    try:
        views = await asyncio.gather(*(fetches.everything() for _ in range(40)))
        assert {len(view.models) for view in views} == {len(NAMES)}
    finally:
        await fetches.close()


async def test_a_thread_that_hangs_keeps_nobody_from_ending_and_closing(
    tmp_path: Path, liar: Liar
) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def token_on_a_dead_disk() -> str:
        asked.set()
        may_answer.wait(120)
        return ""

    sources = Sources(hub_url=liar.address, token=token_on_a_dead_disk)
    licences = Licences([tmp_path])
    stock = Stock(catalogue(liar), [tmp_path], Sources(), licences)
    terms = Terms(sources, reserve_bytes=0, patience=QUICK)
    fetches = Fetches(stock, licences, terms, end_seconds=0.05)
    try:
        await fetches.fetch("one", by="ada")
        await until(asked.is_set)
        ending = await asyncio.wait_for(fetches.cancel("one"), 60)
        assert ending.phase is not None
        await asyncio.wait_for(fetches.close(), 60)
        may_answer.set()
        await asyncio.wait_for(fetches.idle(), 60)
        assert (await fetches.view("one")).phase is None
    finally:
        may_answer.set()
        await fetches.close()


def test_the_speed_is_that_of_the_last_seconds() -> None:
    now = [0.0]
    speed = Speed(lambda: now[0])
    assert speed.bytes_per_second is None
    for second in range(30):
        now[0] = float(second)
        speed.hear(1000 * second if second < 15 else 15_000 + 5000 * (second - 15))
    assert speed.bytes_per_second == pytest.approx(5000)
    speed.hear(0)
    assert speed.bytes_per_second is None
