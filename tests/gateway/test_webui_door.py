"""Two people at one WebUI: each sees and stops their own, and jobs take turns."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientConnectionError, web
from door_harness import BOUND, Gateway, demo_engine, gateway, service, soon
from PIL import Image

from coursia_genai_lab.gateway.dialects import A1111_ROUTES
from coursia_genai_lab.gateway.record import Record
from coursia_genai_lab.gateway.webui_fields import MOST_PICTURES, MOST_STEPS
from coursia_genai_lab.gateway.webui_order import read_order
from coursia_genai_lab.lab.generation import Generation

SMALL = {"prompt": "a fox", "steps": 1, "width": 64, "height": 64, "cfg_scale": 1}
LONG = {**SMALL, "steps": 100}


class Person:
    """Somebody with a kernel, at the WebUI's door."""

    def __init__(self, g: Gateway, door: str, name: str) -> None:
        self.lease = g.lab.leases.take("kernel", g.services, label=f"{name}.ipynb", person=name)
        self._g = g
        self._door = door
        self._headers = g.bearer(person=name, lease_id=self.lease.id)

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and JSON."""
        async with self._g.http.request(
            method, self._door + path, json=body, headers=self._headers
        ) as got:
            text = await got.text()
            return got.status, json.loads(text) if text else None

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        """Return status and JSON of a POST."""
        return await self.ask("POST", path, body)

    async def draw(self, **more: Any) -> tuple[int, Any]:
        """Ask for a picture."""
        return await self.post("/sdapi/v1/txt2img", {**SMALL, **more})


@asynccontextmanager
async def webui(
    *people: str, seconds_per_step: float = 0.0, record: Record | None = None
) -> AsyncIterator[tuple[Gateway, list[Person]]]:
    """Run the demo engine behind the WebUI's door, for some people."""
    async with demo_engine(seconds_per_step=seconds_per_step) as url, gateway(record=record) as g:
        g.lab.is_ready("forge-turbo", url)
        door = await g.doors.open("forge-turbo")
        yield g, [Person(g, door, name) for name in people]


def working(g: Gateway) -> list[str]:
    """Return who is being worked for."""
    return [one.person for one in g.doors.queue.tickets() if one.began is not None]


def waiting(g: Gateway) -> list[str]:
    """Return who waits."""
    return [one.person for one in g.doors.queue.tickets() if one.began is None]


async def leave(call: asyncio.Future[Any]) -> None:
    """Hang up."""
    call.cancel()
    await asyncio.wait([call])


async def test_the_record_hears_of_every_job_that_had_its_turn() -> None:
    noted: list[Generation] = []
    async with webui("ada", "ben", seconds_per_step=0.05, record=Record(noted.append)) as (
        g,
        (ada, ben),
    ):
        status, _ = await ada.draw(batch_size=2)
        assert status == 200
        left = asyncio.ensure_future(ada.draw(steps=100))
        await soon(lambda: working(g) == ["ada"])
        waits = asyncio.ensure_future(ben.draw())
        await soon(lambda: waiting(g) == ["ben"])
        await leave(waits)
        await soon(lambda: not waiting(g))
        await leave(left)
        await soon(lambda: len(noted) == 2)
    drawn, given_up = noted
    assert (drawn.person, drawn.kind, drawn.service) == ("ada", "a1111", "forge-turbo")
    assert (drawn.outcome, drawn.pictures, drawn.facts) == ("done", 2, None)
    assert drawn.seconds > 0
    assert drawn.model
    assert (given_up.outcome, given_up.code) == ("cancelled", None)


async def test_who_waited_is_drawn_where_the_service_answers_by_then() -> None:
    async with demo_engine() as second, gateway() as g:
        door = await g.doors.open("forge-turbo")
        ada, ben = Person(g, door, "ada"), Person(g, door, "ben")
        async with demo_engine(seconds_per_step=0.05) as first:
            g.lab.is_ready("forge-turbo", first)
            hers = asyncio.ensure_future(ada.draw(steps=100))
            await soon(lambda: working(g) == ["ada"])
            his = asyncio.ensure_future(ben.draw())
            await soon(lambda: waiting(g) == ["ben"])
            g.lab.is_ready("forge-turbo", second)
        await hers
        assert (await his)[0] == 200


