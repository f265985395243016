"""Tokens for work outside a kernel: what they open, for how long, and for whom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

Api = Callable[..., Any]


async def given(api: Api, **wish: Any) -> dict[str, Any]:
    status, answer = await api("POST", "tokens", body=wish)
    assert status == 201, answer
    return dict(answer)


async def models(variables: dict[str, str]) -> int:
    """Ask the OpenAI door with the token; return the status."""
    headers = {"Authorization": f"Bearer {variables['GENAI_API_TOKEN']}"}
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        answer = await http.get(f"{variables['GENAI_API_URL']}/models", headers=headers)
    return answer.status_code


async def test_a_token_opens_the_door_and_its_variables_are_those_of_a_kernel(api: Api) -> None:
    told = await given(api, label="train.py", services=["forge-turbo", "openai"])
    variables = told["variables"]
    assert {"GENAI_API_URL", "GENAI_API_TOKEN", "GENAI_MODE", "FORGE_API_URL", "FORGE_USER"} <= set(
        variables
    )
    assert variables["FORGE_PASSWORD"] == variables["GENAI_API_TOKEN"]
    assert variables["GENAI_SERVICES"] == "forge-turbo,openai"
    assert not {"NO_PROXY", "no_proxy"} & set(variables)
    assert await models(variables) == 200


async def test_it_is_shown_among_the_launches_and_keeps_its_services(api: Api) -> None:
    await given(api, label="train.py", services=["forge-turbo"])
    _, status = await api("GET", "status")
    [launch] = status["launches"]
    assert (launch["path"], launch["state"]) == ("train.py", "live")
    [forge] = [one for one in status["services"] if one["name"] == "forge-turbo"]
    assert [(holder["label"], holder["active"]) for holder in forge["holders"]] == [
        ("train.py", True)
    ]


async def test_ending_it_ends_token_and_claims(api: Api) -> None:
    told = await given(api, services=["forge-turbo"])
    status, _ = await api("DELETE", "tokens", told["id"])
    assert status == 200
    assert await models(told["variables"]) == 401
    _, snapshot = await api("GET", "status")
    assert snapshot["launches"] == []
    assert [one for one in snapshot["services"] if one["holders"]] == []
    status, answer = await api("DELETE", "tokens", told["id"])
    assert (status, answer["error"]["code"]) == (404, "not_found")


async def test_one_that_nobody_renews_ends_by_itself(api: Api) -> None:
    told = await given(api, lifetime_seconds=10, services=["forge-turbo"])
    ends = time.monotonic() + 120
    revision = 0
    while True:
        _, snapshot = await api("GET", "status", since=str(revision), wait="5")
        revision = snapshot["revision"]
        if not any(one["holders"] for one in snapshot["services"]):
            break
        assert time.monotonic() < ends
    assert time.time() >= told["expires_at"] - 1
    assert await models(told["variables"]) == 401
    status, _ = await api("POST", "tokens", told["id"], "renew", body={})
    assert status == 404


async def test_renewing_begins_its_time_anew(api: Api) -> None:
    told = await given(api, lifetime_seconds=60)
    wish = {"lifetime_seconds": 600}
    status, renewed = await api("POST", "tokens", told["id"], "renew", body=wish)
    assert status == 200
    assert renewed["id"] == told["id"]
    assert renewed["expires_at"] - told["expires_at"] > 500


async def test_nothing_is_given_of_what_the_program_has_set(api: Api) -> None:
    told = await given(api, services=["openai"], taken={"OPENAI_API_KEY": ""})
    assert not {"OPENAI_API_KEY", "OPENAI_BASE_URL"} & set(told["variables"])
    assert "OPENAI_API_KEY" in told["launch"]["skipped"]


async def test_the_profile_of_a_notebook_says_what_is_needed(api: Api) -> None:
    profile = {"path": "fox.ipynb", "type": "GENAI_BASIC", "services": ["forge-turbo"]}
    told = await given(api, path="fox.ipynb", profile=profile)
    assert told["launch"]["services"] == ["forge-turbo"]
    assert "FORGE_API_URL" in told["variables"]


async def test_the_metadata_of_a_notebook_still_waits_for_a_consent(api: Api, app: Any) -> None:
    app.parts.lab.survey.problems.clear()
    profile = {
        "path": "fox.ipynb",
        "type": "GENAI_BASIC",
        "services": ["forge-turbo"],
        "widened": ["forge-turbo"],
        "metadata_digest": "sha256:aa",
    }
    told = await given(api, path="fox.ipynb", profile=profile)
    _, status = await api("GET", "status")
    [launch] = [one for one in status["launches"] if one["launch_id"] == told["id"]]
    assert launch["consent"]["services"] == ["forge-turbo"]
    # Whoever names the service on a command line has said so.
    told = await given(api, path="fox.ipynb", profile=profile, services=["forge-turbo"])
    assert told["launch"]["consent"] is None


async def test_in_mode_off_there_is_none(api: Api) -> None:
    await api("PUT", "mode", body={"layer": "person", "value": "off"})
    status, answer = await api("POST", "tokens", body={})
    assert status == 403
    assert "off" in answer["error"]["message"]
    assert answer["error"]["remedy"]


@pytest.mark.parametrize(
    ("wish", "status"),
    [
        ({"services": ["no-such"]}, 404),
        ({"lifetime_seconds": 1}, 400),
        ({"lifetime_seconds": 10**6}, 400),
        ({"lifetime_seconds": "nan"}, 400),
        ({"label": ""}, 400),
        ({"more": 1}, 400),
    ],
)
async def test_a_wrong_wish_is_refused(api: Api, wish: dict[str, Any], status: int) -> None:
    answered, _ = await api("POST", "tokens", body=wish)
    assert answered == status


async def test_nobody_hoards_tokens(api: Api) -> None:
    answers = await asyncio.gather(*(api("POST", "tokens", body={}) for _ in range(40)))
    assert [status for status, _ in answers].count(201) == 32
    status, answer = await api("POST", "tokens", body={})
    assert (status, answer["error"]["code"]) == (429, "too_many_tokens")


@pytest.mark.parametrize("scheme", ["token", "Bearer"])
async def test_it_opens_neither_jupyter_nor_the_labs_own_api(
    api: Api, jp_base_url: str, jp_http_port: int, scheme: str
) -> None:
    variables = (await given(api, label="train.py"))["variables"]
    token = variables["GENAI_API_TOKEN"]
    base = f"http://127.0.0.1:{jp_http_port}{jp_base_url}"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
        for path in ("coursia-genai/api/v1/status", "api/contents", "api/kernels"):
            for headers, query in (
                ({"Authorization": f"{scheme} {token}"}, {}),
                ({}, {"token": token}),
                ({"Cookie": f"_xsrf=a; username={token}"}, {}),
            ):
                answer = await http.get(f"{base}{path}", headers=headers, params=query)
                assert answer.status_code == 403, path
                assert token not in answer.text
