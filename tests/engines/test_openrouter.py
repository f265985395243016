"""What OpenRouter's models can do is looked up, fitted and priced before anything is bought."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from cloud_servers import MODELS, OFFER, before, drawn, order, png
from door_harness import BOUND

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.engines.cloud import CloudEngine
from coursia_genai_lab.engines.openrouter import own_name
from coursia_genai_lab.engines.orders import Event, Notice, Order
from coursia_genai_lab.engines.prices import Prices, prices_of
from coursia_genai_lab.errors import InvalidRequest, ModelUnknown

NAME = "acme/painter"


def offer(prices: list[dict[str, Any]] | None = None, **takes: Any) -> dict[str, Any]:
    """Return an endpoint that takes just the fields that are named."""
    made = {**OFFER, "supported_parameters": takes}
    return made if prices is None else {**made, "pricing": prices}


def one_of(*values: str) -> dict[str, Any]:
    return {"type": "enum", "values": list(values)}


def line(billable: str, unit: str, usd: float, **more: Any) -> dict[str, Any]:
    return {"billable": billable, "unit": unit, "cost_usd": usd, **more}


ANY: dict[str, Any] = {"type": "boolean"}


async def sent(wanted: Order, *offers: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what is posted for an order, and what the caller is told was left out."""
    heard: list[Event] = []
    async with before("openrouter", offers=list(offers)) as (engine, sold):
        await asyncio.wait_for(engine.generate(wanted, heard.append), BOUND)
    return sold.posts[0], [one.text for one in heard if isinstance(one, Notice)]


async def priced(wanted: Order, *offers: dict[str, Any], prices: Prices | None = None) -> Any:
    async with before("openrouter", offers=list(offers), prices=prices) as (engine, sold):
        quote = await asyncio.wait_for(engine.quote(wanted), BOUND)
        assert sold.posts == []
    return quote


async def refused(wanted: Order, *offers: dict[str, Any]) -> InvalidRequest:
    """Return what an order is refused with, before anything is sent that costs money."""
    async with before("openrouter", offers=list(offers)) as (engine, sold):
        with pytest.raises(InvalidRequest) as error:
            await asyncio.wait_for(engine.generate(wanted), BOUND)
        with pytest.raises(InvalidRequest):
            await asyncio.wait_for(engine.quote(wanted), BOUND)
        assert sold.posts == []
    return error.value


# -- names -----------------------------------------------------------------------------------------


def test_the_name_at_the_door_and_the_providers_own_name_one_model() -> None:
    assert own_name("openrouter/black-forest-labs/flux.2-pro") == "black-forest-labs/flux.2-pro"
    assert own_name("black-forest-labs/flux.2-pro") == "black-forest-labs/flux.2-pro"
    assert own_name("openrouter/auto") == "openrouter/auto"


async def test_a_model_that_is_nowhere_is_unknown() -> None:
    async with before("openrouter") as (engine, sold):
        for call in (engine.quote, engine.generate):
            with pytest.raises(ModelUnknown) as error:
                await asyncio.wait_for(call(Order("openrouter/acme/none", "a", 1)), BOUND)
            assert "acme/none" in error.value.message
        assert sold.posts == []


# -- sizes -----------------------------------------------------------------------------------------

TIERS = {"resolution": one_of("512", "1K", "2K", "4K"), "seed": ANY}
RATIOS = {"aspect_ratio": one_of("1:1", "16:9", "9:16", "3:2", "auto")}


async def test_exact_pixels_are_asked_for_where_they_are_taken() -> None:
    body, notices = await sent(
        order("openrouter", width=1280, height=720), offer(size=ANY, **TIERS, **RATIOS)
    )
    assert body["size"] == "1280x720"
    assert "resolution" not in body
    assert "aspect_ratio" not in body
    assert notices == []


