"""The client of the REST API: what it sends, and the errors that it restores."""

from __future__ import annotations

import asyncio
import json

import pytest

from coursia_genai_lab import errors
from coursia_genai_lab.client import AsyncLabClient, LabClient
from coursia_genai_lab.errors import (
    Conflict,
    GenAIError,
    ImageMissing,
    LabUnreachable,
    NotAllowed,
)
from coursia_genai_lab.wire.notebooks import Profile
from coursia_genai_lab.wire.tokens import TokenRequest

MODE = {"effective": "demo", "scope": "server", "layers": [], "enforced": False, "choices": []}
STATUS = {
    "instance": "one",
    "revision": 4,
    "version": "1",
    "person": "ada",
    "role": "admin",
    "mode": MODE,
}
SERVICE = {
    "name": "demo",
    "title": "Demo",
    "dialect": "openai_images",
    "kind": "local",
    "state": "ready",
    "since": 1.0,
}


def client(server, base: str = "/user/ada/") -> LabClient:
    return LabClient(server.url + base, "jupyter-token")


def test_a_call_carries_the_token_and_goes_below_the_base_url(server, answer):
    server.will_answer(answer(body=STATUS))
    with client(server) as lab:
        assert lab.status().revision == 4
    [asked] = server.asked
    assert asked.path == "/user/ada/coursia-genai/api/v1/status"
    assert asked.headers["Authorization"] == "token jupyter-token"


def test_a_long_poll_names_the_revision_and_the_wait(server, answer):
    server.will_answer(answer(body=STATUS))
    with client(server, "/") as lab:
        lab.status(since=3, wait=5)
    assert server.asked[0].path == "/coursia-genai/api/v1/status?since=3&wait=5"


def test_every_call_goes_where_the_contract_says(server, answer):
    accepted, profile = answer(202, {"revision": 5}), answer(body={"path": "a.ipynb"})
    logs = answer(body={"service": "demo", "lines": ["one"]})
    launch = {"launch_id": "l", "kernel_id": "k", "path": "a.ipynb", "type": "CLASSIC"}
    server.will_answer(
        answer(body={"revision": 5, "services": [SERVICE]}),
        answer(body=SERVICE),
        *(accepted,) * 6,
        logs,
        *(answer(body=MODE),) * 3,
        *(profile,) * 2,
        answer(body={"folder": "", "notebooks": []}),
        answer(body={"launch": launch, "code": "import os"}),
    )
    with client(server, "/") as lab:
        assert lab.services().services[0].state == "ready"
        assert lab.service("demo").title == "Demo"
        assert lab.start("demo").revision == 5
        lab.stop("demo")
        lab.stop("demo", force=True)
        lab.restart("demo")
        lab.pin("demo", 90)
        lab.unpin("demo")
        assert lab.logs("demo", 5).lines == ["one"]
        assert lab.mode().effective == "demo"
        lab.set_mode("off")
        lab.set_mode(None, "notebook")
        assert lab.profile("a b.ipynb").path == "a.ipynb"
        lab.profile_notebook({"cells": []})
        lab.notebooks("course")
        assert lab.enable("k-1", Profile(path="a.ipynb")).code == "import os"
    prefix = "/coursia-genai/api/v1"
    assert [f"{asked.method} {asked.path.removeprefix(prefix)}" for asked in server.asked] == [
        "GET /services",
        "GET /services/demo",
        "POST /services/demo/start",
        "POST /services/demo/stop",
        "POST /services/demo/stop",
        "POST /services/demo/restart",
        "POST /services/demo/pin",
        "POST /services/demo/unpin",
        "GET /services/demo/logs?tail=5",
        "GET /mode",
        "PUT /mode",
        "PUT /mode",
        "GET /notebooks/profile?path=a+b.ipynb",
        "POST /notebooks/profile",
        "GET /notebooks?folder=course",
        "POST /kernels/k-1/enable",
    ]
    assert json.loads(server.asked[4].body) == {"force": True}
    assert json.loads(server.asked[6].body) == {"minutes": 90.0}
    assert json.loads(server.asked[15].body)["profile"]["path"] == "a.ipynb"
    assert json.loads(server.asked[11].body) == {"layer": "notebook", "value": None}


NEEDED = {"path": "a b.ipynb", "digest": "d1", "services": ["flux"]}
CONSENTS = {"consents": [{"path": "a b.ipynb", "digest": "d1", "since": 5.0}], "asked": NEEDED}


