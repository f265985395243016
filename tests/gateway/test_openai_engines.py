"""The OpenAI door before engines of other dialects: the demo engine as a ComfyUI and a WebUI."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import openai
import pytest
from aiohttp import ClientSession, web
from door_harness import BOUND, CREDENTIAL, Gateway, demo_engine, gateway, service, soon
from openai import AsyncOpenAI, OpenAI
from PIL import Image, ImageChops

from coursia_genai_lab.client import Access, Door
from coursia_genai_lab.client.events import Picture, Preview, Step
from coursia_genai_lab.client.images import EditRequest, ImageFile
from coursia_genai_lab.wire.images import GenerationRequest

Result = TypeVar("Result")
SIZE: Any = "128x128"
SERVICES = {"flux-1-dev": "comfyui", "sdxl-turbo": "forge-turbo"}
ENGINE = {"Authorization": f"Bearer {CREDENTIAL}"}


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[tuple[Gateway, str, str]]:
    """Run the door before a ComfyUI and a WebUI; give the gateway, its door and the engine."""
    async with demo_engine(**settings) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        g.lab.is_ready("comfyui-qwen", url)
        g.lab.is_ready("forge-turbo", url, scheme="basic")
        yield g, await g.doors.open_openai(), url


def picture(b64: str | None) -> Image.Image:
    assert b64 is not None
    return Image.open(io.BytesIO(base64.b64decode(b64)))


def png(colour: tuple[int, int, int] = (200, 30, 30), *, hole: bool = False) -> bytes:
    out = io.BytesIO()
    made = Image.new("RGBA", (128, 128), (*colour, 255))
    if hole:
        made.paste((0, 0, 0, 0), (0, 0, 64, 128))
    made.save(out, "PNG")
    return out.getvalue()


async def with_sdk(g: Gateway, door: str, use: Callable[[OpenAI], Result]) -> Result:
    """Run a notebook's code with the plain SDK, in a thread as it is in a kernel."""
    key = g.token()

    def run() -> Result:
        with OpenAI(base_url=door, api_key=key, max_retries=0, timeout=BOUND) as client:
            return use(client)

    return await asyncio.to_thread(run)


async def queue_of(url: str) -> list[str]:
    """Return the ids of the jobs that run or wait in an engine."""
    async with ClientSession(headers=ENGINE) as http, http.get(f"{url}/queue") as got:
        rows = await got.json()
    return [row[1] for row in (*rows["queue_running"], *rows["queue_pending"])]


async def until_queued(url: str, count: int) -> list[str]:
    for _ in range(3000):
        jobs = await queue_of(url)
        if len(jobs) == count:
            return jobs
        await asyncio.sleep(0.02)
    raise AssertionError(f"the engine never had {count} jobs, but {jobs}")


@pytest.mark.parametrize("model", SERVICES)
async def test_the_plain_sdk_gets_a_picture_from_each_engine(model: str) -> None:
    async with opened() as (g, door, _):
        answer = await with_sdk(
            g, door, lambda c: c.images.generate(model=model, prompt="a red fox", size=SIZE, n=2)
        )
        assert answer.data is not None
        assert [picture(one.b64_json).size for one in answer.data] == [(128, 128)] * 2
        assert answer.size == "128x128"
        assert answer.model_extra is not None
        assert answer.model_extra["coursia"] == {"demo": False, "service": SERVICES[model]}
        await soon(lambda: len(g.lab.leases.standing()) == 1)
        assert SERVICES[model] in g.lab.touched


async def test_the_async_sdk_sees_partial_pictures_of_comfyui_and_then_the_picture() -> None:
    async with (
        opened(seconds_per_step=0.02) as (g, door, _),
        AsyncOpenAI(base_url=door, api_key=g.token(), max_retries=0) as client,
    ):
        stream = await client.images.generate(
            model="flux-1-dev", prompt="a fox", size=SIZE, stream=True, partial_images=2
        )
        events = [event async for event in stream]
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    numbers = [getattr(event, "partial_image_index", None) for event in events]
    assert numbers == [0, 1, None]
    assert picture(events[0].b64_json).format == "JPEG"
    assert picture(events[-1].b64_json).size == (128, 128)


