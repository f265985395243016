"""A raw job's lease lasts as long as the job, and keeps its service."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from comfyui_caller import Caller, graph
from door_harness import Gateway, demo_engine, gateway, soon
from odd_comfyui import OddComfyUI

from coursia_genai_lab.lab.leases import Lease


def jobs(g: Gateway) -> list[Lease]:
    return [lease for lease in g.lab.leases.standing() if lease.kind == "job"]


async def test_a_job_holds_its_service_from_its_place_in_line_until_it_has_ended() -> None:
    async with demo_engine(seconds_per_step=0.1) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        for seed in (1, 2):
            assert (await ada.post(graph(20, seed)))[0] == 200
        (first, second) = jobs(g)
        assert first.services == ("comfyui",)
        await soon(lambda: not g.lab.leases.live(first.id))
        assert g.lab.leases.live(second.id)
        await soon(lambda: not jobs(g))
        assert "comfyui" in g.lab.touched


async def test_what_is_done_is_heard_of_and_what_is_refused_is_not() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        heard: list[Lease] = []
        g.lab.leases.hear_finished(lambda lease, began, ended: heard.append(lease))
        assert (await ada.post({}))[0] == 400
        assert (await ada.post(graph(0)))[0] == 400
        assert jobs(g) == []
        assert heard == []
        assert (await ada.post(graph()))[0] == 200
        await soon(lambda: len(heard) == 1)
        assert heard[0].services == ("comfyui",)


async def test_who_waits_is_no_hung_job() -> None:
    async with demo_engine(seconds_per_step=0.1) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        await ada.post(graph(20))
        await ada.post(graph(1))
        (_, waiting) = jobs(g)
        silences = [0.0]

        def began() -> bool:
            # Its silence is counted anew from its turn on.
            silences.append(g.lab.leases.silent_seconds(waiting))
            return silences[-1] < silences[-2]

        await soon(began)
        await soon(lambda: not jobs(g))


async def test_what_may_end_a_hung_job_reaches_the_real_engine() -> None:
    async with demo_engine(seconds_per_step=1.0) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        _, told = await ada.post(graph(60))
        await ada.post(graph(60))
        (running, waiting) = jobs(g)
        cancel, _ = waiting.remedies
        await cancel()
        await soon(lambda: not g.lab.leases.live(waiting.id))
        assert g.lab.leases.live(running.id)
        _, interrupt = running.remedies
        await interrupt()
        await soon(lambda: not jobs(g))
        entry = await ada.ended(told["prompt_id"])
        assert entry["status"]["messages"][-1][0] == "execution_interrupted"


@pytest.mark.parametrize("odd", ["[]", '{"exec_info": 3}', "<html>", '{"status": []}', "null"])
async def test_odd_answers_about_a_job_do_not_end_it(odd: str) -> None:
    looks = 0

    async def answer(request: web.Request) -> web.StreamResponse | None:
        nonlocal looks
        if request.method == "GET" and request.path.startswith(("/history/", "/api/jobs/")):
            looks += 1
            if looks <= 4:
                return web.Response(text=odd, content_type="application/json")
        return None

    async def work(comfyui: OddComfyUI, post: dict[str, object]) -> None:
        await soon(lambda: looks > 4)
        comfyui.done(post)

    async with OddComfyUI.run(work) as comfyui, gateway() as g:
        comfyui.answer = answer
        g.lab.is_ready("comfyui", comfyui.url)
        ada = await Caller.make(g, "ada")
        _, told = await ada.post({"1": {"class_type": "X"}})
        await soon(lambda: looks >= 2)
        assert len(jobs(g)) == 1
        await soon(lambda: not jobs(g))
        entry = await ada.history(told["prompt_id"])
        assert entry is not None
        assert entry["status"]["completed"]


async def test_a_webui_job_that_gets_on_is_seen_to_get_on() -> None:
    async with demo_engine(seconds_per_step=0.1) as url, gateway() as g:
        g.lab.stand_in_for.add("forge-turbo")
        g.lab.is_ready("demo", url)
        door = await g.doors.open("forge-turbo")
        order = {"prompt": "a fox", "steps": 25, "width": 128, "height": 128}
        call = asyncio.ensure_future(
            g.http.post(f"{door}/sdapi/v1/txt2img", json=order, headers=g.bearer())
        )
        await soon(lambda: len(jobs(g)) == 1)
        (job,) = jobs(g)
        silences: list[float] = []

        def got_on() -> bool:
            silences.append(g.lab.leases.silent_seconds(job))
            return len(silences) > 1 and silences[-1] < silences[-2]

        await soon(got_on)
        async with await call as made:
            assert made.status == 200
        await soon(lambda: not jobs(g))