def test_consents_and_a_courses_index_go_where_the_contract_says(server, answer):
    server.will_answer(
        *(answer(body=CONSENTS),) * 2,
        answer(201, {**NEEDED, "given": True}),
        answer(body={"consents": []}),
        answer(body={"folder": "a", "notebooks": [], "complete": False}),
        answer(409, {"error": {"code": "digest_changed", "message": "It has changed."}}),
    )
    with client(server, "/") as lab:
        assert lab.consents().consents[0].since == 5.0
        asked = lab.consents("a b.ipynb").asked
        assert asked is not None
        assert lab.consent(asked.path, asked.digest).given
        assert lab.withdraw_consent("a b.ipynb").consents == []
        assert not lab.notebooks("a", wait=2).complete
        with pytest.raises(Conflict) as refusal:
            lab.consent("a b.ipynb", "d0")
        assert refusal.value.error_code == "digest_changed"
    prefix = "/coursia-genai/api/v1"
    assert [f"{one.method} {one.path.removeprefix(prefix)}" for one in server.asked] == [
        "GET /consents",
        "GET /consents?path=a+b.ipynb",
        "POST /consents",
        "DELETE /consents?path=a+b.ipynb",
        "GET /notebooks?folder=a&wait=2",
        "POST /consents",
    ]
    assert json.loads(server.asked[2].body) == {
        "kind": "metadata",
        "path": "a b.ipynb",
        "provider": "",
        "digest": "d1",
    }


def test_the_client_with_a_loop_asks_for_the_same(server, answer):
    server.will_answer(
        answer(body=CONSENTS),
        answer(201, {**NEEDED, "given": True}),
        answer(body={"consents": []}),
        answer(body={"folder": "a", "notebooks": []}),
    )

    async def ask() -> None:
        async with AsyncLabClient(server.url, "t") as lab:
            assert (await lab.consents("a b.ipynb")).asked is not None
            assert (await lab.consent("a b.ipynb", "d1")).given
            assert (await lab.withdraw_consent("a b.ipynb")).consents == []
            assert (await lab.notebooks("a")).complete

    asyncio.run(ask())
    assert [one.method for one in server.asked] == ["GET", "POST", "DELETE", "GET"]


def test_gpus_come_from_one_call_with_a_loop_and_without(server, answer):
    gpu = {"id": "GPU-1", "index": 0, "name": "a card", "used_mib": 5}
    server.will_answer(*(answer(body={"at": 1.0, "gpus": [gpu]}),) * 2)

    async def ask() -> None:
        async with AsyncLabClient(server.url, "t") as lab:
            assert (await lab.gpus()).gpus[0].id == "GPU-1"

    with client(server, "/") as lab:
        assert lab.gpus().gpus[0].used_mib == 5
    asyncio.run(ask())
    assert {one.path for one in server.asked} == {"/coursia-genai/api/v1/gpus"}


def test_health_comes_from_one_call_with_a_loop_and_without(server, answer):
    integration = dict.fromkeys(
        ("zero_regression_maintained", "genai_available", "fallback_functional"), True
    )
    body = {
        "at": 9.0,
        "overall_status": "healthy",
        "server_began": 1.0,
        "window_began": 1.0,
        "metrics": {"own": True, "uptime_seconds": 8.0, "pictures": 3},
        "integration": integration,
    }
    server.will_answer(*(answer(body=body),) * 2)

    async def ask() -> None:
        async with AsyncLabClient(server.url, "t") as lab:
            assert (await lab.health()).overall_status == "healthy"

    with client(server, "/") as lab:
        assert lab.health().metrics.pictures == 3
    asyncio.run(ask())
    assert {one.path for one in server.asked} == {"/coursia-genai/api/v1/health"}


def test_a_name_cannot_lead_a_call_elsewhere(server, answer):
    server.will_answer(answer(404, {"error": {"code": "not_found", "message": "No."}}))
    with client(server, "/") as lab, pytest.raises(errors.NotFound):
        lab.start("../../api/contents")
    assert server.asked[0].path == ("/coursia-genai/api/v1/services/..%2F..%2Fapi%2Fcontents/start")


def kinds(root: type[GenAIError]) -> list[type[GenAIError]]:
    return [root, *(found for child in root.__subclasses__() for found in kinds(child))]


@pytest.mark.parametrize("kind", kinds(GenAIError), ids=lambda kind: kind.code)
def test_every_error_of_the_tree_comes_back_as_itself(server, answer, kind):
    error = kind("What happened.", "What to do.")
    server.will_answer(answer(kind.status, {"error": error.to_dict()}))
    with client(server) as lab, pytest.raises(GenAIError) as caught:
        lab.mode()
    assert type(caught.value) is kind
    assert caught.value.to_dict() == error.to_dict()


