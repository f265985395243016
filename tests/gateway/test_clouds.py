"""Pictures of a provider: asked for once, set aside, counted by what they came to."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cloud_bench import KEY, Bench, bench, fails, good, picture, silence
from door_harness import BOUND, soon
from ledger_harness import CENT
from PIL import Image

from coursia_genai_lab.lab.charge import Limit
from coursia_genai_lab.lab.cloud_questions import UPLOAD
from coursia_genai_lab.lab.rules import Rules
from coursia_genai_lab.provenance import read

CAP = Limit("provider", "openai", "day", microusd=1000 * CENT)
COURSE = Limit("course", "", "course", pictures=1000, microusd=100_000 * CENT)
HANG_UPS = 40


def decoded(answer: dict[str, Any], index: int = 0) -> bytes:
    import base64

    return base64.b64decode(answer["data"][index]["b64_json"])


async def test_a_call_waits_for_its_person_and_is_never_asked_again(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        first = asyncio.create_task(b.ask())
        await soon(lambda: bool(b.questions.open("ada")))
        (question,) = b.questions.open("ada")
        assert (question.kind, question.provider, question.title) == ("cloud", "openai", "OpenAI")
        assert question.price_cents is not None
        assert question.price_cents > 0
        assert question.data == "Prompts go to the provider."
        assert question.policy_url == "https://x.example/p"
        assert question.waiting == 1
        assert not b.provider.asked
        assert not b.questions.open("grace")
        b.questions.give("ada", "cloud", "openai", question.digest)
        answer = await asyncio.wait_for(first, BOUND)
        assert answer["status"] == 200
        assert not b.questions.open("ada")
        assert (await b.ask())["status"] == 200
        assert len(b.provider.asked) == 2


async def test_the_answer_tells_provider_price_and_what_is_left(tmp_path: Path) -> None:
    mine = Limit("person", "*", "day", pictures=5)
    async with bench(tmp_path, CAP, mine) as b:
        b.agree()
        answer = await b.ask()
        told = answer["coursia"]
        assert told["provider"] == "openai"
        assert 0 < told["cost_cents"] < 100
        assert told["left"][0]["pictures_left"] == 4
        assert answer["usage"]["output_tokens"] == 1000
        facts = answer["data"][0]["provenance"]
        assert facts["provider"] == "127.0.0.1"
        assert facts["service"] == "openai"
        assert facts["model"] == "gpt-image-2"
        assert facts["cost_microusd"] == round(told["cost_cents"] * CENT)
        (charge,) = await b.charges()
        assert (charge.state, charge.id) == ("settled", facts["id"])
        assert charge.cents == pytest.approx(told["cost_cents"])
        (note,) = b.notes
        assert (note.service, note.model, note.outcome) == ("openai", "gpt-image-2", "done")


async def test_a_provider_hears_key_and_a_hash_and_never_who_asks(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        b.agree(person="grace")
        await b.ask()
        lease = b.g.lab.leases.take("kernel", b.g.services, label="g.ipynb", person="grace")
        await b.ask(token={"person": "grace", "lease_id": lease.id})
        assert set(b.provider.keys) == {f"Bearer {KEY}"}
        bodies = b"".join(b.provider.bodies)
        assert b"ada" not in bodies
        assert b"grace" not in bodies
        assert b"cgl_" not in bodies
        named = [body["safety_identifier"] for body in b.provider.asked]
        assert len(set(named)) == 2
        assert all(len(name) == 32 for name in named)


async def test_pictures_of_ones_own_need_a_word_of_their_own_and_lose_all_but_pixels(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        exif = Image.Exif()
        exif[0x010E] = "taken at home by Ada Lovelace"
        out = io.BytesIO()
        Image.new("RGB", (64, 64), "red").save(out, "JPEG", exif=exif, comment=b"a secret comment")
        form = {"model": "gpt-image-2", "prompt": "blue", "image": io.BytesIO(out.getvalue())}
        asked = asyncio.create_task(
            _posted(b, f"{b.door}/images/edits", form),
        )
        await soon(lambda: bool(b.questions.open("ada")))
        (question,) = b.questions.open("ada")
        assert question.kind == "upload"
        assert not b.provider.bodies
        b.agree(UPLOAD)
        answer = await asyncio.wait_for(asked, BOUND)
        assert answer["status"] == 200
        (body,) = b.provider.bodies
        assert b"\x89PNG" in body
        assert b"Lovelace" not in body
        assert b"secret comment" not in body
        assert b"Exif" not in body


async def _posted(b: Bench, url: str, form: dict[str, Any]) -> dict[str, Any]:
    from aiohttp import FormData

    data = FormData()
    for name, value in form.items():
        named = {"filename": "me.jpg"} if name == "image" else {}
        data.add_field(name, value, **named)
    async with b.g.http.post(url, data=data, headers=b.g.bearer()) as got:
        return {"status": got.status, **await got.json()}


async def test_nobody_who_agrees_is_told_where_to_and_nothing_is_set_aside(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP, hold_seconds=0) as b:
        answer = await b.ask()
        assert answer["status"] == 503
        assert answer["error"]["code"] == "cloud_consent_needed"
        assert "GenAI side panel" in answer["error"]["message"]
        assert not b.provider.asked
        assert not await b.charges()
        (question,) = b.questions.open("ada")
        assert question.waiting == 0
        b.questions.give("ada", "cloud", "openai", question.digest)
        assert (await b.ask())["status"] == 200


async def test_who_says_no_ends_the_wait(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        asked = asyncio.create_task(b.ask())
        await soon(lambda: bool(b.questions.open("ada")))
        assert b.questions.withdraw("ada", "openai") == 1
        answer = await asyncio.wait_for(asked, BOUND)
        assert answer["error"]["code"] == "cloud_consent_needed"
        assert "to be asked again" in answer["error"]["remedy"], "that question is gone"
        assert not b.provider.asked


async def test_an_agreement_that_is_taken_back_counts_from_the_next_picture(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, CAP, hold_seconds=0) as b:
        b.agree()
        assert (await b.ask())["status"] == 200
        b.questions.withdraw("ada", "openai")
        assert (await b.ask())["error"]["code"] == "cloud_consent_needed"


async def test_where_policy_takes_clouds_nobody_is_asked_but_for_pictures(tmp_path: Path) -> None:
    rules = Rules(fallback="auto")
    async with bench(tmp_path, CAP, rules=rules, hold_seconds=0) as b:
        assert (await b.ask())["status"] == 200
        form = {"model": "gpt-image-2", "prompt": "blue", "image": io.BytesIO(picture())}
        refused = await _posted(b, f"{b.door}/images/edits", form)
        assert refused["error"]["code"] == "upload_consent_needed"


async def test_ones_own_key_on_ones_own_machine_asks_only_for_pictures(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP, own=True, hold_seconds=0) as b:
        answer = await b.ask()
        assert answer["data"]
        picture = io.BytesIO()
        Image.new("RGB", (64, 64), "red").save(picture, "PNG")
        form = {
            "model": "gpt-image-2",
            "prompt": "blue",
            "image": io.BytesIO(picture.getvalue()),
        }
        edited = await _posted(b, f"{b.door}/images/edits", form)
        assert edited["error"]["code"] == "upload_consent_needed"


@pytest.mark.parametrize(("mode", "status"), [("local", 403), ("demo", 200), ("cloud", 200)])
async def test_the_mode_decides_whether_a_provider_is_asked(
    tmp_path: Path, mode: Any, status: int
) -> None:
    from door_harness import demo_engine

    async with bench(tmp_path, CAP) as b, demo_engine() as url:
        b.g.lab.is_ready("demo", url)
        b.agree()
        answer = await b.ask(token={"mode": mode})
        assert answer["status"] == status
        assert len(b.provider.asked) == (1 if mode == "cloud" else 0)
        if mode == "local":
            assert answer["error"]["code"] == "mode_local"


async def test_a_model_that_a_role_may_not_use_is_refused_before_anything_is_asked(
    tmp_path: Path,
) -> None:
    rules = Rules(models={"admin": ("gpt-image-2.5*", "demo")})
    async with bench(tmp_path, CAP, rules=rules) as b:
        b.agree()
        answer = await b.ask()
        assert (answer["status"], answer["error"]["code"]) == (403, "model_not_allowed")
        assert not b.provider.asked
        assert not b.questions.open("ada")
        assert (await b.ask(model="gpt-image-2.5-sunburst"))["status"] == 200


async def test_fifty_calls_at_once_buy_what_there_is_room_for(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP, Limit("person", "*", "day", pictures=10)) as b:
        b.agree()
        headers = b.g.bearer()
        answers = await asyncio.gather(*(b.ask(headers=headers) for _ in range(50)))
        bought = [one for one in answers if one["status"] == 200]
        refused = {one["error"]["code"] for one in answers if one["status"] != 200}
        assert (len(bought), len(b.provider.asked), refused) == (10, 10, {"quota_exceeded"})
        assert await b.states() == ["settled"] * 10


async def test_a_whole_batch_is_refused_that_the_cap_has_no_room_for(tmp_path: Path) -> None:
    async with bench(tmp_path, Limit("provider", "openai", "day", microusd=1)) as b:
        b.agree()
        answer = await b.ask(n=3)
        assert (answer["status"], answer["error"]["code"]) == (429, "quota_exceeded")
        assert not b.provider.asked
        assert not await b.charges()


async def test_four_of_a_batch_are_asked_for_side_by_side(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        answer = await b.ask(n=4)
        assert len(answer["data"]) == 4
        assert await b.states() == ["settled"] * 4
        assert answer["coursia"]["cost_cents"] == pytest.approx(
            sum(one.cents for one in await b.charges())
        )


# -- bad luck ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "heard", "state"),
    [
        (401, "invalid_api_key", "cloud_key_refused", "refunded"),
        (429, "insufficient_quota", "cloud_no_credit", "refunded"),
        (400, "moderation_blocked", "moderation_blocked", "refunded"),
        (403, "", "cloud_forbids", "refunded"),
    ],
)
async def test_what_a_provider_refuses_costs_nothing_and_is_told(
    tmp_path: Path, status: int, code: str, heard: str, state: str
) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        b.provider.always = fails(status, code)
        answer = await b.ask()
        assert answer["error"]["code"] == heard
        assert answer["error"]["remedy"]
        assert await b.states() == [state]
        assert KEY not in json.dumps(answer)


async def test_a_revoked_key_is_shown_until_there_is_another(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        b.provider.answers.append(fails(401, "invalid_api_key"))
        await b.ask()
        problem = b.clouds.problem("openai")
        assert problem is not None
        assert problem.code == "cloud_key_refused"
        assert "coursia-genai secrets set OPENAI_API_KEY" in problem.remedy
        b.keys["OPENAI_API_KEY"] = "another-key-0815"

        async def well() -> None:
            while b.clouds.problem("openai") is not None:
                await b.clouds.refresh()
                await asyncio.sleep(0.05)

        await asyncio.wait_for(well(), BOUND)
        assert (await b.ask())["status"] == 200
        assert b.provider.keys[-1] == "Bearer another-key-0815"


async def test_a_provider_is_known_by_its_last_word(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        assert b.clouds.last_word("openai") is None
        news: list[str] = []
        b.clouds.listen(news.append)
        began = time.time()
        await b.ask()
        word = b.clouds.last_word("openai")
        assert word is not None
        assert word.problem is None
        assert word.at >= began
        await b.ask()
        assert news == ["openai"]
        b.provider.always = fails(400, "moderation_blocked")
        await b.ask()
        word = b.clouds.last_word("openai")
        assert word is not None
        assert word.problem is None
        b.provider.always = fails(500)
        while "paused" not in (await b.ask())["error"]["code"]:
            word = b.clouds.last_word("openai")
            assert word is not None
            assert word.problem is not None
        word = b.clouds.last_word("openai")
        assert word is not None
        assert word.problem is not None
        assert word.problem.code == "cloud_paused"
        assert "asked again in" in word.problem.message
        assert news == ["openai", "openai"]


async def test_another_key_has_no_word_of_its_provider_yet(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        b.provider.answers.append(fails(401, "invalid_api_key"))
        await b.ask()
        word = b.clouds.last_word("openai")
        assert word is not None
        assert word.problem is not None
        assert word.problem.code == "cloud_key_refused"
        b.keys["OPENAI_API_KEY"] = "another-key-0815"

        async def forgotten() -> None:
            while b.clouds.last_word("openai") is not None:
                await b.clouds.refresh()
                await asyncio.sleep(0.05)

        await asyncio.wait_for(forgotten(), BOUND)


async def test_an_answer_that_is_no_picture_counts_the_worst(tmp_path: Path) -> None:
    from aiohttp import web

    async def garbage(request: web.Request) -> web.Response:
        return web.json_response({"created": 1, "data": [{"b64_json": "bm90IGEgcGljdHVyZQ=="}]})

    async with bench(tmp_path, CAP) as b:
        b.agree()
        b.provider.always = garbage
        answer = await b.ask()
        assert answer["status"] == 502
        assert await b.states() == ["unknown"]


async def test_half_an_answer_counts_the_worst_and_is_not_asked_for_again(tmp_path: Path) -> None:
    from aiohttp import web

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"created": 1, "data": [')
        assert request.transport is not None
        request.transport.close()
        return response

    async with bench(tmp_path, CAP) as b:
        b.agree()
        b.provider.always = half
        answer = await b.ask()
        assert answer["error"]["code"] == "cloud_no_answer"
        assert len(b.provider.asked) == 1
        assert await b.states() == ["unknown"]


async def test_a_caller_that_leaves_after_it_was_sent_leaves_an_unknown_charge(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        b.provider.always = silence
        asked = asyncio.create_task(b.ask())
        await soon(lambda: bool(b.provider.asked))
        asked.cancel()
        await _until_states(b, ["unknown"])


@pytest.mark.parametrize("stream", [False, True])
async def test_whoever_hangs_up_at_whatever_moment_leaves_no_charge_open(
    tmp_path: Path, stream: bool
) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        for _ in range(10):
            await asyncio.sleep(0)
        return await good(request)

    async with bench(tmp_path, COURSE) as b:
        b.agree()
        b.provider.always = slow
        order = {"model": "gpt-image-2", "prompt": "a fox", "n": 2, "stream": stream}
        url, headers = f"{b.door}/images/generations", b.g.bearer()

        async def ask() -> bytes:
            async with b.g.http.post(url, json=order, headers=headers) as got:
                return await got.read()

        began = time.monotonic()
        await ask()
        whole = time.monotonic() - began
        for nth in range(HANG_UPS):
            asking = asyncio.ensure_future(ask())
            await asyncio.wait([asking], timeout=whole * nth / HANG_UPS)
            asking.cancel()
            await asyncio.wait([asking])
        await _until_none_is_open(b)
        charges = await b.charges()
        counted = [one for one in charges if one.state in ("settled", "unknown")]
        assert len(b.provider.asked) <= len(counted)
        assert {"refunded", "settled", "unknown"} >= {one.state for one in charges}
        (left,) = await b.ledger.left("ada")
        assert left.pictures_left == 1000 - len(counted)
        assert left.cents_left == pytest.approx(100_000 - sum(one.cents for one in counted))


async def test_a_caller_that_leaves_in_line_pays_nothing(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP, services={"openai": {"concurrency": 1}}) as b:
        b.agree()
        b.provider.always = silence
        first = asyncio.create_task(b.ask())
        await soon(lambda: bool(b.provider.asked))
        second = asyncio.create_task(b.ask())
        await soon(lambda: len(b.g.doors.queue.tickets()) == 2)
        second.cancel()
        await _until_states(b, ["refunded", "sent"])
        first.cancel()
        await _until_states(b, ["refunded", "unknown"])


async def test_a_mode_that_is_switched_off_ends_what_waits_and_what_is_under_way(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, CAP, services={"openai": {"concurrency": 1}}) as b:
        b.agree()
        b.provider.always = silence
        calls = [asyncio.create_task(b.ask()) for _ in range(2)]
        await soon(lambda: bool(b.provider.asked) and len(b.g.doors.queue.tickets()) == 2)
        b.g.lab.switch("off")
        answers = await asyncio.wait_for(asyncio.gather(*calls), BOUND)
        assert {one["error"]["code"] for one in answers} == {"mode_off"}
        await _until_states(b, ["refunded", "unknown"])


async def test_what_came_of_a_batch_is_delivered_when_the_rest_is_refused(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP, services={"openai": {"concurrency": 1}}) as b:
        from cloud_bench import good

        b.agree()
        b.provider.answers += [good, good]
        b.provider.always = fails(429, "insufficient_quota")
        answer = await b.ask(n=4)
        assert answer["status"] == 200
        assert len(answer["data"]) == 2
        assert "Only 2 of 4 pictures came" in answer["coursia"]["warning"]
        assert await b.states() == ["refunded", "refunded", "settled", "settled"]
        assert len(b.provider.asked) == 3


async def test_a_budget_that_goes_in_mid_call_is_told_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, Limit("provider", "openai", "day", microusd=45 * CENT)) as b:
        b.agree()
        answers = [await b.ask() for _ in range(2)]
        while answers[-1]["status"] == 200 and len(answers) < 60:
            answers.append(await b.ask())
        assert answers[-1]["error"]["code"] == "quota_exceeded"
        assert (
            "OpenAI" in answers[-1]["error"]["message"]
            or "openai" in (answers[-1]["error"]["message"])
        )
        assert len(b.provider.asked) == len(answers) - 1


async def test_what_another_lab_gave_away_meanwhile_is_not_sent(tmp_path: Path) -> None:
    room = Limit("course", "", "course", pictures=2)
    go_on = asyncio.Event()

    async def held(request: web.Request) -> web.StreamResponse:
        await asyncio.wait_for(go_on.wait(), BOUND)
        return await good(request)

    async with bench(tmp_path, room, services={"openai": {"concurrency": 1}}) as b:
        b.agree()
        b.provider.always = held
        first = asyncio.create_task(b.ask())
        await soon(lambda: bool(b.provider.asked))
        second = asyncio.create_task(b.ask())
        await _until_states(b, ["reserved", "sent"])
        # A Lab that took this one for dead refunds what it had set aside, and uses the room.
        with closing(sqlite3.connect(tmp_path / "s.sqlite3")) as database, database:
            database.execute(
                "UPDATE genai_charges SET state = 'refunded', pictures = 0, microusd = 0 "
                "WHERE state = 'reserved'"
            )
        go_on.set()
        answer = await asyncio.wait_for(second, BOUND)
        assert (answer["status"], answer["error"]["code"]) == (429, "quota_exceeded")
        assert (await first)["status"] == 200
        assert len(b.provider.asked) == 1
        await _until_states(b, ["refunded", "settled"])


# -- what is listed ------------------------------------------------------------------------------


async def _models(b: Bench, **token: Any) -> dict[str, dict[str, Any]]:
    async with b.g.http.get(f"{b.door}/models", headers=b.g.bearer(**token)) as got:
        return {one["id"]: one for one in (await got.json())["data"]}


async def test_models_of_a_provider_are_listed_with_price_and_whether_they_can_be_had(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, CAP) as b:
        models = await _models(b)
        live, gone = models["gpt-image-2"], models["gpt-image-2.5-flare"]
        assert live["cloud"]
        assert live["available"]
        assert live["price_cents"] > 0
        assert not gone["available"]
        assert "does not offer it any more" in gone["reason"]
        none = models["openrouter/black-forest-labs/flux.2-pro"]
        assert not none["available"]
        assert "secrets set OPENROUTER_API_KEY" in none["reason"]
        assert models["demo"]["price_cents"] == 0
        local = await _models(b, mode="local")
        assert not local["gpt-image-2"]["available"]


async def test_a_key_that_is_set_counts_within_seconds(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        key = b.keys.pop("OPENAI_API_KEY")

        async def until(has: bool) -> None:
            while b.clouds.has_key("openai") is not has:
                await b.clouds.refresh()
                await asyncio.sleep(0.05)

        await asyncio.wait_for(until(has=False), BOUND)
        answer = await b.ask()
        assert answer["error"]["code"] == "no_key"
        assert "coursia-genai secrets set OPENAI_API_KEY" in answer["error"]["remedy"]
        b.keys["OPENAI_API_KEY"] = key
        await asyncio.wait_for(until(has=True), BOUND)
        b.agree()
        assert (await b.ask())["status"] == 200


async def test_a_retired_name_gets_its_successor_with_a_warning(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        answer = await b.ask(model="dall-e-3")
        assert answer["status"] == 200
        assert "gpt-image-2 takes its place" in answer["coursia"]["warning"]
        assert b.provider.asked[0]["model"] == "gpt-image-2"


async def test_quality_is_for_providers_and_no_vain_word_to_them(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        answer = await b.ask(quality="low", background="opaque")
        assert b.provider.asked[0]["quality"] == "low"
        assert "quality has no effect" not in answer["coursia"].get("warning", "")


async def test_a_picture_carries_where_it_was_made(tmp_path: Path) -> None:
    async with bench(tmp_path, CAP) as b:
        b.agree()
        answer = await b.ask()
        found = read(decoded(answer))
        assert found is not None
        assert (found.provider, found.model) == ("127.0.0.1", "gpt-image-2")


async def _until_none_is_open(b: Bench) -> None:
    async def look() -> None:
        while {"reserved", "sent"} & set(await b.states()):
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), BOUND)


async def _until_states(b: Bench, wanted: list[str]) -> None:
    async def look() -> None:
        while await b.states() != wanted:
            await asyncio.sleep(0.02)

    try:
        await asyncio.wait_for(look(), BOUND)
    except asyncio.TimeoutError:
        raise AssertionError(f"{await b.states()} in place of {wanted}") from None