async def test_each_sees_the_progress_of_their_own_job_alone() -> None:
    async with webui("ada", "ben", seconds_per_step=0.05) as (g, (ada, ben)):
        hers = asyncio.ensure_future(
            ada.post("/sdapi/v1/txt2img", {**LONG, "force_task_id": "task(ada)"})
        )
        await soon(lambda: working(g) == ["ada"])
        his = asyncio.ensure_future(
            ben.post("/sdapi/v1/txt2img", {**SMALL, "force_task_id": "task(ben)"})
        )
        await soon(lambda: waiting(g) == ["ben"])
        seen: dict[str, Any] = {}

        async def moved() -> None:
            while not seen.get("progress"):
                seen.update((await ada.ask("GET", "/sdapi/v1/progress"))[1])

        await asyncio.wait_for(moved(), BOUND)
        _, ben_sees = await ben.ask("GET", "/sdapi/v1/progress?skip_current_image=true")
        assert (ben_sees["progress"], ben_sees["current_image"]) == (0.0, None)
        assert "place 1" in ben_sees["textinfo"]
        for person, task, queued, active in (
            (ada, "task(ada)", False, True),
            (ben, "task(ben)", True, False),
            (ben, "task(ada)", False, False),
            (ada, "task(ben)", False, False),
        ):
            _, state = await person.post("/internal/progress", {"id_task": task})
            assert (state["queued"], state["active"]) == (queued, active), task
        await leave(hers)
        assert (await his)[0] == 200
        _, state = await ben.post("/internal/progress", {"id_task": "task(ben)"})
        assert state["completed"]
        _, state = await ada.post("/internal/progress", {"id_task": "task(ben)"})
        assert not state["completed"], "whether somebody else's task is over is their own affair"


async def interrupted(caller: Any) -> None:
    """Interrupt one's own picture, which its engine may not have begun yet."""
    while (await caller.post("/sdapi/v1/interrupt", {}))[0] != 200:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["interrupt", "skip"])
async def test_only_whose_picture_it_is_can_stop_it(how: str) -> None:
    async with webui("ada", "ben", seconds_per_step=0.05) as (g, (ada, ben)):
        hers = asyncio.ensure_future(ada.post("/sdapi/v1/txt2img", LONG))
        await soon(lambda: working(g) == ["ada"])
        status, refused = await ben.post(f"/sdapi/v1/{how}", {})
        assert (status, refused["error"]) == (403, "not_your_job")
        status, _ = await ben.post("/sdapi/v1/unload-checkpoint", {})
        assert status == 409
        assert not hers.done()
        if how == "interrupt":
            await asyncio.wait_for(interrupted(ada), BOUND)
            assert (await hers)[0] == 200, "an interrupted call answers with what there is"
        else:
            await leave(hers)
        await soon(lambda: not g.doors.queue.tickets())
        assert (await ben.post(f"/sdapi/v1/{how}", {}))[0] == 200, "there is nothing to stop"


async def test_a_flood_delays_a_neighbour_by_one_picture() -> None:
    async with webui("flood", *(f"light{n}" for n in range(6)), seconds_per_step=0.02) as (g, all_):
        flood, *light = all_
        calls = [asyncio.ensure_future(flood.draw(steps=3)) for _ in range(20)]
        await soon(lambda: len(waiting(g)) == 19)
        turns: list[str] = []
        join = g.doors.queue.tickets

        async def follow() -> None:
            seen: set[str] = set()
            while len(seen) < 26:
                for one in join():
                    if one.began is not None and one.id not in seen:
                        seen.add(one.id)
                        turns.append(one.person)
                await asyncio.sleep(0.001)

        following = asyncio.ensure_future(follow())
        await soon(lambda: len(turns) >= 1)
        calls += [asyncio.ensure_future(one.draw(steps=3)) for one in light]
        for call in calls:
            assert (await call)[0] == 200
        await asyncio.wait_for(following, BOUND)
        last_light = max(n for n, who in enumerate(turns) if who != "flood")
        floods_before = sum(who == "flood" for who in turns[:last_light])
        assert floods_before <= 4, turns


async def test_whoever_hangs_up_leaves_the_line_or_ends_the_job_in_the_engine() -> None:
    async with webui("ada", "ben", "cal", seconds_per_step=0.05) as (g, (ada, ben, cal)):
        hers = asyncio.ensure_future(ada.post("/sdapi/v1/txt2img", LONG))
        await soon(lambda: working(g) == ["ada"])
        his = asyncio.ensure_future(ben.draw())
        await soon(lambda: waiting(g) == ["ben"])
        third = asyncio.ensure_future(cal.draw())
        await soon(lambda: waiting(g) == ["ben", "cal"])
        await leave(his)
        await soon(lambda: waiting(g) == ["cal"])
        await leave(hers)
        assert (await third)[0] == 200, "the engine has stopped working for nobody"
        await soon(lambda: not g.doors.queue.tickets())
        assert not [lease for lease in g.lab.leases.standing() if lease.kind == "job"]


