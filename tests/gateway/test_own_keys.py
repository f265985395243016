"""A provider's key of one's own: taken where that is allowed, counted nowhere, told to nobody."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from aiohttp import FormData, web
from door_harness import BOUND
from openai import AsyncOpenAI, AuthenticationError, PermissionDeniedError
from text_provider import TextLab, text_lab

MINE = "sk-" + "mine-" * 8
HELLO: list[Any] = [{"role": "user", "content": "hello"}]


def asking(lab: TextLab, key: str = MINE) -> AsyncOpenAI:
    return AsyncOpenAI(base_url=lab.door, api_key=key, max_retries=0, timeout=BOUND)


async def test_a_key_of_ones_own_is_refused_by_default_and_says_who_may_allow_it() -> None:
    async with text_lab() as lab, asking(lab) as client:
        with pytest.raises(AuthenticationError) as refused:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert refused.value.code == "token_refused"
        assert "teacher" in str(refused.value)
        assert MINE not in str(refused.value)
        assert not lab.provider.bodies


async def test_where_it_is_allowed_it_goes_to_its_provider_off_the_ledger() -> None:
    async with text_lab(models=(), allow_own_keys=True) as lab, asking(lab) as client:
        told = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, metadata={"kept": "mine"}
        )
        assert told.choices[0].message.content == "a red fox"
        await client.chat.completions.create(model="openrouter/acme/talker", messages=HELLO)
        stream = await client.chat.completions.create(
            model="gpt-4o-mini", messages=HELLO, stream=True
        )
        assert len([one async for one in stream]) == 3
        assert (await client.models.list()).data
        assert [one["authorization"] for one in lab.provider.headers] == [f"Bearer {MINE}"] * 3
        assert [body["model"] for body in lab.provider.bodies] == [
            *("gpt-4o-mini", "acme/talker", "gpt-4o-mini")
        ]
        assert lab.provider.bodies[0]["metadata"] == {"kept": "mine"}
        assert not lab.charges.kept


async def test_pictures_go_the_same_way_as_forms_too() -> None:
    async with text_lab(allow_own_keys=True) as lab:
        headers = {"Authorization": f"Bearer {MINE}"}
        form = FormData()
        form.add_field("model", "gpt-image-2")
        form.add_field("image", b"picture", filename="a.png", content_type="image/png")
        http = lab.gateway.http
        async with http.post(f"{lab.door}/images/edits", data=form, headers=headers) as got:
            assert got.status == 200
        order = {"model": "gpt-image-2", "prompt": "a fox"}
        async with http.post(f"{lab.door}/images/generations", json=order, headers=headers) as got:
            assert got.status == 200
        assert lab.provider.paths == ["/v1/images/edits", "/v1/images/generations"]
        assert not lab.charges.kept


@pytest.mark.parametrize("mode", ["local", "demo", "off"])
async def test_the_mode_holds_for_keys_of_ones_own_too(mode: Any) -> None:
    async with text_lab(allow_own_keys=True, mode=mode) as lab, asking(lab) as client:
        with pytest.raises(PermissionDeniedError) as refused:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert refused.value.code == f"mode_{mode}"
        assert not lab.provider.bodies


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/coursia/status"),
        ("GET", "/coursia/usage"),
        ("POST", "/files"),
        ("DELETE", "/models/x"),
        ("POST", "/chat/completions/../../admin"),
    ],
)
async def test_it_opens_nothing_of_the_lab_and_no_other_address(method: str, path: str) -> None:
    async with text_lab(allow_own_keys=True) as lab:
        headers = {"Authorization": f"Bearer {MINE}"}
        async with lab.gateway.http.request(method, lab.door + path, headers=headers) as got:
            assert got.status in (403, 404)
        assert not lab.provider.paths


async def test_what_looks_like_no_key_is_a_bad_token_as_ever() -> None:
    async with text_lab(allow_own_keys=True) as lab:
        for text in ("cgl_" + "x" * 43, "sk-short", "hunter2", "sk-" + "x" * 500):
            async with asking(lab, text) as client:
                with pytest.raises(AuthenticationError):
                    await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert not lab.provider.bodies


async def test_another_origin_cannot_use_it() -> None:
    async with text_lab(allow_own_keys=True) as lab:
        headers = {"Authorization": f"Bearer {MINE}", "Origin": "http://evil.invalid"}
        status, told = await lab.post("/chat/completions", {"model": "gpt-4o-mini"}, **headers)
        assert (status, told["error"]["code"]) == (403, "foreign_origin")
        assert not lab.provider.bodies


async def test_no_error_and_no_log_tells_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def refuse(request: web.Request, body: dict[str, Any]) -> web.StreamResponse | None:
        said = f"Incorrect API key provided: {MINE}."
        return web.json_response(
            {"error": {"message": said, "code": "invalid_api_key"}}, status=401
        )

    async with text_lab(allow_own_keys=True) as lab, asking(lab) as client:
        lab.provider.deed = refuse
        with pytest.raises(AuthenticationError) as refused:
            await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
        assert refused.value.code == "invalid_api_key"
        assert MINE not in str(refused.value)
    assert MINE not in caplog.text
