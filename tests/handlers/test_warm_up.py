"""A warm-up on a real server: sent with the service's credential before it is told to be ready."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Api = Callable[..., Any]
SERVICE = """
title = "Painter"
dialect = "a1111"

[process]
command = ["painter"]

[warm_up]
path = "/sdapi/v1/txt2img"
body = { prompt = "warm-up", steps = 1 }
"""


@pytest.fixture
def lab_traits(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "services"
    folder.mkdir(mode=0o700)
    (folder / "painter.toml").write_text(SERVICE, encoding="utf-8")
    (folder / "painter.toml").chmod(0o600)
    return {"runtime": "fake", "services_path": str(folder)}


async def test_a_service_has_done_its_warm_up_when_it_is_ready(api: Api, app: Any) -> None:
    await app.parts.lab.endpoint("painter", timeout=60)
    status, body = await api("GET", "services", "painter", "logs")
    assert status == 200
    # Without its credential the service would have answered 401, and the start have failed.
    assert "POST /sdapi/v1/txt2img" in body["lines"]
    assert (await api("GET", "services", "painter"))[1]["state"] == "ready"
