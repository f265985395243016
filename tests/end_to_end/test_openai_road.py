"""A real server, a real Lab, the plain SDK: pictures, their facts, the record and the usage."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from jupyter_process import TOKEN, JupyterProcess

from coursia_genai_lab.provenance import read

pytestmark = pytest.mark.server
SECONDS = 120
API = "coursia-genai/api/v1"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A server in demo mode."""
    traits = {"GenAILab": {"mode": "demo", "demo_seconds_per_step": 0.0}}
    with JupyterProcess.start(tmp_path_factory.mktemp("road"), traits=traits) as server:
        yield server


@pytest.fixture
def sdk(jupyter: JupyterProcess) -> Iterator[openai.OpenAI]:
    """The SDK of a script that comes through Jupyter."""
    with openai.OpenAI(
        base_url=f"{jupyter.base_url}coursia-genai/openai/v1",
        api_key="unused",
        default_headers={"Authorization": f"token {TOKEN}"},
        max_retries=0,
        timeout=SECONDS,
    ) as client:
        yield client


def facts_of(item: Any) -> dict[str, Any]:
    facts: dict[str, Any] = (item.model_extra or {})["provenance"]
    return facts


def test_pictures_are_in_the_record_and_counted(
    jupyter: JupyterProcess, sdk: openai.OpenAI
) -> None:
    before = jupyter.api("GET", f"{API}/usage")["pictures"]
    whole = sdk.images.generate(prompt="a fox", size="256x256", n=2, extra_body={"seed": 7})
    with sdk.images.generate(
        model="flux-1-dev", prompt="a cat", size="256x256", stream=True, partial_images=1
    ) as stream:
        (streamed,) = [event for event in stream if event.type == "image_generation.completed"]
    assert whole.data is not None
    items: list[Any] = [*whole.data, streamed]
    assert [facts_of(item)["seed"] for item in whole.data] == [7, 8]
    for item in items:
        data = base64.b64decode(item.b64_json)
        facts = facts_of(item)
        found = read(data)
        assert found is not None
        assert found.model_dump() == facts
        assert (facts["demo"], facts["mode"]) == (True, "demo")
        kept = jupyter.api("GET", f"{API}/generations/{facts['id']}")
        assert (kept["outcome"], kept["sha256"]) == ("done", hashlib.sha256(data).hexdigest())
        assert kept["prompt"] is None, "prompts are kept only where somebody wants that"
    used = jupyter.api("GET", f"{API}/usage")
    assert used["pictures"] - before == 3
    assert [one["service"] for one in used["services"]] == ["demo"]
    assert jupyter.api("GET", f"{API}/jobs") == {"jobs": []}
