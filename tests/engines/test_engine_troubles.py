"""Every adapter before an engine in every kind of trouble: an error of ours, and nothing left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from door_harness import BOUND, CREDENTIAL, demo_engine

from coursia_genai_lab.engines import Engine, engine_of
from coursia_genai_lab.engines.orders import Order
from coursia_genai_lab.errors import GenAIError, ModerationBlocked
from coursia_genai_lab.servers.demo.settings import TROUBLES
from coursia_genai_lab.wire.services import Dialect

HEADERS = {"Authorization": f"Bearer {CREDENTIAL}"}
DIALECTS: tuple[Dialect, ...] = ("comfyui", "a1111", "openai_images")
SILENCE = {"no_progress"}
WAITS = {"hang", "no-answer", "silence", "trickle"}
"""Kinds that last for as long as a job may be silent."""
CODES: dict[str, set[str]] = {
    "out-of-memory": {"out_of_memory"},
    "refusal": {"moderation_blocked"},
    # A connection may break a moment before nobody listens any more.
    "die": {"service_died", "no_answer"},
    "hang": SILENCE,
    # A post to ComfyUI is bounded by itself: it is answered before any work is done.
    "no-answer": SILENCE | {"no_answer"},
    "silence": SILENCE | {"no_answer"},
    "trickle": SILENCE | {"no_answer"},
    "garbage": {"wrong_answer"},
    "wrong-picture": {"no_picture"},
}


@asynccontextmanager
async def before(dialect: Dialect, **trouble: Any) -> AsyncIterator[tuple[Engine, str]]:
    settings = {"seconds_per_step": 0.0, "trickle_seconds": 0.02, **trouble}
    async with demo_engine(**settings) as url, aiohttp.ClientSession() as session:
        engine = engine_of(dialect, url, HEADERS, session)
        assert engine is not None
        yield engine, url


def order(seed: int, silence_seconds: float = 60.0) -> Order:
    return Order(
        "sdxl-turbo", "a fox", seed, width=512, height=512, silence_seconds=silence_seconds
    )


async def empty(url: str) -> None:
    """Return once the engine has neither a job nor, of ComfyUI's, a memory of one."""

    async def left() -> bool:
        async with aiohttp.ClientSession(headers=HEADERS) as http:
            async with http.get(f"{url}/queue") as answer:
                rows = await answer.json()
            async with http.get(f"{url}/history") as answer:
                history = await answer.json()
        return bool(rows["queue_running"] or rows["queue_pending"] or history)

    async def look() -> None:
        while await left():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), BOUND)


def tasks_of_ours() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if "genai" in task.get_name()}


async def error_in(dialect: Dialect, kind: str) -> GenAIError:
    """Return what a job ends with on an engine in trouble; nothing of it is left there."""
    async with before(dialect, trouble=kind) as (engine, url):
        with pytest.raises(GenAIError) as refused:
            await engine.generate(order(5, 1.0 if kind in WAITS else 60.0))
        if kind != "die":
            await empty(url)
    return refused.value


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_kind_of_trouble_is_told_with_a_code_and_a_remedy(dialect: Dialect) -> None:
    found = await asyncio.wait_for(
        asyncio.gather(*(error_in(dialect, kind) for kind in TROUBLES)), 3 * BOUND
    )
    wrong = {
        kind: error.error_code
        for kind, error in zip(TROUBLES, found, strict=True)
        if error.error_code not in CODES[kind] or not error.remedy or not error.message
    }
    assert wrong == {}
    assert tasks_of_ours() == set()


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_refusal_is_final_and_repeats_nothing_of_the_prompt(dialect: Dialect) -> None:
    error = await error_in(dialect, "refusal")
    assert isinstance(error, ModerationBlocked)
    assert error.status == 400
    assert "fox" not in str(error)


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_the_next_job_goes_well_after_one_that_did_not(dialect: Dialect) -> None:
    for kind in ("out-of-memory", "wrong-picture", "hang"):
        async with before(dialect, trouble=kind, trouble_times=1) as (engine, _):
            with pytest.raises(GenAIError):
                await engine.generate(order(5, 1.0 if kind in WAITS else 60.0))
            made = await asyncio.wait_for(engine.generate(order(6)), BOUND)
            assert len(made) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_a_caller_who_leaves_an_engine_that_hangs_leaves_nothing_behind(
    dialect: Dialect,
) -> None:
    async with before(dialect, trouble="hang") as (engine, url):
        job = asyncio.create_task(engine.generate(order(5)))

        async def works() -> None:
            while not await engine.busy():
                await asyncio.sleep(0.02)

        await asyncio.wait_for(works(), BOUND)
        job.cancel()
        await asyncio.wait([job], timeout=BOUND)
        assert job.cancelled()
        await empty(url)
        assert not await engine.busy()
    assert tasks_of_ours() == set()


async def test_half_a_picture_of_an_interrupted_webui_is_not_taken_for_one() -> None:
    async with before("a1111", seconds_per_step=0.5) as (engine, url):
        whole = Order("sdxl-turbo", "a fox", 5, width=512, height=512, steps=100)
        job = asyncio.create_task(engine.generate(whole))
        async with aiohttp.ClientSession(headers=HEADERS) as http:

            async def begun() -> None:
                step = 0
                while step == 0:
                    async with http.get(f"{url}/sdapi/v1/progress") as answer:
                        step = (await answer.json())["state"]["sampling_step"]
                    await asyncio.sleep(0.02)

            await asyncio.wait_for(begun(), BOUND)
            async with http.post(f"{url}/sdapi/v1/interrupt") as answer:
                assert answer.status == 200
        with pytest.raises(GenAIError) as refused:
            await asyncio.wait_for(job, BOUND)
    assert refused.value.error_code == "interrupted"
