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
from aiohttp import FormData
from door_harness import BOUND, Gateway, demo_engine, gateway, soon
from openai import AsyncOpenAI, OpenAI
from PIL import Image

from coursia_genai_lab.client import Access, Door
from coursia_genai_lab.errors import NotAllowed
from coursia_genai_lab.wire.images import GenerationRequest

Result = TypeVar("Result")
SIZE: Any = "128x128"


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[tuple[Gateway, str]]:
    """Run the OpenAI door before a real demo engine that stands in for every service."""
    async with demo_engine(**settings) as url, gateway() as g:
        g.lab.stand_in_for = set(g.lab.catalog)
        g.lab.is_ready("demo", url)
        yield g, await g.doors.open_openai()


def picture(b64: str | None) -> Image.Image:
    assert b64 is not None
    return Image.open(io.BytesIO(base64.b64decode(b64)))


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (128, 128), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


async def with_sdk(g: Gateway, door: str, use: Callable[[OpenAI], Result], **more: Any) -> Result:
    """Run a notebook's code with the plain SDK, in a thread as it is in a kernel."""
    key = more.pop("key", None) or g.token()

    def run() -> Result:
        with OpenAI(base_url=door, api_key=key, max_retries=0, timeout=BOUND, **more) as client:
            return use(client)

    return await asyncio.to_thread(run)


async def test_the_plain_sdk_gets_a_picture_that_says_it_is_a_demo() -> None:
    async with opened() as (g, door):
        answer = await with_sdk(
            g, door, lambda c: c.images.generate(model="gpt-image-2", prompt="a fox", size=SIZE)
        )
        assert answer.data is not None
        assert picture(answer.data[0].b64_json).size == (128, 128)
        assert answer.model_extra is not None
        assert answer.model_extra["coursia"] == {"demo": True, "service": "openai"}
        await soon(lambda: len(g.lab.leases.standing()) == 1)