async def test_a_caller_that_hangs_up_is_told_to_a_webui_that_would_work_on() -> None:
    """The real WebUI does not notice; only an interrupt of that very task ends it."""
    started, interrupted = asyncio.Event(), asyncio.Event()
    tasks: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/internal/progress":
            asked = (await request.json())["id_task"]
            active = asked in tasks and not interrupted.is_set()
            return web.json_response({"active": active, "queued": False})
        if request.path.endswith("txt2img"):
            tasks.append((await request.json())["force_task_id"])
            started.set()
            await asyncio.shield(asyncio.wait_for(interrupted.wait(), BOUND))
        if request.path.endswith("interrupt"):
            interrupted.set()
        return web.json_response({})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        ada = Person(g, await g.doors.open("forge-turbo"), "ada")
        call = asyncio.ensure_future(ada.draw())
        await asyncio.wait_for(started.wait(), BOUND)
        await leave(call)
        await asyncio.wait_for(interrupted.wait(), BOUND)
        await soon(lambda: not g.doors.queue.tickets())


async def test_a_checkpoint_is_chosen_for_ones_own_jobs() -> None:
    sent: list[dict[str, Any]] = []
    models = [
        {"title": "one.safetensors [aa]", "model_name": "one", "filename": "/m/one.safetensors"},
        {"title": "two.safetensors [bb]", "model_name": "two", "filename": "/m/two.safetensors"},
    ]

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("sd-models"):
            return web.json_response(models)
        if request.path.endswith("options"):
            assert request.method == "GET", "nobody sets the server's own options"
            told = {"sd_model_checkpoint": models[0]["title"], "outdir_samples": "/home/ada"}
            return web.json_response({**told, "sd_vae": "Automatic"})
        if request.path.endswith("txt2img"):
            sent.append(await request.json())
        return web.json_response({"images": []})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        ada, ben = Person(g, door, "ada"), Person(g, door, "ben")
        status, _ = await ada.post("/sdapi/v1/options", {"sd_model_checkpoint": "two"})
        assert status == 200
        status, refused = await ada.post("/sdapi/v1/options", {"sd_model_checkpoint": "three"})
        assert (status, refused["error"]) == (404, "model_not_found")
        status, refused = await ada.post("/sdapi/v1/options", {"samples_save": True})
        assert (status, refused["error"]) == (403, "option_refused")
        _, hers = await ada.ask("GET", "/sdapi/v1/options")
        assert hers == {"sd_model_checkpoint": "two.safetensors [bb]", "sd_vae": "Automatic"}
        _, his = await ben.ask("GET", "/sdapi/v1/options")
        assert his["sd_model_checkpoint"] == "one.safetensors [aa]"
        await ada.draw()
        await ben.draw()
        await ben.draw(override_settings={"sd_model_checkpoint": "two"})
    used = [one["override_settings"]["sd_model_checkpoint"] for one in sent]
    assert used == ["two.safetensors [bb]", "one.safetensors [aa]", "two"]
    assert not any(one["override_settings_restore_afterwards"] for one in sent)
    assert all(one["save_images"] is False for one in sent)


def picture(size: tuple[int, int] = (16, 16), kind: str = "PNG") -> str:
    """Return a picture in base64."""
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return base64.b64encode(out.getvalue()).decode()


def bomb() -> str:
    """Return a tiny file whose header promises 65,535 pixels each way."""
    data = bytearray(base64.b64decode(picture()))
    data[16:24] = (65_535).to_bytes(4, "big") * 2
    return base64.b64encode(bytes(data)).decode()


SVG = base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()
BAD: dict[str, tuple[dict[str, Any], int]] = {
    "no steps": ({"steps": 0}, 400),
    "many steps": ({"steps": 10_000}, 400),
    "huge": ({"width": 8192, "height": 8192}, 400),
    "negative": ({"width": -64}, 400),
    "huge after the hires pass": (
        {"width": 1024, "height": 1024, "enable_hr": True, "hr_scale": 4},
        400,
    ),
    "a hundred pictures": ({"batch_size": 10, "n_iter": 10}, 400),
    "not a number": ({"width": "512"}, 400),
    "a prompt that is none": ({"prompt": ["a fox"]}, 400),
    "a prompt without end": ({"prompt": "x" * 32_001}, 400),
    "a script": ({"script_name": "x/y/z plot"}, 403),
    "an always-on script": ({"alwayson_scripts": {"controlnet": {"args": []}}}, 403),
    "a folder of the server": ({"override_settings": {"outdir_samples": "/tmp"}}, 403),
    "a model by its path": ({"override_settings": {"sd_model_checkpoint": "../x"}}, 400),
    "an address": ({"init_images": ["http://127.0.0.1/x.png"]}, 400),
    "no picture": ({"init_images": [base64.b64encode(b"hello").decode()]}, 400),
    "SVG": ({"init_images": [f"data:image/svg+xml;base64,{SVG}"]}, 400),
    "a bomb": ({"init_images": [bomb()]}, 400),
    "a GIF": ({"init_images": [picture(kind="GIF")]}, 400),
    "a mask that is none": ({"init_images": [picture()], "mask": "%%%"}, 400),
}