@pytest.mark.parametrize("model", SERVICES)
async def test_the_helpers_own_client_gets_steps_and_the_picture(model: str) -> None:
    request = GenerationRequest(prompt="a fox", model=model, size="128x128", seed=7, steps=8)
    # The WebUI is asked how far it is, so its steps must last long enough to be seen.
    async with opened(seconds_per_step=0.3) as (g, door, _):
        token = g.token()

        def use() -> list[Any]:
            with Door(Access(door, token)) as client:
                return list(client.stream(request))

        events = await asyncio.to_thread(use)
    steps = [event for event in events if isinstance(event, Step)]
    assert any(event.step and event.steps == 8 for event in steps)
    if model == "flux-1-dev":
        assert any(event.phase for event in steps)
    assert any(isinstance(event, Preview) for event in events)
    assert isinstance(events[-1], Picture)
    assert (events[-1].model, events[-1].seed, events[-1].demo) == (model, 7, False)


async def test_pictures_of_one_call_have_seeds_in_turn_that_make_them_again() -> None:
    async with opened() as (g, door, _):

        def use(seed: int, n: int) -> Callable[[OpenAI], list[tuple[Any, Image.Image]]]:
            def call(client: OpenAI) -> list[tuple[Any, Image.Image]]:
                answer = client.images.generate(
                    model="flux-1-schnell",
                    prompt="a fox",
                    size=SIZE,
                    n=n,
                    extra_body={"seed": seed},
                )
                assert answer.data is not None
                return [
                    ((one.model_extra or {})["seed"], picture(one.b64_json)) for one in answer.data
                ]

            return call

        both = await with_sdk(g, door, use(41, 2))
        again = await with_sdk(g, door, use(42, 1))
    assert [seed for seed, _ in both] == [41, 42]
    assert ImageChops.difference(both[1][1], again[0][1]).getbbox() is None
    assert ImageChops.difference(both[0][1], both[1][1]).getbbox() is not None


@pytest.mark.parametrize("count", [1, 2, 3])
async def test_qwen_edits_one_to_three_pictures(count: int) -> None:
    images = tuple(ImageFile(f"{n}.png", png((80 * n, 0, 0))) for n in range(count))
    request = GenerationRequest(
        prompt="put them together", model="qwen-image-edit-2509", size="128x128", steps=1
    )
    async with opened() as (g, door, _):
        token = g.token()

        def use() -> list[Picture]:
            with Door(Access(door, token)) as client:
                return client.generate(EditRequest(request, images))

        made = await asyncio.to_thread(use)
    assert Image.open(io.BytesIO(made[0].data)).size == (128, 128)


@pytest.mark.parametrize("model", ["flux-1-dev", "qwen-image-edit-2509", "sdxl-turbo"])
async def test_a_mask_lets_only_its_hole_change(model: str) -> None:
    async with opened() as (g, door, _):
        answer = await with_sdk(
            g,
            door,
            lambda c: c.images.edit(
                image=("in.png", png()),
                mask=("mask.png", png(hole=True)),
                prompt="a lake",
                model=model,
                size=SIZE,
            ),
        )
        assert answer.data is not None
        made = picture(answer.data[0].b64_json).convert("RGB")
    kept, changed = made.crop((72, 0, 128, 128)), made.crop((0, 0, 56, 128))
    red = Image.new("RGB", kept.size, (200, 30, 30))
    assert ImageChops.difference(kept, red).getextrema() == ((0, 0),) * 3
    assert ImageChops.difference(changed, red).getbbox() is not None


