"""What the Lab tells beside pictures: places in line, provenance, jobs, usage."""

from __future__ import annotations

import asyncio
import base64
import io
import json

import pytest
from PIL import Image

from coursia_genai_lab.client import Access, AsyncDoor, Door, Picture, Waiting
from coursia_genai_lab.errors import (
    ConsentMissing,
    LabUnreachable,
    NotAllowed,
    PriceUnknown,
    QuotaExceeded,
)
from coursia_genai_lab.wire.images import GenerationRequest

REQUEST = GenerationRequest(prompt="a red fox")
EVENT_STREAM = {"Content-Type": "text/event-stream"}
FACTS = {
    "id": "0b0e4f0e-0000-4000-8000-000000000000",
    "made_at": "2026-11-21T10:00:00Z",
    "software": "coursia-genai-lab 1.0",
    "engine": "comfyui",
    "service": "flux",
    "mode": "auto",
    "model": "flux-1-dev",
    "prompt": "a red fox",
    "width": 8,
    "height": 8,
}
JOB = {
    "id": "j1",
    "service": "flux",
    "kind": "openai",
    "state": "waiting",
    "position": 2,
    "seconds": 12.5,
    "since": 1.0,
    "mine": True,
    "label": "fox.ipynb",
}


def png() -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def access(server) -> Access:
    return Access(f"{server.url}/v1", "cgl_token")


def stream(*events: dict[str, object]) -> bytes:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()


def completed(**more: object) -> dict[str, object]:
    return {"type": "image_generation.completed", "b64_json": png(), **more}


def test_a_place_in_line_is_an_event_of_its_own(server, answer):
    place = {"type": "image_generation.progress", "phase": "waiting in line", "image_index": 1}
    body = stream(
        {**place, "position": 3, "seconds": 12.5},
        {**place, "position": 1, "seconds": None},
        completed(),
    )
    server.will_answer(answer(200, body, EVENT_STREAM))
    with Door(access(server)) as door:
        heard = list(door.stream(REQUEST))
    assert heard[:2] == [
        Waiting("waiting in line", 12.5, position=3, index=1),
        Waiting("waiting in line", None, position=1, index=1),
    ]


def test_provenance_comes_with_the_picture_in_both_kinds_of_answers(server, answer):
    server.will_answer(
        answer(200, stream(completed(provenance=FACTS)), EVENT_STREAM),
        answer(body={"data": [{"b64_json": png(), "provenance": FACTS}]}),
    )
    with Door(access(server)) as door:
        [streamed] = [event for event in door.stream(REQUEST) if isinstance(event, Picture)]
        [whole] = door.generate(REQUEST)
    for picture in (streamed, whole):
        assert picture.provenance is not None
        assert (picture.provenance.service, picture.provenance.model) == ("flux", "flux-1-dev")


@pytest.mark.parametrize(
    ("told", "known"),
    [({**FACTS, "of_a_newer_lab": 1}, True), ({"id": "x"}, False), ("text", False), (None, False)],
)
def test_a_picture_is_never_lost_for_its_provenance(server, answer, told, known):
    server.will_answer(answer(body={"data": [{"b64_json": png(), "provenance": told}]}))
    with Door(access(server)) as door:
        [picture] = door.generate(REQUEST)
    assert (picture.provenance is not None) is known


def test_my_jobs_are_listed(server, answer):
    server.will_answer(answer(body={"jobs": [JOB]}), answer(body={"jobs": [JOB]}))
    with Door(access(server)) as door:
        [job] = door.queue()
    assert (job.id, job.position, job.seconds) == ("j1", 2, 12.5)

    async def ask():
        async with AsyncDoor(access(server)) as door:
            return await door.queue()

    assert asyncio.run(ask()) == [job]
    assert {asked.path for asked in server.asked} == {"/v1/coursia/queue"}


def test_a_job_of_mine_is_cancelled_by_its_id(server, answer):
    server.will_answer(answer(body={"jobs": []}), answer(body={"jobs": []}))
    with Door(access(server)) as door:
        assert door.cancel("j/1") == []

    async def ask():
        async with AsyncDoor(access(server)) as door:
            return await door.cancel("j/1")

    assert asyncio.run(ask()) == []
    asked = {(one.method, one.path) for one in server.asked}
    assert asked == {("DELETE", "/v1/coursia/queue/j%2F1")}


def test_my_usage_is_told(server, answer):
    used = {"since": 1.0, "pictures": 3, "seconds": 9.5, "services": []}
    server.will_answer(answer(body=used), answer(body=used))
    with Door(access(server)) as door:
        told = door.usage()
    assert (told.pictures, told.seconds) == (3, 9.5)

    async def ask():
        async with AsyncDoor(access(server)) as door:
            return await door.usage()

    assert asyncio.run(ask()) == told


def test_an_answer_of_another_shape_is_told_apart(server, answer):
    server.will_answer(answer(body={"jobs": [{}]}), answer(body=[]))
    with Door(access(server)) as door:
        for ask in (door.queue, door.usage):
            with pytest.raises(LabUnreachable):
                ask()


def test_a_model_tells_where_it_is_drawn_and_what_it_costs(server, answer):
    told = {"id": "gpt-image-2", "cloud": True, "price_cents": 4.2, "edits": True}
    server.will_answer(answer(body={"data": [told, {"id": "demo"}]}))
    with Door(access(server)) as door:
        paid, free = door.models()
    assert (paid.cloud, paid.price_cents, paid.edits) == (True, 4.2, True)
    assert (free.cloud, free.price_cents, free.edits) == (False, None, None)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "cloud_consent_needed", ConsentMissing),
        (503, "upload_consent_needed", ConsentMissing),
        (429, "quota_exceeded", QuotaExceeded),
        (403, "price_unknown", PriceUnknown),
        (403, "model_not_allowed", NotAllowed),
    ],
)
def test_what_keeps_a_cloud_from_being_asked_is_an_error_of_its_own(
    server, answer, status, code, kind
):
    told = {"code": code, "message": "It was not asked. Press Allow.", "remedy": "Press Allow."}
    server.will_answer(answer(status, {"error": told}))
    with Door(access(server)) as door, pytest.raises(kind) as refused:
        door.generate(REQUEST)
    assert refused.value.error_code == code
    assert (refused.value.message, refused.value.remedy) == ("It was not asked.", "Press Allow.")
