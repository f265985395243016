"""The OpenAI API below Jupyter's own address: who may call, what is passed on, what is not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse
from waiting import until

from coursia_genai_lab.handlers.openai import OpenAIHandler
from coursia_genai_lab.launch.person import unix_user
from coursia_genai_lab.wire.policy import ModeChange
from coursia_genai_lab.wire.tokens import TokenRequest

Fetch = Callable[..., Any]
ROOT = ("coursia-genai", "openai", "v1")


@pytest.fixture
def lab_traits() -> dict[str, Any]:
    """The demo engine as a real process."""
    return {"runtime": "process", "mode": "demo", "demo_seconds_per_step": 0.0}


@pytest.fixture
def ask(jp_fetch: Fetch, app: Any) -> Callable[..., Any]:
    """Fetch below openai/v1/ and return the response, refusals included."""

    async def call(method: str, *path: str, body: Any = None, **options: Any) -> HTTPResponse:
        text = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        response: HTTPResponse | None
        try:
            response = await jp_fetch(
                *ROOT, *path, method=method, body=text, headers=headers, request_timeout=120
            )
        except HTTPClientError as error:
            response = error.response
        assert response is not None
        return response

    return call


async def test_pictures_are_made_for_whom_jupyter_knows(ask: Any) -> None:
    wish = {"prompt": "a red fox", "size": "64x64", "model": "demo"}
    answer = await ask("POST", "images", "generations", body=wish)
    assert answer.code == 200, answer.body
    assert json.loads(answer.body)["data"][0]["b64_json"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_door_knows_the_person_and_no_kernel(ask: Any) -> None:
    answer = await ask("GET", "coursia", "status")
    told = json.loads(answer.body)
    assert (told["person"], told["kernel_id"]) == (unix_user(), None)


async def test_a_kernels_token_opens_nothing_here(ask: Any, app: Any) -> None:
    given = await app.parts.job_tokens.give(TokenRequest(), unix_user())
    token = given.variables["GENAI_API_TOKEN"]
    answer = await ask("GET", "models", headers={"Authorization": f"Bearer {token}"})
    assert answer.code == 403


async def test_refusals_are_worded_as_the_openai_api_words_them(ask: Any) -> None:
    wrong = await ask("POST", "images", "generations", body={"prompt": ""})
    assert wrong.code == 400
    assert json.loads(wrong.body)["error"]["type"] == "invalid_request_error"
    stranger = await ask("GET", "models", headers={"Authorization": "token wrong"})
    assert stranger.code == 403
    assert json.loads(stranger.body)["error"]["code"] == "http_403"


async def test_a_page_of_another_origin_is_refused(ask: Any) -> None:
    # Without a token in its header a browser would be known by its cookie alone.
    origin = {"Origin": "https://evil.example", "Authorization": ""}
    answer = await ask("GET", "models", headers=origin)
    assert answer.code in (403, 404)


async def test_an_upload_that_breaks_off_is_forgotten(
    ask: Any, jp_http_port: int, jp_base_url: str, jp_auth_header: dict[str, str]
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", jp_http_port)
    head = (
        f"POST {jp_base_url}coursia-genai/openai/v1/images/edits HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {jp_auth_header['Authorization']}\r\nContent-Length: 1000000\r\n\r\n"
    )
    writer.write(head.encode() + bytes(1000))
    await writer.drain()
    await until(lambda: OpenAIHandler.in_memory == 1000)
    writer.close()
    await until(lambda: OpenAIHandler.in_memory == 0)


async def test_mode_off_closes_it(ask: Any, app: Any) -> None:
    app.parts.lab.policy.change(ModeChange(value="off"), by="a test")
    answer = await ask("GET", "models")
    assert answer.code == 403
    assert json.loads(answer.body)["error"]["code"] == "mode_off"


async def test_paths_cannot_leave_the_door(ask: Any) -> None:
    for path in ("..%2f..%2fsdapi", "%2e%2e/%2e%2e/queue", "images/../../x"):
        answer = await ask("GET", *path.split("/"))
        assert answer.code in (400, 403, 404), path
