"""The switches of the runtime that only pretends."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ServiceDied
from coursia_genai_lab.runtimes.base import Instance, Progress, Secret, StartOrder
from coursia_genai_lab.runtimes.credentials import credential_headers
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.runtimes.readiness import answers, until_ready
from coursia_genai_lab.wire.problems import Problem

SPEC = ServiceSpec.model_validate(
    {
        "name": "one",
        "title": "One",
        "dialect": "comfyui",
        "process": {"command": ["nothing"]},
        "readiness": {"interval_seconds": 0.02},
    }
)


async def start(runtime: FakeRuntime, folder: Path, spec: ServiceSpec = SPEC) -> Instance:
    order = StartOrder(spec, "owner", "namespace", Secret("abc"), str(folder))
    return await runtime.start(order, lambda progress: None)


async def test_a_problem_can_be_ordered(tmp_path: Path) -> None:
    problem = Problem(code="none", message="No.", remedy="Wait.")
    runtime = FakeRuntime(problem=lambda spec: problem)
    assert await runtime.check(SPEC) == problem
    await runtime.close()


async def test_a_failure_can_be_ordered(tmp_path: Path) -> None:
    runtime = FakeRuntime(failure=lambda spec: ServiceDied("It died."))
    with pytest.raises(ServiceDied):
        await start(runtime, tmp_path)
    assert runtime.starts == []
    await runtime.close()


async def test_phases_are_reported_in_their_order(tmp_path: Path) -> None:
    runtime = FakeRuntime(phases=("first", "second"), phase_seconds=0.01)
    seen: list[Progress] = []
    order = StartOrder(SPEC, "owner", "namespace", Secret("abc"), str(tmp_path))
    await runtime.start(order, seen.append)
    assert [(step.phase, step.percent) for step in seen] == [("first", 0), ("second", 50)]
    await runtime.close()


async def test_a_boot_can_take_its_time(tmp_path: Path) -> None:
    runtime = FakeRuntime(boot_seconds=0.2)
    instance = await start(runtime, tmp_path)
    async with aiohttp.ClientSession() as session:
        assert not await answers(instance.url, SPEC.readiness, session=session)
        await until_ready(instance.url, SPEC.readiness, timeout_seconds=20, session=session)
    await runtime.close()


async def test_a_life_can_be_short(tmp_path: Path) -> None:
    runtime = FakeRuntime(life_seconds={"one": 0.01})
    instance = await start(runtime, tmp_path)
    ended = await asyncio.wait_for(runtime.wait(instance), 60)
    assert ended.code == 1
    await runtime.close()


async def test_an_answer_can_be_ordered(tmp_path: Path) -> None:
    runtime = FakeRuntime(answer=lambda request: web.Response(text=f"you asked {request.path}"))
    instance = await start(runtime, tmp_path)
    headers = credential_headers(SPEC.credential, instance.credential)
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{instance.url}/picture") as response,
    ):
        assert await response.text() == "you asked /picture"
    await runtime.close()


async def test_a_service_with_another_spec_is_started_anew(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    first = await start(runtime, tmp_path)
    changed = SPEC.model_copy(update={"dialect": "a1111"})
    second = await start(runtime, tmp_path, changed)
    assert second.identifier != first.identifier
    assert runtime.starts == ["one", "one"]
    await runtime.close()
