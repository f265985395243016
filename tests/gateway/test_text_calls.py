"""Text calls through the door: who may, what the provider gets, and what is counted in the end."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from door_harness import BOUND, soon
from exact_charges import ExactCharges
from openai import (
    APIError,
    APIStatusError,
    AsyncOpenAI,
    OpenAI,
    PermissionDeniedError,
    RateLimitError,
)
from text_provider import KEY, TextLab, chat_answer, chunk, events, text_lab

from coursia_genai_lab.catalog.spec import TextModelSpec
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.gateway.text_calls import AT_ONCE
from coursia_genai_lab.lab.people import People
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.lab.rules import Rules, TextRules

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
SECRET = "my own fox"
INPUT, OUTPUT, CACHED = 0.15, 0.60, 0.075
"""Dollars for a million tokens of gpt-4o-mini."""


def asking(lab: TextLab, **more: Any) -> AsyncOpenAI:
    token = lab.gateway.token(**more)
    return AsyncOpenAI(base_url=lab.door, api_key=token, max_retries=0, timeout=BOUND)


# -- the real SDK ----------------------------------------------------------------------------------


async def test_the_sdk_chats_and_what_it_cost_is_counted() -> None:
    async with text_lab() as lab, asking(lab) as client:
        raw = await client.chat.completions.with_raw_response.create(
            model="gpt-4o-mini", messages=HELLO
        )
        assert raw.parse().choices[0].message.content == "a red fox"
        assert raw.headers["x-coursia-cost-cents"] == "0.0021"
        (charge,) = lab.charges.kept
        assert (charge.spending.kind, charge.spending.provider) == ("text", "openai")
        assert charge.words == ["sent", "settled"]
        assert charge.spent is not None
        assert charge.spent.microusd == round(100 * INPUT + 10 * OUTPUT)
        assert charge.spent.microusd < charge.spending.worst.microusd
        assert lab.provider.headers[0]["authorization"] == f"Bearer {KEY}"


def test_the_sdk_that_blocks_chats_and_streams() -> None:
    def talk(door: str, token: str) -> list[str]:
        with OpenAI(base_url=door, api_key=token, max_retries=0, timeout=BOUND) as client:
            whole = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
            pieces = client.chat.completions.create(
                model="gpt-4o-mini", messages=HELLO, stream=True
            )
            said = "".join(one.choices[0].delta.content or "" for one in pieces)
            return [whole.choices[0].message.content or "", said]

    async def run() -> None:
        async with text_lab() as lab:
            said = await asyncio.to_thread(talk, lab.door, lab.gateway.token())
            assert said == ["a red fox", "a red fox"]
            assert lab.charges.states() == ["settled", "settled"]

    asyncio.run(run())


async def test_a_stream_tells_its_usage_to_the_ledger_and_only_then_to_who_asked() -> None:
    async with text_lab() as lab, asking(lab) as client:
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        # Clients look at the first choice of every piece.
        assert "".join([one.choices[0].delta.content or "" async for one in stream]) == "a red fox"
        told = await client.chat.completions.create(
            model="gpt-4o-mini",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
        )
        usages = [one.usage async for one in told]
        assert [one.total_tokens for one in usages if one is not None] == [110]
        for body in lab.provider.bodies:
            assert body["stream_options"]["include_usage"] is True
        assert lab.charges.states() == ["settled", "settled"]
        assert lab.charges.used("ada")[1] == 2 * round(100 * INPUT + 10 * OUTPUT)


async def test_the_sdk_gets_responses_whole_and_as_a_stream() -> None:
    async with text_lab() as lab, asking(lab) as client:
        told = await client.responses.create(model="gpt-4o-mini", input="hello")
        assert told.output_text == "a red fox"
        stream = await client.responses.create(model="gpt-4o-mini", input="hello", stream=True)
        pieces = [one async for one in stream]
        said = [one.delta for one in pieces if one.type == "response.output_text.delta"]
        assert said == ["a red ", "fox"]
        assert pieces[-1].type == "response.completed"
        assert [body["store"] for body in lab.provider.bodies] == [False, False]
        assert lab.charges.states() == ["settled", "settled"]


async def test_the_sdk_gets_embeddings() -> None:
    async with text_lab() as lab, asking(lab) as client:
        told = await client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
        assert told.data[0].embedding == [0.25, -0.5]
        assert lab.charges.used("ada")[1] == 2


async def test_openrouter_is_asked_by_its_own_price_list_and_counted_by_its_own_word() -> None:
    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "cost": 0.00012}
        return web.json_response(chat_answer(usage=usage))

    async with text_lab() as lab, asking(lab) as client:
        lab.provider.deed = answer
        for name in ("openrouter/acme/talker", "acme/talker"):
            await client.chat.completions.create(model=name, messages=HELLO)
        assert [one.spent and one.spent.microusd for one in lab.charges.kept] == [120, 120]
        body = lab.provider.bodies[0]
        assert body["model"] == "acme/talker"
        assert body["provider"]["max_price"] == {"prompt": 2.0, "completion": 8.0}
        assert lab.provider.headers[0]["x-openrouter-title"]


# -- who may ---------------------------------------------------------------------------------------


async def test_text_is_off_unless_somebody_has_named_models() -> None:
    async with text_lab(models=(), alone=False) as lab, asking(lab) as client:
        with pytest.raises(PermissionDeniedError) as refused:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert refused.value.code == "text_off"
        assert not lab.provider.bodies
        assert not lab.charges.kept


async def test_who_comes_without_a_token_does_not_spend_ones_own_key() -> None:
    settings: dict[str, Any] = {"models": (), "fallback": "ask", "own": True, "hold_seconds": 0.0}
    async with text_lab(**settings, open_doors=True) as lab:
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
        async with lab.gateway.http.post(f"{lab.door}/chat/completions", json=body) as got:
            told = await got.json()
        assert told["error"]["code"] == "cloud_consent_needed"
        assert lab.provider.bodies == []
        assert (await lab.chat())[0] == 200


async def test_on_ones_own_machine_ones_own_key_asks_as_it_did_without_the_lab() -> None:
    # Neither a list of models nor a question: only the price must be known.
    async with (
        text_lab(models=(), fallback="ask", alone=True, own=True) as lab,
        asking(lab) as client,
    ):
        told = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, max_tokens=4000
        )
        assert told.choices[0].message.content
        assert lab.provider.bodies[0]["max_completion_tokens"] == 4000
        assert lab.charges.states() == ["settled"]


async def test_a_key_that_an_administrator_keeps_asks_first_also_on_ones_own_machine() -> None:
    async with (
        text_lab(models=(), fallback="ask", alone=True, own=False, hold_seconds=0) as lab,
        asking(lab) as client,
    ):
        with pytest.raises(APIStatusError) as refused:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert refused.value.code == "cloud_consent_needed"
        assert not lab.provider.bodies


@pytest.mark.parametrize("mode", ["local", "demo"])
async def test_text_runs_in_clouds_and_so_only_where_clouds_are_asked(mode: Any) -> None:
    async with text_lab(mode=mode) as lab:
        status, told = await lab.chat()
        assert (status, told["error"]["code"]) == (403, f"mode_{mode}")
        assert not lab.provider.bodies


async def test_without_a_key_the_way_to_one_is_named() -> None:
    async with text_lab(key=None) as lab:
        status, told = await lab.chat()
        assert (status, told["error"]["code"]) == (503, "no_key")
        assert "secrets set OPENAI_API_KEY" in told["error"]["remedy"]
        assert not lab.charges.kept


@pytest.mark.parametrize("model", ["gpt-4o-search-preview", "acme/whatever"])
async def test_a_model_without_a_price_is_not_bought(model: str) -> None:
    async with text_lab(models=("*",)) as lab:
        status, told = await lab.chat(model=model)
        assert (status, told["error"]["code"]) == (403, "price_unknown")
        assert not lab.provider.bodies
        assert not lab.charges.kept


async def test_a_price_of_the_service_file_goes_before_all_others() -> None:
    prices = [TextModelSpec(model="our-own", input_usd=10, output_usd=20)]
    async with text_lab(models=("*",), text=prices) as lab:
        assert (await lab.chat(model="our-own"))[0] == 200
        assert lab.charges.used("ada")[1] == 100 * 10 + 10 * 20


async def test_a_spent_budget_is_told_with_what_is_left() -> None:
    async with text_lab(ExactCharges(pictures=0, microusd=1)) as lab, asking(lab) as client:
        with pytest.raises(RateLimitError) as refused:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert refused.value.code == "quota_exceeded"
        assert isinstance(refused.value.body, dict)
        assert refused.value.body["left"][0]["pictures_left"] == 0
        assert not lab.provider.bodies


async def test_whoever_asks_agrees_once_that_text_goes_to_the_provider() -> None:
    async with text_lab(fallback="ask") as lab:
        call = asyncio.ensure_future(lab.chat())
        await soon(lambda: bool(lab.questions.open("ada")))
        (question,) = lab.questions.open("ada")
        assert (question.provider, question.waiting) == ("openai", 1)
        assert question.price_cents is not None
        assert question.data
        assert not lab.provider.bodies
        lab.agrees()
        assert (await asyncio.wait_for(call, BOUND))[0] == 200
        assert (await lab.chat())[0] == 200
        lab.questions.withdraw("ada", "openai")
    async with text_lab(fallback="ask", hold_seconds=0) as lab:
        status, told = await lab.chat()
        assert (status, told["error"]["code"]) == (503, "cloud_consent_needed")
        assert not lab.charges.kept


async def test_pictures_in_a_text_call_need_an_agreement_of_their_own() -> None:
    dot = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
        "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    part = {"type": "image_url", "image_url": {"url": dot}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "what?"}, part]}]
    async with text_lab(hold_seconds=0) as lab:
        status, told = await lab.chat(messages=messages)
        assert (status, told["error"]["code"]) == (503, "upload_consent_needed")
        assert (await lab.chat())[0] == 200
        lab.agrees(kind="upload")
        assert (await lab.chat(messages=messages))[0] == 200


async def test_a_call_that_waits_is_not_sent_once_its_person_takes_the_agreement_back() -> None:
    held = asyncio.Event()

    async def wait(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        await asyncio.wait_for(held.wait(), BOUND)
        return None

    async with text_lab(fallback="ask") as lab:
        lab.agrees()
        lab.provider.deed = wait
        first = [asyncio.ensure_future(lab.chat()) for _ in range(AT_ONCE)]
        await soon(lambda: len(lab.provider.bodies) == AT_ONCE)
        late = asyncio.ensure_future(lab.chat())
        await soon(lambda: len(lab.charges.kept) == AT_ONCE + 1)
        lab.questions.withdraw("ada", "openai")
        held.set()
        status, told = await asyncio.wait_for(late, BOUND)
        assert (status, told["error"]["code"]) == (503, "cloud_consent_needed")
        assert [(await one)[0] for one in first] == [200] * AT_ONCE
        assert sorted(lab.charges.states()) == ["refunded", *["settled"] * AT_ONCE]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("models", "text_model_not_allowed"),
        ("off", "text_off"),
        ("key gone", "no_key"),
        ("key changed", ""),
    ],
)
async def test_what_changes_while_a_call_waits_counts_before_it_is_sent(
    change: str, code: str
) -> None:
    held = asyncio.Event()

    async def wait(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        await asyncio.wait_for(held.wait(), BOUND)
        return None

    async with text_lab() as lab:
        lab.provider.deed = wait
        first = [asyncio.ensure_future(lab.chat()) for _ in range(AT_ONCE)]
        await soon(lambda: len(lab.provider.bodies) == AT_ONCE)
        late = asyncio.ensure_future(lab.chat())
        await soon(lambda: len(lab.charges.kept) == AT_ONCE + 1)
        if change.startswith("key"):
            clouds = lab.gateway.lab.clouds
            known = await clouds.engine("openai")
            lab.keys[0] = None if change == "key gone" else "another-key-that-nobody-may-see"

            async def seen() -> None:
                with suppress(ServiceError):
                    while await clouds.engine("openai") is known:
                        await asyncio.sleep(0.02)

            await asyncio.wait_for(seen(), BOUND)
        else:
            text = TextRules(() if change == "off" else ("o9-mini",))
            people = People(alone=False)
            lab.gateway.lab.policy = Policy(Rules(fallback="auto", text=text), people=people)
        held.set()
        status, told = await asyncio.wait_for(late, BOUND)
        assert [(await one)[0] for one in first] == [200] * AT_ONCE
        if not code:
            assert status == 200
            sent = [one["authorization"] for one in lab.provider.headers]
            assert sent.count("Bearer another-key-that-nobody-may-see") == 1
            return
        assert status >= 400
        assert told["error"]["code"] == code
        assert len(lab.provider.bodies) == AT_ONCE
        assert sorted(lab.charges.states()) == ["refunded", *["settled"] * AT_ONCE]


@pytest.mark.parametrize("price", ["1e308", 10**400, "NaN", "Infinity", [], "-1"])
async def test_a_model_with_an_absurd_price_in_the_list_is_not_bought(price: Any) -> None:
    async with text_lab() as lab:
        row = {"id": "acme/odd", "pricing": {"prompt": price, "completion": "0.000001"}}
        lab.provider.rows.append(row)
        status, told = await lab.chat(model="openrouter/acme/odd")
        assert (status, told["error"]["code"]) == (403, "price_unknown")
        assert lab.charges.kept == []
        assert (await lab.chat(model="openrouter/acme/talker"))[0] == 200


# -- bad luck --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "state"),
    [
        (400, "engine_refused", "refunded"),
        (401, "cloud_key_refused", "refunded"),
        (402, "cloud_no_credit", "refunded"),
        (404, "model_not_found", "refunded"),
        (500, "cloud_down", "unknown"),
        (504, "cloud_timed_out", "unknown"),
    ],
)
async def test_what_a_provider_refuses_is_given_back_and_what_it_may_charge_counts(
    status: int, code: str, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def refuse(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        said = f"bad key {KEY}, and you said: {body['messages'][0]['content']}"
        return web.json_response({"error": {"message": said}}, status=status)

    async with text_lab() as lab:
        lab.provider.deed = refuse
        _, told = await lab.chat(messages=[{"role": "user", "content": SECRET}])
        assert told["error"]["code"] == code
        assert told["error"]["remedy"]
        assert lab.charges.states() == [state]
        everything = json.dumps(told) + caplog.text + repr(lab.charges.kept)
        assert KEY not in everything
        assert SECRET not in everything


async def test_an_error_inside_an_answer_of_success_is_an_error() -> None:
    async def fail(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        return web.json_response({"error": {"code": 402, "message": "no credit"}})

    async with text_lab() as lab:
        lab.provider.deed = fail
        assert (await lab.chat())[1]["error"]["code"] == "cloud_no_credit"
        assert lab.charges.states() == ["refunded"]


async def test_an_answer_that_tells_no_usage_keeps_counting_at_its_worst() -> None:
    async def silent(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        return web.json_response(chat_answer(usage=None))

    async with text_lab() as lab:
        lab.provider.deed = silent
        assert (await lab.chat())[0] == 200
        assert lab.charges.states() == ["unknown"]


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("openrouter/acme/talker", {"cost": 1e308}),
        ("openrouter/acme/talker", {"cost": 1e15}),
        ("openrouter/acme/talker", {"cost": 10**400}),
        ("openrouter/acme/talker", {"cost": -1}),
        ("openrouter/acme/talker", {"cost": float("nan")}),
        ("openrouter/acme/talker", {"cost": "a lot"}),
        ("gpt-4o-mini", {"prompt_tokens": 10**400, "completion_tokens": 1}),
        ("gpt-4o-mini", {"prompt_tokens": 100, "completion_tokens": 10**30}),
        ("gpt-4o-mini", {"prompt_tokens": -5, "completion_tokens": -5}),
        ("gpt-4o-mini", {"prompt_tokens": "100", "completion_tokens": 1}),
        ("gpt-4o-mini", {"prompt_tokens": 100, "completion_tokens": [1]}),
        ("gpt-4o-mini", {"prompt_tokens": 100}),
        ("gpt-4o-mini", {"prompt_tokens": float("inf"), "completion_tokens": 1}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_an_absurd_usage_hides_no_answer_and_counts_at_its_worst(
    model: str, usage: dict[str, Any], stream: bool
) -> None:
    async def absurd(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        if stream:
            last = {**chunk(None), "choices": [], "usage": usage}
            return await events(request, [chunk("a red fox"), last])
        return web.json_response(chat_answer(usage=usage))

    async with text_lab() as lab:
        lab.provider.deed = absurd
        body = {"model": model, "messages": HELLO, "stream": stream}
        url, headers = f"{lab.door}/chat/completions", lab.gateway.bearer()
        async with lab.gateway.http.post(url, json=body, headers=headers) as got:
            assert got.status == 200
            assert b"a red fox" in await got.read()
        assert lab.charges.states() == ["unknown"]


async def test_a_stream_that_breaks_off_is_an_error_and_counts_at_its_worst() -> None:
    async def cut(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        return await events(request, [chunk("a red ")], "cut")

    async with text_lab() as lab, asking(lab) as client:
        lab.provider.deed = cut
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        said: list[str | None] = []

        async def listen() -> None:
            async for one in stream:
                said.append(one.choices[0].delta.content)

        with pytest.raises(APIError):
            await listen()
        assert said == ["a red "]
        await soon(lambda: lab.charges.states() == ["unknown"])


async def test_a_stream_passes_word_by_word_and_whoever_leaves_it_counts_at_its_worst() -> None:
    left = asyncio.Event()

    async def slowly(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(f"data: {json.dumps(chunk('a red '))}\n\n".encode())
        try:
            await asyncio.sleep(BOUND)
        finally:
            left.set()
        return response

    async with text_lab() as lab, asking(lab) as client:
        lab.provider.deed = slowly
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        async for one in stream:
            assert one.choices[0].delta.content == "a red "
            break
        await stream.close()
        await asyncio.wait_for(left.wait(), BOUND)
        await soon(lambda: lab.charges.states() == ["unknown"])
        lab.provider.deed = None
        assert (await lab.chat())[0] == 200, "that somebody left says nothing of the provider"


async def test_off_ends_a_call_in_the_middle() -> None:
    async def never(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        await asyncio.sleep(BOUND)
        return None

    async with text_lab() as lab:
        lab.provider.deed = never
        call = asyncio.ensure_future(lab.chat())
        await asyncio.wait_for(lab.provider.asked.wait(), BOUND)
        lab.gateway.lab.switch("off")
        status, told = await asyncio.wait_for(call, BOUND)
        assert (status, told["error"]["code"]) == (403, "mode_off")
        assert lab.charges.states() == ["unknown"]


async def test_of_fifty_calls_at_once_as_many_pass_as_there_is_money_for() -> None:
    async with text_lab() as lab:
        await lab.chat()
        worst = lab.charges.kept[0].spending.worst.microusd
    charges = ExactCharges(microusd=10 * worst)
    released = asyncio.Event()

    async def wait(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        await asyncio.wait_for(released.wait(), BOUND)
        return None

    async with text_lab(charges) as lab:
        lab.provider.deed = wait
        calls = [asyncio.ensure_future(lab.chat()) for _ in range(50)]
        await soon(lambda: sum(one.done() for one in calls) == 40)
        released.set()
        statuses = [(await one)[0] for one in calls]
        assert sorted(statuses) == [200] * 10 + [429] * 40
        assert charges.states() == ["settled"] * 10
        assert len(lab.provider.bodies) == 10
