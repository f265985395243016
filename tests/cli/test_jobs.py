"""`coursia-genai jobs` before a running Lab whose demo engine takes its time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jupyter_process import TOKEN, JupyterProcess

pytestmark = pytest.mark.server
SECONDS = 120


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A server whose pictures are never done while a test runs."""
    traits = {"GenAILab": {"mode": "demo", "demo_seconds_per_step": 60.0}}
    with JupyterProcess.start(tmp_path_factory.mktemp("jobs"), traits=traits) as server:
        yield server


class Asked:
    """A call for two pictures, made in a thread as a script makes it."""

    def __init__(self, jupyter: JupyterProcess) -> None:
        self.answer: dict[str, Any] = {}
        self._url = f"{jupyter.base_url}coursia-genai/openai/v1/images/generations"
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        order = {"model": "demo", "prompt": "a fox", "size": "128x128", "n": 2}
        headers = {"Authorization": f"token {TOKEN}"}
        with httpx.Client(trust_env=False, timeout=SECONDS) as http:
            self.answer = http.post(self._url, json=order, headers=headers).json()

    def end(self) -> dict[str, Any]:
        """Return the answer once it is there."""
        self._thread.join(SECONDS)
        return self.answer


def test_jobs_are_listed_and_cancelled(jupyter: JupyterProcess, genai_with_lab: Any) -> None:
    assert genai_with_lab("jobs").out == "Nothing waits.\n"
    asked = Asked(jupyter)
    api = "coursia-genai/api/v1/jobs"
    jupyter.wait_until("two jobs", lambda: len(jupyter.api("GET", api)["jobs"]) == 2)
    listed = genai_with_lab("jobs", "list", "--json").json["jobs"]
    assert [(one["state"], one["position"]) for one in listed] == [("working", 0), ("waiting", 1)]
    words = genai_with_lab("jobs")
    assert words.status == 0, words.err
    first, second = words.out.splitlines()
    assert first.startswith(listed[0]["id"][:8])
    assert "at work" in first
    assert "number 1 in line" in second
    for name in ("", listed[0]["id"][:1]):
        vague = genai_with_lab("jobs", "cancel", name, "--json")
        assert (vague.status, vague.json["error"]["code"]) == (1, "invalid_request"), name
    unknown = genai_with_lab("jobs", "cancel", "nothing", "--json")
    assert (unknown.status, unknown.json["error"]["code"]) == (1, "not_found")
    done = genai_with_lab("jobs", "cancel", listed[1]["id"][:8])
    assert (done.status, done.out) == (0, "The job is cancelled.\n"), done.err
    assert asked.end()["error"]["code"] == "cancelled"
    jupyter.wait_until("no job", lambda: jupyter.api("GET", api) == {"jobs": []})


def test_options_may_stand_before_the_word(jupyter: JupyterProcess, genai: Any) -> None:
    url = jupyter.base_url
    for words in (("jobs", "--url", url, "--token", TOKEN, "list", "--json"), ("jobs", "list")):
        done = genai(*words, COURSIA_GENAI_URL=url, COURSIA_GENAI_TOKEN=TOKEN)
        assert done.status == 0, done.err
    assert genai("jobs", "--json").status == 1
