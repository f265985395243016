"""One job of ComfyUI on a road that breaks: sockets that end, servers that restart or lie."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from demo_process import DemoEngine, StartDemo
from door_harness import service, soon
from odd_comfyui import OddComfyUI

from coursia_genai_lab.engines.base import cut_endings
from coursia_genai_lab.engines.comfyui import ComfyUI
from coursia_genai_lab.engines.orders import Event, Order, Picture, Preview, Step
from coursia_genai_lab.engines.workflow_files import Description, Parameter, Workflow
from coursia_genai_lab.engines.workflow_plan import plan
from coursia_genai_lab.errors import GenAIError, InvalidRequest

BOUND = 90.0


@dataclass
class Road:
    """Stands before an engine and passes everything on, until a test has it otherwise."""

    engine: DemoEngine
    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    sockets: list[str] = field(default_factory=list)
    first_words: list[Any] = field(default_factory=list)
    cut_after: Callable[[Any], bool] = lambda message: False
    """Whether the socket ends after a message of the engine."""
    mute: bool = False
    """Whether sockets open and then say nothing."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/ws":
            return await self._socket(request)
        body = await request.read()
        if request.method == "POST" and request.path == "/prompt":
            self.posts.append(json.loads(body))
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                request.method,
                self.engine.url + request.raw_path,
                data=body,
                headers={
                    name: value
                    for name, value in request.headers.items()
                    if name in ("Authorization", "Content-Type")
                },
            ) as got,
        ):
            data = await got.read()
            return web.Response(status=got.status, body=data, content_type=got.content_type)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.sockets.append(request.query["clientId"])
        here = web.WebSocketResponse()
        await here.prepare(request)
        if self.mute:
            await here.receive()
            await asyncio.Event().wait()
        token = {"Authorization": request.headers["Authorization"]}
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(self.engine.url + request.raw_path, headers=token) as there,
        ):
            first = await here.receive_str()
            self.first_words.append(json.loads(first))
            await there.send_str(first)
            async for message in there:
                if message.type is aiohttp.WSMsgType.BINARY:
                    await here.send_bytes(message.data)
                    continue
                await here.send_str(message.data)
                if self.cut_after(json.loads(message.data)):
                    break
        await here.close()
        return here


@asynccontextmanager
async def road(engine: DemoEngine, **more: Any) -> AsyncIterator[tuple[Road, ComfyUI]]:
    way = Road(engine, **more)
    headers = {"Authorization": f"Bearer {engine.token}"}
    async with service(way.handle) as standing, aiohttp.ClientSession() as session:
        way.url = standing.url
        yield way, ComfyUI(standing.url, headers, session)


def graph(**changes: Any) -> dict[str, Any]:
    made = plan(Order("flux-1-schnell", "a fox", 1, width=64, height=64)).graph_for(1, {})
    made["6"]["inputs"].update(changes)
    return made


async def run(engine: ComfyUI, *words: Any, **more: Any) -> dict[str, Any]:
    return await asyncio.wait_for(engine.run(*words, **more), BOUND)


def is_step(message: Any, number: int = 1) -> bool:
    return bool(message["type"] == "progress" and message["data"]["value"] == number)


@pytest.fixture(scope="module")
def steady(start_demo: StartDemo) -> DemoEngine:
    """An engine whose steps last long enough to lose a socket between two."""
    return start_demo("--seconds-per-step", "0.4")


async def test_a_job_has_an_id_of_ours_and_a_client_id_that_nobody_else_has(
    demo_engine: DemoEngine,
) -> None:
    async with road(demo_engine) as (way, engine):
        await asyncio.gather(*(run(engine, graph(seed=seed)) for seed in (301, 302)))
    ids = [post["prompt_id"] for post in way.posts]
    assert ids == [str(uuid.UUID(one)) for one in ids]
    assert len({*ids, *(post["client_id"] for post in way.posts)}) == 4
    assert sorted(way.sockets) == sorted(post["client_id"] for post in way.posts)


