"""Facts in pictures of the OpenAI door, and what the record hears of each job."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from door_harness import BOUND, Gateway, demo_engine, gateway, service, soon
from openai import AsyncOpenAI
from PIL import Image

from coursia_genai_lab.gateway.queue import Ticket
from coursia_genai_lab.gateway.record import Record
from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.provenance import read
from coursia_genai_lab.wire.provenance import Provenance
from coursia_genai_lab.wire.usage import UsageView

SIZE: Any = "128x128"


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[tuple[Gateway, str, list[Generation]]]:
    """Run the door before a demo engine that is a ComfyUI, too; give what the record hears."""
    noted: list[Generation] = []
    async with demo_engine(**settings) as url, gateway(record=Record(note=noted.append)) as g:
        g.lab.is_ready("demo", url)
        g.lab.is_ready("comfyui", url)
        g.lab.is_ready("forge-turbo", url, scheme="basic")
        yield g, await g.doors.open_openai(), noted


async def ask(g: Gateway, door: str, **order: Any) -> dict[str, Any]:
    order = {"prompt": "a red fox", "size": SIZE, **order}
    async with g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got:
        answer: dict[str, Any] = await got.json()
        return answer


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("model", ["flux-1-dev", "sdxl-turbo", "demo"])
async def test_file_answer_and_record_tell_the_same_facts(model: str, kind: str) -> None:
    async with opened() as (g, door, noted):
        order = {"model": model, "seed": 41, "steps": 3, "n": 2, "output_format": kind}
        answer = await ask(g, door, **order)
        files = [base64.b64decode(item["b64_json"]) for item in answer["data"]]
        said = [Provenance.model_validate(item["provenance"]) for item in answer["data"]]
    assert [read(data) for data in files] == said
    assert [Image.open(io.BytesIO(data)).format for data in files] == [kind.upper()] * 2
    # The second may be encoded before the first is.
    noted.sort(key=lambda one: (one.facts and one.facts.seed) or 0)
    assert [one.facts for one in noted] == said
    assert [one.id for one in noted] == [one.id for one in said]
    assert [one.sha256 for one in noted] == [hashlib.sha256(data).hexdigest() for data in files]
    assert len({one.id for one in said}) == 2
    assert [(one.seed, one.steps) for one in said] == [(41, 3), (42, 3)]
    assert {(one.prompt, one.model, one.width, one.height) for one in said} == {
        ("a red fox", model, 128, 128)
    }
    assert [one.outcome for one in noted] == ["done", "done"]
    assert {(one.person, one.kind, one.pictures) for one in noted} == {("ada", "openai", 1)}
    assert all(one.seconds > 0 for one in noted)


async def test_facts_say_who_really_made_a_picture_and_how() -> None:
    async with opened() as (g, door, _):
        made = (await ask(g, door, model="flux-1-dev"))["data"][0]["provenance"]
        assert (made["engine"], made["service"], made["asked_service"]) == (
            "comfyui",
            "comfyui",
            None,
        )
        assert made["workflow"] == "flux-1-dev"
        assert re.fullmatch(r"sha256:[0-9a-f]{64}", made["workflow_hash"])
        assert made["model_files"]
        assert (made["demo"], made["mode"]) == (False, "auto")
        g.lab.stand_in_for = {"comfyui"}
        made = (await ask(g, door, model="flux-1-dev"))["data"][0]["provenance"]
        assert (made["engine"], made["service"], made["asked_service"]) == (
            "openai_images",
            "demo",
            "comfyui",
        )
        assert made["demo"]


async def test_inputs_are_told_by_the_hash_of_the_files_that_were_sent() -> None:
    photo, mask = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(photo, "JPEG")
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(mask, "PNG")
    sent = [photo.getvalue(), mask.getvalue()]
    async with opened() as (g, door, _):
        key = g.token()
        async with AsyncOpenAI(base_url=door, api_key=key, max_retries=0) as client:
            answer = await client.images.edit(
                image=("a.jpg", sent[0]), mask=("m.png", sent[1]), model="demo", prompt="a fox"
            )
    assert answer.data is not None
    told = answer.data[0].model_dump()["provenance"]["inputs"]
    assert told == [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in sent]


async def test_the_sdk_gets_the_facts_of_streams_and_of_edits() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (128, 128), "red").save(out, "PNG")
    async with (
        opened() as (g, door, noted),
        AsyncOpenAI(base_url=door, api_key=g.token(), max_retries=0, timeout=BOUND) as client,
    ):
        stream = await client.images.generate(model="demo", prompt="a fox", size=SIZE, stream=True)
        (event,) = [event async for event in stream]
        assert (event.model_extra or {})["provenance"]["id"] == noted[0].id
        answer = await client.images.edit(
            image=("a.png", out.getvalue()),
            mask=("m.png", out.getvalue()),
            prompt="a lake",
            model="flux-1-dev",
        )
        assert answer.data is not None
        inputs = (answer.data[0].model_extra or {})["provenance"]["inputs"]
    assert len(inputs) == 2
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in inputs)


async def test_the_hash_of_the_model_and_the_image_of_the_engine_are_among_the_facts() -> None:
    async def hashed(endpoint: Any, name: str) -> str:
        return f"sha256:{endpoint.backend}:{name}"

    async with demo_engine() as url, gateway(record=Record(model_hash=hashed)) as g:
        g.lab.is_ready("comfyui", url)
        made = await ask(g, await g.doors.open_openai(), model="flux-1-dev")
    facts = made["data"][0]["provenance"]
    assert facts["model_hash"] == f"sha256:comfyui:{facts['model_files'][0]}"


async def test_what_failed_is_recorded_as_failed_and_not_as_made() -> None:
    async with opened(fail_at_step=2) as (g, door, noted):
        answer = await ask(g, door, model="flux-1-dev", n=3, steps=4)
        await soon(lambda: len(noted) == 3)
    assert answer["error"]["code"] == "engine_failed"
    failed = [one for one in noted if one.outcome == "failed"]
    assert [(one.code, one.pictures, one.facts) for one in failed] == [("engine_failed", 0, None)]
    assert [one.outcome for one in noted].count("cancelled") == 2


async def test_something_that_is_no_picture_is_recorded_as_failed() -> None:
    async def lies(request: web.Request) -> web.StreamResponse:
        title = {"title": "sd_xl_turbo_1.0_fp16"}
        listed = request.path.endswith("sd-models")
        return web.json_response([title] if listed else {"images": ["AAAA"]})

    noted: list[Generation] = []
    async with service(lies) as upstream, gateway(record=Record(note=noted.append)) as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        answer = await ask(g, await g.doors.open_openai(), model="sdxl-turbo")
        await soon(lambda: len(noted) == 1)
    assert answer["error"]["code"] == "no_picture"
    assert [(one.outcome, one.code, one.pictures) for one in noted] == [("failed", "no_picture", 0)]


@pytest.mark.parametrize("at_work", [True, False])
async def test_what_was_cancelled_is_recorded_as_cancelled(at_work: bool) -> None:
    async with opened(seconds_per_step=30.0) as (g, door, noted):
        busy = None if at_work else g.doors.queue.join("demo", "zoe", holder="z")
        call = asyncio.create_task(ask(g, door, model="demo"))

        def mine() -> list[Ticket]:
            return [one for one in g.doors.queue.tickets() if one.person == "ada"]

        await soon(lambda: [one.began is not None for one in mine()] == [at_work])
        job = mine()[0].id
        call.cancel()
        await soon(lambda: len(noted) == 1)
        assert [(one.id, one.outcome, one.pictures) for one in noted] == [(job, "cancelled", 0)]
        if busy is not None:
            busy.leave()


async def test_a_job_that_the_lab_ends_for_its_silence_is_recorded_as_failed() -> None:
    async with opened(seconds_per_step=30.0) as (g, door, noted):
        call = asyncio.create_task(ask(g, door, model="demo"))
        await soon(lambda: any(one.began is not None for one in g.doors.queue.tickets()))
        (lease,) = [one for one in g.lab.leases.standing() if one.kind == "job"]
        await lease.remedies[0]()
        answer = await asyncio.wait_for(call, BOUND)
        assert answer["error"]["code"] == "no_progress"
        assert [(one.outcome, one.code) for one in noted] == [("failed", "no_progress")]


async def test_refused_calls_leave_no_trace_in_the_record() -> None:
    async with opened() as (g, door, noted):
        assert "error" in await ask(g, door, model="flux-1-dev", size="1000x1000")
        assert "error" in await ask(g, door, model="nothing-of-this-name")
        assert noted == []


async def test_the_door_tells_what_its_caller_has_used() -> None:
    asked: list[str] = []

    async def usage(person: str, since: float) -> UsageView:
        asked.append(person)
        return UsageView(since=since, pictures=3, seconds=4.5, services=[])

    async with gateway(record=Record(usage=usage)) as g:
        door = await g.doors.open_openai()
        async with g.http.get(f"{door}/coursia/usage", headers=g.bearer(person="ben")) as got:
            told = await got.json()
    assert asked == ["ben"]
    assert (told["pictures"], told["seconds"]) == (3, 4.5)
