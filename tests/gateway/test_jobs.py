"""A raw job's lease lasts as long as the job."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from door_harness import CREDENTIAL, Gateway, demo_engine, gateway, service, soon

from coursia_genai_lab.lab.leases import Lease


async def graph(g: Gateway, steps: int = 20, seed: int = 1) -> dict[str, Any]:
    """Return a small graph that takes `steps` steps of the demo engine's pace."""
    door, loader = await g.doors.open("comfyui"), "CheckpointLoaderSimple"
    async with g.http.get(f"{door}/object_info/{loader}", headers=g.bearer()) as got:
        names = (await got.json())[loader]["input"]["required"]["ckpt_name"][0]
    sampling = {
        "seed": seed,
        "steps": steps,
        "cfg": 7,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1,
        "model": ["4", 0],
        "positive": ["6", 0],
        "negative": ["6", 0],
        "latent_image": ["5", 0],
    }
    size = {"width": 128, "height": 128, "batch_size": 1}
    return {
        "3": {"class_type": "KSampler", "inputs": sampling},
        "4": {
            "class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": names[0]},
        },
        "5": {"class_type": "EmptyLatentImage", "inputs": size},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {
            "class_type": "SaveImage",
            "inputs": {"filename_prefix": "fox", "images": ["8", 0]},
        },
    }


def jobs(g: Gateway) -> list[Lease]:
    return [lease for lease in g.lab.leases.standing() if lease.kind == "job"]


async def post(g: Gateway, path: str, body: dict[str, Any]) -> ClientResponse:
    door = await g.doors.open("comfyui")
    async with g.http.post(f"{door}{path}", json=body, headers=g.bearer()) as got:
        await got.read()
        return got


async def test_a_queued_job_holds_its_service_until_it_has_left_the_queue() -> None:
    async with demo_engine(seconds_per_step=0.1) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        for seed in (1, 2):
            order = {"prompt": await graph(g, seed=seed)}
            assert (await post(g, "/prompt", order)).status == 200
        (first, second) = jobs(g)
        assert first.services == ("comfyui",)
        await soon(lambda: not g.lab.leases.live(first.id))
        assert g.lab.leases.live(second.id)
        await soon(lambda: not jobs(g))
        assert g.lab.touched


async def test_what_is_done_is_heard_of_and_what_is_refused_is_not() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        heard: list[Lease] = []
        g.lab.leases.hear_finished(lambda lease, began, ended: heard.append(lease))
        assert (await post(g, "/prompt", {"prompt": {}})).status == 400
        assert heard == []
        assert (await post(g, "/prompt", {"prompt": await graph(g)})).status == 200
        await soon(lambda: len(heard) == 1)
        assert heard[0].services == ("comfyui",)


async def test_a_queued_job_that_its_caller_deletes_holds_nothing_any_more() -> None:
    async with demo_engine(seconds_per_step=0.2) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        await post(g, "/prompt", {"prompt": await graph(g, 40)})
        got = await post(g, "/prompt", {"prompt": await graph(g, 40)})
        (running, waiting) = jobs(g)
        await post(g, "/queue", {"delete": [(await got.json())["prompt_id"]]})
        await soon(lambda: not g.lab.leases.live(waiting.id))
        assert g.lab.leases.live(running.id)


async def test_a_job_that_the_service_refuses_holds_nothing() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        assert (await post(g, "/prompt", {"prompt": {}})).status == 400
        assert jobs(g) == []


async def test_the_jobs_of_a_service_that_is_gone_hold_nothing() -> None:
    async with gateway() as g:
        async with demo_engine(seconds_per_step=1.0) as url:
            g.lab.is_ready("comfyui", url)
            await post(g, "/prompt", {"prompt": await graph(g)})
            assert len(jobs(g)) == 1
        await soon(lambda: not jobs(g))


async def test_what_may_end_a_hung_job_reaches_the_real_engine() -> None:
    async with demo_engine(seconds_per_step=1.0) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        await post(g, "/prompt", {"prompt": await graph(g)})
        await post(g, "/prompt", {"prompt": await graph(g)})
        (running, waiting) = jobs(g)
        cancel, _ = waiting.remedies
        await cancel()
        await soon(lambda: not g.lab.leases.live(waiting.id))
        assert g.lab.leases.live(running.id)
        _, interrupt = running.remedies
        await interrupt()
        await soon(lambda: not jobs(g))


@pytest.mark.parametrize("odd", ["[]", '{"exec_info": 3}', "<html>", '{"exec_info": {}}'])
async def test_odd_answers_about_the_queue_end_no_job(odd: str) -> None:
    looks = 0

    async def answer(request: web.Request) -> web.Response:
        nonlocal looks
        assert request.headers["Authorization"] == f"Bearer {CREDENTIAL}"
        if request.method == "POST":
            return web.json_response({"prompt_id": "p1"})
        looks += 1
        if looks == 1:
            return web.Response(text=odd, content_type="application/json")
        return web.json_response({"exec_info": {"queue_remaining": 0}})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        await post(g, "/prompt", {"prompt": {}})
        await soon(lambda: looks == 1)
        assert len(jobs(g)) == 1
        await soon(lambda: not jobs(g))


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