def test_an_error_of_a_code_that_we_do_not_know_keeps_code_and_remedy(server, answer):
    described = {"code": "brand_new", "message": "New.", "remedy": "Wait."}
    server.will_answer(answer(409, {"error": described}))
    with client(server) as lab, pytest.raises(Conflict) as caught:
        lab.mode()
    assert caught.value.to_dict() == described


def test_a_refusal_by_jupyter_itself_says_where_to_find_the_token(server, answer):
    forbidden = {"code": "http_403", "message": "Forbidden", "remedy": ""}
    server.will_answer(answer(403, {"error": forbidden}), answer(403, {"message": "Forbidden"}))
    with client(server) as lab:
        for _ in range(2):
            with pytest.raises(NotAllowed) as caught:
                lab.status()
            assert "jupyter server list" in caught.value.remedy


def test_a_jupyter_server_without_the_extension_is_told_as_such(server, answer):
    server.will_answer(answer(404, b"<html>404</html>", {"Content-Type": "text/html"}))
    with client(server) as lab, pytest.raises(LabUnreachable, match="no GenAI Lab"):
        lab.status()


def test_an_answer_of_another_version_is_told_as_such(server, answer):
    server.will_answer(answer(body={"something": "else"}))
    with client(server) as lab, pytest.raises(LabUnreachable) as caught:
        lab.status()
    assert "same version" in caught.value.remedy


def test_the_async_client_asks_and_fails_alike(server, answer):
    missing = ImageMissing("No image.", "Build it.")
    server.will_answer(
        answer(body=STATUS),
        answer(202, {"revision": 9}),
        answer(503, {"error": missing.to_dict()}),
    )

    async def ask() -> None:
        async with AsyncLabClient(server.url, "jupyter-token") as lab:
            assert (await lab.status()).person == "ada"
            assert (await lab.start("demo")).revision == 9
            with pytest.raises(ImageMissing, match=r"No image\."):
                await lab.logs("demo")

    asyncio.run(ask())
    assert [asked.method for asked in server.asked] == ["GET", "POST", "GET"]


VARIABLES = {"GENAI_API_URL": "http://127.0.0.1:1/v1", "GENAI_API_TOKEN": "cgl_secret"}
GIVEN = {
    "id": "t1",
    "expires_at": 9.0,
    "variables": VARIABLES,
    "launch": {"launch_id": "t1", "kernel_id": "job-t1", "path": "x", "type": "GENAI_BASIC"},
}


def test_tokens_jobs_and_usage_go_where_the_contract_says(server, answer):
    usage = {"since": 1.0, "pictures": 2, "seconds": 3.0, "services": []}
    answers = (
        answer(201, GIVEN),
        answer(body={"id": "t1", "expires_at": 10.0}),
        answer(body={"revision": 5}),
        answer(body={"jobs": []}),
        answer(202, {"revision": 6}),
        answer(body=usage),
    )
    server.will_answer(*answers, *answers)
    request = TokenRequest(label="a script", services=["flux"], taken={"HF_TOKEN": "here"})
    with client(server, "/") as lab:
        given = lab.give_token(request)
        assert given.variables == VARIABLES
        assert "cgl_secret" not in repr(given)
        assert lab.renew_token("t1", 60).expires_at == 10.0
        assert lab.end_token("t1").revision == 5
        assert lab.jobs().jobs == []
        assert lab.cancel_job("j/1").revision == 6
        assert lab.usage().pictures == 2

    async def ask() -> None:
        async with AsyncLabClient(server.url, "t") as lab:
            assert (await lab.give_token(request)).id == "t1"
            assert (await lab.renew_token("t1", 60)).expires_at == 10.0
            await lab.end_token("t1")
            assert (await lab.jobs()).jobs == []
            await lab.cancel_job("j/1")
            assert (await lab.usage()).pictures == 2

    asyncio.run(ask())
    prefix = "/coursia-genai/api/v1"
    asked = [f"{one.method} {one.path.removeprefix(prefix)}" for one in server.asked]
    assert asked[:6] == asked[6:]
    assert asked[:6] == [
        "POST /tokens",
        "POST /tokens/t1/renew",
        "DELETE /tokens/t1",
        "GET /jobs",
        "DELETE /jobs/j%2F1",
        "GET /usage",
    ]
    assert json.loads(server.asked[0].body)["services"] == ["flux"]
    assert json.loads(server.asked[1].body) == {"lifetime_seconds": 60.0}
