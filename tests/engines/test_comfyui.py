"""One job of ComfyUI: shown, waited for, ended, and told of when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from demo_process import DemoEngine, StartDemo
from door_harness import service

from coursia_genai_lab.engines.comfyui import ComfyUI
from coursia_genai_lab.engines.comfyui_errors import ended_badly, plain
from coursia_genai_lab.engines.comfyui_pictures import made
from coursia_genai_lab.engines.orders import Event, Order, Phase, Preview, Step
from coursia_genai_lab.engines.workflow_plan import plan
from coursia_genai_lab.errors import GenAIError, GenerationCancelled, InvalidRequest, ServiceDied

BOUND = 90.0


@pytest.fixture(scope="module")
def slow(start_demo: StartDemo) -> DemoEngine:
    """An engine whose jobs last until they are ended."""
    return start_demo("--seconds-per-step", "30")


def headers(engine: DemoEngine) -> dict[str, str]:
    return {"Authorization": f"Bearer {engine.token}"}


@asynccontextmanager
async def comfyui(engine: DemoEngine, url: str | None = None) -> AsyncIterator[ComfyUI]:
    async with aiohttp.ClientSession() as session:
        yield ComfyUI(url or engine.url, headers(engine), session)


def graph(**changes: Any) -> dict[str, Any]:
    order = Order("flux-1-schnell", "a fox", changes.get("seed", 1), width=64, height=64)
    made = plan(order).graph_for(order.seed, {})
    made["6"]["inputs"].update(changes)
    return made


async def asked(engine: DemoEngine, method: str, path: str, body: object = None) -> Any:
    async with (
        aiohttp.ClientSession(headers=headers(engine)) as http,
        http.request(method, engine.url + path, json=body) as got,
    ):
        return await got.json() if got.content_type == "application/json" else None


async def queued(engine: DemoEngine) -> list[str]:
    rows = await asked(engine, "GET", "/queue")
    return [row[1] for row in (*rows["queue_running"], *rows["queue_pending"])]


async def becomes(count: int, engine: DemoEngine) -> list[str]:
    for _ in range(3000):
        jobs = await queued(engine)
        if len(jobs) == count:
            return jobs
        await asyncio.sleep(0.02)
    raise AssertionError(f"there never were {count} jobs")


async def failure(work: Awaitable[Any]) -> GenAIError:
    with pytest.raises(GenAIError) as caught:
        await asyncio.wait_for(work, BOUND)
    return caught.value


async def test_a_job_is_shown_and_leaves_nothing_behind(demo_engine: DemoEngine) -> None:
    heard: list[Event] = []
    async with comfyui(demo_engine) as engine:
        entry = await engine.run(graph(seed=101, steps=4), heard.append, previews=True, index=2)
        assert entry["status"]["completed"]
    assert {one.index for one in heard if isinstance(one, (Phase, Step, Preview))} == {2}
    assert [one.step for one in heard if isinstance(one, Step)] == [1, 2, 3, 4]
    assert {one.steps for one in heard if isinstance(one, Step)} == {4}
    assert "drawing" in [one.name for one in heard if isinstance(one, Phase)]
    pictures = [one.data for one in heard if isinstance(one, Preview)]
    assert pictures
    assert all(one.startswith(b"\xff\xd8\xff") for one in pictures)
    assert await asked(demo_engine, "GET", "/history") == {}


async def test_jobs_side_by_side_hear_of_themselves_only(demo_engine: DemoEngine) -> None:
    heard: list[list[Event]] = [[], []]
    async with comfyui(demo_engine) as engine:
        await asyncio.gather(
            engine.run(graph(seed=201, steps=3), heard[0].append),
            engine.run(graph(seed=202, steps=5), heard[1].append),
        )
    assert [one.step for one in heard[0] if isinstance(one, Step)] == [1, 2, 3]
    assert [one.step for one in heard[1] if isinstance(one, Step)] == [1, 2, 3, 4, 5]


async def test_cancelling_ends_the_own_job_waiting_or_running(slow: DemoEngine) -> None:
    async with comfyui(slow) as engine:
        heard: list[Event] = []
        first = asyncio.create_task(engine.run(graph(seed=1)))
        (running,) = await becomes(1, slow)
        second = asyncio.create_task(engine.run(graph(seed=2), heard.append))
        await becomes(2, slow)
        for _ in range(3000):
            if any(isinstance(one, Phase) and "waiting" in one.name for one in heard):
                break
            await asyncio.sleep(0.02)
        else:
            raise AssertionError("it never said that it waits")
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert second.cancelled()
        assert await queued(slow) == [running]
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await becomes(0, slow)
        assert await asked(slow, "GET", "/history") == {}


async def test_a_job_without_progress_is_ended(slow: DemoEngine) -> None:
    async with comfyui(slow) as engine:
        error = await failure(engine.run(graph(seed=3), silence_seconds=1.0, look_seconds=0.1))
        assert error.error_code == "no_progress"
        await becomes(0, slow)


async def test_an_interrupt_by_somebody_else_is_told(slow: DemoEngine) -> None:
    async with comfyui(slow) as engine:
        work = asyncio.create_task(engine.run(graph(seed=4)))
        await becomes(1, slow)
        await asked(slow, "POST", "/interrupt", {})
        error = await failure(work)
    assert isinstance(error, GenerationCancelled)
    assert error.error_code == "interrupted"


async def test_a_job_that_was_taken_out_of_the_queue_is_told_as_lost(slow: DemoEngine) -> None:
    async with comfyui(slow) as engine:
        first = asyncio.create_task(engine.run(graph(seed=5)))
        (running,) = await becomes(1, slow)
        second = asyncio.create_task(engine.run(graph(seed=6), look_seconds=0.1))
        jobs = await becomes(2, slow)
        await asked(slow, "POST", "/queue", {"delete": [job for job in jobs if job != running]})
        assert (await failure(second)).error_code == "job_lost"
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_an_engine_that_dies_in_the_middle_is_told(start_demo: StartDemo) -> None:
    doomed = start_demo("--seconds-per-step", "30")
    async with comfyui(doomed) as engine:
        work = asyncio.create_task(engine.run(graph(), look_seconds=0.1))
        await becomes(1, doomed)
        doomed.process.kill()
        assert isinstance(await failure(work), ServiceDied)


@asynccontextmanager
async def before(
    engine: DemoEngine, answer: Callable[[web.Request], Awaitable[web.StreamResponse | None]]
) -> AsyncIterator[str]:
    """Stand before an engine, so that some calls get another answer; give the address."""

    async def handle(request: web.Request) -> web.StreamResponse:
        other = await answer(request)
        if other is not None:
            return other
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                request.method,
                engine.url + request.raw_path,
                data=await request.read(),
                headers={
                    name: value
                    for name, value in request.headers.items()
                    if name in ("Authorization", "Content-Type")
                },
            ) as got,
        ):
            return web.Response(
                status=got.status, body=await got.read(), content_type=got.content_type
            )

    async with service(handle) as standing:
        yield standing.url


async def old_server(request: web.Request) -> web.StreamResponse | None:
    """Answer as a ComfyUI before 0.6 that shows nothing either."""
    if request.path == "/ws" or request.path.startswith("/api/jobs"):
        return web.Response(status=404)
    return None


async def test_an_old_server_without_a_socket_and_job_routes_does(demo_engine: DemoEngine) -> None:
    async with before(demo_engine, old_server) as url, comfyui(demo_engine, url) as engine:
        entry = await engine.run(graph(seed=7, steps=2), look_seconds=0.05)
        assert entry["outputs"]


async def test_on_an_old_server_too_cancelling_ends_the_own_job_only(slow: DemoEngine) -> None:
    async with before(slow, old_server) as url, comfyui(slow, url) as engine:
        first = asyncio.create_task(engine.run(graph(seed=8)))
        (running,) = await becomes(1, slow)
        second = asyncio.create_task(engine.run(graph(seed=9)))
        await becomes(2, slow)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        assert await queued(slow) == [running]
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await becomes(0, slow)


async def test_a_lost_answer_to_the_post_is_no_second_job(demo_engine: DemoEngine) -> None:
    posts = 0

    async def loses(request: web.Request) -> web.StreamResponse | None:
        nonlocal posts
        if request.path == "/ws":
            return web.Response(status=404)
        if request.method == "POST" and request.path == "/prompt":
            posts += 1
            await asked(demo_engine, "POST", "/prompt", await request.json())
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return None

    async with before(demo_engine, loses) as url, comfyui(demo_engine, url) as engine:
        entry = await engine.run(graph(seed=10, steps=2), look_seconds=0.05)
        assert len(await made_by(demo_engine, entry)) == 1
    assert posts == 1


async def made_by(engine: DemoEngine, entry: dict[str, Any]) -> list[bytes]:
    from coursia_genai_lab.engines.calls import Calls

    async with aiohttp.ClientSession() as session:
        return await made(Calls(engine.url, headers(engine), session), entry)


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ({"steps": 0}, "engine_refused", "KSampler.steps"),
        ({"steps": "many"}, "engine_refused", "KSampler.steps"),
        ({"model": ["99", 0]}, "engine_refused", "KSampler"),
        ({"sampler_name": "magic"}, "engine_refused", "sampler_name"),
    ],
)
async def test_a_refused_input_is_named(
    demo_engine: DemoEngine, change: dict[str, Any], code: str, word: str
) -> None:
    async with comfyui(demo_engine) as engine:
        error = await failure(engine.run(graph(**change)))
    assert isinstance(error, InvalidRequest)
    assert error.error_code == code
    assert word in error.message


async def test_a_part_of_a_graph_that_is_refused_refuses_the_whole(slow: DemoEngine) -> None:
    both = graph(seed=11)
    both["70"] = {"class_type": "SaveImage", "inputs": {"filename_prefix": "y"}}
    async with comfyui(slow) as engine:
        error = await failure(engine.run(both))
        assert "images" in error.message
        await becomes(0, slow)


def test_too_little_memory_is_told_as_that() -> None:
    report = {
        "exception_type": "torch.OutOfMemoryError",
        "exception_message": "Allocation on device 0 would exceed allowed memory.",
        "node_type": "KSampler",
    }
    error = ended_badly({"status": {"messages": [["execution_error", report]]}})
    assert error.error_code == "out_of_memory"


def test_an_engines_words_lose_the_paths_of_its_machine() -> None:
    told = plain("No such file: /opt/ComfyUI/models/vae/ae.safetensors\n  at C:\\Users\\x\\y.py")
    assert "opt" not in told
    assert "Users" not in told
    assert "\n" not in told
