"""Which picture of which job the doors give on to be made small, and that nobody waits for it."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from comfyui_caller import Caller, graph
from door_harness import Gateway, demo_engine, gateway, service, soon
from PIL import Image
from small_pictures import picture

from coursia_genai_lab.gateway import shown_pictures, webui_count
from coursia_genai_lab.gateway.record import Record
from coursia_genai_lab.gateway.webui_count import CountedPictures
from coursia_genai_lab.lab.generation import Generation


class Heard:
    """What the record was told, as a record that keeps all of it."""

    def __init__(self) -> None:
        self.noted: list[Generation] = []
        self.pictures: dict[str, bytes] = {}

    def take(self, generation_id: str, data: bytes, *, in_base64: bool = False) -> None:
        """Keep a picture."""
        assert generation_id not in self.pictures
        self.pictures[generation_id] = base64.b64decode(data) if in_base64 else data

    @property
    def record(self) -> Record:
        return Record(note=self.noted.append, picture=self.take)


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[tuple[Gateway, Heard]]:
    """Run the doors before a demo engine that is a ComfyUI and a WebUI, too."""
    heard = Heard()
    async with demo_engine(**settings) as url, gateway(record=heard.record) as g:
        for name in ("demo", "comfyui", "forge-turbo"):
            g.lab.is_ready(name, url)
        yield g, heard


@pytest.mark.parametrize("model", ["demo", "flux-1-dev"])
@pytest.mark.parametrize("stream", [False, True])
async def test_each_picture_of_a_call_is_its_own(model: str, stream: bool) -> None:
    async with opened() as (g, heard):
        door = await g.doors.open_openai()
        order = {"prompt": "a fox", "model": model, "size": "128x128", "n": 2, "stream": stream}
        url = f"{door}/images/generations"
        async with g.http.post(url, json=order, headers=g.bearer()) as got:
            text = await got.text()
        if stream:
            lines = [line[6:] for line in text.splitlines() if line.startswith("data: {")]
            items = [one for one in map(json.loads, lines) if one["type"].endswith("completed")]
        else:
            items = json.loads(text)["data"]
        await soon(lambda: len(heard.noted) == 2)
        assert {one["provenance"]["id"]: base64.b64decode(one["b64_json"]) for one in items} == (
            heard.pictures
        )
        assert set(heard.pictures) == {one.id for one in heard.noted}


async def test_what_fails_has_none() -> None:
    async def broken(request: web.Request) -> web.Response:
        return web.json_response({"error": "no"}, status=500)

    heard = Heard()
    async with service(broken) as upstream, gateway(record=heard.record) as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        order = {"prompt": "a fox", "steps": 1, "width": 64, "height": 64}
        url = f"{door}/sdapi/v1/txt2img"
        async with g.http.post(url, json=order, headers=g.bearer()) as got:
            assert got.status == 500
        await soon(lambda: len(heard.noted) == 1)
        assert heard.pictures == {}


@pytest.mark.parametrize("size", [64, 512])
async def test_a_webui_s_first_picture_is_taken_from_its_answer(size: int) -> None:
    async with opened() as (g, heard):
        door = await g.doors.open("forge-turbo")
        order = {"prompt": "a fox", "steps": 1, "width": size, "height": size, "batch_size": 2}
        url = f"{door}/sdapi/v1/txt2img"
        async with g.http.post(url, json=order, headers=g.bearer()) as got:
            told = await got.json()
        await soon(lambda: len(heard.noted) == 1)
        assert heard.pictures == {heard.noted[0].id: base64.b64decode(told["images"][0])}
        assert heard.noted[0].pictures == 2


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_it_is_found_however_the_answer_is_cut(step: int) -> None:
    first = base64.b64encode(picture((32, 32))).decode()
    answer = json.dumps({"parameters": {}, "images": [first, "AAAA"], "info": '"images": ["no"]'})
    counted = CountedPictures()
    for at in range(0, len(answer), step):
        counted.feed(answer[at : at + step].encode())
    assert counted.pictures == 2
    assert counted.first == first.encode()


def test_a_picture_that_is_too_large_is_not_held() -> None:
    counted = CountedPictures()
    counted.feed(b'{"images": ["')
    for _ in range(webui_count.MOST_HELD // 2**20 + 2):
        counted.feed(b"A" * 2**20)
    counted.feed(b'", "BBBB"]}')
    assert (counted.pictures, counted.first) == (2, b"")


def saved(caller: Caller, image: dict[str, Any], **more: str) -> str:
    asked = "&".join(f"{key}={value}" for key, value in {**image, **more}.items())
    return f"{caller.door}/view?{asked}"


async def viewed(caller: Caller, image: dict[str, Any], **more: str) -> tuple[int, bytes]:
    url = saved(caller, image, **more)
    async with caller.gateway.http.get(url, headers=caller.headers) as got:
        return got.status, await got.read()


async def job_of(caller: Caller) -> dict[str, Any]:
    """Have a picture made; return where its file is."""
    url, body = f"{caller.door}/prompt", {"prompt": graph(steps=1)}
    async with caller.gateway.http.post(url, json=body, headers=caller.headers) as got:
        job = (await got.json())["prompt_id"]
    (image,) = (await caller.ended(job))["outputs"]["9"]["images"]
    found: dict[str, Any] = image
    return found


async def test_a_comfyui_s_picture_is_taken_when_its_owner_fetches_it() -> None:
    async with opened() as (g, heard):
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        image = await job_of(ada)
        await soon(lambda: len(heard.noted) == 1)
        assert heard.pictures == {}
        assert (await viewed(ben, image))[0] == 404
        status, _ = await viewed(ada, image, channel="a")
        assert status == 200
        assert heard.pictures == {}
        status, data = await viewed(ada, image)
        assert status == 200
        await soon(lambda: bool(heard.pictures))
        assert heard.pictures == {heard.noted[0].id: data}
        # Another look changes nothing: `take` refuses a second picture of one job.
        assert (await viewed(ada, image))[0] == 200


async def test_a_preview_that_comfyui_made_smaller_will_do() -> None:
    async with opened() as (g, heard):
        ada = await Caller.make(g, "ada")
        image = await job_of(ada)
        _, data = await viewed(ada, image, preview="webp;50")
        await soon(lambda: bool(heard.pictures))
        (held,) = heard.pictures.values()
        assert held == data
        with Image.open(io.BytesIO(held)) as shown:
            assert shown.format == "WEBP"


async def test_a_file_that_is_too_large_passes_and_is_not_held() -> None:
    large = b"\x89PNG\r\n\x1a\n" + bytes(shown_pictures.MOST_HELD)
    posted: dict[str, Any] = {}

    async with demo_engine() as url:

        async def odd(request: web.Request) -> web.StreamResponse:
            if request.path.endswith("/view"):
                return web.Response(body=large, content_type="image/png")
            async with g.http.request(
                request.method,
                url + request.raw_path,
                data=await request.read(),
                headers={k: v for k, v in request.headers.items() if k in KEPT_HEADERS},
            ) as got:
                posted[request.path] = got.status
                return web.Response(
                    body=await got.read(), status=got.status, content_type=got.content_type
                )

        heard = Heard()
        async with service(odd) as upstream, gateway(record=heard.record) as g:
            g.lab.is_ready("comfyui", upstream.url)
            ada = await Caller.make(g, "ada")
            image = await job_of(ada)
            status, data = await viewed(ada, image)
            assert (status, len(data)) == (200, len(large))
            assert heard.pictures == {}


KEPT_HEADERS = {"Authorization", "Content-Type"}


async def test_nobody_waits_for_what_begins_with_a_picture() -> None:
    started = asyncio.Event()
    begun: list[asyncio.Task[None]] = []

    async def for_ever() -> None:
        started.set()
        await asyncio.Event().wait()

    def take(generation_id: str, data: bytes, *, in_base64: bool = False) -> None:
        begun.append(asyncio.ensure_future(for_ever()))

    async with demo_engine() as url, gateway(record=Record(picture=take)) as g:
        g.lab.is_ready("demo", url)
        door = await g.doors.open_openai()
        order = {"prompt": "a fox", "model": "demo", "size": "64x64"}
        async with g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got:
            assert got.status == 200
        await asyncio.wait_for(started.wait(), 60)
    for one in begun:
        one.cancel()
    await asyncio.wait(begun)
