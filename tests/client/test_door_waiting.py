"""What the door's client does with answers that an engine gives only on a bad day."""

from __future__ import annotations

import asyncio
import base64
import io
import json

import pytest
from PIL import Image

from coursia_genai_lab.client import Access, AsyncDoor, Door, Picture, Waiting
from coursia_genai_lab.errors import (
    GenAIError,
    GenerationError,
    LabUnreachable,
    NotAllowed,
    ServiceError,
    ServiceNotReady,
)
from coursia_genai_lab.wire.images import GenerationRequest

REQUEST = GenerationRequest(prompt="a red fox")


def png() -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def starting(answer, retry_after: str | None = "3"):
    error = {
        "message": "FLUX is starting: pulling 40 %.",
        "type": "server_error",
        "code": "service_not_ready",
        "param": None,
        "remedy": "Wait a moment.",
    }
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return answer(503, {"error": error}, headers)


def door_to(server, **options) -> Door:
    return Door(Access(f"{server.url}/v1", "cgl_token"), pause=lambda _: None, **options)


def test_a_call_is_sent_again_while_its_service_starts_and_the_wait_is_told(server, answer):
    server.will_answer(
        starting(answer), starting(answer, "60"), answer(body={"data": [{"b64_json": png()}]})
    )
    with door_to(server) as door:
        heard = list(door.stream(REQUEST))
    assert heard[:2] == [
        Waiting("FLUX is starting: pulling 40 %.", 3.0),
        Waiting("FLUX is starting: pulling 40 %.", 15.0),
    ]
    assert isinstance(heard[2], Picture)
    assert len({asked.body for asked in server.asked}) == 1


def test_an_async_call_is_sent_again_too(server, answer):
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def ask() -> list[Picture]:
        access = Access(f"{server.url}/v1", "cgl_token")
        async with AsyncDoor(access, pause=pause) as door:
            return await door.generate(REQUEST)

    server.will_answer(starting(answer), answer(body={"data": [{"b64_json": png()}]}))
    assert len(asyncio.run(ask())) == 1
    assert pauses == [3.0]


def test_the_wait_is_bounded_and_ends_with_the_reason(server, answer):
    server.will_answer(starting(answer))
    with door_to(server, wait=0) as door, pytest.raises(ServiceNotReady) as caught:
        door.generate(REQUEST)
    assert caught.value.message == "FLUX is starting: pulling 40 %."
    assert caught.value.remedy == "Wait a moment."
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (503, "overloaded", ServiceError),
        (500, "server_error", GenerationError),
        (502, "bad_gateway", GenerationError),
        (429, "insufficient_quota", NotAllowed),
    ],
)
def test_a_call_that_might_be_paid_twice_is_never_sent_again(server, answer, status, code, kind):
    error = {"message": "No.", "type": "server_error", "code": code, "param": None}
    server.will_answer(answer(status, {"error": error}, {"Retry-After": "1"}))
    with door_to(server) as door, pytest.raises(kind) as caught:
        door.generate(REQUEST)
    assert caught.value.error_code == code
    assert len(server.asked) == 1


def test_a_start_without_a_time_to_ask_again_is_final(server, answer):
    server.will_answer(starting(answer, None))
    with door_to(server) as door, pytest.raises(ServiceNotReady):
        door.generate(REQUEST)
    assert len(server.asked) == 1


def test_a_refusal_by_moderation_says_that_asking_again_is_useless(server, answer):
    error = {
        "message": "Refused.",
        "type": "image_generation_user_error",
        "code": "moderation_blocked",
    }
    server.will_answer(answer(400, {"error": error}))
    with door_to(server) as door, pytest.raises(GenerationError) as caught:
        door.generate(REQUEST)
    assert "refused again" in caught.value.remedy


def test_a_server_that_repeats_the_token_does_not_put_it_into_the_error(server, answer):
    error = {"message": "cgl_token is not known.", "code": "token_refused", "remedy": "cgl_token"}
    server.will_answer(answer(401, {"error": error}))
    with door_to(server) as door, pytest.raises(GenAIError) as caught:
        door.models()
    assert "cgl_token" not in str(caught.value)


def stream(*events: dict[str, object] | str) -> bytes:
    lines = [e if isinstance(e, str) else f"data: {json.dumps(e)}\n" for e in events]
    return "\n".join([*lines, ""]).encode()


EVENT_STREAM = {"Content-Type": "text/event-stream"}


def test_an_error_in_the_middle_of_a_stream_is_raised(server, answer):
    body = stream({"type": "error", "error": {"message": "Out of memory.", "code": None}})
    server.will_answer(answer(200, body, EVENT_STREAM))
    with door_to(server) as door, pytest.raises(GenerationError, match=r"Out of memory\."):
        list(door.stream(REQUEST))


def test_a_stream_without_a_picture_is_a_failure(server, answer):
    server.will_answer(answer(200, stream({"type": "image_generation.progress"}), EVENT_STREAM))
    with door_to(server) as door, pytest.raises(GenerationError, match="ended before"):
        list(door.stream(REQUEST))


def test_comments_unknown_events_and_the_done_mark_are_passed_over(server, answer):
    body = stream(
        ": keep-alive\n",
        {"type": "image_generation.text_chunk"},
        {"type": "image_generation.completed", "b64_json": png()},
        "data: [DONE]\n",
    )
    server.will_answer(answer(200, body, EVENT_STREAM))
    with door_to(server) as door:
        heard = list(door.stream(REQUEST))
    assert [type(event) for event in heard] == [Picture]


def test_an_event_that_is_no_json_is_told(server, answer):
    server.will_answer(answer(200, stream("data: {half\n"), EVENT_STREAM))
    with door_to(server) as door, pytest.raises(LabUnreachable, match="cannot be read"):
        list(door.stream(REQUEST))


@pytest.mark.parametrize("text", ["", "string", "PHN2Zz48L3N2Zz4="])
def test_what_is_no_picture_is_never_handed_on(server, answer, text):
    server.will_answer(answer(body={"data": [{"b64_json": text}]}))
    with door_to(server) as door, pytest.raises(GenerationError):
        door.generate(REQUEST)


def test_a_redirect_is_not_followed(server, answer):
    server.will_answer(answer(302, b"", {"Location": f"{server.url}/elsewhere"}))
    with door_to(server) as door, pytest.raises(NotAllowed, match="302"):
        door.models()
    assert len(server.asked) == 1