@pytest.mark.parametrize(
    ("size", "ratio", "tier"),
    [
        ((1280, 720), "16:9", "1K"),
        ((720, 1280), "9:16", "1K"),
        ((512, 512), "1:1", "512"),
        ((3000, 2000), "3:2", "2K"),
        ((4096, 4096), "1:1", "4K"),
        ((1536, 1024), "3:2", "1K"),
    ],
)
async def test_else_the_nearest_shape_and_tier_are(
    size: tuple[int, int], ratio: str, tier: str
) -> None:
    wanted = order("openrouter", width=size[0], height=size[1])
    body, notices = await sent(wanted, offer(**TIERS, **RATIOS))
    assert (body["aspect_ratio"], body["resolution"]) == (ratio, tier)
    exact = size in ((512, 512), (4096, 4096))
    assert len(notices) == (0 if exact else 1)
    assert exact or f"{size[0]}x{size[1]}" in notices[0]


async def test_a_model_with_one_size_says_so() -> None:
    body, notices = await sent(order("openrouter", width=640, height=640), offer(seed=ANY))
    assert not {"size", "resolution", "aspect_ratio"} & set(body)
    assert notices == ["The size 640x640 was left out: the model has a size of its own."]


async def test_without_a_size_the_usual_tier_is_said_so_that_the_price_is_known() -> None:
    body, _ = await sent(order("openrouter"), offer(**TIERS))
    assert body["resolution"] == "1K"


# -- the other wishes ------------------------------------------------------------------------------


async def test_what_cannot_be_kept_is_told_and_not_sent() -> None:
    wanted = order("openrouter", negative="a dog", steps=4, guidance=2.0, quality="high")
    body, notices = await sent(wanted, offer(resolution=one_of("1K")))
    assert set(body) == {"model", "prompt", "resolution"}
    assert len(notices) == 5
    assert {text.split()[0] for text in notices} == {
        "The",
        "quality",
        "negative_prompt",
        "steps",
        "guidance",
    }


async def test_pictures_are_sent_as_they_are_and_never_as_addresses() -> None:
    able = offer(input_references={"type": "range", "min": 0, "max": 2}, **TIERS)
    body, _ = await sent(order("openrouter", images=(png(), png((8, 8)))), able)
    urls = [one["image_url"]["url"] for one in body["input_references"]]
    assert [base64.b64decode(one.partition(",")[2]) for one in urls] == [png(), png((8, 8))]


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"images": (png(),)}, "image"),
        ({"images": (png(),) * 17}, "image"),
        ({"images": (png(),), "mask": png()}, "mask"),
        ({"background": "transparent"}, "background"),
        ({"prompt": "   "}, "prompt"),
    ],
)
async def test_what_the_model_cannot_do_is_refused_before_it_is_bought(
    wish: dict[str, Any], param: str
) -> None:
    error = await refused(order("openrouter", **wish), offer(**TIERS))
    assert error.param == param
    assert error.remedy


async def test_a_quality_that_the_model_lacks_is_refused_with_those_that_it_has() -> None:
    error = await refused(
        order("openrouter", quality="max"), offer(quality=one_of("low", "high"), **TIERS)
    )
    assert "low, high" in error.message


async def test_more_pictures_than_a_model_takes_are_refused() -> None:
    able = offer(input_references={"type": "range", "min": 0, "max": 1})
    error = await refused(order("openrouter", images=(png(), png())), able)
    assert error.error_code == "too_many_images"


# -- who carries it out ----------------------------------------------------------------------------


async def test_only_providers_that_can_do_it_are_let_to() -> None:
    plain = {**offer(**TIERS), "provider_tag": "plain"}
    able = {**offer(background=one_of("transparent"), **TIERS), "provider_tag": "able"}
    body, _ = await sent(order("openrouter", background="transparent"), plain, able)
    assert body["provider"] == {"only": ["able"]}
    body, _ = await sent(order("openrouter"), plain, able)
    assert "provider" not in body


