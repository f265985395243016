"""GET usage/thumbnails and usage/thumbnails/{id}: one's own, whatever the role."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hub_login import HubLogin
from small_pictures import picture, size_of
from stamped_pictures import facts
from tornado.httpclient import HTTPClientError, HTTPResponse

from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.wire.usage import ThumbnailList

Ask = Callable[..., Any]


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    config = jp_server_config
    config["ServerApp"]["identity_provider_class"] = HubLogin
    return config


@pytest.fixture
def ask(jp_fetch: Callable[..., Any], app: Any) -> Ask:
    """Ask below api/v1/ as somebody; return the whole answer."""

    async def call(name: str, path: str, method: str = "GET", **query: str) -> HTTPResponse:
        headers = {"Authorization": f"token {name}"}
        try:
            answer: HTTPResponse = await jp_fetch(
                "coursia-genai",
                "api",
                "v1",
                *path.split("/"),
                method=method,
                params=query,
                headers=headers,
            )
        except HTTPClientError as error:
            if error.response is None:
                raise
            return error.response
        return answer

    return call


async def had(app: Any, person: str, one: str) -> None:
    """Let a person have something made, and wait until its thumbnail is kept."""
    memory = app.parts.memory
    known: dict[str, Any] = {"kind": "openai", "service": "demo", "model": "demo"}
    memory.generations.note(Generation(id=one, person=person, facts=facts(), **known))
    assert await memory.store.settled(60)
    memory.thumbnails.take(one, picture())
    for _ in range(6000):
        if await memory.thumbnails.of(person, one) is not None:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it was never kept")


async def ids(ask: Ask, name: str) -> list[str]:
    answer = await ask(name, "usage/thumbnails")
    assert answer.code == 200
    told = ThumbnailList.model_validate_json(answer.body)
    assert told.kept
    return told.ids


async def test_it_is_shown_to_who_had_it_made(app: Any, ask: Ask) -> None:
    await had(app, "bob", "of-bob")
    assert await ids(ask, "bob") == ["of-bob"]
    answer = await ask("bob", "usage/thumbnails/of-bob")
    assert (answer.code, size_of(answer.body)) == (200, (96, 60))
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["Cache-Control"].startswith("private, max-age=")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["cyd", "tea", "ann"])
async def test_for_everybody_else_it_is_as_if_it_were_not_there(
    app: Any, ask: Ask, name: str
) -> None:
    await had(app, "bob", "of-bob")
    foreign = await ask(name, "usage/thumbnails/of-bob")
    missing = await ask(name, "usage/thumbnails/no-such")
    assert foreign.code == missing.code == 404
    assert foreign.body == missing.body
    assert json.loads(foreign.body)["error"]["code"] == "generation_unknown"
    assert await ids(ask, name) == []
    # Not by asking in another's name either.
    assert (await ask(name, "usage/thumbnails/of-bob", person="bob")).code == 404
    told = ThumbnailList.model_validate_json(
        (await ask(name, "usage/thumbnails", person="bob")).body
    )
    assert told.ids == []


async def test_it_goes_with_the_history_and_stands_in_no_export(app: Any, ask: Ask) -> None:
    await had(app, "bob", "of-bob")
    await had(app, "cyd", "of-cyd")
    for form in ("csv", "json"):
        export = await ask("bob", "usage/export", format=form)
        assert b"of-bob" in export.body
        assert b"thumbnail" not in export.body.lower()
        assert b"webp" not in export.body.lower()
    erased = await ask("bob", "usage", method="DELETE")
    assert json.loads(erased.body)["thumbnails"] == 1
    assert (await ask("bob", "usage/thumbnails/of-bob")).code == 404
    assert await ids(ask, "bob") == []
    assert await ids(ask, "cyd") == ["of-cyd"]


async def test_an_admin_erases_a_students_without_seeing_them(app: Any, ask: Ask) -> None:
    await had(app, "bob", "of-bob")
    erased = await ask("ann", "usage", method="DELETE", person="bob")
    assert json.loads(erased.body)["thumbnails"] == 1
    assert await ids(ask, "bob") == []


class TestSwitchedOff:
    @pytest.fixture
    def lab_traits(self) -> dict[str, Any]:
        return {"runtime": "fake", "thumbnails": False}

    async def test_that_is_told_and_there_are_none(self, ask: Ask) -> None:
        answer = await ask("bob", "usage/thumbnails")
        told = ThumbnailList.model_validate_json(answer.body)
        assert (told.kept, told.ids) == (False, [])
        assert (await ask("bob", "usage/thumbnails/any")).code == 404