async def test_the_async_sdk_sees_partial_pictures_and_then_the_picture() -> None:
    async with (
        opened() as (g, door),
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
    assert picture(events[-1].b64_json).size == (128, 128)
    assert events[-1].model_extra is not None
    assert events[-1].model_extra["coursia"] == {"demo": True, "service": "comfyui"}


async def test_the_sync_sdk_streams_too() -> None:
    async with opened() as (g, door):

        def use(client: OpenAI) -> list[str]:
            with client.images.generate(
                model="demo", prompt="a fox", size=SIZE, stream=True, partial_images=1
            ) as stream:
                return [event.type for event in stream]

        kinds = await with_sdk(g, door, use)
    assert kinds == ["image_generation.partial_image", "image_generation.completed"]


@pytest.mark.parametrize("model", ["qwen-image-edit-2509", "dall-e-2", None])
async def test_the_plain_sdk_edits_a_picture(model: str | None) -> None:
    async with opened() as (g, door):
        answer = await with_sdk(
            g,
            door,
            lambda c: c.images.edit(
                image=("in.png", png()), prompt="make it blue", model=model or openai.omit
            ),
        )
        assert answer.data is not None
        assert picture(answer.data[0].b64_json).size == (128, 128)
        assert answer.model_extra is not None
        assert ("warning" in answer.model_extra["coursia"]) == (model == "dall-e-2")


async def test_an_edit_whose_model_comes_after_a_large_picture_is_understood() -> None:
    out = io.BytesIO()
    Image.effect_noise((1400, 1400), 90).convert("RGB").save(out, "PNG")
    assert len(out.getvalue()) > 2**21
    async with opened() as (g, door):
        form = FormData()
        out.seek(0)
        form.add_field("image", out, filename="big.png", content_type="image/png")
        form.add_field("prompt", "make it blue")
        form.add_field("size", SIZE)
        form.add_field("model", "dall-e-2")
        async with g.http.post(f"{door}/images/edits", data=form, headers=g.bearer()) as got:
            told = await got.json()
            assert got.status == 200
            assert "retired" in told["coursia"]["warning"]


@pytest.mark.parametrize("name", ["dall-e-2", "dall-e-3", "gpt-image-1"])
async def test_a_retired_model_is_drawn_by_the_demo_engine_with_a_warning(name: str) -> None:
    async with opened() as (g, door):
        answer = await with_sdk(
            g, door, lambda c: c.images.generate(model=name, prompt="a fox", size=SIZE)
        )
        assert answer.model_extra is not None
        assert name in answer.model_extra["coursia"]["warning"]


async def test_no_model_at_all_takes_what_is_free() -> None:
    async with opened() as (g, door):
        for model in ({}, {"model": None}, {"model": "auto"}):
            order = {"prompt": "a fox", "size": SIZE, **model}
            async with g.http.post(
                f"{door}/images/generations", json=order, headers=g.bearer()
            ) as got:
                assert (await got.json())["coursia"]["service"] == "demo"


async def test_an_openrouter_notebook_is_served_by_the_demo_engine_where_nobody_has_a_key() -> None:
    async with opened() as (g, door):
        order = {"prompt": "a fox", "size": SIZE, "model": "openrouter/acme/painter"}
        for path in ("/images", "/images/generations"):
            async with g.http.post(f"{door}{path}", json=order, headers=g.bearer()) as got:
                told = (await got.json())["coursia"]
                assert told["service"] == "openrouter"
                assert "demo engine" in told["warning"]


async def test_the_helpers_own_client_gets_steps_previews_and_the_picture() -> None:
    request = GenerationRequest(prompt="a fox", size="128x128", seed=7, steps=3)
    async with opened() as (g, door):
        token = g.token()

        def use() -> tuple[list[str], list[bool]]:
            with Door(Access(door, token)) as client:
                events = [type(event).__name__ for event in client.stream(request)]
                return events, [info.available for info in client.models()]

        events, available = await asyncio.to_thread(use)
    assert events.count("Step") == 3
    assert events[-1] == "Picture"
    assert all(available)


async def test_models_say_who_makes_them_and_whether_they_can_be_had() -> None:
    async with opened() as (g, door):
        page = await with_sdk(g, door, lambda c: c.models.list())
        models = {model.id: model for model in page.data}
        assert next(iter(models)) == "demo"
        assert {"flux-1-dev", "sdxl-turbo", "gpt-image-2"} <= set(models)
        about = models["flux-1-dev"].model_extra
        assert about == {
            "title": "FLUX.1 dev",
            "service": "comfyui",
            "available": True,
            "reason": "",
            "demo": True,
            "cloud": False,
            "price_cents": 0.0,
            "edits": None,
        }
        one = await with_sdk(g, door, lambda c: c.models.retrieve("sd-3.5"))
        assert (one.id, one.object, one.owned_by) == ("sd-3.5", "model", "comfyui")


async def test_the_status_tells_the_helper_where_it_stands() -> None:
    async with opened() as (g, door):
        headers = g.bearer("comfyui", mode="demo")
        async with g.http.get(f"{door}/coursia/status", headers=headers) as got:
            told = await got.json()
        assert told["mode"] == "demo"
        assert told["person"] == "ada"
        assert told["path"] == "course/first.ipynb"
        assert told["services"] == ["comfyui"]
        assert told["models"]


async def test_a_cloud_without_a_key_is_told_with_its_remedy() -> None:
    async with gateway() as g:
        door = await g.doors.open_openai()
        with pytest.raises(
            openai.InternalServerError, match="secrets set OPENAI_API_KEY"
        ) as refused:
            await with_sdk(
                g, door, lambda c: c.images.generate(model="gpt-image-2", prompt="a fox")
            )
        assert refused.value.code == "no_key"


async def test_an_unknown_model_is_404_in_the_words_of_openai() -> None:
    async with opened() as (g, door):
        with pytest.raises(openai.NotFoundError) as refused:
            await with_sdk(g, door, lambda c: c.images.generate(model="nope", prompt="a fox"))
        assert refused.value.code == "model_not_found"
        with pytest.raises(openai.NotFoundError):
            await with_sdk(g, door, lambda c: c.models.retrieve("nope"))


async def test_a_bad_key_is_an_authentication_error_that_is_not_tried_again() -> None:
    async with opened() as (g, door):
        with pytest.raises(openai.AuthenticationError) as refused:
            await with_sdk(
                g, door, lambda c: c.models.list(), key="sk-somebody-elses-key-from-openai"
            )
        assert refused.value.code == "token_refused"
        assert refused.value.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "order",
    [
        {"prompt": ""},
        {"prompt": "a", "size": "huge"},
        {"prompt": "a", "n": 99},
        {"prompt": "a", "output_format": "svg"},
        {"prompt": "a", "model": 5},
        {},
        [],
        "text",
    ],
)
async def test_a_wrong_order_is_400_in_the_words_of_openai(order: Any) -> None:
    async with (
        opened() as (g, door),
        g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got,
    ):
        told = (await got.json())["error"]
        assert got.status == 400
        assert set(told) >= {"message", "type", "param", "code"}
        assert told["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--a\r\n"),
        ("multipart/form-data; boundary=a", b""),
        ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data"),
        (
            "multipart/form-data; boundary=a",
            b'--a\r\nContent-Disposition: form-data; name="model"\r\n\r\ndemo\r\n' * 2 + b"--a--",
        ),
    ],
)
async def test_a_broken_form_is_400(kind: str, body: bytes) -> None:
    async with opened() as (g, door):
        headers = {**g.bearer(), "Content-Type": kind}
        async with g.http.post(f"{door}/images/edits", data=body, headers=headers) as got:
            assert got.status == 400
            assert (await got.json())["error"]["code"] == "invalid_request"