@pytest.mark.parametrize("model", SERVICES)
async def test_image_to_image_keeps_the_shape_of_the_picture(model: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (300, 150), "green").save(out, "JPEG")
    async with opened() as (g, door, _):
        answer = await with_sdk(
            g,
            door,
            lambda c: c.images.edit(
                image=("in.jpg", out.getvalue()), prompt="in autumn", model=model, extra_body={}
            ),
        )
        assert answer.data is not None
        width, height = picture(answer.data[0].b64_json).size
    assert 1.9 < width / height < 2.1


async def test_another_format_is_made_of_the_engines_png() -> None:
    async with opened() as (g, door, _):
        for kind in ("jpeg", "webp"):
            answer = await with_sdk(
                g,
                door,
                lambda c, kind=kind: c.images.generate(  # type: ignore[misc]
                    model="sdxl-turbo", prompt="a fox", size=SIZE, output_format=kind
                ),
            )
            assert answer.data is not None
            assert picture(answer.data[0].b64_json).format == kind.upper()


async def test_what_a_model_does_not_know_is_left_out_with_a_warning() -> None:
    async with opened() as (g, door, _):
        order = {
            "model": "flux-1-schnell",
            "prompt": "a fox",
            "size": SIZE,
            "negative_prompt": "rain",
            "background": "transparent",
        }
        async with g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got:
            warning = (await got.json())["coursia"]["warning"]
    assert "negative_prompt" in warning
    assert "opaque" in warning


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": " "}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"size": "huge"}, "size"),
        ({"size": "1000x1000"}, "size"),
        ({"size": "99999x64"}, "size"),
        ({"n": 0}, "n"),
        ({"n": 11}, "n"),
        ({"n": True}, "n"),
        ({"steps": 0}, "steps"),
        ({"steps": 10_000}, "steps"),
        ({"guidance": "much"}, "guidance"),
        ({"guidance": float("nan")}, "guidance"),
        ({"seed": -1}, "seed"),
        ({"output_format": "svg"}, "output_format"),
        ({"stream": "perhaps"}, "stream"),
        ({"model": "qwen-image-edit-2509"}, "image"),
    ],
)
async def test_what_no_model_can_do_is_refused_before_anything_starts(
    change: dict[str, Any], param: str
) -> None:
    async with gateway() as g:
        door = await g.doors.open_openai()
        order = {"model": "flux-1-dev", "prompt": "a fox", **change}
        async with g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got:
            told = (await got.json())["error"]
            assert got.status == 400
        assert told["param"] == param
        assert told["type"] == "invalid_request_error"
        assert g.lab.starts == 0


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "missing_required_parameter"),
        ({"image": b"<svg/>"}, "invalid_image"),
        ({"image": png()[:200]}, "invalid_image"),
        ({"image": png(), "mask": b"GIF89a"}, "invalid_image"),
        ({"image[]": png(), "mask": png(hole=True)[:150]}, "invalid_image"),
    ],
)
async def test_what_is_no_picture_is_refused(files: dict[str, bytes], code: str) -> None:
    async with gateway() as g:
        door = await g.doors.open_openai()

        def use() -> tuple[int, dict[str, Any]]:
            import requests

            got = requests.post(
                f"{door}/images/edits",
                data={"model": "flux-1-dev", "prompt": "a lake"},
                files={name: ("x.png", data) for name, data in files.items()} or {"other": b""},
                headers=g.bearer(),
                timeout=BOUND,
            )
            return got.status_code, got.json()["error"]

        status, told = await asyncio.to_thread(use)
    assert (status, told["code"]) == (400, code)


async def test_an_engine_that_fails_is_told_in_the_words_of_openai() -> None:
    async with opened(fail_at_step=2) as (g, door, _):
        for model in SERVICES:
            with pytest.raises(openai.InternalServerError) as refused:
                await with_sdk(
                    g,
                    door,
                    lambda c, model=model: c.images.generate(  # type: ignore[misc]
                        model=model, prompt="a fox", size=SIZE, extra_body={"steps": 4}
                    ),
                )
            assert (refused.value.status_code, refused.value.code) == (502, "engine_failed")
        await soon(lambda: len(g.lab.leases.standing()) == 1)


