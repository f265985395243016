"""Providers in trouble: a code, a remedy, the money right, and nothing sent twice that may bill."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cloud_servers import (
    KEY,
    KINDS,
    Answer,
    Kind,
    Sold,
    before,
    drawn,
    draws,
    in_turn,
    order,
    picture,
    png,
    says,
)
from door_harness import BOUND, service

from coursia_genai_lab.engines.cloud import CloudEngine
from coursia_genai_lab.engines.cloud_breaker import Breaker
from coursia_genai_lab.engines.openai_cloud import OpenAICloud
from coursia_genai_lab.engines.openrouter import OpenRouter
from coursia_genai_lab.engines.orders import Event, Order, Preview
from coursia_genai_lab.errors import GenAIError, ModerationBlocked

both = pytest.mark.parametrize("kind", KINDS)
TROUBLES: dict[int, tuple[str, bool, bool, int, int]] = {
    400: ("engine_refused", False, False, 1, 1),
    401: ("cloud_key_refused", False, False, 1, 1),
    402: ("cloud_no_credit", False, False, 1, 1),
    403: ("cloud_forbids", False, False, 1, 1),
    404: ("model_not_found", False, False, 1, 1),
    408: ("cloud_timed_out", True, True, 1, 1),
    413: ("request_too_large", False, False, 1, 1),
    422: ("engine_refused", False, False, 1, 1),
    429: ("cloud_busy", False, False, 3, 3),
    500: ("cloud_down", True, True, 1, 1),
    502: ("cloud_down", False, True, 2, 1),
    503: ("cloud_busy", False, False, 3, 3),
    504: ("cloud_timed_out", True, True, 1, 1),
    524: ("cloud_timed_out", True, True, 1, 1),
    529: ("cloud_busy", False, False, 3, 3),
}
"""Status -> code; may it be billed, and how often is it sent: OpenRouter, OpenAI."""


async def refusal(engine: CloudEngine, wanted: Order) -> GenAIError:
    """Return what an order is refused with: always with a remedy, never with prompt or key."""
    with pytest.raises(GenAIError) as refused:
        await asyncio.wait_for(engine.generate(wanted), BOUND)
    error = refused.value
    assert error.message
    assert error.remedy
    for text in (str(error), repr(error), json.dumps(error.to_dict())):
        assert "fox" not in text
        assert KEY not in text
    chain: BaseException | None = error
    while chain is not None:
        assert KEY not in repr(chain)
        chain = chain.__cause__ or chain.__context__
    return error


async def refused_by(
    kind: Kind, answer: Answer, *, more: dict[str, Any] | None = None, **settings: Any
) -> tuple[GenAIError, Sold]:
    async with before(kind, answer, **settings) as (engine, sold):
        return await refusal(engine, order(kind, **(more or {}))), sold


def told(kind: Kind, status: int) -> dict[str, Any]:
    words = f"It failed with {KEY}, for a red fox."
    if kind == "openai":
        return {"message": words, "type": "some_error", "code": None, "param": None}
    return {"code": status, "message": words, "metadata": {"provider_name": "Acme"}}


@both
async def test_every_status_has_a_code_a_remedy_and_its_money_right(kind: Kind) -> None:
    wrong = {}
    for status, (code, router_bills, openai_bills, router_calls, openai_calls) in TROUBLES.items():
        error, sold = await refused_by(kind, says(status, told(kind, status)))
        router = kind == "openrouter"
        bills = router_bills if router else openai_bills
        calls = router_calls if router else openai_calls
        found = error.error_code, error.may_have_billed, len(sold.posts)
        if found != (code, bills, calls):
            wrong[status] = found
    assert wrong == {}


@both
async def test_a_failure_without_any_words_is_told_as_well(kind: Kind) -> None:
    async def nothing(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500, body=b"<html>oh no</html>", content_type="text/html")

    error, _ = await refused_by(kind, nothing)
    assert error.error_code == "cloud_down"
    assert error.may_have_billed


# -- when it is asked again ------------------------------------------------------------------------


@both
async def test_a_busy_provider_is_asked_again_after_the_time_that_it_names(kind: Kind) -> None:
    busy = says(429, told(kind, 429), {"Retry-After": "7"})
    async with before(kind, in_turn(busy, draws)) as (engine, sold):
        made = await asyncio.wait_for(engine.generate(order(kind)), BOUND)
    assert made[0].data == png()
    assert sold.waits == [7.0]


@both
async def test_a_time_may_be_given_as_a_date(kind: Kind) -> None:
    then = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=40), usegmt=True)
    busy = says(503, told(kind, 503), {"Retry-After": then})
    async with before(kind, in_turn(busy, draws)) as (engine, sold):
        await asyncio.wait_for(engine.generate(order(kind)), BOUND)
    assert 0 < sold.waits[0] <= 40


@both
@pytest.mark.parametrize("nonsense", ["soon", "", "nan", "-5", "1e999"])
async def test_a_time_that_is_none_is_no_reason_to_wait_long(kind: Kind, nonsense: str) -> None:
    busy = says(429, told(kind, 429), {"Retry-After": nonsense})
    async with before(kind, in_turn(busy, draws)) as (engine, sold):
        await asyncio.wait_for(engine.generate(order(kind)), BOUND)
    assert sold.waits[0] <= 2


@both
async def test_who_is_to_be_left_alone_for_long_is_not_waited_for(kind: Kind) -> None:
    error, sold = await refused_by(kind, says(429, told(kind, 429), {"Retry-After": "3000"}))
    assert error.error_code == "cloud_busy"
    assert (sold.waits, len(sold.posts)) == ([], 1)


async def test_openrouter_may_name_the_time_in_its_answer() -> None:
    availability = {"code": "capacity_exhausted", "retryable": True, "retry_after": 11}
    busy = says(429, {"code": 429, "message": "full", "availability": availability})
    async with before("openrouter", in_turn(busy, draws)) as (engine, sold):
        await asyncio.wait_for(engine.generate(order("openrouter")), BOUND)
    assert sold.waits == [11.0]


async def test_a_model_that_is_away_for_a_moment_is_asked_for_again() -> None:
    availability = {"code": "no_endpoints", "retryable": True}
    away = says(404, {"code": 404, "message": "none", "availability": availability})
    async with before("openrouter", in_turn(away, draws)) as (engine, sold):
        assert len(await asyncio.wait_for(engine.generate(order("openrouter")), BOUND)) == 1
    assert len(sold.posts) == 2


async def test_what_openrouter_does_not_bill_is_tried_once_more() -> None:
    broken = says(502, {"code": 502, "message": "Provider returned error"})
    async with before("openrouter", in_turn(broken, draws)) as (engine, sold):
        made = await asyncio.wait_for(engine.generate(order("openrouter")), BOUND)
    assert len(made) == 1
    assert len(sold.posts) == 2


# -- accounts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "error", "code"),
    [
        ("openai", 429, {"message": "quota", "code": "insufficient_quota"}, "cloud_no_credit"),
        (
            "openai",
            400,
            {"message": "cap", "code": "billing_hard_limit_reached"},
            "cloud_no_credit",
        ),
        ("openai", 401, {"message": f"Incorrect key {KEY}", "code": "invalid_api_key"}, None),
        ("openrouter", 402, {"code": 402, "message": "Insufficient credits"}, "cloud_no_credit"),
        (
            "openrouter",
            403,
            {"code": 403, "message": "Key limit exceeded (monthly limit). Manage it."},
            "cloud_no_credit",
        ),
        ("openrouter", 401, {"code": 401, "message": "User not found."}, None),
        (
            "openrouter",
            401,
            {"code": 401, "message": "expired", "metadata": {"error_type": "authentication"}},
            None,
        ),
    ],
)
async def test_a_provider_that_refuses_the_account_is_not_asked_again_soon(
    kind: Kind, status: int, error: dict[str, Any], code: str | None
) -> None:
    async with before(kind, says(status, error)) as (engine, sold):
        first = await refusal(engine, order(kind))
        second = await refusal(engine, order(kind))
    assert first.error_code == second.error_code == (code or "cloud_key_refused")
    assert len(sold.posts) == 1
    assert "asked again in" in second.message
    assert not second.may_have_billed


async def test_a_country_or_a_right_that_is_missing_is_named() -> None:
    region = {"code": "region_restricted", "retryable": False}
    error, _ = await refused_by(
        "openrouter", says(403, {"code": 403, "message": "geo", "availability": region})
    )
    assert error.error_code == "cloud_forbids"
    assert "country" in error.message


async def test_a_model_that_is_gone_comes_with_what_the_provider_proposes() -> None:
    gone = {
        "code": "model_deprecated",
        "retryable": False,
        "fallback_models": ["acme/painter-2", "acme/painter-3"],
    }
    error, _ = await refused_by(
        "openrouter", says(404, {"code": 404, "message": "gone", "availability": gone})
    )
    assert error.error_code == "model_not_found"
    assert "acme/painter-2" in error.remedy


# -- moderation ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "status", "error", "code"),
    [
        (
            "openai",
            400,
            {
                "message": "Your request was rejected: a red fox",
                "type": "image_generation_user_error",
                "code": "moderation_blocked",
            },
            "moderation_blocked",
        ),
        (
            "openai",
            400,
            {"message": "no", "type": "image_generation_user_error", "code": None},
            "moderation_blocked",
        ),
        (
            "openrouter",
            400,
            {"code": 400, "message": "a red fox", "metadata": {"error_type": "refusal"}},
            "refusal",
        ),
        (
            "openrouter",
            400,
            {
                "code": 400,
                "message": "no",
                "metadata": {"error_type": "content_policy_violation"},
            },
            "content_policy_violation",
        ),
        (
            "openrouter",
            403,
            {
                "code": 403,
                "message": "flagged",
                "metadata": {"reasons": ["animals"], "flagged_input": "a red fox"},
            },
            "moderation_blocked",
        ),
    ],
)
async def test_moderation_is_final_free_and_no_sign_of_illness(
    kind: Kind, status: int, error: dict[str, Any], code: str
) -> None:
    for _ in range(2):
        found, sold = await refused_by(kind, says(status, error))
        assert isinstance(found, ModerationBlocked)
        assert found.error_code == code
        assert not found.may_have_billed
        assert len(sold.posts) == 1


async def test_a_picture_that_openai_cannot_read_is_no_moderation() -> None:
    error = {"message": "bad", "type": "image_generation_user_error", "code": "invalid_image"}
    found, _ = await refused_by("openai", says(400, error), more={"images": (png(),)})
    assert found.error_code == "invalid_image"


# -- answers that are none -------------------------------------------------------------------------


@both
async def test_a_provider_that_never_answers_is_asked_once_and_may_bill(kind: Kind) -> None:
    async def hangs(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    error, sold = await refused_by(kind, hangs, picture_seconds=0.3)
    assert (error.error_code, error.may_have_billed) == ("cloud_timed_out", True)
    assert len(sold.posts) == 1


@both
async def test_half_an_answer_may_be_billed_and_is_not_asked_for_again(kind: Kind) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        body = json.dumps(drawn()).encode()
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        assert request.transport is not None
        request.transport.close()
        return response

    error, sold = await refused_by(kind, half)
    assert (error.error_code, error.may_have_billed) == ("cloud_no_answer", True)
    assert len(sold.posts) == 1


@both
async def test_a_line_that_is_cut_before_the_answer_may_be_billed(kind: Kind) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    error, sold = await refused_by(kind, cut)
    assert (error.error_code, error.may_have_billed) == ("cloud_no_answer", True)
    assert len(sold.posts) == 1


USELESS: dict[str, tuple[bytes, str]] = {
    "garbage": (b"\x00\xff" * 500, "application/octet-stream"),
    "a page": (b"<html>captcha</html>", "text/html"),
    "nothing": (b"", "application/json"),
    "a list": (b"[1, 2]", "application/json"),
    "no picture": (json.dumps({"created": 1, "data": []}).encode(), "application/json"),
    "odd data": (json.dumps({"data": {"0": 1}}).encode(), "application/json"),
    "an address": (
        json.dumps({"data": [{"url": "https://example.com/1.png"}]}).encode(),
        "application/json",
    ),
    "half a picture": (
        json.dumps({"data": [{"b64_json": picture()[:40]}]}).encode(),
        "application/json",
    ),
    "the answer twice": (json.dumps(drawn()).encode() * 2, "application/json"),
}


@both
@pytest.mark.parametrize("what", USELESS)
async def test_an_answer_without_a_picture_may_be_billed_all_the_same(
    kind: Kind, what: str
) -> None:
    body, content_type = USELESS[what]

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type)

    error, sold = await refused_by(kind, answer)
    assert (error.error_code, error.may_have_billed) == ("cloud_wrong_answer", True)
    assert len(sold.posts) == 1


@both
async def test_a_drawing_in_svg_is_not_shown(kind: Kind) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(
            drawn(data=[{"b64_json": picture(), "media_type": "image/svg+xml"}])
        )

    error, _ = await refused_by(kind, answer)
    assert error.error_code == "cloud_wrong_answer"
    assert "SVG" in error.message


@both
async def test_of_two_pictures_for_one_the_first_is_taken(kind: Kind) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(drawn(data=[{"b64_json": picture()}] * 2))

    async with before(kind, answer) as (engine, _):
        assert len(await asyncio.wait_for(engine.generate(order(kind)), BOUND)) == 1


@both
async def test_a_picture_without_a_price_says_that_its_price_is_unknown(kind: Kind) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(drawn(usage={"cost": "much", "output_tokens": None}))

    async with before(kind, answer) as (engine, _):
        made = await asyncio.wait_for(engine.generate(order(kind)), BOUND)
    assert made[0].spent is not None
    assert made[0].spent.microusd is None


@both
async def test_another_address_is_not_followed(kind: Kind) -> None:
    async with service(draws) as elsewhere:

        async def sends_away(_: web.Request) -> web.StreamResponse:
            return web.Response(status=307, headers={"Location": elsewhere.url})

        error, _ = await refused_by(kind, sends_away)
        assert error.error_code == "cloud_wrong_answer"
        assert elsewhere.calls == 0


async def test_an_answer_without_end_is_cut_off_and_may_be_billed() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b" " * 2**20)

    error, _ = await refused_by("openai", endless)
    assert (error.error_code, error.may_have_billed) == ("answer_too_large", True)


# -- errors inside a success -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "error", "code", "billed", "calls"),
    [
        ("openrouter", {"code": 402, "message": "x"}, "cloud_no_credit", False, 1),
        ("openrouter", {"code": 502, "message": "x"}, "cloud_down", False, 2),
        ("openrouter", {"code": "429", "message": "x"}, "cloud_busy", False, 3),
        ("openrouter", {"code": 500, "message": "x"}, "cloud_down", True, 1),
        (
            "openrouter",
            {"message": "x", "metadata": {"error_type": "timeout"}},
            "cloud_timed_out",
            True,
            1,
        ),
        ("openrouter", "something broke", "cloud_down", True, 1),
        (
            "openrouter",
            {"code": 400, "message": f"{KEY} cannot draw a red fox"},
            "engine_refused",
            False,
            1,
        ),
        ("openai", {"message": "x", "code": "rate_limit_exceeded"}, "cloud_busy", False, 3),
        ("openai", {"message": "x", "type": "server_error"}, "cloud_down", True, 1),
        ("openai", {"message": "x"}, "cloud_down", True, 1),
    ],
)
async def test_an_error_inside_a_success_counts_as_what_it_says(
    kind: Kind, error: object, code: str, billed: bool, calls: int
) -> None:
    found, sold = await refused_by(kind, says(200, error))
    assert (found.error_code, found.may_have_billed) == (code, billed)
    assert len(sold.posts) == calls


@both
async def test_a_list_that_cannot_be_had_costs_nothing(kind: Kind) -> None:
    async def fails(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": {"message": "x"}}, status=500)

    made = OpenRouter if kind == "openrouter" else OpenAICloud
    async with service(fails) as upstream, aiohttp.ClientSession() as session:
        engine = made(upstream.url, {"Authorization": f"Bearer {KEY}"}, session)
        with pytest.raises(GenAIError) as refused:
            await asyncio.wait_for(engine.models(), BOUND)
    assert (refused.value.error_code, refused.value.may_have_billed) == ("cloud_down", False)


# -- streams ---------------------------------------------------------------------------------------


def streams(*events: object) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for event in events:
            text = event if isinstance(event, str) else json.dumps(event)
            await response.write(f": alive\n\ndata: {text}\n\n".encode())
        return response

    return answer


def partial(index: int) -> dict[str, Any]:
    return {
        "type": "image_generation.partial_image",
        "partial_image_index": index,
        "b64_json": picture(),
    }


def completed() -> dict[str, Any]:
    return {
        "type": "image_generation.completed",
        "b64_json": picture(),
        "media_type": "image/png",
        "usage": drawn()["usage"],
    }


@both
async def test_pictures_in_the_making_are_shown_before_the_whole_one(kind: Kind) -> None:
    heard: list[Event] = []
    # Whatever comes after the whole picture concerns nobody.
    answer = streams(partial(0), partial(1), completed(), completed(), "[DONE]")
    async with before(kind, answer) as (engine, sold):
        made = await asyncio.wait_for(
            engine.generate(order(kind, previews=True), heard.append), BOUND
        )
    assert sold.posts[0]["stream"] is True
    assert len([one for one in heard if isinstance(one, Preview)]) == 2
    assert made[0].data == png()
    assert made[0].spent is not None
    assert made[0].spent.microusd is not None


@both
@pytest.mark.parametrize("rest", [["[DONE]"], [], [{"type": "image_generation.te"}]])
async def test_a_stream_that_ends_without_a_picture_may_be_billed(
    kind: Kind, rest: list[object]
) -> None:
    error, sold = await refused_by(kind, streams(partial(0), *rest), more={"previews": True})
    assert (error.error_code, error.may_have_billed) == ("cloud_no_answer", True)
    assert len(sold.posts) == 1


async def test_a_stream_that_breaks_off_is_free_only_where_the_provider_says_so() -> None:
    failing = {"type": "error", "error": {"message": "upstream", "type": "provider_error"}}
    answer = streams(partial(0), failing)
    error, sold = await refused_by("openrouter", answer, more={"previews": True})
    assert (error.error_code, error.may_have_billed, len(sold.posts)) == ("cloud_down", False, 2)
    error, sold = await refused_by("openai", answer, more={"previews": True})
    assert (error.error_code, error.may_have_billed, len(sold.posts)) == ("cloud_down", True, 1)


# -- no connection ---------------------------------------------------------------------------------


class NoNames(AbstractResolver):
    """A machine without name resolution."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        raise OSError(-3, "Temporary failure in name resolution")

    async def close(self) -> None:
        """Nothing is held."""


