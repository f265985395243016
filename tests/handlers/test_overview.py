"""GET api/v1/health on a server with the fake runtime."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from coursia_genai_lab.handlers.overview import OverviewHandler
from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.launch.person import unix_user
from coursia_genai_lab.wire.health import HealthView
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import Role

Api = Callable[..., Any]
PATIENCE = 60.0


async def health(api: Api) -> HealthView:
    status, body = await api("GET", "health")
    assert status == 200
    return HealthView.model_validate(body)


async def in_state(app: Any, service: str, state: str) -> None:
    """Wait until a service is in a state."""
    lab = app.parts.lab

    async def wait() -> None:
        while lab.service(service).state != state:
            await lab.wait_for_change(lab.revision, 1)

    await asyncio.wait_for(wait(), PATIENCE)


async def seen_by(role: Role, app: Any, jp_serverapp: Any, jp_fetch: Any) -> HealthView:
    """Ask as somebody with a role: the handler itself, with that answer to who asks."""

    class WithRole(OverviewHandler):
        @property
        def role(self) -> Role:
            return role

    path = f"seen-by-{role}"
    base = jp_serverapp.base_url.rstrip("/")
    jp_serverapp.web_app.add_handlers(".*$", [(f"{base}/{path}", WithRole)])
    answer = await jp_fetch(path)
    return HealthView.model_validate(json.loads(answer.body))


def made(app: Any, person: str, **changed: Any) -> None:
    known: dict[str, Any] = {
        "id": f"of {person} {changed}",
        "person": person,
        "kind": "openai",
        "service": "demo",
        "model": "demo",
        "seconds": 2.0,
    }
    app.parts.memory.generations.note(Generation(**{**known, **changed}))


async def test_it_bears_the_four_keys_and_a_quiet_server_is_healthy(api: Api) -> None:
    status, body = await api("GET", "health")
    assert status == 200
    assert {"overall_status", "services", "metrics", "integration"} <= body.keys()
    assert (body["overall_status"], body["reasons"]) == ("healthy", [])
    assert body["services"]["comfyui"]["status"] == "idle"
    assert body["integration"] == {
        "zero_regression_maintained": True,
        "genai_available": True,
        "fallback_functional": True,
        "launches_missed": 0,
    }
    assert body["metrics"]["own"] is False
    assert body["metrics"]["uptime_seconds"] >= 0
    assert body["failures"] == []


async def test_a_service_that_answers_has_been_up_since_then(app: Any, api: Api) -> None:
    app.parts.lab.start("comfyui", by="ada")
    await in_state(app, "comfyui", "ready")
    comfyui = (await health(api)).services["comfyui"]
    assert (comfyui.status, comfyui.state) == ("healthy", "ready")
    (span,) = comfyui.up
    assert span.began <= span.ended <= time.time()
    app.parts.lab.stop("comfyui", by="ada")
    await in_state(app, "comfyui", "stopped")
    later = (await health(api)).services["comfyui"]
    assert later.status == "idle"
    assert len(later.up) == 1
    assert later.up_seconds == pytest.approx(later.up[0].ended - later.up[0].began, abs=0.01)


async def test_a_failure_is_counted_told_and_makes_the_whole_degraded(app: Any, api: Api) -> None:
    app.parts.memory.record(TimelineNote("flux", "failed", code="disk_full", reason="Full."))
    old = TimelineNote("flux", "failed", code="hung", at=time.time() - 2 * 86400)
    app.parts.memory.record(old)
    app.parts.lab.changes.warn(Problem(code="kernels_elsewhere", message="Far.", remedy="Near."))
    told = await health(api)
    assert told.metrics.errors == 1
    assert [(one.service, one.code) for one in told.failures] == [("flux", "disk_full")]
    assert told.overall_status == "degraded"
    assert [(one.code, one.service) for one in told.reasons] == [("kernels_elsewhere", None)]


async def test_what_happened_since_the_last_look_is_told_at_the_next(app: Any, api: Api) -> None:
    assert (await health(api)).failures == []
    for number in range(12):
        app.parts.memory.record(TimelineNote("flux", "failed", code="hung", reason=str(number)))
        told = await health(api)
        assert told.failures[0].reason == str(number)
    assert (told.metrics.errors, len(told.failures)) == (12, 10)


async def test_kernels_that_we_held_up_are_no_secret(app: Any, api: Api) -> None:
    app.parts.launcher.tally.missed += 2
    told = await health(api)
    assert told.overall_status == "degraded"
    assert [one.code for one in told.reasons] == ["launches_missed"]
    assert told.integration.zero_regression_maintained is False
    assert told.integration.launches_missed == 2


async def test_a_server_that_is_switched_off_is_healthy_and_has_nothing_to_offer(
    app: Any, api: Api
) -> None:
    assert (await api("PUT", "mode", body={"layer": "person", "value": "off"}))[0] == 200
    told = await health(api)
    assert told.overall_status == "healthy"
    assert not told.integration.genai_available
    assert not told.integration.fallback_functional


class TestWithoutAnythingToRunServices:
    @pytest.fixture
    def lab_traits(self) -> dict[str, Any]:
        return {"runtime": "external", "mode": "cloud"}

    async def test_a_server_that_can_make_no_image_is_unhealthy(self, api: Api) -> None:
        told = await health(api)
        assert told.overall_status == "unhealthy"
        assert told.reasons[0].code == "nothing_available"
        assert told.integration.zero_regression_maintained


@pytest.mark.parametrize(("role", "pictures", "starts"), [("student", 1, 1), ("teacher", 3, 3)])
async def test_students_see_their_own_numbers_and_teachers_everybodys(
    role: Role, pictures: int, starts: int, app: Any, jp_serverapp: Any, jp_fetch: Any
) -> None:
    me = unix_user()
    for person in (me, "ada", "paul"):
        made(app, person)
        app.parts.launcher.tally.began(person, "GENAI_BASIC")
    made(app, "ada", outcome="failed", code="hung", pictures=0)
    made(app, me, at=time.time() - 3 * 86400)
    app.parts.memory.record(TimelineNote("flux", "failed", by="paul", code="hung"))
    told = await seen_by(role, app, jp_serverapp, jp_fetch)
    metrics = told.metrics
    assert (metrics.own, metrics.pictures) == (role == "student", pictures)
    assert metrics.genai_executions == starts
    assert metrics.failed_pictures == (0 if role == "student" else 1)
    assert metrics.engine_seconds == pytest.approx(2.0 if role == "student" else 8.0)
    # That a service failed is nobody's secret; who had asked for it is.
    assert metrics.errors == 1
    assert "paul" not in told.model_dump_json()


async def test_jobs_in_line_are_counted(app: Any, api: Api) -> None:
    queue = app.parts.doors.queue
    tickets = [
        queue.join("demo", person, holder="k", label="", model="demo", kind="openai")
        for person in ("ada", "paul")
    ]
    try:
        await asyncio.wait_for(tickets[0].turn(), PATIENCE)
        metrics = (await health(api)).metrics
        assert (metrics.working, metrics.waiting) == (1, 1)
    finally:
        for ticket in tickets:
            ticket.leave()
