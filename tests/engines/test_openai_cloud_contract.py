"""OpenAI's own description of its API answers, with the errors that it leaves out laid over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from door_harness import BOUND
from prism_mock import OPENAI, missing, picture, png, prepared, prism

from coursia_genai_lab.engines.openai_cloud import OpenAICloud
from coursia_genai_lab.engines.orders import Order
from coursia_genai_lab.errors import GenAIError

pytestmark = pytest.mark.skipif(missing() is not None, reason=f"Prism: {missing()}")
KEY = {"Authorization": "Bearer a-key-for-tests"}
TOLD = {
    400: ("image_generation_user_error", "moderation_blocked"),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("server_error", "overloaded"),
}
FAILURES = {
    400: ("moderation_blocked", False, 1),
    401: ("cloud_key_refused", False, 1),
    403: ("cloud_forbids", False, 1),
    404: ("model_not_found", False, 1),
    429: ("cloud_busy", False, 3),
    500: ("cloud_down", True, 1),
    503: ("cloud_busy", False, 3),
}
"""Status -> code, whether it may be billed, and how many calls are made of it."""


def described(spec: dict[str, Any]) -> None:
    """Begin paths with the version, want a key, answer with a picture, and fail as OpenAI does."""
    spec["paths"] = {f"/v1{path}": about for path, about in spec["paths"].items()}
    spec["servers"] = [{"url": "/"}]
    spec["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    spec["security"] = [{"key": []}]
    for path in ("/v1/images/generations", "/v1/images/edits"):
        answers = spec["paths"][path]["post"]["responses"]
        answers["200"]["content"]["application/json"]["example"] = {
            "created": 1,
            "data": [{"b64_json": picture()}],
            "usage": {
                "input_tokens": 50,
                "output_tokens": 1756,
                "total_tokens": 1806,
                "input_tokens_details": {"text_tokens": 30, "image_tokens": 20},
            },
        }
        for status, (kind, code) in TOLD.items():
            error = {"message": "No: a red fox.", "type": kind, "param": None, "code": code}
            answers[str(status)] = {
                "description": "refused",
                "content": {"application/json": {"example": {"error": error}, "schema": {}}},
            }
    models = spec["paths"]["/v1/models"]["get"]["responses"]["200"]["content"]
    names = ("gpt-image-2", "gpt-image-2.6-flare", "gpt-5.6")
    models["application/json"]["example"] = {
        "object": "list",
        "data": [
            {"id": one, "object": "model", "created": 1, "owned_by": "openai"} for one in names
        ],
    }


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Let one server answer for all tests here: it takes seconds to start, and keeps nothing."""
    with prism(prepared(OPENAI, described), tmp_path_factory.mktemp("prism")) as url:
        yield url


@asynccontextmanager
async def before_it(
    url: str, headers: dict[str, str] = KEY
) -> AsyncIterator[tuple[OpenAICloud, aiohttp.ClientSession, list[float]]]:
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    async with aiohttp.ClientSession() as session:
        yield OpenAICloud(url, headers, session, wait=wait), session, waits


async def test_an_order_with_everything_is_written_as_the_description_wants_it(
    provider: str,
) -> None:
    order = Order(
        "gpt-image-2",
        "a red fox",
        5,
        negative="a dog",
        width=1920,
        height=1088,
        steps=4,
        guidance=2.0,
        count=2,
        quality="hd",
        background="opaque",
        user="a" * 64,
    )
    async with before_it(provider) as (engine, _, _):
        made = await asyncio.wait_for(engine.generate(order), BOUND)
    assert [one.index for one in made] == [0, 1]
    spent = made[0].spent
    assert spent is not None
    # 30 tokens of text at 5 USD a million, 20 of a picture at 8, 1,756 of the picture at 30.
    assert spent.microusd == 150 + 160 + 52_680


async def test_a_picture_and_a_mask_are_sent_as_the_description_wants_them(provider: str) -> None:
    # Of several pictures it says no more than that there may be: clients send `image[]`.
    order = Order("gpt-image-2", "blue", 5, images=(png(),), mask=png(), user="a" * 64)
    async with before_it(provider) as (engine, _, _):
        made = await asyncio.wait_for(engine.generate(order), BOUND)
    assert made[0].data == png()


async def test_only_picture_models_are_listed_each_with_its_price_where_it_is_known(
    provider: str,
) -> None:
    async with before_it(provider) as (engine, _, _):
        listed = await asyncio.wait_for(engine.models(), BOUND)
    assert [(one.id, one.title) for one in listed] == [
        ("gpt-image-2", "GPT Image 2"),
        ("gpt-image-2.6-flare", "GPT Image 2.6 Flare"),
    ]
    assert listed[0].microusd is not None
    assert listed[1].microusd is None


async def test_each_failure_has_a_code_a_remedy_and_its_money_right(provider: str) -> None:
    found: dict[int, tuple[str, bool, int]] = {}
    async with before_it(provider) as (engine, session, waits):
        for status in FAILURES:
            waits.clear()
            engine.breaker.succeeded()
            session.headers["Prefer"] = f"code={status}"
            with pytest.raises(GenAIError) as refused:
                await asyncio.wait_for(engine.generate(Order("gpt-image-2", "a red fox", 1)), BOUND)
            error = refused.value
            assert error.remedy
            assert "fox" not in str(error)
            found[status] = error.error_code, error.may_have_billed, len(waits) + 1
    assert found == FAILURES


async def test_without_a_key_nothing_is_asked_for_twice(provider: str) -> None:
    async with before_it(provider, {}) as (engine, _, waits):
        for _ in range(2):
            with pytest.raises(GenAIError) as refused:
                await asyncio.wait_for(engine.generate(Order("gpt-image-2", "a", 1)), BOUND)
            assert refused.value.error_code == "cloud_key_refused"
            assert refused.value.command == "coursia-genai secrets set OPENAI_API_KEY"
        assert waits == []