@both
async def test_without_name_resolution_nothing_is_sent_and_nothing_billed(kind: Kind) -> None:
    made = OpenRouter if kind == "openrouter" else OpenAICloud
    connector = aiohttp.TCPConnector(resolver=NoNames())
    async with aiohttp.ClientSession(connector=connector) as session:
        engine = made("https://provider.invalid", {"Authorization": f"Bearer {KEY}"}, session)
        error = await refusal(engine, order(kind))
    assert (error.error_code, error.may_have_billed) == ("cloud_unreachable", False)


@both
async def test_where_nothing_listens_nothing_is_billed(kind: Kind) -> None:
    async with service(draws) as ended:
        url = ended.url
    made = OpenRouter if kind == "openrouter" else OpenAICloud
    async with aiohttp.ClientSession() as session:
        engine = made(url, {"Authorization": f"Bearer {KEY}"}, session)
        error = await refusal(engine, order(kind))
    assert (error.error_code, error.may_have_billed) == ("cloud_unreachable", False)


# -- the breaker, and callers that leave -----------------------------------------------------------


@both
async def test_a_provider_that_keeps_failing_is_left_alone_and_then_tried_once(kind: Kind) -> None:
    now = [0.0]
    well = [False]

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (draws if well[0] else says(500, {"message": "x"}))(request)

    breaker = Breaker(failures=3, first_seconds=30, clock=lambda: now[0])
    async with before(kind, answer, breaker=breaker) as (engine, sold):
        for _ in range(3):
            assert (await refusal(engine, order(kind))).error_code == "cloud_down"
        paused = await refusal(engine, order(kind))
        assert paused.error_code == "cloud_paused"
        assert "30 seconds" in paused.message
        assert not paused.may_have_billed
        assert len(sold.posts) == 3
        now[0], well[0] = 30.0, True
        assert len(await asyncio.wait_for(engine.generate(order(kind)), BOUND)) == 1
        assert breaker.state == "closed"