async def test_the_dearest_provider_that_may_be_chosen_counts() -> None:
    cheap = {**offer([line("output_image", "image", 0.01)], **TIERS), "provider_tag": "cheap"}
    dear = {**offer([line("output_image", "image", 0.09)], **TIERS), "provider_tag": "dear"}
    assert (await priced(order("openrouter"), cheap, dear)).microusd == 90_000
    unnamed = {**offer(seed=ANY), "provider_tag": None, "pricing": dear["pricing"]}
    # The router cannot be told to leave it out.
    both = await priced(order("openrouter"), {**cheap, "provider_tag": None}, unnamed)
    assert both.microusd == 90_000


# -- prices ----------------------------------------------------------------------------------------

BY_TIER = [
    line("output_image", "image", 0.04),
    line("output_image", "image", 0.08, variant="2k"),
    line("output_image", "image", 0.15, variant="4K"),
]


@pytest.mark.parametrize(
    ("lines", "wish", "microusd"),
    [
        (BY_TIER, {"width": 2048, "height": 2048}, 80_000),
        (BY_TIER, {"width": 4096, "height": 4096}, 150_000),
        # No line is for 1K alone: that for no tier counts, and where there is none, the dearest.
        (BY_TIER, {}, 40_000),
        (BY_TIER[1:], {}, 150_000),
        ([line("output_image", "megapixel", 0.03)], {"width": 2048, "height": 2048}, 150_000),
        ([line("output_image", "image", 0.0)], {}, 0),
        (
            [line("output_image", "image", 0.01), line("input_reference", "image", 0.002)],
            {"images": (png(), png())},
            14_000,
        ),
        (
            [line("output_image", "image", 0.01), line("input_image", "megapixel", 0.003)],
            {"images": (png((1200, 1000)),)},
            16_000,
        ),
        ([line("output_image", "image", 0.01), line("input_image", "image", 9.0)], {}, 10_000),
        (
            [line("output_image", "image", 0.01), line("input_text", "token", 0.000001)],
            {"prompt": "é" * 100},
            10_000 + 200 + 64,
        ),
        # What the model's picture has in tokens nobody knows.
        ([line("output_image", "token", 0.00003)], {}, None),
        ([line("output_image", "image", 0.01), line("input_video", "minute", 1)], {}, None),
        ([line("output_image", "image", -1)], {}, None),
        ([line("output_image", "image", float("nan"))], {}, None),
        ([{"billable": "output_image", "unit": "image"}], {}, None),
        ([line("input_text", "token", 0.00001)], {}, None),
        ([], {}, None),
    ],
)
async def test_a_picture_costs_at_most_what_the_list_adds_up_to(
    lines: list[dict[str, Any]], wish: dict[str, Any], microusd: int | None
) -> None:
    able = offer(lines, input_references=ANY, **TIERS)
    quote = await priced(order("openrouter", **wish), able)
    assert quote.microusd == microusd
    assert quote.basis


async def test_a_price_by_the_pixel_is_unknown_where_the_size_is() -> None:
    lines = [line("output_image", "megapixel", 0.03)]
    assert (await priced(order("openrouter"), offer(lines, seed=ANY))).microusd is None


async def test_whoever_runs_the_server_may_set_a_price() -> None:
    lines = [line("output_image", "token", 0.00003)]
    spec = load_catalog(packages=False)["openrouter"]
    model = spec.models[0].model_copy(update={"id": MODELS["openrouter"], "price_cents": 5.5})
    prices = prices_of(spec.model_copy(update={"models": [model]}))
    quote = await priced(order("openrouter"), offer(lines, **TIERS), prices=prices)
    assert quote.microusd == 55_000
    assert "on this server" in quote.basis


async def test_openai_models_are_priced_by_their_tokens_here_too() -> None:
    prices = Prices(own={})
    known = prices.most_output_tokens("openai/gpt-image-2", order("openai"), 1024**2)
    assert known == 7024