async def test_a_failure_in_the_middle_of_a_stream_is_an_event_of_it() -> None:
    async with opened(fail_at_step=2, seconds_per_step=0.01) as (g, door, _):
        order = {"model": "sd-3.5", "prompt": "a", "size": SIZE, "stream": True, "progress": True}
        async with g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got:
            assert got.status == 200
            last = (await got.text()).strip().rpartition("data: ")[2]
    told = json.loads(last)
    assert told["type"] == "error"
    assert told["error"]["code"] == "engine_failed"


async def test_an_engine_that_has_died_is_told() -> None:
    async with gateway() as g:
        async with demo_engine() as url:
            g.lab.is_ready("comfyui", url)
        door = await g.doors.open_openai()
        with pytest.raises(openai.InternalServerError) as refused:
            await with_sdk(g, door, lambda c: c.images.generate(model="sd-3.5", prompt="a fox"))
        assert refused.value.code == "service_died"


async def test_a_credential_that_the_engine_refuses_is_told_and_not_shown() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url, credential="a-stale-credential")
        door = await g.doors.open_openai()
        with pytest.raises(openai.InternalServerError) as refused:
            await with_sdk(g, door, lambda c: c.images.generate(model="sd-3.5", prompt="a fox"))
        assert refused.value.code == "credential_refused"
        assert "stale" not in refused.value.message


async def test_an_engine_that_sends_no_picture_is_told() -> None:
    async def lies(request: web.Request) -> web.StreamResponse:
        title = {"title": "sd_xl_turbo_1.0_fp16"}
        listed = request.path.endswith("sd-models")
        return web.json_response([title] if listed else {"images": ["AAAA"]})

    async with service(lies) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open_openai()
        for stream in (True, False):
            with pytest.raises(openai.APIError) as refused:
                await with_sdk(
                    g,
                    door,
                    lambda c, stream=stream: list(  # type: ignore[misc]
                        c.images.generate(model="sdxl-turbo", prompt="a fox", stream=stream)
                    ),
                )
            assert refused.value.code == "no_picture"


@pytest.mark.parametrize("model", SERVICES)
@pytest.mark.parametrize("stream", [True, False])
async def test_a_caller_that_goes_away_ends_its_own_job_and_no_other(
    model: str, stream: bool
) -> None:
    order = {"prompt": "a fox", "size": SIZE, "model": model, "stream": stream, "progress": True}
    other = {"prompt": "a cat", "size": SIZE, "model": "flux-1-schnell"}
    async with opened(seconds_per_step=30.0) as (g, door, url):
        where = f"{door}/images/generations"
        first = asyncio.create_task(g.http.post(where, json=other, headers=g.bearer()))
        (running,) = await until_queued(url, 1)
        second = asyncio.create_task(g.http.post(where, json=order, headers=g.bearer()))
        await soon(lambda: len(g.doors.queue.tickets()) == 2)
        await soon(lambda: [one.kind for one in g.lab.leases.standing()].count("job") == 2)
        second.cancel()
        call = (await asyncio.gather(second, return_exceptions=True))[0]
        if not isinstance(call, BaseException):
            call.close()
        await soon(lambda: len(g.doors.queue.tickets()) == 1)
        assert await until_queued(url, 1) == [running]
        first.cancel()
        await until_queued(url, 0)
        await soon(lambda: [one.kind for one in g.lab.leases.standing()] == ["kernel"])


async def test_models_of_engines_that_run_here_can_be_had() -> None:
    async with opened() as (g, door, _):
        page = await with_sdk(g, door, lambda c: c.models.list())
    models = {model.id: model.model_extra or {} for model in page.data}
    for name in ("flux-1-dev", "sd-3.5", "sdxl-turbo", "z-image-turbo", "qwen-image-edit-2509"):
        assert models[name]["available"]
        assert not models[name]["demo"]
    # Two services offer it, and the one that runs is taken.
    assert models["flux-1-dev"]["service"] == "comfyui"
