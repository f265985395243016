"""A registered workflow on a real server: from the operator's folder to a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from foreign_graphs import with_control_net
from tornado.httpclient import HTTPClientError

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.engines.exported import read_exported
from coursia_genai_lab.engines.registered import WorkflowFolder
from coursia_genai_lab.engines.registering import inspect, registration

SERVICE = """
title = "Painter"
dialect = "comfyui"

[process]
command = ["{python}", "-m", "coursia_genai_lab.servers.demo", "--port", "{port}",
           "--token-file", "{token_file}", "--seconds-per-step", "0"]

[readiness]
path = "/system_stats"
statuses = [200, 401]
"""


@pytest.fixture
def workflows(tmp_path: Path) -> WorkflowFolder:
    """The operator's folders: service files, and the registered workflows beside them."""
    services = tmp_path / "lab" / "services"
    services.mkdir(parents=True, mode=0o700)
    (services / "painter.toml").write_text(SERVICE, encoding="utf-8")
    (services / "painter.toml").chmod(0o600)
    graph = with_control_net()
    for unknown in ("20", "21", "23", "60"):
        del graph[unknown]
    graph["3"]["inputs"].update(positive=["7", 0], negative=["6", 0], seed=7, steps=2)
    graph["5"]["inputs"].update(width=64, height=128)
    found = inspect(read_exported(json.dumps(graph).encode()))
    folder = WorkflowFolder(tmp_path / "lab" / "workflows")
    folder.save(registration(found, "dancers", load_catalog(services), service="painter"))
    (folder.path / "spoilt.json").write_text("{}", encoding="utf-8")
    return folder


@pytest.fixture
def lab_traits(workflows: WorkflowFolder) -> dict[str, Any]:
    services = workflows.path.parent / "services"
    return {"runtime": "process", "services_path": str(services)}


@pytest.fixture
def ask(jp_fetch: Callable[..., Any], app: Any) -> Callable[..., Any]:
    """Fetch below openai/v1/ and return (status, JSON)."""

    async def call(method: str, *path: str, body: Any = None) -> tuple[int, Any]:
        text = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        try:
            answer = await jp_fetch(
                *("coursia-genai", "openai", "v1", *path),
                method=method,
                body=text,
                headers=headers,
                request_timeout=180,
            )
        except HTTPClientError as error:
            response = error.response
            assert response is not None
            return error.code, json.loads(response.body)
        return answer.code, json.loads(answer.body)

    return call


async def test_its_service_is_started_and_draws_it(
    ask: Callable[..., Any], api: Callable[..., Any]
) -> None:
    status, body = await ask("GET", "models", "dancers")
    assert (status, body["service"], body["available"]) == (200, "painter", True)
    wish = {"prompt": "two dancers", "model": "dancers", "seed": 3}
    status, body = await ask("POST", "images", "generations", body=wish)
    assert status == 200, body
    facts = body["data"][0]["provenance"]
    assert (facts["workflow"], facts["service"], facts["demo"]) == ("dancers", "painter", False)
    assert (facts["width"], facts["height"]) == (64, 128)
    status, body = await api("GET", "status")
    told = [one for one in body["warnings"] if one["code"] == "workflow_file"]
    assert [one["message"] for one in told] == ["spoilt.json is no registered workflow."]


class TestAmongTheNotebooks:
    """The same, in a folder that a course could write."""

    @pytest.fixture
    def lab_traits(self, workflows: WorkflowFolder, jp_root_dir: Path) -> dict[str, Any]:
        inside = jp_root_dir / "workflows"
        workflows.path.rename(inside)
        return {"runtime": "fake", "workflows_path": str(inside)}

    async def test_it_is_not_used(self, ask: Callable[..., Any], api: Callable[..., Any]) -> None:
        status, _ = await ask("GET", "models", "dancers")
        assert status == 404
        _, body = await api("GET", "status")
        assert "workflow_folder" in [one["code"] for one in body["warnings"]]