async def test_previews_are_asked_for_only_where_somebody_wants_them(
    demo_engine: DemoEngine,
) -> None:
    heard: list[Event] = []
    async with road(demo_engine) as (way, engine):
        await run(engine, graph(seed=303, steps=3), heard.append)
        await run(engine, graph(seed=304, steps=3), heard.append, previews=True, index=1)
    flags = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    assert way.first_words == [flags, flags]
    assert "extra_data" not in way.posts[0]
    assert way.posts[1]["extra_data"] == {"preview_method": "auto"}
    assert {one.index for one in heard if isinstance(one, Preview)} == {1}


async def test_a_socket_that_is_lost_in_the_middle_is_opened_again(steady: DemoEngine) -> None:
    heard: list[Event] = []
    async with road(steady) as (way, engine):
        way.cut_after = lambda message: len(way.sockets) == 1 and is_step(message)
        entry = await run(engine, graph(seed=305, steps=8), heard.append)
    assert entry["status"]["completed"]
    assert len(way.posts) == 1
    assert len(way.sockets) == 2
    assert len(set(way.sockets)) == 1
    steps = [one.step for one in heard if isinstance(one, Step)]
    assert steps[0] == 1
    assert steps[-1] > 2


async def test_a_socket_that_is_never_heard_again_keeps_no_picture_back(
    steady: DemoEngine,
) -> None:
    async with road(steady) as (way, engine):

        def cut(message: Any) -> bool:
            way.mute = way.mute or is_step(message)
            return way.mute

        way.cut_after = cut
        entry = await run(engine, graph(seed=306, steps=4), look_seconds=0.1)
        assert entry["outputs"]
    assert len(way.posts) == 1


async def test_a_socket_that_says_nothing_from_the_start_keeps_no_picture_back(
    demo_engine: DemoEngine,
) -> None:
    async with road(demo_engine, mute=True) as (way, engine):
        entry = await run(engine, graph(seed=307, steps=2), look_seconds=0.1)
        assert entry["outputs"]
    assert len(way.posts) == 1