# -- the older road --------------------------------------------------------------------------------

CHATTY: dict[str, Any] = {
    "id": "acme/chatty",
    "name": "Chatty",
    "architecture": {"input_modalities": ["text"], "output_modalities": ["image", "text"]},
    "pricing": {"prompt": "0", "completion": "0.000002"},
}


async def chat(engine: CloudEngine, **more: Any) -> Any:
    wanted = Order(**{"model": "openrouter/acme/chatty", "prompt": "a fox", "seed": 1, **more})
    return await asyncio.wait_for(engine.generate(wanted), BOUND)


def answered(images: object, text: str = "Here you are.") -> Any:
    from aiohttp import web

    async def answer(_: web.Request) -> web.StreamResponse:
        message = {"role": "assistant", "content": text, "images": images}
        return web.json_response({"choices": [{"message": message}], "usage": drawn()["usage"]})

    return answer


def data_url() -> str:
    return "data:image/png;base64," + base64.b64encode(png()).decode()


async def test_a_model_that_only_chats_is_asked_for_a_picture_in_a_bounded_answer() -> None:
    answer = answered([{"image_url": {"url": data_url()}}])
    async with before("openrouter", answer, chat=[CHATTY]) as (engine, sold):
        made = await chat(engine, width=1920, height=1080)
        quote = await engine.quote(Order("acme/chatty", "a fox", 1))
    assert made[0].data == png()
    assert made[0].spent.microusd == 40_000
    assert sold.posts[0]["modalities"] == ["image", "text"]
    assert sold.posts[0]["image_config"] == {"aspect_ratio": "16:9", "image_size": "1K"}
    assert sold.posts[0]["max_tokens"] == 8192
    assert quote.microusd == 16_384


@pytest.mark.parametrize(
    "images",
    [
        None,
        [],
        ["x"],
        [{"image_url": {"url": "https://example.com/fox.png"}}],
        [{"image_url": {"url": "data:image/png;base64,@@@"}}],
        [{"image_url": {"url": "data:image/svg+xml;base64,PHN2Zy8+"}}],
    ],
)
async def test_an_answer_in_words_is_no_picture_and_may_be_billed(images: object) -> None:
    from coursia_genai_lab.errors import GenAIError

    async with before("openrouter", answered(images, "a fox"), chat=[CHATTY]) as (engine, sold):
        with pytest.raises(GenAIError) as refused_with:
            await chat(engine)
    assert refused_with.value.error_code == "cloud_wrong_answer"
    assert refused_with.value.may_have_billed
    assert "fox" not in str(refused_with.value)
    assert len(sold.posts) == 1


async def test_what_a_chat_cannot_do_is_refused_or_told() -> None:
    answer = answered([{"image_url": {"url": data_url()}}])
    heard: list[Event] = []
    async with before("openrouter", answer, chat=[CHATTY]) as (engine, sold):
        for wish in ({"images": (png(),)}, {"background": "transparent"}):
            wanted = Order(**{"model": "acme/chatty", "prompt": "a fox", "seed": 1, **wish})
            for call in (engine.quote, engine.generate):
                with pytest.raises(InvalidRequest) as error:
                    await asyncio.wait_for(call(wanted), BOUND)
                assert error.value.param in ("image", "background")
        assert sold.posts == []
        wanted = Order(
            "acme/chatty",
            "a fox",
            1,
            negative="a dog",
            quality="high",
            width=512,
            height=512,
            user="ab" * 32,
        )
        await asyncio.wait_for(engine.generate(wanted, heard.append), BOUND)
        assert sold.posts[0]["user"] == "ab" * 32
    told = " ".join(one.text for one in heard if isinstance(one, Notice))
    for word in ("seed", "512x512", "negative_prompt", "quality"):
        assert word in told


# -- lists that are odd ----------------------------------------------------------------------------

HUGE = 10**400


