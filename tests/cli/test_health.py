"""`coursia-genai health` before a running Lab."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.server


def test_it_says_how_the_running_lab_is(genai_with_lab: Any) -> None:
    words = genai_with_lab("health")
    assert words.status == 0, words.err
    first, *rest = words.out.splitlines()
    assert first == "healthy"
    assert any("0 pictures, 0 failed jobs" in line for line in rest)
    assert any(line.startswith("demo ") for line in rest)
    told = genai_with_lab("health", "--json")
    assert told.status == 0
    assert told.json["overall_status"] == "healthy"
    assert {"services", "metrics", "integration"} <= told.json.keys()


def test_without_a_lab_it_fails_and_says_why(genai: Any) -> None:
    done = genai("health", "--json")
    assert done.status == 1
    assert done.json["error"]["code"] == "lab_unreachable"
