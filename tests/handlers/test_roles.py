"""Every route for every role: who may what, in one table."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from hub_login import HubLogin
from rest_routes import CASES, concrete
from tornado.httpclient import HTTPClientError, HTTPResponse
from waiting import until

from coursia_genai_lab.wire import ModeView, PolicyView, StatusView

ROLES = {"bob": "student", "tea": "teacher", "ann": "admin"}
RANK = ["student", "teacher", "admin"]
LEAST: dict[str, str] = {
    "GET status": "student",
    "GET health": "student",
    "GET services": "student",
    "GET services/demo": "student",
    "GET services/demo/logs": "teacher",
    "POST services/demo/start": "student",
    "POST services/demo/build": "admin",
    "DELETE services/demo/build": "admin",
    "POST services/demo/pin": "teacher",
    "POST services/demo/unpin": "teacher",
    "GET mode": "student",
    "PUT mode": "student",
    "GET policy": "student",
    "PUT policy": "student",
    "GET notebooks": "student",
    "GET notebooks/profile": "student",
    "POST notebooks/profile": "student",
    "GET consents": "student",
    "POST consents": "student",
    "DELETE consents": "student",
    "GET timeline": "student",
    "GET jobs": "student",
    "DELETE jobs/demo": "student",
    "GET usage": "student",
    "DELETE usage": "student",
    "GET usage/export": "student",
    "GET usage/thumbnails": "student",
    "GET usage/thumbnails/demo": "student",
    "GET ledger": "student",
    "POST ledger/demo/resolve": "admin",
    "GET audit": "teacher",
    "GET generations/demo": "student",
    "GET gpus": "student",
    "GET plan": "student",
    "GET models": "student",
    "POST models/demo/fetch": "teacher",
    "DELETE models/demo/fetch": "teacher",
    "POST models/demo/verify": "teacher",
    "GET launches": "student",
    "POST kernels/demo/enable": "student",
    "POST kernels/demo/skip-wait": "student",
    "POST tokens": "student",
    "DELETE tokens/demo": "student",
    "POST tokens/demo/renew": "student",
    "GET openai/v1/demo": "student",
    "POST openai/v1/demo": "student",
    "DELETE openai/v1/demo": "student",
}
"""Verb and path -> the least role that is not refused for its role."""


def shown(pattern: str, verb: str) -> str:
    path = "/".join(concrete(pattern))
    return f"{verb} {path.removeprefix('coursia-genai/api/v1/').removeprefix('coursia-genai/')}"


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    config = jp_server_config
    config["ServerApp"]["identity_provider_class"] = HubLogin
    return config


Ask = Callable[..., Any]


def said(answer: HTTPResponse) -> Any:
    """Return the JSON of an answer; an export is none."""
    as_json = answer.headers.get("Content-Type", "").startswith("application/json")
    return json.loads(answer.body) if as_json and answer.body else {}


@pytest.fixture
def ask(jp_fetch: Callable[..., Any], app: Any) -> Ask:
    """Ask below coursia-genai/ as somebody; return the status and the JSON."""

    async def call(
        name: str, verb: str, *path: str, body: Any = None, **query: str
    ) -> tuple[int, Any]:
        keywords: dict[str, Any] = {"method": verb, "params": query}
        if verb in ("POST", "PUT"):
            keywords["body"] = json.dumps({} if body is None else body)
        keywords["headers"] = {"Authorization": f"token {name}"}
        try:
            answer = await jp_fetch(*path, **keywords)
        except HTTPClientError as error:
            return error.code, {} if error.response is None else said(error.response)
        return answer.code, said(answer)

    return call


@pytest.fixture
def api(ask: Ask) -> Ask:
    """Ask below api/v1/."""

    async def call(name: str, verb: str, path: str, **more: Any) -> tuple[int, Any]:
        whole = ("coursia-genai", "api", "v1", *path.split("/"))
        answer: tuple[int, Any] = await ask(name, verb, *whole, **more)
        return answer

    return call


def test_the_table_knows_every_route() -> None:
    assert {shown(pattern, verb) for pattern, verb in CASES} == set(LEAST)


@pytest.mark.parametrize("name", ROLES)
async def test_a_role_is_refused_what_the_table_does_not_give_it(name: str, ask: Ask) -> None:
    refused: dict[str, Any] = {}
    for pattern, verb in CASES:
        status, body = await ask(name, verb, *concrete(pattern))
        error = body.get("error", {})
        if status == 403 and error.get("code") == "role_needed":
            refused[shown(pattern, verb)] = error
        else:
            assert status not in (401, 403), (pattern, verb, body)
    own = RANK.index(ROLES[name])
    assert set(refused) == {route for route, role in LEAST.items() if RANK.index(role) > own}
    assert all(error["message"] and error["remedy"] for error in refused.values())


async def test_who_has_no_login_gets_nothing(ask: Ask) -> None:
    for pattern, verb in CASES:
        status, _ = await ask("nobody", verb, *concrete(pattern))
        assert status == 403, (pattern, verb)


async def test_people_learn_their_name_and_role(api: Ask) -> None:
    for name, role in ROLES.items():
        _, body = await api(name, "GET", "status")
        status = StatusView.model_validate(body)
        assert (status.person, status.role) == (name, role)


async def test_a_student_stops_nothing_that_others_work_with(api: Ask, app: Any) -> None:
    lab = app.parts.lab
    lab.leases.take("kernel", ["comfyui"], label="a.ipynb", person="cyd")
    await lab.endpoint("comfyui", timeout=60)
    for command in ("stop", "restart"):
        status, body = await api("bob", "POST", f"services/comfyui/{command}", body={"force": True})
        assert (status, body["error"]["code"]) == (403, "role_needed")
        assert body["error"]["remedy"]
    status, body = await api("bob", "POST", "services/comfyui/stop")
    assert (status, body["error"]["code"]) == (409, "in_use")
    status, _ = await api("tea", "POST", "services/comfyui/stop", body={"force": True})
    assert status == 202


async def test_students_see_and_do_what_is_theirs(api: Ask) -> None:
    status, body = await api("bob", "GET", "usage", person="cyd")
    assert (status, body["error"]["code"]) == (403, "role_needed")
    status, _ = await api("tea", "GET", "usage", person="cyd")
    assert status == 200
    long = {"lifetime_seconds": 4 * 3600.0}
    status, body = await api("bob", "POST", "tokens", body=long)
    assert (status, body["error"]["code"]) == (403, "role_needed")
    status, given = await api("bob", "POST", "tokens")
    assert status == 201
    for name, code in (("cyd", 404), ("tea", 404), ("ann", 200)):
        status, _ = await api(name, "DELETE", f"tokens/{given['id']}")
        assert status == code, name


async def test_students_see_their_own_launches_and_teachers_all(api: Ask) -> None:
    ids = {}
    for name in ("bob", "cyd"):
        _, given = await api(name, "POST", "tokens")
        ids[name] = given["id"]
    for name, seen in (("bob", {ids["bob"]}), ("tea", set(ids.values()))):
        for path in ("launches", "status"):
            _, body = await api(name, "GET", path)
            assert {one["launch_id"] for one in body["launches"]} == seen


async def test_each_person_has_a_mode_of_their_own(api: Ask) -> None:
    await api("bob", "PUT", "mode", body={"value": "off"})
    _, body = await api("bob", "GET", "mode")
    assert ModeView.model_validate(body).effective == "off"
    _, body = await api("cyd", "GET", "mode")
    assert ModeView.model_validate(body).effective == "auto"


async def test_a_persons_mode_holds_for_their_tokens_and_for_nobody_elses(api: Ask) -> None:
    given = {name: (await api(name, "POST", "tokens"))[1]["variables"] for name in ("bob", "cyd")}

    async def models(name: str) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {given[name]['GENAI_API_TOKEN']}"}
        url = f"{given[name]['GENAI_API_URL']}/models"
        async with ClientSession(headers=headers) as http, http.get(url) as answer:
            return answer.status, await answer.json()

    assert [(await models(name))[0] for name in given] == [200, 200]
    await api("bob", "PUT", "mode", body={"value": "off"})
    status, told = await models("bob")
    assert (status, told["error"]["code"]) == (403, "mode_off")
    assert (await models("cyd"))[0] == 200
    status, refusal = await api("bob", "POST", "tokens")
    assert (status, refusal["error"]["code"]) == (403, "not_allowed")
    await api("bob", "PUT", "mode", body={"value": None})
    assert (await models("bob"))[0] == 200


async def test_who_changed_what_others_may_do_stands_in_the_audit(api: Ask, app: Any) -> None:
    lab = app.parts.lab
    lab.leases.take("kernel", ["comfyui"], label="a.ipynb", person="cyd")
    await lab.endpoint("comfyui", timeout=60)
    await api("bob", "PUT", "mode", body={"value": "demo"})
    await api("tea", "POST", "services/comfyui/stop", body={"force": True})
    _, given = await api("ann", "POST", "tokens")
    await api("ann", "DELETE", f"tokens/{given['id']}")
    _, body = await api("ann", "GET", "audit")
    found = [(one["person"], one["deed"], one["subject"], one["detail"]) for one in body["entries"]]
    assert found[::-1] == [
        ("bob", "mode", "person", "demo"),
        ("tea", "force_stop", "comfyui", "stop"),
        ("ann", "token", given["id"], "given"),
        ("ann", "token", given["id"], "ended"),
    ]


class TestAClass:
    """With a policy in a file."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "policy.toml"
        path.write_text(
            'course = "Images"\nmode = "local"\nteachers = ["cyd"]\n'
            '[models]\nstudent = ["sdxl-turbo"]\n'
            "[[quotas]]\nscope = 'person'\npictures = 5\n"
        )
        path.chmod(0o644)
        return path

    @pytest.fixture
    def lab_traits(self, file: Path) -> dict[str, Any]:
        return {"runtime": "fake", "policy_source": str(file), "teachers": ["@staff"]}

    async def test_what_holds_is_shown_with_where_it_is_read(self, api: Ask, file: Path) -> None:
        _, body = await api("bob", "GET", "policy")
        view = PolicyView.model_validate(body)
        assert (view.course, view.source, view.enforced) == ("Images", str(file), False)
        assert view.models == ["sdxl-turbo"]
        assert [quota.name for quota in view.quotas] == ["bob"]
        assert view.groups == ["students"]
        _, body = await api("bob", "GET", "mode")
        mode = ModeView.model_validate(body)
        assert (mode.scope, mode.effective, mode.enforced) == ("class", "local", False)

    async def test_it_is_changed_where_it_is_read(self, api: Ask, file: Path) -> None:
        for path, change in (("policy", {}), ("mode", {"layer": "class", "value": "off"})):
            status, body = await api("ann", "PUT", path, body=change)
            assert status == 409
            assert str(file) in body["error"]["message"]
            assert body["error"]["remedy"]

    async def test_a_change_of_the_class_reaches_an_open_page(self, api: Ask, file: Path) -> None:
        _, first = await api("bob", "GET", "status")
        assert first["mode"]["effective"] == "local"
        file.write_text('mode = "off"\n')
        revision, seen = first["revision"], "local"
        while seen != "off":
            _, body = await api("bob", "GET", "status", since=str(revision), wait="10")
            revision, seen = body["revision"], body["mode"]["effective"]

    async def test_the_class_makes_a_teacher_and_takes_it_back(
        self, api: Ask, file: Path, app: Any
    ) -> None:
        _, body = await api("cyd", "GET", "status")
        assert body["role"] == "teacher"
        file.write_text('mode = "local"\n')
        await until(lambda: app.parts.lab.policy.of_class.rules.teachers == frozenset())
        _, body = await api("cyd", "GET", "status")
        assert body["role"] == "student"

    async def test_a_broken_policy_is_told_in_the_panel_and_changes_nothing(
        self, api: Ask, file: Path, app: Any
    ) -> None:
        file.write_text("mode = [")
        await until(lambda: app.parts.lab.policy.of_class.problem is not None)
        _, body = await api("bob", "GET", "status")
        assert "policy_broken" in [warning["code"] for warning in body["warnings"]]
        assert body["mode"]["effective"] == "local"
        _, body = await api("bob", "GET", "policy")
        assert body["problem"]["code"] == "policy_broken"
