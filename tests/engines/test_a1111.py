"""Jobs of the WebUI: what is sent, what is shown, and what its answers mean."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from demo_process import DemoEngine, StartDemo
from door_harness import service
from PIL import Image

from coursia_genai_lab.engines.a1111 import WebUI
from coursia_genai_lab.engines.orders import Event, Order, Picture, Recipe, Step
from coursia_genai_lab.errors import GenAIError, InvalidRequest, ServiceDied

PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM4IScHAAK2AQU0pnWqAAAAAElFTkSuQmCC"
)
"""One pixel."""


@pytest.fixture(scope="module")
def slow(start_demo: StartDemo) -> DemoEngine:
    """An engine whose jobs last until they are ended."""
    return start_demo("--seconds-per-step", "30")


def png(*, hole: bool = False) -> bytes:
    out = io.BytesIO()
    made = Image.new("RGBA", (128, 64), (180, 40, 40, 255))
    if hole:
        made.paste((0, 0, 0, 0), (0, 0, 64, 64))
    made.save(out, "PNG")
    return out.getvalue()


def headers(engine: DemoEngine) -> dict[str, str]:
    pair = base64.b64encode(f"genai:{engine.token}".encode()).decode("ascii")
    return {"Authorization": f"Basic {pair}"}


async def sent_for(order: Order, **answers: Any) -> dict[str, Any]:
    """Return the body that reaches a WebUI whose checkpoint is another one."""
    seen: dict[str, Any] = {}

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/sdapi/v1/sd-models":
            title = "sd_xl_turbo_1.0_fp16.safetensors [e869ac7d69]"
            return web.json_response([{"title": title, "model_name": "sd_xl_turbo_1.0_fp16"}])
        if request.path == "/sdapi/v1/options":
            return web.json_response({"sd_model_checkpoint": "other.safetensors [1]"})
        if request.path in ("/sdapi/v1/txt2img", "/sdapi/v1/img2img"):
            seen.update(await request.json(), path=request.path)
            return web.json_response({"images": [PICTURE]}, **answers)
        return web.json_response({})

    async with service(answer) as upstream, aiohttp.ClientSession() as session:
        await WebUI(upstream.url, {}, session).generate(order)
    return seen


async def test_the_values_of_turbo_are_always_sent() -> None:
    sent = await sent_for(Order("sdxl-turbo", "a fox", 9))
    shown = {name: sent[name] for name in ("steps", "cfg_scale", "width", "height", "seed")}
    assert shown == {"steps": 2, "cfg_scale": 1.0, "width": 512, "height": 512, "seed": 9}
    assert sent["sampler_name"] == "Euler a"
    assert sent["path"] == "/sdapi/v1/txt2img"
    assert sent["force_task_id"]
    chosen = sent["override_settings"]["sd_model_checkpoint"]
    assert chosen.startswith("sd_xl_turbo_1.0_fp16.safetensors")


async def test_a_mask_is_white_where_the_picture_may_change() -> None:
    order = Order("sdxl-turbo", "a lake", 9, images=(png(),), mask=png(hole=True))
    sent = await sent_for(order)
    assert sent["path"] == "/sdapi/v1/img2img"
    mask = Image.open(io.BytesIO(base64.b64decode(sent["mask"])))
    assert (mask.getpixel((10, 10)), mask.getpixel((100, 10))) == (255, 0)
    assert sent["width"] / sent["height"] == pytest.approx(2, rel=0.1)


async def test_steps_of_the_own_task_are_shown(start_demo: StartDemo) -> None:
    engine = start_demo("--seconds-per-step", "0.4")
    heard: list[Event] = []
    order = Order("sdxl-turbo", "a fox", 3, width=128, height=128, steps=8, count=2)
    async with aiohttp.ClientSession() as session:
        pictures = await WebUI(engine.url, headers(engine), session).generate(order, heard.append)
    assert [one.seed for one in pictures] == [3, 4]
    steps = [one for one in heard if isinstance(one, Step)]
    assert {one.steps for one in steps} == {8}
    assert {one.index for one in steps} <= {0, 1}
    assert [one for one in heard if isinstance(one, Picture)] == pictures


async def test_a_picture_says_how_it_was_made(start_demo: StartDemo) -> None:
    engine = start_demo("--seconds-per-step", "0.002")
    order = Order("sdxl-turbo", "a fox", 3, width=128, height=128, steps=3, guidance=2.0)
    async with aiohttp.ClientSession() as session:
        (picture,) = await WebUI(engine.url, headers(engine), session).generate(order)
    assert picture.recipe == Recipe(
        files=("sd_xl_turbo_1.0_fp16.safetensors",), steps=3, guidance=2.0
    )


async def test_what_the_webui_says_that_it_used_counts() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        info = '{"sd_model_name": "mine", "steps": 7, "cfg_scale": 4.5}'
        return web.json_response({"images": [PICTURE], "info": info})

    async with service(answer) as upstream, aiohttp.ClientSession() as session:
        (picture,) = await WebUI(upstream.url, {}, session).generate(Order("my-own", "a fox", 1))
    assert picture.recipe == Recipe(files=("mine",), steps=7, guidance=4.5)


async def test_cancelling_interrupts_the_own_task_only_when_it_runs(slow: DemoEngine) -> None:
    order = Order("sdxl-turbo", "a fox", 3, width=128, height=128)
    async with aiohttp.ClientSession() as session:
        engine = WebUI(slow.url, headers(slow), session)

        async def tasks() -> int:
            async with session.get(slow.url + "/queue", headers=headers(slow)) as got:
                rows = await got.json()
            return len(rows["queue_running"]) + len(rows["queue_pending"])

        async def become(count: int) -> None:
            for _ in range(3000):
                if await tasks() == count:
                    return
                await asyncio.sleep(0.02)
            raise AssertionError(f"there never were {count} tasks")

        first = asyncio.create_task(engine.generate(order))
        await become(1)
        second = asyncio.create_task(engine.generate(order))
        await become(2)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        await become(1)
        assert not first.done()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await become(0)


async def test_a_job_without_progress_is_ended(slow: DemoEngine) -> None:
    order = Order("sdxl-turbo", "a fox", 3, width=128, height=128, silence_seconds=1.0)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(GenAIError) as refused:
            await WebUI(slow.url, headers(slow), session).generate(order)
    assert refused.value.error_code == "no_progress"


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, {"error": "OutOfMemoryError", "errors": "CUDA out of memory."}, "out_of_memory"),
        (500, {"error": "RuntimeError", "errors": "it broke"}, "engine_failed"),
        (400, {"error": "HTTPException", "detail": "Sampler not found"}, "engine_refused"),
        (422, {"detail": [{"loc": ["body", "steps"], "msg": "not int"}]}, "engine_refused"),
        (404, {"detail": "Not Found"}, "engine_without_api"),
        (200, {"images": []}, "interrupted"),
        (401, {"error": "HTTPException"}, "credential_refused"),
    ],
)
async def test_a_refusal_is_told_as_what_it_is(
    status: int, body: dict[str, Any], code: str
) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/sdapi/v1/txt2img":
            return web.json_response(body, status=status)
        return web.json_response({})

    async with service(answer) as upstream, aiohttp.ClientSession() as session:
        with pytest.raises(GenAIError) as refused:
            await WebUI(upstream.url, {}, session).generate(Order("my-own", "a fox", 1))
    assert refused.value.error_code == code


async def test_a_checkpoint_that_is_not_there_is_told_with_its_remedy() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response([])

    async with service(answer) as upstream, aiohttp.ClientSession() as session:
        with pytest.raises(GenAIError, match="Model missing") as refused:
            await WebUI(upstream.url, {}, session).generate(Order("sdxl-turbo", "a fox", 1))
    assert refused.value.error_code == "models_missing"


async def test_a_webui_that_is_gone_is_told(unused_port: int) -> None:
    async with aiohttp.ClientSession() as session:
        engine = WebUI(f"http://127.0.0.1:{unused_port}", {}, session)
        with pytest.raises(ServiceDied):
            await engine.generate(Order("my-own", "a fox", 1))


async def test_several_pictures_or_odd_sizes_are_refused() -> None:
    for order in (
        Order("sdxl-turbo", "a", 1, images=(png(), png())),
        Order("sdxl-turbo", "a", 1, width=500, height=500),
        Order("sdxl-turbo", "a", 1, mask=png()),
    ):
        with pytest.raises(InvalidRequest):
            WebUI.check(order)
