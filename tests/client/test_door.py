"""The door's client against a real demo engine."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import aclosing, closing

import httpx
import pytest
from PIL import Image

from coursia_genai_lab.client import (
    Access,
    AsyncDoor,
    Door,
    EditRequest,
    ImageFile,
    Picture,
    Preview,
    Step,
)
from coursia_genai_lab.errors import (
    GenAIError,
    GenerationError,
    LabUnreachable,
    ModelUnknown,
    TokenRefused,
)
from coursia_genai_lab.wire.images import GenerationRequest

REQUEST = GenerationRequest(prompt="a red fox", size="256x256", seed=7, steps=4)


def access_to(engine) -> Access:
    return Access(f"{engine.url}/v1", engine.token)


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


def red_square() -> ImageFile:
    out = io.BytesIO()
    Image.new("RGB", (256, 256), (200, 30, 30)).save(out, "PNG")
    return ImageFile("square.png", out.getvalue())


def test_a_picture_comes_with_its_size_seed_model_and_demo_mark(demo_engine):
    with Door(access_to(demo_engine)) as door:
        [picture] = door.generate(REQUEST)
    assert opened(picture).size == (256, 256)
    assert (picture.format, picture.model, picture.seed, picture.demo) == ("png", "demo", 7, True)


def test_a_stream_tells_each_step_and_shows_previews_before_the_picture(demo_engine):
    with Door(access_to(demo_engine)) as door, closing(door.stream(REQUEST)) as events:
        heard = list(events)
    steps = [event for event in heard if isinstance(event, Step)]
    assert [(step.step, step.steps, step.percent) for step in steps] == [
        (1, 4, 25.0),
        (2, 4, 50.0),
        (3, 4, 75.0),
        (4, 4, 100.0),
    ]
    assert len([event for event in heard if isinstance(event, Preview)]) == 3
    assert isinstance(heard[-1], Picture)


def test_streamed_and_unstreamed_pictures_are_the_same(demo_engine):
    with Door(access_to(demo_engine)) as door:
        [plain] = door.generate(REQUEST)
        streamed = [event for event in door.stream(REQUEST) if isinstance(event, Picture)]
    assert [picture.data for picture in streamed] == [plain.data]


def test_several_pictures_of_one_call_differ(demo_engine):
    request = REQUEST.model_copy(update={"n": 3})
    with Door(access_to(demo_engine)) as door:
        pictures = [event for event in door.stream(request) if isinstance(event, Picture)]
    assert len({picture.data for picture in pictures}) == 3
    assert [picture.seed for picture in pictures] == [7, 8, 9]


def test_an_edit_sends_the_picture_and_gets_another_of_its_size(demo_engine):
    asked = EditRequest(
        GenerationRequest(prompt="make it blue", model="qwen-image-edit-2509"), (red_square(),)
    )
    with Door(access_to(demo_engine)) as door:
        [picture] = door.generate(asked)
    assert opened(picture).size == (256, 256)
    assert picture.model == "qwen-image-edit-2509"


def test_a_mask_keeps_what_it_covers(demo_engine):
    mask = Image.new("RGBA", (256, 256), (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 256, 100))
    out = io.BytesIO()
    mask.save(out, "PNG")
    asked = EditRequest(
        GenerationRequest(prompt="a green sky", seed=1),
        (red_square(),),
        ImageFile("mask.png", out.getvalue()),
    )
    with Door(access_to(demo_engine)) as door:
        [picture] = door.generate(asked)
    # Below the hole, and away from the caption and ribbon that mark a demo picture.
    assert opened(picture).convert("RGB").getpixel((20, 200)) == (200, 30, 30)


def test_models_are_listed_with_whether_they_are_available(demo_engine):
    with Door(access_to(demo_engine)) as door:
        models = {model.id: model for model in door.models()}
    assert models["flux-1-dev"].available
    assert "demo" in models


def test_an_unknown_model_is_told_as_such(demo_engine):
    with (
        Door(access_to(demo_engine)) as door,
        pytest.raises(ModelUnknown, match="'never-heard-of' does not exist"),
    ):
        door.generate(REQUEST.model_copy(update={"model": "never-heard-of"}))


def test_a_wrong_token_is_refused_and_never_shown(demo_engine):
    access = Access(f"{demo_engine.url}/v1", "cgl_wrong-and-secret")
    with Door(access) as door, pytest.raises(TokenRefused) as caught:
        door.models()
    assert "cgl_wrong-and-secret" not in f"{caught.value!r} {caught.value} {door!r} {access!r}"


def test_an_address_where_nobody_listens_is_unreachable(unused_port):
    with (
        Door(Access(f"http://127.0.0.1:{unused_port}/v1", "t")) as door,
        pytest.raises(LabUnreachable, match="Nothing answers"),
    ):
        door.models()


def test_a_job_that_fails_on_its_way_raises_what_the_engine_said(start_demo):
    engine = start_demo("--seconds-per-step", "0", "--fail-at-step", "2")
    with Door(access_to(engine)) as door, pytest.raises(GenerationError, match="fail at step 2"):
        list(door.stream(REQUEST))


def test_an_engine_that_dies_in_the_middle_is_told_and_not_asked_again(start_demo):
    engine = start_demo("--seconds-per-step", "0.2")
    request = REQUEST.model_copy(update={"steps": 150})
    with Door(access_to(engine)) as door, closing(door.stream(request)) as events:
        assert isinstance(next(events), Step)
        engine.process.kill()
        with pytest.raises(GenAIError) as caught:
            list(events)
    assert isinstance(caught.value, LabUnreachable)


def jobs_running(engine) -> int:
    headers = {"Authorization": f"Bearer {engine.token}"}
    queue = httpx.get(f"{engine.url}/prompt", headers=headers).json()
    return int(queue["exec_info"]["queue_remaining"])


def wait_until_idle(engine) -> None:
    ends = time.monotonic() + 10
    while jobs_running(engine):
        assert time.monotonic() < ends, "the job still runs"
        time.sleep(0.02)


def test_leaving_a_stream_early_cancels_the_job(start_demo):
    engine = start_demo("--seconds-per-step", "0.1")
    request = REQUEST.model_copy(update={"steps": 150})
    with Door(access_to(engine)) as door:
        with closing(door.stream(request)) as events:
            assert isinstance(next(events), Step)
            assert jobs_running(engine) == 1
        wait_until_idle(engine)


def test_cancelling_the_task_of_an_async_stream_cancels_the_job(start_demo):
    engine = start_demo("--seconds-per-step", "0.1")
    request = REQUEST.model_copy(update={"steps": 150})

    async def cancelled() -> None:
        began = asyncio.Event()

        async def watch() -> None:
            door = AsyncDoor(access_to(engine))
            async with door, aclosing(door.stream(request)) as events:
                async for _ in events:
                    began.set()

        task = asyncio.create_task(watch())
        await asyncio.wait_for(began.wait(), 60)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()

    asyncio.run(cancelled())
    wait_until_idle(engine)


def test_the_async_door_makes_the_same_pictures(demo_engine):
    async def both() -> tuple[list[Picture], list[str]]:
        async with AsyncDoor(access_to(demo_engine)) as door:
            models = [model.id for model in await door.models()]
            return await door.generate(REQUEST), models

    [picture], models = asyncio.run(both())
    with Door(access_to(demo_engine)) as door:
        assert door.generate(REQUEST)[0].data == picture.data
    assert "demo" in models


def test_the_async_door_tells_failures_alike(demo_engine):
    async def ask(access: Access) -> None:
        async with AsyncDoor(access) as door:
            await door.generate(REQUEST.model_copy(update={"model": "never-heard-of"}))

    with pytest.raises(ModelUnknown):
        asyncio.run(ask(access_to(demo_engine)))
    with pytest.raises(TokenRefused):
        asyncio.run(ask(Access(f"{demo_engine.url}/v1", "wrong")))
