"""Usage, ledger and audit for people with different rights: one's own for everybody, no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hub_login import HubLogin
from ledger_harness import spending
from tornado.httpclient import HTTPClientError

Ask = Callable[..., Any]


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    config = jp_server_config
    config["ServerApp"]["identity_provider_class"] = HubLogin
    return config


@pytest.fixture
def ask(jp_fetch: Callable[..., Any], app: Any) -> Ask:
    """Ask below api/v1/ as somebody; return the status and the JSON."""

    async def call(name: str, verb: str, path: str, **query: str) -> tuple[int, Any]:
        keywords: dict[str, Any] = {"method": verb, "params": query}
        keywords["headers"] = {"Authorization": f"token {name}"}
        if verb == "POST":
            keywords["body"] = json.dumps({"cents": 1})
        try:
            answer = await jp_fetch("coursia-genai", "api", "v1", *path.split("/"), **keywords)
        except HTTPClientError as error:
            return error.code, json.loads(error.response.body if error.response else b"{}")
        return answer.code, json.loads(answer.body)

    return call


async def lost(app: Any, person: str) -> str:
    """Lose sight of a picture that was bought; return its job."""
    one = spending(person, cents=5)
    (charge,) = await app.parts.ledger.reserve([one])
    await charge.sent()
    charge.unknown()
    return one.id


async def test_students_see_their_own_charges_and_teachers_everybodys(app: Any, ask: Ask) -> None:
    jobs = {name: await lost(app, name) for name in ("bob", "cyd")}
    for name in ("bob", "cyd"):
        _, ledger = await ask(name, "GET", "ledger")
        assert [one["id"] for one in ledger["charges"]] == [jobs[name]]
        _, usage = await ask(name, "GET", "usage")
        assert (usage["cents"], usage["unknown"]) == (5, 1)
        _, own = await ask(name, "GET", "usage/export", format="json")
        assert [row["id"] for row in own["rows"]] == [jobs[name]]
    _, ledger = await ask("tea", "GET", "ledger")
    assert {one["id"] for one in ledger["charges"]} == set(jobs.values())
    _, all_ = await ask("tea", "GET", "usage/export", format="json", person="*")
    assert {row["person"] for row in all_["rows"]} == {"bob", "cyd"}


@pytest.mark.parametrize(
    ("name", "verb", "path", "query"),
    [
        ("bob", "GET", "usage", {"person": "cyd"}),
        ("bob", "GET", "usage/export", {"person": "cyd"}),
        ("bob", "GET", "usage/export", {"person": "*"}),
        ("bob", "DELETE", "usage", {"person": "cyd"}),
        ("tea", "DELETE", "usage", {"person": "cyd"}),
        ("bob", "GET", "audit", {}),
        ("bob", "POST", "ledger/some-job/resolve", {}),
        ("tea", "POST", "ledger/some-job/resolve", {}),
    ],
)
async def test_what_is_others_is_refused(
    app: Any, ask: Ask, name: str, verb: str, path: str, query: dict[str, str]
) -> None:
    await lost(app, "cyd")
    status, answer = await ask(name, verb, path, **query)
    assert (status, answer["error"]["code"]) == (403, "role_needed")
    _, usage = await ask("cyd", "GET", "usage")
    assert usage["unknown"] == 1
    assert (await app.parts.audit.page()).entries == []


async def test_an_admin_resolves_a_students_charge_and_forgets_them(app: Any, ask: Ask) -> None:
    job = await lost(app, "cyd")
    status, charge = await ask("ann", "POST", f"ledger/{job}/resolve")
    assert (status, charge["cents"], charge["person"]) == (200, 1, "cyd")
    status, erased = await ask("ann", "DELETE", "usage", person="cyd")
    assert (status, erased["charges"]) == (200, 1)
    _, audit = await ask("tea", "GET", "audit")
    told = [(one["person"], one["deed"], one["subject"]) for one in audit["entries"]]
    assert told == [("ann", "erase", "another person's"), ("ann", "charge", job)]
