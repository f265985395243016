"""How jobs of a WebUI end that nobody wants, and what is told of a WebUI that others draw on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from door_harness import BOUND, Gateway, demo_engine, gateway, service, soon

SMALL = {"prompt": "a fox", "steps": 1, "width": 64, "height": 64}


class SlowWebUI:
    """A WebUI that knows a task only after it has been asked some times, and then draws long."""

    def __init__(self, *, late: int = 0, others_draw: bool = False) -> None:
        self.late = late
        self.others_draw = others_draw
        self.posted = asyncio.Event()
        self.interrupted = asyncio.Event()
        self.drawn = asyncio.Event()
        self.seen: list[str] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer as the WebUI does."""
        what = request.path.rpartition("/")[2]
        self.seen.append(request.path)
        if request.path == "/internal/progress":
            self.late -= 1
            here = self.posted.is_set() and self.late < 0 and not self.interrupted.is_set()
            told = {"active": here and not self.others_draw, "queued": here and self.others_draw}
            return web.json_response({**told, "completed": False})
        if what == "progress":
            return web.json_response({"progress": 0.5, "current_image": "somebody's"})
        if what == "txt2img":
            self.posted.set()
            ends = {asyncio.ensure_future(one.wait()) for one in (self.interrupted, self.drawn)}
            try:
                await asyncio.wait(ends, timeout=BOUND, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in ends:
                    one.cancel()
        if what == "interrupt":
            self.interrupted.set()
        return web.json_response({"images": []})


@asynccontextmanager
async def at(engine: SlowWebUI) -> AsyncIterator[tuple[Gateway, Any]]:
    """Run it behind the WebUI's door; gives what asks as ada."""
    async with service(engine) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        yield g, await asking(g)


async def asking(g: Gateway) -> Any:
    """Return what asks a WebUI's door as ada."""
    door = await g.doors.open("forge-turbo")
    headers = g.bearer(person="ada")

    async def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with g.http.request(method, door + path, json=body, headers=headers) as got:
            return got.status, await got.json()

    return ask


async def test_a_job_that_was_sent_a_moment_ago_is_ended_once_it_has_come() -> None:
    engine = SlowWebUI(late=2)
    async with at(engine) as (g, ask):
        call = asyncio.ensure_future(ask("POST", "/sdapi/v1/txt2img", SMALL))
        await asyncio.wait_for(engine.posted.wait(), BOUND)
        (ticket,) = g.doors.queue.tickets()
        await g.doors.queue.cancel(ticket.id, "ada")
        await asyncio.wait_for(engine.interrupted.wait(), BOUND)
        assert (await call)[0] == 200
        await soon(lambda: not g.doors.queue.tickets())


async def test_a_job_is_cancelled_while_its_service_is_away() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("forge-turbo", url)
        ask = await asking(g)
        before = g.doors.queue.join("forge-turbo", "ben", holder="b")
        call = asyncio.ensure_future(ask("POST", "/sdapi/v1/txt2img", SMALL))
        await soon(lambda: len(g.doors.queue.tickets()) == 2)
        g.lab.is_gone("forge-turbo")
        before.leave()
        (ticket,) = g.doors.queue.tickets()
        assert ticket.began is not None
        await g.doors.queue.cancel(ticket.id, "ada")
        status, told = await asyncio.wait_for(call, BOUND)
        assert (status, told["error"]) == (499, "cancelled")
        assert not g.doors.queue.tickets()
        assert not [lease for lease in g.lab.leases.standing() if lease.kind == "job"]


async def test_what_others_draw_on_a_shared_webui_is_neither_seen_nor_stopped() -> None:
    """Whoever owns a WebUI of their own draws by its page, beside our line."""
    engine = SlowWebUI(others_draw=True)
    async with at(engine) as (_, ask):
        call = asyncio.ensure_future(ask("POST", "/sdapi/v1/txt2img", SMALL))
        await asyncio.wait_for(engine.posted.wait(), BOUND)
        _, told = await ask("GET", "/sdapi/v1/progress")
        assert told["current_image"] is None
        assert "turn has come" in told["textinfo"]
        status, refused = await ask("POST", "/sdapi/v1/interrupt", {})
        assert (status, refused["error"]) == (403, "not_your_job")
        engine.others_draw = False
        _, told = await ask("GET", "/sdapi/v1/progress")
        assert told["progress"] == 0.5
        assert (await ask("POST", "/sdapi/v1/interrupt", {}))[0] == 200
        assert (await call)[0] == 200


async def test_the_model_of_a_picture_that_came_by_another_door_stays_loaded() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("forge-turbo", url)
        ask = await asking(g)
        drawn = g.doors.queue.join("forge-turbo", "ben", holder="b", kind="openai")
        for name in ("unload-checkpoint", "reload-checkpoint", "refresh-checkpoints"):
            assert (await ask("POST", f"/sdapi/v1/{name}", {}))[0] == 409
        assert (await ask("POST", "/sdapi/v1/interrupt", {}))[0] == 403
        drawn.leave()
        assert (await ask("POST", "/sdapi/v1/unload-checkpoint", {}))[0] == 200


async def test_whoever_leaves_before_the_webui_was_asked_makes_nobody_wait() -> None:
    engine = SlowWebUI()
    async with at(engine) as (g, ask):
        before = g.doors.queue.join("forge-turbo", "ben", holder="b")
        call = asyncio.ensure_future(ask("POST", "/sdapi/v1/txt2img", SMALL))
        await soon(lambda: len(g.doors.queue.tickets()) == 2)
        g.lab.is_gone("forge-turbo")
        before.leave()
        call.cancel()
        await asyncio.wait([call])
        await soon(lambda: not g.doors.queue.tickets())
        assert "/internal/progress" not in engine.seen


@pytest.mark.parametrize("seed", range(3))
async def test_whenever_callers_leave_or_cancel_nothing_of_their_jobs_stays(seed: int) -> None:
    chance = random.Random(seed)
    async with demo_engine(seconds_per_step=0.002) as url, gateway() as g:
        g.lab.is_ready("forge-turbo", url)
        ask = await asking(g)
        order = {**SMALL, "steps": 3}
        calls = [asyncio.ensure_future(ask("POST", "/sdapi/v1/txt2img", order)) for _ in range(25)]
        for call in chance.sample(calls, 20):
            await asyncio.sleep(chance.random() * 0.03)
            tickets = g.doors.queue.tickets()
            if tickets and chance.random() < 0.5:
                await g.doors.queue.cancel(chance.choice(tickets).id, "ada")
            else:
                call.cancel()
            if chance.random() < 0.2:
                g.lab.is_gone("forge-turbo")
                await asyncio.sleep(0)
                g.lab.is_ready("forge-turbo", url)
        await asyncio.wait(calls, timeout=BOUND)
        assert {call.result()[0] for call in calls if not call.cancelled()} <= {200, 499}
        await soon(lambda: not g.doors.queue.tickets())
        assert not [lease for lease in g.lab.leases.standing() if lease.kind == "job"]
        assert (await ask("POST", "/sdapi/v1/txt2img", order))[0] == 200
