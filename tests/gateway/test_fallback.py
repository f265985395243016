"""A local service that cannot draw, and the provider that draws in its place meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cloud_bench import Bench, Provider, bench, fails, good, silence
from door_harness import BOUND, soon
from ledger_harness import CENT

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ImageMissing, ServiceDied
from coursia_genai_lab.lab.charge import Limit
from coursia_genai_lab.lab.rules import Rules

CAP = Limit("provider", "openai", "day", microusd=1000 * CENT)
PAINTER = ServiceSpec.model_validate(
    {
        "name": "forge-turbo",
        "title": "Painter",
        "dialect": "openai_images",
        "process": {"command": ["painter"]},
        "cloud_stand_in": "openai",
        "models": [{"id": "paint-1", "title": "Paint", "cloud_stand_in": "gpt-image-2"}],
    }
)
PAINTED: dict[str, Any] = {name: getattr(PAINTER, name) for name in ServiceSpec.model_fields}


@asynccontextmanager
async def painted(
    folder: Path, *limits: Limit, second: bool = False, **more: Any
) -> AsyncIterator[tuple[Bench, Provider]]:
    """Run the door before a local painter that speaks OpenAI's API, and a provider.

    `second` adds another provider, which sells the same at the same address.
    """
    painter = Provider()
    app = web.Application(client_max_size=2**28)
    app.router.add_route("*", "/{path:.*}", painter.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    painter.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        services = {"forge-turbo": PAINTED | ({"cloud_stand_in": "second"} if second else {})}
        async with bench(folder, CAP, *limits, services=services, second=second, **more) as b:
            b.g.lab.is_ready("forge-turbo", painter.url)
            yield b, painter
    finally:
        await runner.cleanup()


async def paint(b: Bench, **order: Any) -> dict[str, Any]:
    return await b.ask(model="paint-1", **order)


async def _left(calls: list[asyncio.Task[Any]]) -> None:
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


async def test_a_service_that_cannot_start_is_stood_in_for_with_reason_and_price(
    tmp_path: Path,
) -> None:
    async with painted(tmp_path) as (b, painter):
        b.agree()
        assert (await paint(b))["coursia"].get("fallback") is None
        b.g.lab.is_gone("forge-turbo")
        b.g.lab.has_failed(ImageMissing("The image is not here.", "Build it."))
        answer = await paint(b)
        told = answer["coursia"]
        assert told["fallback"]["from"] == "forge-turbo"
        assert told["fallback"]["code"] == "local_unavailable"
        assert told["provider"] == "openai"
        assert told["cost_cents"] > 0
        assert "Painter cannot run on this machine now; gpt-image-2 of OpenAI" in told["warning"]
        facts = answer["data"][0]["provenance"]
        assert (facts["asked_service"], facts["service"]) == ("forge-turbo", "openai")
        assert (facts["fallback_reason"], facts["model"]) == ("local_unavailable", "gpt-image-2")
        newest = (await b.charges())[0]
        assert (newest.state, newest.service, newest.fallback) == (
            "settled",
            "openai",
            "local_unavailable",
        )
        b.g.lab.failure = None
        b.g.lab.is_ready("forge-turbo", painter.url)
        back = await paint(b)
        assert back["coursia"].get("fallback") is None
        assert back["data"][0]["provenance"]["service"] == "forge-turbo"
        assert (len(b.provider.asked), len(painter.asked)) == (1, 2)


async def test_who_is_asked_reads_why_and_the_call_goes_on_after(tmp_path: Path) -> None:
    async with painted(tmp_path) as (b, _):
        b.g.lab.is_gone("forge-turbo")
        b.g.lab.has_failed(ImageMissing("The image is not here.", "Build it."))
        asked = asyncio.create_task(paint(b))
        await soon(lambda: bool(b.questions.open("ada")))
        (question,) = b.questions.open("ada")
        assert question.reason is not None
        assert question.reason.code == "local_unavailable"
        assert question.services == ["forge-turbo"]
        assert question.model == "gpt-image-2"
        b.agree()
        answer = await asyncio.wait_for(asked, BOUND)
        assert answer["coursia"]["fallback"]["code"] == "local_unavailable"


@pytest.mark.parametrize("word", ["notebook", "operator"])
async def test_where_no_cloud_stands_in_the_local_error_is_told_unchanged(
    tmp_path: Path, word: str
) -> None:
    rules = Rules(fallback="never" if word == "operator" else "auto")
    token = {"fallback": "never"} if word == "notebook" else {}
    async with painted(tmp_path, rules=rules) as (b, _):
        b.agree()
        b.g.lab.is_gone("forge-turbo")
        b.g.lab.has_failed(ImageMissing("The image is not here.", "Build it."))
        answer = await paint(b, token=token)
        assert answer["error"]["code"] == "image_missing"
        assert not b.provider.asked


@pytest.mark.parametrize(
    ("status", "code", "message", "reason"),
    [
        (500, "", "CUDA out of memory", "local_out_of_memory"),
        (400, "moderation_blocked", "No.", None),
        (400, "invalid_value", "The size is wrong.", None),
        (500, "", "KeyError: x", None),
    ],
)
async def test_what_an_engine_says_decides_whether_another_is_asked(
    tmp_path: Path, status: int, code: str, message: str, reason: str | None
) -> None:
    async with painted(tmp_path) as (b, painter):
        b.agree()
        painter.always = fails(status, code, message)
        answer = await paint(b)
        if reason is None:
            assert answer["status"] >= 400
            assert not b.provider.asked
            assert await b.states() == []
        else:
            assert answer["coursia"]["fallback"]["code"] == reason
            assert await b.states() == ["settled"]


async def test_an_engine_that_dies_in_mid_batch_keeps_what_it_made(tmp_path: Path) -> None:
    async def dies(request: web.Request) -> web.StreamResponse:
        b.g.lab.is_gone("forge-turbo")
        b.g.lab.has_failed(ServiceDied("The painter ended."))
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with painted(tmp_path) as (b, painter):
        b.agree()
        painter.answers += [good, good, dies]
        answer = await paint(b, n=4)
        assert answer["status"] == 200
        made = [one["provenance"]["service"] for one in answer["data"]]
        assert made == ["forge-turbo", "forge-turbo", "openai", "openai"]
        assert answer["coursia"]["fallback"]["code"] == "local_died"
        # What was set aside here for the last two was given back; where no limit is, unwritten.
        assert await b.states() == ["settled"] * 4
        assert [one.outcome for one in b.notes] == ["done"] * 4


async def test_a_line_that_is_too_long_is_passed_by_for_who_has_agreed(tmp_path: Path) -> None:
    rules = Rules(fallback="ask", queue_seconds=40.0)
    async with painted(tmp_path, rules=rules, usual=30.0) as (b, painter):
        b.agree()
        painter.always = silence
        ahead = [asyncio.create_task(paint(b)) for _ in range(2)]
        await soon(lambda: len(b.g.doors.queue.tickets()) == 2 and len(painter.asked) == 1)
        answer = await asyncio.wait_for(paint(b), BOUND)
        assert answer["coursia"]["fallback"]["code"] == "local_queue_long"
        assert answer["data"][0]["provenance"]["service"] == "openai"
        await _left(ahead)


async def test_who_has_not_agreed_keeps_the_place_in_line_and_draws_here(tmp_path: Path) -> None:
    release = asyncio.Event()

    async def slowly(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return await good(request)

    rules = Rules(fallback="ask", queue_seconds=40.0)
    async with painted(tmp_path, rules=rules, usual=30.0) as (b, painter):
        painter.always = slowly
        ahead = [asyncio.create_task(paint(b)) for _ in range(2)]
        await soon(lambda: len(b.g.doors.queue.tickets()) == 2 and len(painter.asked) == 1)
        last = asyncio.create_task(paint(b))
        await soon(lambda: bool(b.questions.open("ada")))
        release.set()
        answers = await asyncio.wait_for(asyncio.gather(*ahead, last), BOUND)
        made = [one["data"][0]["provenance"]["service"] for one in answers]
        assert made == ["forge-turbo"] * 3
        assert not b.provider.asked


async def test_in_mode_cloud_local_models_are_drawn_by_their_stand_in(tmp_path: Path) -> None:
    async with painted(tmp_path) as (b, painter):
        b.agree()
        answer = await paint(b, token={"mode": "cloud"})
        assert answer["coursia"]["fallback"]["code"] == "mode_cloud"
        assert not painter.asked


async def test_no_model_named_asks_a_provider_only_where_nothing_here_can_draw(
    tmp_path: Path,
) -> None:
    async with painted(tmp_path, hold_seconds=0) as (b, _painter):
        free = await b.ask(model=None)
        assert free["status"] == 200
        assert not b.provider.asked
        paid = await b.ask(model=None, token={"mode": "cloud"})
        assert paid["error"]["code"] == "cloud_consent_needed"
        b.agree()
        paid = await b.ask(model=None, token={"mode": "cloud"})
        assert paid["coursia"]["provider"] == "openai"
        assert paid["coursia"]["model_chosen"]


async def test_a_stream_tells_of_the_stand_in_in_its_first_event(tmp_path: Path) -> None:
    async with painted(tmp_path) as (b, _):
        b.agree()
        b.g.lab.is_gone("forge-turbo")
        b.g.lab.has_failed(ImageMissing("The image is not here.", "Build it."))
        wish = {"model": "paint-1", "prompt": "a fox", "stream": True}
        url = f"{b.door}/images/generations"
        async with b.g.http.post(url, json=wish, headers=b.g.bearer()) as got:
            text = (await got.read()).decode()
        events = [
            json.loads(line.removeprefix("data: "))
            for line in text.splitlines()
            if line.startswith("data: ")
        ]
        assert events[0]["coursia"]["fallback"]["code"] == "local_unavailable"
        assert events[-1]["type"] == "image_generation.completed"
        assert events[-1]["coursia"]["cost_cents"] > 0


async def test_a_stand_in_that_is_down_as_well_leaves_the_local_word(tmp_path: Path) -> None:
    async with painted(tmp_path) as (b, _):
        b.agree()
        b.keys.clear()

        async def gone() -> None:
            while b.clouds.has_key("openai"):
                await b.clouds.refresh()
                await asyncio.sleep(0.05)

        await asyncio.wait_for(gone(), BOUND)
        b.g.lab.is_gone("forge-turbo")
        b.g.lab.has_failed(ImageMissing("The image is not here.", "Build it."))
        assert (await paint(b))["error"]["code"] == "image_missing"


async def test_a_quota_holds_for_what_is_drawn_here_too(tmp_path: Path) -> None:
    async with painted(tmp_path, Limit("person", "*", "day", pictures=3)) as (b, painter):
        headers = b.g.bearer()
        answers = await asyncio.gather(*(paint(b, headers=headers) for _ in range(12)))
        made = [one for one in answers if one["status"] == 200]
        assert (len(made), len(painter.asked)) == (3, 3)
        assert {one["error"]["code"] for one in answers if one["status"] != 200} == {
            "quota_exceeded"
        }
        assert await b.states() == ["settled"] * 3


async def test_the_next_provider_draws_where_the_first_has_no_credit(tmp_path: Path) -> None:
    async with painted(tmp_path, second=True) as (b, _):
        b.agree()
        b.agree(provider="second")
        b.g.lab.is_gone("forge-turbo")
        b.g.lab.has_failed(ImageMissing("The image is not here.", "Build it."))
        b.provider.answers.append(fails(429, "insufficient_quota"))
        answer = await paint(b)
        assert answer["coursia"]["provider"] == "second"
        assert [one["model"] for one in b.provider.asked] == ["gpt-image-2", "gpt-image-1-mini"]
        assert await b.states() == ["refunded", "settled"]
        problem = b.clouds.problem("openai")
        assert problem is not None
        assert problem.code == "cloud_no_credit"
        b.provider.asked.clear()
        assert (await paint(b))["coursia"]["provider"] == "second"
        assert len(b.provider.asked) == 1, "who has no credit is asked last"