@pytest.mark.parametrize("what", BAD)
async def test_what_no_call_may_ask_is_refused_in_the_webuis_words(what: str) -> None:
    fields, expected = BAD[what]
    async with webui("ada") as (g, (ada,)):
        path = "img2img" if "init_images" in fields else "txt2img"
        status, told = await ada.post(f"/sdapi/v1/{path}", {**SMALL, **fields})
        assert status == expected
        assert set(told) == {"error", "detail", "body", "errors", "coursia"}
        assert told["errors"], "there is a remedy"
        assert not g.doors.queue.tickets()


async def test_what_is_no_json_object_is_refused() -> None:
    async with webui("ada") as (g, (ada,)):
        odd: tuple[Any, ...] = ([], "text", 7)
        for body in odd:
            status, _ = await ada.post("/sdapi/v1/txt2img", body)
            assert status == 400
        async with g.http.post(
            f"{await g.doors.open('forge-turbo')}/sdapi/v1/txt2img",
            data=b"{" * 100_000,
            headers=g.bearer(),
        ) as got:
            assert got.status == 400


async def test_a_change_of_a_picture_goes_through() -> None:
    async with webui("ada") as (_, (ada,)):
        for sent in (picture((64, 64)), f"data:image/jpeg;base64,{picture((64, 64), 'JPEG')}"):
            status, made = await ada.post(
                "/sdapi/v1/img2img", {**SMALL, "init_images": [sent], "denoising_strength": 0.5}
            )
            assert status == 200
            data = base64.b64decode(made["images"][0])
            assert Image.open(io.BytesIO(data)).size == (64, 64)


async def test_a_webui_is_never_told_to_fetch_a_picture() -> None:
    asked: list[bytes] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(await request.read())
        return web.json_response({"info": "a fox", "items": {}})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        ada = Person(g, await g.doors.open("forge-turbo"), "ada")
        status, _ = await ada.post("/sdapi/v1/png-info", {"image": "http://169.254.169.254/"})
        assert (status, asked) == (400, [])
        shown = picture()
        status, told = await ada.post("/sdapi/v1/png-info", {"image": shown, "more": 1})
        assert (status, told["info"]) == (200, "a fox")
        assert [json.loads(one) for one in asked] == [{"image": shown}]


async def test_the_jobs_of_a_kernel_end_with_its_lease() -> None:
    async with webui("ada", "ben", seconds_per_step=0.05) as (g, (ada, ben)):
        hers = asyncio.ensure_future(ada.post("/sdapi/v1/txt2img", LONG))
        await soon(lambda: working(g) == ["ada"])
        his = asyncio.ensure_future(ben.draw())
        await soon(lambda: waiting(g) == ["ben"])
        g.lab.leases.drop(ada.lease.id)
        with contextlib.suppress(ClientConnectionError):
            assert (await hers)[0] in (401, 403, 499)
        assert (await his)[0] == 200


def test_limits_of_one_call_are_those_that_it_tells() -> None:
    body = json.dumps({**SMALL, "batch_size": MOST_PICTURES, "steps": MOST_STEPS}).encode()
    order = read_order(body)
    assert json.loads(order.sent("task(x)", None))["force_task_id"] == "task(x)"
    assert "override_settings" not in json.loads(order.sent("task(x)", None))


def test_every_route_of_the_webui_that_tells_of_jobs_or_stops_them_is_answered_by_owner() -> None:
    """What is merely read or written may hold nothing of anybody."""
    public = {
        "/internal/ping",
        *(
            f"/sdapi/v1/{name}"
            for name in (
                *("sd-models", "sd-modules", "sd-vae", "samplers", "schedulers", "upscalers"),
                *("latent-upscale-modes", "loras", "embeddings", "face-restorers"),
                *("prompt-styles", "scripts", "script-info", "memory"),
            )
        ),
    }
    told = {route.path for route in A1111_ROUTES if route.kind in ("read", "write")}
    assert told == public
