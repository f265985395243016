"""Usage with its costs, export, forgetting, the ledger and the audit over REST."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from ledger_harness import spending
from stamped_pictures import facts

from coursia_genai_lab.lab.charge import Amount
from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.launch.person import unix_user

Api = Callable[..., Any]
SECRET = "a prompt that nobody else is to read"


async def bought(
    app: Any, cents: float, person: str | None = None, *, end: str = "settle", **more: Any
) -> str:
    """Buy a picture as a door does and note it; return the job's id."""
    one = spending(person or unix_user(), cents=cents, **more)
    (charge,) = await app.parts.ledger.reserve([one])
    await charge.sent()
    if end == "settle":
        charge.settle(one.worst)
        app.parts.memory.generations.note(
            Generation(
                id=one.id,
                person=one.person,
                kind="openai",
                service=one.service,
                model=one.model,
                seconds=1.5,
                facts=facts(id=one.id, prompt=SECRET),
            )
        )
    else:
        charge.unknown()
    return one.id


async def test_usage_tells_what_was_paid_and_what_nobody_knows(app: Any, api: Api) -> None:
    await bought(app, 4)
    job = await bought(app, 1.5, end="unknown")
    await bought(app, 7, "grace")
    _, usage = await api("GET", "usage")
    assert (usage["cents"], usage["unknown"], usage["pictures"]) == (5.5, 1, 1)
    assert [one["cents"] for one in usage["charges"]] == [1.5, 4.0]
    assert usage["charges"][0]["id"] == job
    assert usage["left"] == []
    _, other = await api("GET", "usage", person="grace")
    assert other["cents"] == 7


async def test_an_admin_ends_a_charge_whose_end_nobody_heard(app: Any, api: Api) -> None:
    first, second = [await bought(app, 5, end="unknown") for _ in range(2)]
    _, ledger = await api("GET", "ledger", state="unknown")
    assert {one["id"] for one in ledger["charges"]} == {first, second}
    status, charge = await api("POST", "ledger", first, "resolve", body={"cents": 2})
    assert (status, charge["state"], charge["cents"]) == (200, "settled", 2)
    status, charge = await api("POST", "ledger", second, "resolve", body={"cents": None})
    assert (status, charge["state"], charge["cents"]) == (200, "refunded", 0)
    status, again = await api("POST", "ledger", first, "resolve", body={"cents": 3})
    assert (status, again["error"]["code"]) == (409, "charge_ended")
    status, nothing = await api("POST", "ledger", "nothing", "resolve", body={"cents": 3})
    assert (status, nothing["error"]["code"]) == (404, "charge_unknown")
    _, usage = await api("GET", "usage")
    assert (usage["cents"], usage["unknown"]) == (2, 0)
    _, audit = await api("GET", "audit", deed="charge")
    told = [(one["subject"], one["detail"], one["person"]) for one in audit["entries"]]
    assert told == [(second, "refunded", unix_user()), (first, "2 cents", unix_user())]


async def test_an_export_as_csv_runs_nothing_in_a_spreadsheet(
    app: Any, jp_fetch: Callable[..., Any], api: Api
) -> None:
    job = await bought(app, 4, model='=HYPERLINK("http://example.org")', fallback="@SUM(1)")
    answer = await jp_fetch("coursia-genai", "api", "v1", "usage", "export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.body.decode()))
    assert (row["id"], row["state"], row["cents"], row["outcome"]) == (
        job,
        "settled",
        "4.0",
        "done",
    )
    assert row["model"].startswith("'=")
    assert row["fallback"].startswith("'@")
    assert row["at"].endswith("+00:00")
    _, audit = await api("GET", "audit")
    assert [one["deed"] for one in audit["entries"]] == ["export"]


async def test_an_export_of_everybody_holds_every_row_and_no_prompt(app: Any, api: Api) -> None:
    await bought(app, 4)
    await bought(app, 5, "grace")
    _, own = await api("GET", "usage", "export", format="json")
    assert (len(own["rows"]), own["cut"]) == (1, False)
    _, all_ = await api("GET", "usage", "export", format="json", person="*")
    assert [one["cents"] for one in all_["rows"]] == [4, 5]
    assert SECRET not in json.dumps(all_)
    status, wrong = await api("GET", "usage", "export", format="xls")
    assert (status, wrong["error"]["code"]) == (400, "invalid_request")


async def test_forgetting_takes_the_name_and_leaves_the_sums(app: Any, api: Api) -> None:
    await bought(app, 4)
    await bought(app, 3)
    await bought(app, 1, end="unknown")
    await bought(app, 5, "grace")
    status, erased = await api("DELETE", "usage")
    assert (status, erased) == (200, {"generations": 2, "charges": 3, "thumbnails": 0})
    _, own = await api("GET", "usage")
    assert (own["pictures"], own["cents"], own["charges"]) == (0, 0, [])
    _, all_ = await api("GET", "usage", "export", format="json", person="*")
    assert unix_user() not in json.dumps(all_["rows"])
    assert sum(one["cents"] for one in all_["rows"]) == 13
    _, ledger = await api("GET", "ledger", state="unknown")
    assert [one["person"] for one in ledger["charges"]] == [""]
    _, audit = await api("GET", "audit", deed="erase")
    assert [one["detail"] for one in audit["entries"]] == ["2 generations, 3 charges, 0 thumbnails"]


class TestWherePromptsAreRecorded:
    @pytest.fixture
    def lab_traits(self) -> dict[str, Any]:
        return {"runtime": "fake", "record_prompts": True}

    async def test_exports_hold_them_and_forgetting_takes_them(self, app: Any, api: Api) -> None:
        await bought(app, 4)
        await bought(app, 4, "grace")
        _, all_ = await api("GET", "usage", "export", format="json", person="*")
        assert [one["prompt"] for one in all_["rows"]] == [SECRET, SECRET]
        await api("DELETE", "usage")
        _, all_ = await api("GET", "usage", "export", format="json", person="*")
        assert sorted(one["prompt"] for one in all_["rows"]) == ["", "", SECRET]


async def test_a_settled_charge_tells_what_it_came_to(app: Any, api: Api) -> None:
    one = spending(unix_user(), cents=4)
    (charge,) = await app.parts.ledger.reserve([one])
    _, usage = await api("GET", "usage")
    assert [(c["state"], c["cents"]) for c in usage["charges"]] == [("reserved", 4)]
    await charge.sent()
    charge.settle(Amount(pictures=1, microusd=12_345))
    _, usage = await api("GET", "usage")
    assert [(c["state"], c["cents"]) for c in usage["charges"]] == [("settled", 1.2345)]


async def test_the_openai_door_tells_the_same_of_its_caller(
    app: Any, api: Api, jp_fetch: Callable[..., Any]
) -> None:
    await bought(app, 4)
    await bought(app, 1, end="unknown")
    answer = await jp_fetch("coursia-genai", "openai", "v1", "coursia", "usage")
    told = json.loads(answer.body)
    _, usage = await api("GET", "usage")
    assert {**told, "since": 0} == {**usage, "since": 0}
    assert (told["cents"], told["unknown"]) == (5, 1)
