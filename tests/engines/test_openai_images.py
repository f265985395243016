"""Servers of the OpenAI Images API behind the adapter: the demo engine, and others that differ."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from demo_process import DemoEngine, StartDemo
from door_harness import BOUND, CREDENTIAL, Service, demo_engine, service, soon
from PIL import Image

from coursia_genai_lab.engines.openai_images import OpenAIImages
from coursia_genai_lab.engines.orders import Event, Notice, Order, Phase, Picture, Preview, Step
from coursia_genai_lab.errors import (
    GenAIError,
    InvalidRequest,
    ModelUnknown,
    ModerationBlocked,
    ServiceDied,
    ServiceError,
)

HEADERS = {"Authorization": f"Bearer {CREDENTIAL}"}
SMALL = Order("demo", "a red fox", 5, width=128, height=96, steps=4)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def png(size: tuple[int, int] = (32, 16), *, hole: bool = False) -> bytes:
    out = io.BytesIO()
    made = Image.new("RGBA", size, (200, 30, 30, 255))
    if hole:
        made.paste((0, 0, 0, 0), (0, 0, size[0] // 2, size[1]))
    made.save(out, "PNG")
    return out.getvalue()


def text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@asynccontextmanager
async def before(answer: Answer) -> AsyncIterator[tuple[OpenAIImages, Service]]:
    """Run a server that knows nothing of ours, and the adapter for it."""

    async def other(request: web.Request) -> web.StreamResponse:
        if request.path == "/v1/coursia/engine":
            return web.json_response({"detail": "Not Found"}, status=404)
        return await answer(request)

    async with service(other) as upstream, aiohttp.ClientSession() as session:
        yield OpenAIImages(upstream.url, HEADERS, session), upstream


@asynccontextmanager
async def before_demo(**settings: Any) -> AsyncIterator[OpenAIImages]:
    async with demo_engine(**settings) as url, aiohttp.ClientSession() as session:
        yield OpenAIImages(url, HEADERS, session)


async def becomes(wanted: bool, ask: Callable[[], Awaitable[bool]]) -> None:
    async def look() -> None:
        while await ask() != wanted:
            await asyncio.sleep(0.01)

    await asyncio.wait_for(look(), BOUND)


async def refusal(answer: Answer, order: Order = SMALL) -> GenAIError:
    async with before(answer) as (engine, _):
        with pytest.raises(GenAIError) as refused:
            await asyncio.wait_for(engine.generate(order), BOUND)
    return refused.value


# -- the demo engine -------------------------------------------------------------------------------


async def test_the_demo_engine_makes_each_picture_with_a_seed_of_its_own() -> None:
    heard: list[Event] = []
    async with before_demo() as engine:
        order = Order("flux-1-dev", "a fox", 5, width=128, height=96, steps=4, count=2)
        made = await engine.generate(order, heard.append)
        again = await engine.generate(
            Order("flux-1-dev", "a fox", 6, width=128, height=96, steps=4)
        )
    assert [one.seed for one in made] == [5, 6]
    assert [one.index for one in made] == [0, 1]
    assert made[1].data == again[0].data
    assert picture(made[0].data).size == (128, 96)
    assert [one for one in heard if isinstance(one, Picture)] == made
    steps = [(one.step, one.steps, one.index) for one in heard if isinstance(one, Step)]
    assert steps == [(step, 4, index) for index in (0, 1) for step in (1, 2, 3, 4)]
    assert not [one for one in heard if isinstance(one, Notice)]


async def test_everything_of_an_order_reaches_the_demo_engine() -> None:
    async with before_demo() as engine:
        plain = (await engine.generate(SMALL))[0]
        for change in (
            Order("demo", "a red fox", 6, width=128, height=96, steps=4),
            Order("demo", "a red fox", 5, negative="a dog", width=128, height=96, steps=4),
            Order("demo", "a red fox", 5, width=128, height=96, steps=4, guidance=9.0),
        ):
            assert (await engine.generate(change))[0].data != plain.data
    assert plain.recipe is not None
    assert (plain.recipe.steps, plain.recipe.guidance) == (4, 4.0)


async def test_previews_come_where_they_are_asked_for() -> None:
    heard: list[Event] = []
    order = Order("demo", "a fox", 5, width=128, height=96, steps=8, previews=True)
    async with before_demo() as engine:
        await engine.generate(order, heard.append)
        previews = [one for one in heard if isinstance(one, Preview)]
        assert len(previews) == 3
        assert picture(previews[0].data).size == (128, 96)
        heard.clear()
        await engine.generate(SMALL, heard.append)
    assert not [one for one in heard if isinstance(one, Preview)]


async def test_pictures_and_a_mask_are_sent_to_be_changed() -> None:
    order = Order(
        "demo", "blue", 5, images=(png((128, 96)), png()), mask=png((128, 96), hole=True), steps=2
    )
    async with before_demo() as engine:
        made = picture((await engine.generate(order))[0].data).convert("RGB")
    assert made.size == (128, 96)
    assert made.getpixel((120, 50)) == (200, 30, 30)


async def test_the_demo_engine_says_whether_it_works() -> None:
    async with before_demo(seconds_per_step=600) as engine:
        assert not await engine.busy()
        job = asyncio.create_task(engine.generate(SMALL))
        await becomes(True, engine.busy)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        await becomes(False, engine.busy)
        await engine.free()


async def test_cancelling_ends_the_own_job_whether_it_waits_or_runs() -> None:
    async with demo_engine(seconds_per_step=600) as url, aiohttp.ClientSession() as session:
        engine = OpenAIImages(url, HEADERS, session)

        async def jobs() -> int:
            async with session.get(f"{url}/queue", headers=HEADERS) as answer:
                rows = await answer.json()
            return len(rows["queue_running"]) + len(rows["queue_pending"])

        async def become(count: int) -> None:
            async def are() -> bool:
                return await jobs() == count

            await becomes(True, are)

        first = asyncio.create_task(engine.generate(SMALL))
        await become(1)
        second = asyncio.create_task(engine.generate(SMALL))
        await become(2)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        await become(1)
        assert not first.done()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await become(0)


@pytest.mark.parametrize(
    ("order", "code", "param"),
    [
        (Order("demo", "a", 1, width=8, height=8), "invalid_value", "size"),
        (Order("demo", "a", 1, width=99999, height=512), "invalid_value", "size"),
        (Order("demo", "", 1), "missing_required_parameter", "prompt"),
        (Order("demo", "a" * 50_000, 1), "string_above_max_length", "prompt"),
        (Order("demo", "a", 1, steps=10_000), "invalid_value", "steps"),
        (Order("demo", "a", 1, images=(b"no picture",)), "invalid_image", "image"),
    ],
)
async def test_what_the_demo_engine_does_not_take_names_its_field(
    order: Order, code: str, param: str
) -> None:
    async with before_demo() as engine:
        with pytest.raises(InvalidRequest) as refused:
            await engine.generate(order)
    assert (refused.value.error_code, refused.value.param) == (code, param)


async def test_an_unknown_model_is_told() -> None:
    async with before_demo() as engine:
        with pytest.raises(ModelUnknown):
            await engine.generate(Order("absent", "a", 1))


async def test_odd_prompts_arrive_as_they_were_written() -> None:
    async with before_demo() as engine:
        one = await engine.generate(Order("demo", "🦊 au café\r\n--x", 1, width=64, height=64))
        edited = await engine.generate(
            Order("demo", "🦊 au café\r\n--x", 1, images=(png((64, 64)),), steps=1)
        )
    assert picture(one[0].data).size == picture(edited[0].data).size == (64, 64)


async def test_a_server_that_dies_in_the_middle_is_told(start_demo: StartDemo) -> None:
    demo: DemoEngine = start_demo("--seconds-per-step", "600")
    headers = {"Authorization": f"Bearer {demo.token}"}
    async with aiohttp.ClientSession() as session:
        engine = OpenAIImages(demo.url, headers, session)
        job = asyncio.create_task(engine.generate(SMALL))
        await becomes(True, engine.busy)
        demo.process.kill()
        with pytest.raises(ServiceError) as died:
            await asyncio.wait_for(job, BOUND)
        assert died.value.error_code in ("service_died", "no_answer")
        await asyncio.to_thread(demo.process.wait, BOUND)
        with pytest.raises(ServiceDied):
            await engine.generate(SMALL)


# -- other servers ---------------------------------------------------------------------------------


async def test_nothing_is_sent_that_only_our_servers_take() -> None:
    sent: list[dict[str, Any]] = []
    heard: list[Event] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        sent.append(await request.json())
        headers = {"x-request-id": "req_123"}
        return web.json_response({"data": [{"b64_json": text(png())}]}, headers=headers)

    order = Order("m", "a fox", 5, width=64, height=64, steps=3, guidance=2.0, negative="a dog")
    async with before(answer) as (engine, _):
        made = await engine.generate(order, heard.append)
        assert not await engine.busy()
    assert sent == [
        {"model": "m", "prompt": "a fox", "n": 1, "size": "64x64", "response_format": "b64_json"}
    ]
    notices = " ".join(one.text for one in heard if isinstance(one, Notice))
    assert all(word in notices for word in ("seed", "steps", "guidance", "negative_prompt"))
    assert made[0].data == png()
    assert made[0].recipe is not None
    assert made[0].recipe.provider_id == "req_123"
    assert made[0].recipe.steps is None


@pytest.mark.parametrize(
    "refusal_of",
    [
        lambda name: {"error": {"message": f"Unknown parameter: '{name}'.", "param": name}},
        lambda name: {"error": {"message": f"{name} is not supported"}},
        lambda name: {"detail": [{"loc": ["body", name], "msg": "extra fields not permitted"}]},
    ],
)
async def test_optional_fields_that_are_refused_are_left_out_from_then_on(
    refusal_of: Callable[[str], dict[str, Any]],
) -> None:
    sent: list[set[str]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        fields = set(await request.json())
        sent.append(fields)
        for name in ("stream", "response_format"):
            if name in fields:
                return web.json_response(refusal_of(name), status=400)
        return web.json_response({"data": [{"b64_json": text(png())}]})

    order = Order("m", "a fox", 5, previews=True)
    async with before(answer) as (engine, _):
        await engine.generate(order)
        assert len(sent) == 3
        await engine.generate(order)
    assert sent[2:] == [{"model", "prompt", "n"}] * 2


async def test_a_server_that_streams_shows_its_partial_pictures() -> None:
    heard: list[Event] = []
    kinds: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        kinds.append(request.content_type)
        stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        said = [
            ": keep alive\r\n\r\n",
            'data: {"type": "image_edit.progress", "phase": "in the queue"}\r\n\r\n',
            "event: image_edit.partial_image\n",
            f'data: {{"b64_json": "{text(png((16, 16)))}", "partial_image_index": 0}}\n\n',
            'data: {"type": "image_edit.partial_image", "b64_json": "bm8gcGljdHVyZQ=="}\n\n',
            'data: {"type": "something.new"}\n\ndata: no json\n\n',
            f'data: {{"type": "image_edit.completed", "b64_json": "{text(png())}"}}\n\n',
        ]
        for part in said:
            for place in range(0, len(part), 17):
                await stream.write(part[place : place + 17].encode())
        await asyncio.Event().wait()
        return stream

    async with before(answer) as (engine, _):
        order = Order("m", "a fox", 5, images=(png(),), previews=True)
        made = await asyncio.wait_for(engine.generate(order, heard.append), BOUND)
    assert kinds == ["multipart/form-data"]
    assert [one.name for one in heard if isinstance(one, Phase)] == ["in the queue"]
    assert [one.data for one in heard if isinstance(one, Preview)] == [png((16, 16))]
    assert made[0].data == png()


async def test_several_pictures_are_sent_as_a_list_with_their_type() -> None:
    forms: list[list[tuple[str | None, str | None]]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        parts = []
        form = await request.multipart()
        while (part := await form.next()) is not None:
            assert isinstance(part, aiohttp.BodyPartReader)
            parts.append((part.name, part.headers.get("Content-Type")))
            await part.read()
        forms.append(parts)
        return web.json_response({"data": [{"b64_json": text(png())}]})

    async with before(answer) as (engine, _):
        await engine.generate(Order("m", "a", 1, images=(png(), png()), mask=png(hole=True)))
    files = [one for one in forms[0] if one[1]]
    assert files == [("image[]", "image/png"), ("image[]", "image/png"), ("mask", "image/png")]


@pytest.mark.parametrize(
    ("status", "body", "code", "kind"),
    [
        (
            400,
            {"error": {"code": "moderation_blocked", "type": "image_generation_user_error"}},
            "moderation_blocked",
            ModerationBlocked,
        ),
        (
            400,
            {"error": {"code": "content_policy_violation", "message": "no"}},
            "content_policy_violation",
            ModerationBlocked,
        ),
        (200, {"error": {"code": 403, "type": "refusal"}}, "moderation_blocked", GenAIError),
        (500, {"error": {"message": "CUDA out of memory. Tried"}}, "out_of_memory", GenAIError),
        (500, {"error": "it broke"}, "engine_failed", GenAIError),
        (500, "<html>", "engine_failed", GenAIError),
        (429, {"error": {"code": "rate_limit_exceeded"}}, "engine_busy", ServiceError),
        (503, {"error": {"message": "overloaded"}}, "engine_busy", ServiceError),
        (403, {"error": {"message": "verify first"}}, "engine_forbids", GenAIError),
        (401, {"error": {"message": "no"}}, "credential_refused", GenAIError),
        (404, {"detail": "Not Found"}, "engine_without_api", ServiceError),
        (404, {"error": {"code": "model_not_found"}}, "model_not_found", ModelUnknown),
        (422, {"detail": [{"loc": ["body", "size"], "msg": "odd"}]}, "engine_refused", GenAIError),
        (200, {"data": []}, "no_picture", GenAIError),
        (200, {"data": ["x"]}, "no_picture", GenAIError),
        (200, {"data": [{"b64_json": "%%%"}]}, "no_picture", GenAIError),
        (200, {"data": [{"b64_json": text(b"GIF89a")}]}, "no_picture", GenAIError),
        (200, {"data": [{"b64_json": text(png((64, 64))[:-30])}]}, "no_picture", GenAIError),
        (200, {"data": [{"url": "http://127.0.0.1/a.png"}]}, "no_picture", GenAIError),
        (200, "garbage", "wrong_answer", ServiceError),
        (200, '{"data": [{"b64_json": "iVBOR', "wrong_answer", ServiceError),
        (202, {"data": []}, "wrong_answer", ServiceError),
        (200, "[" * 100_000, "wrong_answer", ServiceError),
    ],
)
async def test_every_bad_answer_has_a_code_and_a_remedy(
    status: int, body: object, code: str, kind: type[GenAIError]
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        words = body if isinstance(body, str) else json.dumps(body)
        return web.Response(text=words, status=status, content_type="application/json")

    refused = await refusal(answer)
    assert isinstance(refused, kind)
    assert refused.error_code == code
    assert refused.message
    assert refused.remedy


async def test_an_address_in_place_of_a_picture_is_never_fetched() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response({"data": [{"url": f"http://{request.host}/a.png"}]})

    refused = await refusal(answer)
    assert "b64_json" in refused.remedy
    assert asked == ["/v1/images/generations"]


async def test_no_redirect_is_followed() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    refused = await refusal(answer)
    assert refused.error_code == "wrong_answer"
    assert asked == ["/v1/images/generations"]


@pytest.mark.parametrize("streamed", [False, True])
async def test_words_of_a_server_are_told_without_credential_prompt_and_paths(
    streamed: bool,
) -> None:
    said = f"Bad key {CREDENTIAL} for 'a very personal wish' in /home/ada/models/x.py of it"
    error = {"error": {"message": said, "type": "server_error"}}

    async def answer(request: web.Request) -> web.StreamResponse:
        if not streamed:
            return web.json_response(error, status=500)
        words = f"event: error\ndata: {json.dumps({'type': 'error', **error})}\n\n"
        return web.Response(text=words, content_type="text/event-stream")

    refused = await refusal(answer, Order("m", "a very personal wish", 1))
    assert "Bad key" in refused.message
    assert CREDENTIAL not in str(refused)
    assert "personal" not in str(refused)
    assert "ada" not in str(refused)


async def test_a_stream_that_ends_without_its_picture_is_told() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text="data: [DONE]\n\n", content_type="text/event-stream")

    assert (await refusal(answer)).error_code == "no_answer"


@pytest.mark.parametrize("kind", ["application/json", "text/event-stream"])
async def test_an_answer_without_end_is_cut(kind: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"Content-Type": kind})
        await stream.prepare(request)
        await stream.write(b"data: ")
        while True:
            await stream.write(b"x" * 2**20)

    assert (await refusal(answer)).error_code == "answer_too_large"


async def trickled(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await stream.prepare(request)
    while True:
        await stream.write(b": still here\n\n")
        await asyncio.sleep(0.02)


async def repeated(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await stream.prepare(request)
    while True:
        await stream.write(b'data: {"type": "x.progress", "step": 1, "steps": 9}\n\n')
        await asyncio.sleep(0.02)


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


async def headed(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse(headers={"Content-Type": "application/json"})
    await stream.prepare(request)
    await asyncio.Event().wait()
    return stream


@pytest.mark.parametrize("answer", [trickled, repeated, silent, headed])
async def test_signs_of_life_without_progress_do_not_keep_a_job(answer: Answer) -> None:
    order = Order("m", "a", 1, silence_seconds=0.5)
    assert (await refusal(answer, order)).error_code == "no_progress"


async def test_no_task_is_left_of_a_call_that_was_ended() -> None:
    async with before(silent) as (engine, upstream):
        job = asyncio.create_task(engine.generate(SMALL))
        await soon(lambda: upstream.calls == 2)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
        names = {task.get_name() for task in asyncio.all_tasks()}
    assert "genai-openai-images-job" not in names


async def test_an_impossible_order_is_refused_without_asking() -> None:
    for order in (
        Order("m", "a", 1, mask=png()),
        Order("m", "a", 1, images=(png(),) * 17),
    ):
        with pytest.raises(InvalidRequest):
            OpenAIImages.check(order)


async def test_a_server_that_is_gone_is_told(unused_port: int) -> None:
    async with aiohttp.ClientSession() as session:
        engine = OpenAIImages(f"http://127.0.0.1:{unused_port}", {}, session)
        with pytest.raises(ServiceDied):
            await engine.generate(SMALL)
        with pytest.raises(ServiceError):
            await engine.busy()