@pytest.mark.parametrize("path", ["chat/completions", "responses", "embeddings"])
async def test_text_calls_are_told_that_text_is_off_and_who_can_switch_it_on(path: str) -> None:
    async with gateway() as g:
        # In a class; on a machine of one's own they may be asked.
        g.lab.policy.people.alone = False
        door = await g.doors.open_openai()
        async with g.http.post(f"{door}/{path}", json={}, headers=g.bearer()) as got:
            told = (await got.json())["error"]
            assert (got.status, told["code"]) == (403, "text_off")
            assert told["remedy"] == "Tell your teacher this code: text_off."
            assert got.headers["x-should-retry"] == "false"


async def test_other_addresses_are_404() -> None:
    async with opened() as (g, door):
        for method, path in (("POST", "images/variations"), ("GET", "files"), ("DELETE", "models")):
            async with g.http.request(method, f"{door}/{path}", headers=g.bearer()) as got:
                assert got.status == 404
                assert (await got.json())["error"]["code"] == "unknown_url"


async def test_mode_cloud_refuses_the_models_of_this_machine() -> None:
    async with gateway(mode="cloud") as g:
        door = await g.doors.open_openai()
        g.lab.has_failed(NotAllowed("The mode is cloud.", "Change it.", code="mode_cloud"))
        with pytest.raises(openai.PermissionDeniedError):
            await with_sdk(g, door, lambda c: c.images.generate(model="flux-1-dev", prompt="a fox"))
        page = await with_sdk(g, door, lambda c: c.models.list())
        about = {model.id: model.model_extra for model in page.data}["flux-1-dev"]
        assert about is not None
        assert "cloud" in about["reason"]


async def test_progress_events_reach_the_caller_while_the_engine_still_works() -> None:
    async with opened(seconds_per_step=0.5) as (g, door):
        order = {"model": "demo", "prompt": "a fox", "stream": True, "progress": True}
        async with g.http.post(
            f"{door}/images/generations", json=order, headers=g.bearer("demo")
        ) as got:
            event = await asyncio.wait_for(got.content.readuntil(b"\n\n"), BOUND)
            (job,) = g.doors.queue.tickets()
            assert job.began is not None
        name, data = event.decode().splitlines()[:2]
        assert name == "event: image_generation.progress"
        told = json.loads(data.removeprefix("data: "))
        assert told["coursia"] == {"demo": True, "service": "demo"}
        assert told["image_index"] == 0
        await soon(lambda: not g.doors.queue.tickets())


async def test_a_caller_that_goes_away_cancels_the_picture() -> None:
    async with opened(seconds_per_step=30.0) as (g, door):
        order = {"prompt": "a fox", "size": SIZE, "stream": True, "progress": True}
        headers = g.bearer()
        call = await g.http.post(f"{door}/images/generations", json=order, headers=headers)
        assert [lease.kind for lease in g.lab.leases.standing()] == ["kernel", "job"]
        call.close()
        await soon(lambda: [lease.kind for lease in g.lab.leases.standing()] == ["kernel"])
        comfy = await g.doors.open("comfyui")
        for _ in range(200):
            async with g.http.get(f"{comfy}/prompt", headers=headers) as got:
                if (await got.json())["exec_info"]["queue_remaining"] == 0:
                    break
        else:
            raise AssertionError("the engine still works on a picture that nobody waits for")
