"""GET timeline, and Jupyter's /metrics, on a server with the fake runtime."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from coursia_genai_lab.lab.timeline_note import TimelineNote

PATIENCE = 60.0


async def ready(app: Any, service: str = "comfyui") -> None:
    """Start a service and wait until it is ready."""
    lab = app.parts.lab

    async def wait() -> None:
        while lab.service(service).state != "ready":
            await lab.wait_for_change(lab.revision, 1)

    lab.start(service, by="ada")
    await asyncio.wait_for(wait(), PATIENCE)


async def test_it_tells_newest_first_who_started_what_and_how_long_it_took(
    app: Any, api: Callable[..., Any]
) -> None:
    await ready(app)
    status, page = await api("GET", "timeline", service="comfyui")
    assert status == 200
    assert page["durable"]
    told = [entry for entry in page["entries"] if entry["event"] in ("asked", "started", "ready")]
    assert [entry["event"] for entry in told] == ["ready", "started", "asked"]
    assert told[0]["seconds"] >= 0
    assert told[-1]["by"] == "ada"


async def test_pages_follow_each_other_and_bounds_are_kept(
    app: Any, api: Callable[..., Any]
) -> None:
    for number in range(5):
        app.parts.memory.record(TimelineNote(f"service-{number}", "stopped", by="idle"))
    _, first = await api("GET", "timeline", limit="2")
    assert [entry["service"] for entry in first["entries"]] == ["service-4", "service-3"]
    assert first["more"]
    _, second = await api("GET", "timeline", limit="2", before=str(first["entries"][-1]["id"]))
    assert [entry["service"] for entry in second["entries"]] == ["service-2", "service-1"]
    _, whole = await api("GET", "timeline", limit="100000")
    assert len(whole["entries"]) >= 5
    status, refused = await api("GET", "timeline", before="yesterday")
    assert status == 400
    assert refused["error"]["code"] == "invalid_request"
    _, nothing = await api("GET", "timeline", service="' OR 1=1 --")
    assert nothing["entries"] == []


async def test_a_notebook_is_known_as_its_persons(app: Any) -> None:
    lab, memory = app.parts.lab, app.parts.memory
    lab.leases.take("kernel", ("comfyui",), label="fox.ipynb", person="ada", kernel_id="k")
    memory.record(TimelineNote("comfyui", "started", by="course/fox.ipynb"))
    for person, shown in (
        (None, "course/fox.ipynb"),
        ("ada", "course/fox.ipynb"),
        ("bob", "another person"),
    ):
        page = await memory.timeline.page(person=person, service="comfyui", limit=1)
        assert page.entries[0].by == shown


async def test_jupyters_own_metrics_show_the_lab(app: Any, jp_fetch: Callable[..., Any]) -> None:
    async def value(name: str) -> float:
        text = (await jp_fetch("metrics")).body.decode()
        found = [line for line in text.splitlines() if line.startswith(f"coursia_genai_{name} ")]
        return float(found[0].rpartition(" ")[2]) if found else 0.0

    names = (
        'services{state="ready"}',
        'starts_total{service="comfyui"}',
        'start_seconds_count{service="comfyui"}',
        'leases{kind="pin",strength="protected"}',
    )
    before = [await value(name) for name in names]
    await ready(app)
    app.parts.lab.pin("comfyui", minutes=5, by="ada")
    after = [await value(name) for name in names]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1, 1]
    assert await value("holds") == 0
    await app.close()
    assert await value(names[0]) == before[0]


async def test_a_start_is_expected_to_take_what_past_ones_took(app: Any) -> None:
    lab, memory = app.parts.lab, app.parts.memory
    assert memory.estimates.expected("comfyui") is None
    await ready(app)
    taken = lab.service("comfyui").start_seconds
    assert memory.estimates.expected("comfyui") == pytest.approx(taken, abs=1.0)
    assert await memory.host_store.settled(PATIENCE)
    rows = await memory.host_store.read(memory.history.load)
    assert [(row.service, row.stage) for row in rows] == [("comfyui", "starting")]