async def test_a_server_that_was_restarted_in_the_middle_has_lost_the_job(
    start_demo: StartDemo,
) -> None:
    before, after = start_demo("--seconds-per-step", "30"), start_demo()
    async with road(before) as (way, engine):
        work = asyncio.create_task(run(engine, graph(seed=308), look_seconds=0.1))
        headers = {"Authorization": f"Bearer {before.token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            while True:
                async with http.get(before.url + "/queue") as got:
                    if (await got.json())["queue_running"]:
                        break
                assert not work.done()
        # The same address, and a server that knows nothing of what was before.
        way.engine = after
        before.process.kill()
        with pytest.raises(GenAIError) as lost:
            await work
    assert lost.value.error_code == "job_lost"
    assert "restarted" in lost.value.message
    assert len(way.posts) == 1


async def test_a_picture_that_comes_by_the_socket_alone_is_the_picture(
    demo_engine: DemoEngine,
) -> None:
    made = graph(seed=0)
    made["9"] = {"class_type": "SaveImageWebsocket", "inputs": {"images": ["8", 0]}}
    texts = Parameter(type="text", at=["2.text"])
    seeds = Parameter(type="integer", at=["6.seed"])
    about = Description(title="Mine", parameters={"prompt": texts, "seed": seeds}, outputs=["9"])
    workflow = Workflow(name="mine", graph=made, about=about, fetched_as={})
    heard: list[Event] = []
    async with road(demo_engine) as (_, engine):
        order = Order("mine", "a fox", 309, count=2, previews=True, workflow=workflow)
        pictures = await asyncio.wait_for(engine.generate(order, heard.append), BOUND)
    assert [one.seed for one in pictures] == [309, 310]
    assert all(one.data.startswith(b"\x89PNG") for one in pictures)
    assert pictures[0].data != pictures[1].data
    assert [one for one in heard if isinstance(one, Picture)] == pictures
    assert all(one.data.startswith(b"\xff\xd8") for one in heard if isinstance(one, Preview))


@pytest.mark.parametrize("known", [False, True])
async def test_a_value_that_the_server_refuses_is_told_by_the_name_that_the_caller_gave(
    demo_engine: DemoEngine, known: bool
) -> None:
    steps = Parameter(type="integer", at=["6.steps"], least=1, most=50_000)
    texts = Parameter(type="text", at=["2.text"])
    about = Description(title="Mine", parameters={"prompt": texts, "steps": steps})
    workflow = Workflow(name="mine", graph=graph(seed=310), about=about, fetched_as={})
    async with road(demo_engine) as (way, engine):
        if known:
            # What was seen to fit is not asked about again: ComfyUI itself refuses.
            await engine.generate(Order("mine", "a fox", 1, steps=1, workflow=workflow))
        with pytest.raises(InvalidRequest, match="10000") as refused:
            await engine.generate(Order("mine", "a fox", 1, steps=20_000, workflow=workflow))
    assert refused.value.error_code == "engine_refused"
    assert refused.value.param == "steps"
    assert len(way.posts) == 2 * known


async def test_too_little_memory_is_told_with_what_to_do(start_demo: StartDemo) -> None:
    engine_process = start_demo("--seconds-per-step", "0", "--trouble", "out-of-memory")
    async with road(engine_process) as (_, engine):
        with pytest.raises(GenAIError) as failed:
            await run(engine, graph(seed=311))
    assert failed.value.error_code == "out_of_memory"
    assert "smaller picture" in failed.value.remedy


async def test_a_caller_that_leaves_while_the_post_is_under_way_leaves_no_job(
    steady: DemoEngine,
) -> None:
    posted = asyncio.Event()
    async with road(steady) as (way, _):
        passes_on = way.handle

        async def slowly(request: web.Request) -> web.StreamResponse:
            answer = await passes_on(request)
            if request.path == "/prompt":
                posted.set()
                # The job is in the queue, and its poster has not been told yet.
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(left.wait(), BOUND)
            return answer

        left = asyncio.Event()
        headers = {"Authorization": f"Bearer {steady.token}"}
        async with service(slowly) as standing, aiohttp.ClientSession() as session:
            leaving = asyncio.create_task(
                ComfyUI(standing.url, headers, session).run(graph(seed=312, steps=100))
            )
            await asyncio.wait_for(posted.wait(), BOUND)
            leaving.cancel()
            left.set()
            await asyncio.wait([leaving], timeout=BOUND)
            assert leaving.cancelled()
            for _ in range(1200):
                if not await queued(session, steady.url, headers):
                    break
                await asyncio.sleep(0.05)
            else:
                raise AssertionError("the job is still there")


async def queued(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> list[Any]:
    async with session.get(url + "/queue", headers=headers) as got:
        rows = await got.json()
    return [*rows["queue_running"], *rows["queue_pending"]]


async def test_a_caller_that_is_cancelled_twice_leaves_nothing_behind_its_session() -> None:
    unwanted = asyncio.Event()

    async def works_on(odd: OddComfyUI, post: dict[str, Any]) -> None:
        return

    async def in_a_long_step(request: web.Request) -> web.StreamResponse | None:
        if (request.method, request.path.startswith("/api/jobs/")) == ("POST", True):
            unwanted.set()
            return web.json_response({"cancelled": True})
        return None

    def ours() -> list[str]:
        return [name for task in asyncio.all_tasks() if (name := task.get_name())[:5] == "genai"]

    async with OddComfyUI.run(works_on) as odd, aiohttp.ClientSession() as session:
        odd.answer = in_a_long_step
        work = asyncio.create_task(ComfyUI(odd.url, {}, session).run({"1": {}}))
        await soon(lambda: bool(odd.running))
        work.cancel()
        await asyncio.wait_for(unwanted.wait(), BOUND)
        work.cancel()
        await asyncio.wait([work], timeout=BOUND)
        assert work.cancelled()
        assert ours() == ["genai-engine-ending"]
        await cut_endings(session)
        assert ours() == []