@pytest.mark.parametrize(
    "odd",
    [
        {"supported_parameters": None},
        {"supported_parameters": [1]},
        {"supported_parameters": {"resolution": "1K", "seed": None, "quality": {"type": 7}}},
        {"supported_parameters": {"resolution": {"type": "enum", "values": [None, 1, "9K"]}}},
        {"supported_parameters": {"aspect_ratio": {"type": "enum", "values": ["1:0", "x", ":"]}}},
        {"supported_parameters": {"input_references": {"type": "range", "max": HUGE}}},
        {"provider_tag": 7, "provider_name": None},
        {"pricing": None},
        {"pricing": ["x", {"billable": "output_image", "unit": "image", "cost_usd": HUGE}]},
        {"pricing": [{"billable": "output_image", "unit": "image", "cost_usd": "0.04"}]},
    ],
)
async def test_an_odd_list_leads_to_a_picture_or_to_no_price_and_never_to_a_fall(
    odd: dict[str, Any],
) -> None:
    async with before("openrouter", offers=[{**OFFER, **odd}]) as (engine, _):
        wanted = order("openrouter", width=1280, height=720)
        quote = await asyncio.wait_for(engine.quote(wanted), BOUND)
        assert (quote.microusd is None) == ("pricing" in odd)
        assert len(await asyncio.wait_for(engine.generate(wanted), BOUND)) == 1


@pytest.mark.parametrize("cost", [HUGE, -1, True, "0.04", None, [], 1e300])
async def test_an_odd_cost_is_an_unknown_one(cost: object) -> None:
    from aiohttp import web

    async def answer(_: web.Request) -> web.StreamResponse:
        usage = {"cost": cost, "prompt_tokens": HUGE, "completion_tokens": "9"}
        return web.json_response(drawn(usage=usage))

    async with before("openrouter", answer) as (engine, _):
        made = await asyncio.wait_for(engine.generate(order("openrouter")), BOUND)
    assert made[0].spent is not None
    assert (made[0].spent.microusd, made[0].spent.input_tokens) == (None, 0)


async def test_a_model_that_nobody_runs_now_is_told_before_anything_is_bought() -> None:
    async with before("openrouter", offers=["odd"]) as (engine, sold):  # type: ignore[list-item]
        with pytest.raises(ModelUnknown) as error:
            await asyncio.wait_for(engine.generate(order("openrouter")), BOUND)
        assert "Nobody runs" in error.value.message
        assert sold.posts == []


@pytest.mark.parametrize(
    ("more", "microusd"),
    [
        ({}, 16_384),
        ({"request": "0.01"}, 26_384),
        ({"image_output": "0.04"}, 56_384),
        # A price for a token under the name of one for a picture.
        ({"image_output": "0.00003"}, 245_760),
        ({"image_token": "0.00001"}, 81_920),
        ({"internal_reasoning": "0.000003"}, 24_576),
        ({"image": "9"}, 16_384),
        ({"image_output": "?"}, None),
        ({"overrides": [{"min_prompt_tokens": 1}]}, None),
    ],
)
async def test_each_part_of_a_price_list_of_chats_counts(
    more: dict[str, Any], microusd: int | None
) -> None:
    chatty = {**CHATTY, "pricing": {**CHATTY["pricing"], **more}}
    async with before("openrouter", chat=[chatty]) as (engine, _):
        quote = await asyncio.wait_for(engine.quote(Order("acme/chatty", "a", 1)), BOUND)
    assert quote.microusd == microusd


async def test_a_chat_without_a_full_price_list_is_not_for_sale() -> None:
    for pricing in ({}, {"prompt": "x", "completion": "0"}, {"prompt": "0", "completion": "-1"}):
        async with before("openrouter", chat=[{**CHATTY, "pricing": pricing}]) as (engine, _):
            quote = await asyncio.wait_for(engine.quote(Order("acme/chatty", "a", 1)), BOUND)
            assert quote.microusd is None