@both
async def test_a_caller_that_leaves_ends_its_call_and_blames_nobody(kind: Kind) -> None:
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def hangs(_: web.Request) -> web.StreamResponse:
        arrived.set()
        try:
            await asyncio.Event().wait()
        finally:
            gone.set()
        raise AssertionError

    breaker = Breaker(failures=1)
    async with before(kind, hangs, breaker=breaker) as (engine, _):
        job = asyncio.create_task(engine.generate(order(kind)))
        await asyncio.wait_for(arrived.wait(), BOUND)
        job.cancel()
        await asyncio.wait([job], timeout=BOUND)
        assert job.cancelled()
        await asyncio.wait_for(gone.wait(), BOUND)
        assert breaker.state == "closed"


@both
async def test_the_provider_learns_a_hash_of_who_asks_and_who_we_are(kind: Kind) -> None:
    async with before(kind) as (engine, sold):
        await asyncio.wait_for(engine.generate(order(kind, user="e3b0c442" * 8)), BOUND)
    body, head = sold.posts[0], sold.heads[0]
    assert body["safety_identifier" if kind == "openai" else "user"] == "e3b0c442" * 8
    assert head["authorization"] == f"Bearer {KEY}"
    if kind == "openrouter":
        assert head["x-openrouter-title"] == "CoursIA GenAI Lab"
        assert head["http-referer"].startswith("https://")
    else:
        assert not {"seed", "steps", "guidance", "negative_prompt", "user"} & set(body)
