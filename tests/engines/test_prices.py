"""The published prices, and orders fitted to what OpenAI's models make."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import pytest
from aiohttp import ClientSession
from cloud_servers import before, order, png, says
from door_harness import BOUND, service

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.engines import cloud_engine_of
from coursia_genai_lab.engines.orders import Event, Notice, Order
from coursia_genai_lab.engines.prices import Prices, dollars, prices_of, published
from coursia_genai_lab.errors import GenAIError, InvalidRequest

PROMPT = "a red fox"
TEXT = (len(PROMPT) + 64) * 5
"""Microdollars of the prompt, at 5 USD a million tokens."""


def wanted(**more: Any) -> Order:
    return order("openai", **{"prompt": PROMPT, **more})


async def quoted(prices: Prices | None = None, **more: Any) -> Any:
    async with before("openai", prices=prices) as (engine, sold):
        quote = await asyncio.wait_for(engine.quote(wanted(**more)), BOUND)
        assert sold.posts == []
    return quote


def test_every_price_of_the_table_has_a_source_and_a_day() -> None:
    for price in published().values():
        assert price.source.startswith("https://developers.openai.com/")
        assert datetime.date(2026, 8, 1) <= price.dated <= datetime.date(2026, 12, 31)
        assert min(price.text_in, price.image_in, price.image_out, price.text_out) > 0


def test_every_model_of_the_catalogue_is_in_the_table() -> None:
    for model in load_catalog(packages=False)["openai"].models:
        assert model.id in published()


@pytest.mark.parametrize(
    ("size", "quality", "tokens"),
    [
        # As OpenAI's own calculator has them.
        ((1024, 1024), "low", 196),
        ((1024, 1024), "medium", 1756),
        ((1024, 1024), "high", 7024),
        ((1536, 1024), "high", 5488),
        ((1792, 1024), "high", 5063),
        ((3584, 2048), "high", 12_329),
    ],
)
async def test_a_picture_has_the_tokens_of_its_size_and_quality(
    size: tuple[int, int], quality: str, tokens: int
) -> None:
    quote = await quoted(width=size[0], height=size[1], quality=quality)
    assert quote.microusd == TEXT + tokens * 30
    assert "OpenAI's prices of 2026-11-20" in quote.basis


async def test_where_the_quality_is_left_open_the_dearest_counts() -> None:
    for quality in (None, "auto"):
        assert (await quoted(quality=quality)).microusd == TEXT + 7024 * 30
        worst = await quoted(model="gpt-image-2.5-flare", quality=quality)
        assert worst.microusd == TEXT + 7024 * 30
    assert (await quoted(model="gpt-image-2.5-flare", quality="xhigh")).microusd == (
        TEXT + 3122 * 30
    )


async def test_pictures_that_are_sent_or_shown_on_the_way_cost_too() -> None:
    plain = (await quoted(quality="low", width=1024, height=1024)).microusd
    sends = await quoted(quality="low", width=1024, height=1024, images=(png(),), mask=png())
    assert sends.microusd == plain + 2 * 2000 * 8
    shows = await quoted(quality="low", width=1024, height=1024, previews=True)
    assert shows.microusd == plain + 3 * 100 * 30


async def test_a_model_that_its_provider_retires_soon_says_when() -> None:
    quote = await quoted(model="gpt-image-1-mini", width=1024, height=1024, quality="low")
    assert quote.microusd == (len(PROMPT) + 64) * 2 + 625 * 8
    assert "2026-12-01" in quote.basis


async def test_what_nobody_has_written_down_has_no_price_until_somebody_sets_one() -> None:
    for model in ("gpt-image-2.6-flare", "gpt-image-9"):
        assert (await quoted(model=model)).microusd is None
    spec = load_catalog(packages=False)["openai"]
    model = spec.models[0].model_copy(update={"id": "gpt-image-9", "price_cents": 12.5})
    prices = prices_of(spec.model_copy(update={"models": [model]}))
    quote = await quoted(prices, model="gpt-image-9")
    assert quote.microusd == 125_000
    assert "on this server" in quote.basis


def test_a_dated_snapshot_costs_what_its_model_does() -> None:
    prices = Prices()
    assert prices.of("gpt-image-2-2026-04-21") == prices.of("openai/gpt-image-2")
    assert prices.of("gpt-image") is None


def test_an_answer_costs_what_its_tokens_do_and_what_is_not_told_apart_counts_as_dearer() -> None:
    usage = {"input_tokens": 100, "output_tokens": 1000}
    assert Prices().spent("gpt-image-2", usage).microusd == 100 * 8 + 1000 * 30
    told = {**usage, "input_tokens_details": {"text_tokens": 100}}
    assert Prices().spent("gpt-image-2", told).microusd == 100 * 5 + 1000 * 30
    for odd in (None, -1, True, "9", 10**400):
        assert Prices().spent("gpt-image-2", {**usage, "output_tokens": odd}).microusd is None
        assert Prices().spent("gpt-image-2", {**usage, "input_tokens": odd}).microusd is None
    assert Prices().spent("gpt-image-9", usage).microusd is None


def test_a_price_that_was_set_here_is_also_what_an_answer_costs() -> None:
    usage = {"input_tokens": 100, "output_tokens": 1000}
    for model in ("gpt-image-2", "gpt-image-9"):
        assert Prices(own={model: 90_000}).spent(model, usage).microusd == 90_000


def test_amounts_are_never_rounded_down_for_people() -> None:
    assert dollars(40_000) == "0.0400 USD"
    assert dollars(40_001) == "0.0401 USD"
    assert dollars(1_234_567) == "1.24 USD"
    assert dollars(0) == "0.0000 USD"


# -- sizes -----------------------------------------------------------------------------------------


async def sent(**more: Any) -> tuple[dict[str, Any], list[str]]:
    heard: list[Event] = []
    async with before("openai") as (engine, sold):
        await asyncio.wait_for(engine.generate(wanted(**more), heard.append), BOUND)
    return sold.posts[0], [one.text for one in heard if isinstance(one, Notice)]


@pytest.mark.parametrize(
    ("model", "size", "made"),
    [
        ("gpt-image-2", (1024, 768), "1024x768"),
        ("gpt-image-2", (512, 512), "816x816"),
        ("gpt-image-2", (1000, 1000), "1008x1008"),
        ("gpt-image-2", (4096, 4096), "2880x2880"),
        ("gpt-image-2", (640, 480), "944x704"),
        ("gpt-image-1-mini", (1024, 1024), "1024x1024"),
        ("gpt-image-1-mini", (512, 512), "1024x1024"),
        ("gpt-image-1-mini", (1920, 1080), "1536x1024"),
        ("gpt-image-1.5", (600, 900), "1024x1536"),
        ("gpt-image-2", None, "1024x1024"),
    ],
)
async def test_a_size_is_asked_for_that_the_model_makes(
    model: str, size: tuple[int, int] | None, made: str
) -> None:
    shape = {} if size is None else {"width": size[0], "height": size[1]}
    body, notices = await sent(model=model, **shape)
    assert body["size"] == made
    same = size is None or f"{size[0]}x{size[1]}" == made
    assert len([one for one in notices if made in one]) == (0 if same else 1)


async def test_a_picture_to_change_keeps_about_its_shape() -> None:
    async with before("openai") as (engine, sold):
        await asyncio.wait_for(engine.generate(wanted(images=(png((1600, 900)),))), BOUND)
    assert b'name="size"\r\n\r\n1360x768\r\n' in sold.bodies[0]


async def test_several_pictures_are_sent_as_the_clients_of_openai_send_them() -> None:
    async with before("openai") as (engine, sold):
        made = wanted(images=(png(), png((8, 8))), mask=png())
        await asyncio.wait_for(engine.generate(made), BOUND)
    assert sold.bodies[0].count(b'name="image[]"') == 2
    assert sold.bodies[0].count(b'name="mask"') == 1
    assert png((8, 8)) in sold.bodies[0]


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"width": 3840, "height": 1024}, "size"),
        ({"quality": "ultra"}, "quality"),
        ({"mask": png()}, "mask"),
        ({"prompt": " "}, "prompt"),
        ({"images": (png(),) * 17}, "image"),
    ],
)
async def test_what_the_model_cannot_do_is_refused_before_it_is_bought(
    wish: dict[str, Any], param: str
) -> None:
    async with before("openai") as (engine, sold):
        for call in (engine.quote, engine.generate):
            with pytest.raises(InvalidRequest) as refused:
                await asyncio.wait_for(call(wanted(**wish)), BOUND)
            assert refused.value.param == param
        assert sold.posts == []


async def test_qualities_of_retired_models_still_mean_something() -> None:
    assert (await sent(quality="hd"))[0]["quality"] == "high"
    assert (await sent(quality="standard"))[0]["quality"] == "medium"
    assert "quality" not in (await sent())[0]


async def test_models_that_are_gone_and_those_that_draw_nothing_are_not_listed() -> None:
    async with before("openai") as (engine, _):
        listed = await asyncio.wait_for(engine.models(), BOUND)
    assert [one.id for one in listed] == ["gpt-image-2"]


async def test_what_another_provider_sells_is_listed_once_its_price_is_set() -> None:
    async with before("openai", prices=Prices(own={"text-only": 70_000})) as (engine, _):
        listed = await asyncio.wait_for(engine.models(), BOUND)
    assert {one.id: one.microusd for one in listed}["text-only"] == 70_000


async def test_another_provider_is_called_by_its_own_name_and_key() -> None:
    spec = load_catalog(packages=False)["openai"]
    other = spec.model_copy(
        update={
            "name": "campus",
            "title": "Campus pictures",
            "credential": spec.credential.model_copy(update={"secret": "CAMPUS_KEY"}),
        }
    )
    async with service(says(401, {"message": "no"})) as upstream, ClientSession() as session:
        engine = cloud_engine_of(other, upstream.url, {}, session)
        assert engine is not None
        with pytest.raises(GenAIError) as refused:
            await asyncio.wait_for(engine.generate(wanted()), BOUND)
    assert refused.value.message.startswith("Campus pictures does not accept")
    assert refused.value.command == "coursia-genai secrets set CAMPUS_KEY"
