"""Builds over REST, and what the answers say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import until

SPEC = """
title = "Made"
dialect = "comfyui"
[container]
image = "made:1"
port = 8188
[build]
context = "comfyui"
"""


@pytest.fixture
def lab_traits(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "made.toml").write_text(SPEC)
    return {"runtime": "fake", "services_path": str(folder)}


async def test_a_build_is_begun_and_its_end_is_seen(api: Callable[..., Any], app: Any) -> None:
    builds = app.parts.builds
    status, view = await api("GET", "services", "made")
    assert (status, view["can_build"]) == (200, True)
    status, answer = await api(
        "POST", "services", "made", "build", body={"base": "b@sha256:" + 64 * "0"}
    )
    assert status == 202
    assert answer["revision"] <= app.parts.lab.revision
    await until(lambda: not builds.running("made"))
    _, view = await api("GET", "services", "made")
    assert (view["state"], view["can_build"], view["problem"]) == ("stopped", True, None)


async def test_a_build_is_cancelled(api: Callable[..., Any], app: Any) -> None:
    await api("POST", "services", "made", "build")
    assert app.parts.builds.running("made")
    status, _ = await api("DELETE", "services", "made", "build")
    assert status == 202
    await until(lambda: not app.parts.builds.running("made"))
    assert (await api("DELETE", "services", "made", "build"))[0] == 202


async def test_what_cannot_be_built_is_refused(api: Callable[..., Any], app: Any) -> None:
    for name, status, code in (("demo", 409, "not_buildable"), ("nothing", 404, "not_found")):
        answer = await api("POST", "services", name, "build")
        assert (answer[0], answer[1]["error"]["code"]) == (status, code)
    for base in ("--privileged", "a b", "$(x)", "x" * 256):
        status, answer = await api("POST", "services", "made", "build", body={"base": base})
        assert (status, answer["error"]["code"]) == (400, "invalid_request")
    assert not app.parts.builds.running("made")
