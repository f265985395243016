"""What goes from Jupyter to the OpenAI door, and in whose name."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web
from door_harness import echo, gateway, service

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.errors import GenAIError, ServiceDied, TokenRefused
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.jupyter_road import JupyterRoad, Passage
from coursia_genai_lab.gateway.person_tokens import IDLE_SECONDS, PersonTokens
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.leases import Leases

SENT = {
    "Accept": "text/event-stream",
    "Authorization": "token of-jupyter",
    "Content-Type": "application/json",
    "Cookie": "session=secret",
    "Origin": "http://127.0.0.1:8888",
    "X-Forwarded-For": "10.0.0.1",
    "X-XSRFToken": "secret",
}


class Time:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class DoorsAt:
    """Doors that are a server of the test's own."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def open_openai(self) -> str:
        """Return its address."""
        return f"{self._url}/v1"


@dataclass
class Road:
    """A road and what it stands on."""

    road: JupyterRoad
    tokens: Tokens
    leases: Leases


@asynccontextmanager
async def road_to(doors: Any, clock: Time | None = None) -> AsyncIterator[Road]:
    leases = Leases(**({} if clock is None else {"clock": clock}))
    tokens = Tokens(leases)
    road = JupyterRoad(doors, PersonTokens(leases, tokens, load_catalog()))
    try:
        yield Road(road, tokens, leases)
    finally:
        await road.close()


def passage(person: str = "ada", target: str = "/v1/x?a=b%20c", body: bytes = b"{}") -> Passage:
    return Passage(person, "POST", target, SENT, body)


async def told(road: JupyterRoad, asked: Passage) -> dict[str, Any]:
    async with road.sent(asked) as answer:
        assert answer.status == 200
        text = b"".join([piece async for piece in answer.pieces])
    found: dict[str, Any] = json.loads(text)
    return found


async def test_only_what_concerns_the_door_is_passed_on() -> None:
    async with service(echo) as upstream, road_to(DoorsAt(upstream.url)) as built:
        seen = await told(built.road, passage())
    assert (seen["method"], seen["target"], seen["body"]) == ("POST", "/v1/x?a=b%20c", "{}")
    headers = seen["headers"]
    assert headers.pop("authorization").startswith("Bearer cgl_")
    assert headers.pop("host").startswith("127.0.0.1:")
    assert headers == {
        "accept": "text/event-stream",
        "content-type": "application/json",
        "content-length": "2",
    }


async def test_the_price_that_the_door_tells_comes_back_and_no_cookie() -> None:
    async def priced(request: web.Request) -> web.Response:
        return web.json_response(
            {}, headers={"X-CoursIA-Cost-Cents": "0.0021", "Set-Cookie": "session=theirs"}
        )

    async with (
        service(priced) as upstream,
        road_to(DoorsAt(upstream.url)) as built,
        built.road.sent(passage()) as answer,
    ):
        assert answer.headers["X-CoursIA-Cost-Cents"] == "0.0021"
        assert "Set-Cookie" not in answer.headers


async def test_a_person_has_one_token_and_another_person_another() -> None:
    async with service(echo) as upstream, road_to(DoorsAt(upstream.url)) as built:
        first, again, other = [
            (await told(built.road, passage(person)))["headers"]["authorization"]
            for person in ("ada", "ada", "bob")
        ]
        assert first == again != other
        grants = [built.tokens.check(text.removeprefix("Bearer ")) for text in (first, other)]
        assert [grant.person for grant in grants] == ["ada", "bob"]
        assert built.leases.standing()[0].services == ()


async def test_a_token_ends_some_time_after_its_last_call_and_never_during_one() -> None:
    clock = Time()
    async with (
        service(echo) as upstream,
        road_to(DoorsAt(upstream.url), clock) as built,
    ):
        async with built.road.sent(passage()) as answer:
            clock.now += 10 * IDLE_SECONDS
            text = b"".join([piece async for piece in answer.pieces])
            token = json.loads(text)["headers"]["authorization"].removeprefix("Bearer ")
            assert built.tokens.check(token).person == "ada"
        clock.now += IDLE_SECONDS / 2
        assert built.tokens.check(token).person == "ada"
        clock.now += IDLE_SECONDS
        with pytest.raises(TokenRefused):
            built.tokens.check(token)
        fresh = (await told(built.road, passage()))["headers"]["authorization"]
        assert fresh != f"Bearer {token}"


async def test_a_door_that_is_gone_is_an_error_of_ours() -> None:
    async with service(echo) as upstream:
        url = upstream.url
    async with road_to(DoorsAt(url)) as built:
        with pytest.raises(ServiceDied) as caught:
            await told(built.road, passage())
    assert "cgl_" not in str(caught.value)


async def test_the_real_doors_open_for_it_and_closed_ones_do_not() -> None:
    async with gateway() as built:
        road = JupyterRoad(
            built.doors, PersonTokens(built.lab.leases, built.tokens, built.lab.catalog)
        )
        try:
            models = Passage("ada", "GET", "/v1/models", {})
            assert "demo" in {model["id"] for model in (await told(road, models))["data"]}
            closed: Doors = built.doors
            await closed.close()
            with pytest.raises(GenAIError):
                await told(road, models)
        finally:
            await road.close()
