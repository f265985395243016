"""GET usage and GET generations/{id}, on a server with the fake runtime."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from stamped_pictures import facts

from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.launch.person import unix_user
from coursia_genai_lab.provenance import prompt_hash

Api = Callable[..., Any]


def noted(app: Any, **changed: Any) -> Generation:
    """Note a picture of this person, as a door does."""
    known: dict[str, Any] = {
        "id": facts().id,
        "person": unix_user(),
        "kind": "openai",
        "service": "demo",
        "model": "demo",
        "seconds": 1.5,
        "sha256": "ab" * 32,
        "facts": facts(),
    }
    one = Generation(**{**known, **changed})
    app.parts.memory.generations.note(one)
    return one


async def test_usage_is_the_callers_own(app: Any, api: Api) -> None:
    noted(app)
    noted(app, id="another", person="somebody else", facts=None)
    noted(app, id="older", at=time.time() - 8 * 86400)
    status, usage = await api("GET", "usage")
    assert status == 200
    assert (usage["pictures"], usage["seconds"]) == (1, 1.5)
    assert [one["service"] for one in usage["services"]] == ["demo"]
    _, since = await api("GET", "usage", since="0")
    assert since["pictures"] == 2
    _, other = await api("GET", "usage", person="somebody else")
    assert other["pictures"] == 1
    status, wrong = await api("GET", "usage", since="yesterday")
    assert (status, wrong["error"]["code"]) == (400, "invalid_request")


async def test_a_generation_is_told_by_its_id_and_says_nothing_of_whose_it_was(
    app: Any, api: Api
) -> None:
    one = noted(app, person="ada lovelace")
    status, found = await api("GET", "generations", one.id)
    assert status == 200
    assert found["sha256"] == one.sha256
    assert found["facts"]["seed"] == facts().seed
    assert found["prompt_hash"] == prompt_hash(facts())
    assert "ada" not in json.dumps(found)
    assert found["prompt"] is None


async def test_an_id_that_nobody_noted_is_not_found(app: Any, api: Api) -> None:
    status, answer = await api("GET", "generations", "no-such-id")
    assert (status, answer["error"]["code"]) == (404, "generation_unknown")
