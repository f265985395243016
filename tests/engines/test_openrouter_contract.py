"""OpenRouter's own description of its API answers, and refuses what is not written in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from door_harness import BOUND
from prism_mock import OPENROUTER, missing, picture, png, prepared, prism

from coursia_genai_lab.engines.openrouter import OpenRouter
from coursia_genai_lab.engines.orders import Notice, Order
from coursia_genai_lab.errors import GenAIError

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"Prism: {missing()}")
KEY = {"Authorization": "Bearer a-key-for-tests"}
SEEDREAM = "openrouter/bytedance-seed/seedream-4.5"
PAINTER = "openrouter/acme/painter"
TAKEN = {
    "resolution": {"type": "enum", "values": ["1K", "2K", "4K"]},
    "aspect_ratio": {"type": "enum", "values": ["1:1", "16:9", "9:16"]},
    "quality": {"type": "enum", "values": ["low", "medium", "high"]},
    "background": {"type": "enum", "values": ["transparent", "opaque"]},
    "output_format": {"type": "enum", "values": ["png", "jpeg"]},
    "input_references": {"type": "range", "min": 0, "max": 2},
    "seed": {"type": "boolean"},
}
FAILURES = {
    400: ("engine_refused", False, 1),
    401: ("cloud_key_refused", False, 1),
    402: ("cloud_no_credit", False, 1),
    403: ("cloud_forbids", False, 1),
    404: ("model_not_found", False, 1),
    413: ("request_too_large", False, 1),
    429: ("cloud_busy", False, 3),
    500: ("cloud_down", True, 1),
    502: ("cloud_down", False, 2),
    524: ("cloud_timed_out", True, 1),
    529: ("cloud_busy", False, 3),
}
"""Status -> code, whether it may be billed, and how many calls are made of it."""


def example(spec: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    content = spec["paths"][path][method]["responses"]["200"]["content"]
    found: dict[str, Any] = content["application/json"]["example"]
    return found


def described(spec: dict[str, Any]) -> None:
    """Give the examples pictures, a model that takes everything, and one that only chats."""
    pictures = example(spec, "/v1/images", "post")
    pictures["data"][0]["b64_json"] = picture()
    endpoint = example(spec, "/v1/images/models/{author}/{slug}/endpoints", "get")["endpoints"][0]
    endpoint["supported_parameters"] = TAKEN
    chatting = example(spec, "/v1/models", "get")
    chatting["total_count"] = 1
    chatting["data"][0].update(
        id="acme/painter",
        architecture={
            **chatting["data"][0]["architecture"],
            "input_modalities": ["text", "image"],
            "output_modalities": ["text", "image"],
        },
        pricing={"prompt": "0.000001", "completion": "0.00001", "request": "0.01"},
    )
    chat = example(spec, "/v1/chat/completions", "post")
    message = chat["choices"][0]["message"]
    message["images"] = [{"image_url": {"url": f"data:image/png;base64,{picture()}"}}]
    chat["usage"]["cost"] = 0.03


def rooted(spec: dict[str, Any]) -> None:
    """Let the paths begin with the version, as they do from where we ask."""
    spec["paths"] = {f"/v1{path}": about for path, about in spec["paths"].items()}
    spec["servers"] = [{"url": "/"}]


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Let one server answer for all tests here: it takes seconds to start, and keeps nothing."""
    with prism(prepared(OPENROUTER, rooted, described), tmp_path_factory.mktemp("prism")) as url:
        yield url


@asynccontextmanager
async def before_it(
    url: str, headers: dict[str, str] = KEY
) -> AsyncIterator[tuple[OpenRouter, aiohttp.ClientSession, list[float]]]:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    async with aiohttp.ClientSession() as session:
        yield OpenRouter(url, headers, session, wait=wait), session, waits


async def test_an_order_with_everything_is_written_as_the_description_wants_it(
    provider: str,
) -> None:
    heard: list[Any] = []
    order = Order(
        SEEDREAM,
        "a red fox",
        2**40,
        width=1920,
        height=1080,
        count=2,
        images=(png(), png()),
        quality="high",
        background="transparent",
        user="a" * 64,
    )
    async with before_it(provider) as (engine, _, _):
        made = await asyncio.wait_for(engine.generate(order, heard.append), BOUND)
    assert [one.index for one in made] == [0, 1]
    assert [one.seed for one in made] == [2**40 % 2**31, 2**40 % 2**31 + 1]
    assert {one.data for one in made} == {png()}
    spent = made[0].spent
    assert spent is not None
    assert (spent.microusd, spent.output_tokens) == (40_000, 4175)
    assert [one.text for one in heard if isinstance(one, Notice)] == [
        "The model does not make 1920x1080: it was asked for 16:9 at 1K."
    ]


async def test_a_model_costs_what_the_price_list_of_its_provider_says(provider: str) -> None:
    async with before_it(provider) as (engine, _, _):
        quote = await asyncio.wait_for(engine.quote(Order(SEEDREAM, "a fox", 1)), BOUND)
        listed = await asyncio.wait_for(engine.models(), BOUND)
    assert quote.microusd == 50_000
    assert "0.0500 USD" in quote.basis
    by_name = {one.id: one for one in listed}
    assert by_name["bytedance-seed/seedream-4.5"].microusd == 50_000
    assert by_name["acme/painter"].edits is True
    # 8,192 tokens of answer at 10 USD a million, the prompt, and a cent for the request.
    assert by_name["acme/painter"].microusd == 81_920 + 73 + 10_000


async def test_a_model_that_only_chats_is_asked_as_the_description_of_chats_wants_it(
    provider: str,
) -> None:
    order = Order(PAINTER, "a fox", 7, width=1024, height=1024, images=(png(),), user="b" * 64)
    async with before_it(provider) as (engine, _, _):
        made = await asyncio.wait_for(engine.generate(order), BOUND)
    assert made[0].data == png()
    assert made[0].spent is not None
    assert made[0].spent.microusd == 30_000


async def test_each_failure_of_the_description_has_a_code_a_remedy_and_its_money_right(
    provider: str,
) -> None:
    found: dict[int, tuple[str, bool, int]] = {}
    async with before_it(provider) as (engine, session, waits):
        order = Order(SEEDREAM, "a red fox", 1)
        await asyncio.wait_for(engine.quote(order), BOUND)
        for status in FAILURES:
            waits.clear()
            engine.breaker.succeeded()
            session.headers["Prefer"] = f"code={status}"
            with pytest.raises(GenAIError) as refused:
                await asyncio.wait_for(engine.generate(order), BOUND)
            error = refused.value
            assert error.remedy
            assert "fox" not in str(error)
            found[status] = error.error_code, error.may_have_billed, len(waits) + 1
    assert found == FAILURES


async def test_without_a_key_nothing_is_asked_for_twice(provider: str) -> None:
    async with before_it(provider, {}) as (engine, _, waits):
        for _ in range(2):
            with pytest.raises(GenAIError) as refused:
                await asyncio.wait_for(engine.models(), BOUND)
            assert refused.value.error_code == "cloud_key_refused"
            assert "OPENROUTER_API_KEY" in refused.value.remedy
        assert engine.breaker.state == "open"
        assert waits == []
