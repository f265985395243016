"""`coursia-genai usage`, `ledger` and `audit` before a running Lab."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jupyter_process import TOKEN, JupyterProcess

pytestmark = pytest.mark.server
SECONDS = 120


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A server whose demo engine draws."""
    traits = {"GenAILab": {"mode": "demo"}}
    with JupyterProcess.start(tmp_path_factory.mktemp("usage"), traits=traits) as server:
        yield server


def test_usage_is_shown_exported_audited_and_forgotten(
    jupyter: JupyterProcess, genai_with_lab: Any
) -> None:
    url = f"{jupyter.base_url}coursia-genai/openai/v1/images/generations"
    order = {"model": "demo", "prompt": "a fox", "size": "128x128", "n": 2}
    with httpx.Client(trust_env=False, timeout=SECONDS) as http:
        http.post(url, json=order, headers={"Authorization": f"token {TOKEN}"}).raise_for_status()

    view = genai_with_lab("usage", "--json").json
    assert (view["pictures"], view["cents"], view["left"]) == (2, 0, [])
    words = genai_with_lab("usage", "--days", "1")
    assert words.status == 0, words.err
    assert "2 pictures" in words.out
    assert "No quota concerns you." in words.out

    rows = list(csv.DictReader(io.StringIO(genai_with_lab("usage", "export").out)))
    assert [(row["service"], row["outcome"], row["prompt"]) for row in rows] == [
        ("demo", "done", ""),
        ("demo", "done", ""),
    ]
    everybody = genai_with_lab("usage", "export", "--everybody", "--format", "json").json
    assert [row["person"] for row in everybody["rows"]] == [rows[0]["person"]] * 2

    unsure = genai_with_lab("usage", "erase")
    assert unsure.status == 1
    done = genai_with_lab("usage", "erase", "--yes")
    assert (done.status, done.out[:16]) == (0, "Forgotten: whose"), done.err
    assert genai_with_lab("usage", "--json").json["pictures"] == 0

    deeds = genai_with_lab("audit", "--json").lines
    assert [deed["deed"] for deed in deeds] == ["export", "export", "erase"]
    words = genai_with_lab("audit", "--deed", "erase")
    assert "their own" in words.out


def test_the_ledger_says_what_it_does_not_know(
    jupyter: JupyterProcess, genai_with_lab: Any
) -> None:
    assert genai_with_lab("ledger").out == "No such charges.\n"
    assert genai_with_lab("ledger", "--state", "unknown", "--json").json == {"charges": []}
    nothing = genai_with_lab("ledger", "resolve", "no-such-job", "--cents", "4", "--json")
    assert (nothing.status, nothing.json["error"]["code"]) == (1, "charge_unknown")
    both = genai_with_lab("ledger", "resolve", "no-such-job", "--cents", "4", "--refund")
    assert both.status == 2
