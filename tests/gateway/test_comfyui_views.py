"""Two people at one ComfyUI: what it tells each of them is theirs, in its own shapes."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import FormData, web
from comfyui_caller import Caller, graph
from door_harness import demo_engine, gateway, service, soon
from PIL import Image

from coursia_genai_lab.engines.comfyui_pictures import FOLDER
from coursia_genai_lab.gateway.dialects import COMFYUI_ROUTES

LONG = 60
LARGE = b"\x89PNG\r\n\x1a\n" + bytes(60 * 2**20)


@asynccontextmanager
async def two(*, seconds_per_step: float = 0.0) -> AsyncIterator[tuple[Caller, Caller]]:
    """Run the demo engine behind the door of ComfyUI, for Ada and Ben."""
    async with demo_engine(seconds_per_step=seconds_per_step) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        yield await Caller.make(g, "ada"), await Caller.make(g, "ben")


async def get(caller: Caller, path: str) -> tuple[int, Any]:
    """Return status and JSON, or the bytes of anything else."""
    async with caller.gateway.http.get(caller.door + path, headers=caller.headers) as got:
        body = await got.read()
        is_json = got.content_type == "application/json"
        return got.status, json.loads(body) if is_json and body else body


async def post(caller: Caller, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
    """Return status and JSON, or text."""
    async with caller.gateway.http.post(
        caller.door + path, json=body, headers=caller.headers, **more
    ) as got:
        text = await got.text()
        return got.status, json.loads(text) if text.startswith(("{", "[")) else text


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 64), colour: str = "red") -> bytes:
    """Return a small picture."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


async def upload(
    caller: Caller, data: bytes, name: str = "in.png", *, to: str = "image", **fields: str
) -> tuple[int, Any]:
    """Upload a picture."""
    form = FormData(fields, quote_fields=False)
    form.add_field(
        "image", io.BytesIO(data), filename=name, content_type="application/octet-stream"
    )
    async with caller.gateway.http.post(
        f"{caller.door}/upload/{to}", data=form, headers=caller.headers
    ) as got:
        text = await got.text()
        return got.status, json.loads(text) if text.startswith("{") else text


async def made(caller: Caller, **more: Any) -> tuple[str, dict[str, Any]]:
    """Let a person have a picture made; return the job and where its file is."""
    status, told = await post(caller, "/prompt", {"prompt": graph(**more)})
    assert status == 200
    job = told["prompt_id"]
    (image,) = (await caller.ended(job))["outputs"]["9"]["images"]
    return job, image


def query(image: dict[str, Any], **more: str) -> str:
    """Return how a file is asked for."""
    return "&".join(f"{key}={value}" for key, value in {**image, **more}.items())


async def test_each_sees_their_own_jobs_wherever_jobs_are_told_of() -> None:
    async with two(seconds_per_step=0.05) as (ada, ben):
        hers = (await post(ada, "/prompt", {"prompt": graph(LONG)}))[1]["prompt_id"]
        his = (await post(ben, "/prompt", {"prompt": graph(LONG, seed=2)}))[1]["prompt_id"]
        await soon(lambda: len(ada.gateway.doors.queue.tickets()) == 2)
        for caller, mine, place in ((ada, hers, "queue_running"), (ben, his, "queue_pending")):
            _, queue = await get(caller, "/queue")
            rows = {key: [row[1] for row in queue[key]] for key in queue}
            other = "queue_pending" if place == "queue_running" else "queue_running"
            assert rows == {place: [mine], other: []}
            _, count = await get(caller, "/api/prompt")
            assert count == {"exec_info": {"queue_remaining": 2}}, "the length is everybody's"
            _, jobs = await get(caller, "/api/jobs")
            assert [one["id"] for one in jobs["jobs"]] == [mine]
            assert jobs["pagination"]["total"] == 1
            status, _ = await get(caller, f"/api/jobs/{mine}")
            assert status == 200
        for caller, foreign in ((ada, his), (ben, hers)):
            assert await get(caller, f"/api/jobs/{foreign}") == (404, {"error": "Job not found"})
            assert await get(caller, f"/history/{foreign}") == (200, {})
            status, _ = await post(caller, f"/api/jobs/{foreign}/cancel", {})
            assert status == 404
            await post(caller, "/queue", {"delete": [foreign]})
            await post(caller, "/interrupt", {"prompt_id": foreign})
        _, queue = await get(ben, "/queue")
        assert queue["queue_pending"], "nobody takes another's job out of the line"
        await post(ben, "/queue", {"delete": [his]})
        await post(ada, "/interrupt", {"prompt_id": hers})
        await soon(lambda: not ada.gateway.doors.queue.tickets())
        _, ended = await get(ada, f"/api/jobs/{hers}")
        assert ended["status"] == "cancelled"
        _, listed = await get(ada, "/api/jobs?status=completed")
        assert listed["jobs"] == []
        assert (await get(ada, "/api/jobs?status=nonsense"))[0] == 400
        assert (await get(ada, "/api/jobs?limit=0"))[0] == 400


async def test_a_picture_is_given_to_whoever_had_it_made() -> None:
    async with two() as (ada, ben):
        job, image = await made(ada, steps=1)
        status, data = await get(ada, f"/view?{query(image)}")
        assert status == 200
        assert data.startswith(b"\x89PNG")
        status, small = await get(ada, f"/api/view?{query(image, preview='webp;50')}")
        assert status == 200
        assert small.startswith(b"RIFF")
        for path in (
            f"/view?{query(image)}",
            f"/view?{query({**image, 'type': 'temp'})}",
            f"/view?{query({**image, 'filename': '../' + image['filename']})}",
            "/view?filename=example.png&type=input",
            "/view?type=output",
        ):
            assert (await get(ben, path))[0] == 404
        _, mine = await get(ada, "/history?max_items=5")
        assert list(mine) == [job]
        assert (await get(ben, "/history"))[1] == {}
        assert (await get(ada, "/history?max_items=0"))[1] == {}
        secret = json.dumps(mine)
        assert FOLDER not in secret
        await post(ben, "/history", {"delete": [job]})
        assert list((await get(ada, "/history"))[1]) == [job]
        await post(ada, "/history", {"delete": [job]})
        assert (await get(ada, "/history"))[1] == {}


def load(name: str) -> dict[str, Any]:
    """Return a graph that saves an uploaded picture again."""
    return {
        "1": {"class_type": "LoadImage", "inputs": {"image": name}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }


async def colour(caller: Caller, name: str) -> tuple[int, ...] | None:
    """Return the colour of an upload, as a job of its owner sees it; None: it may not."""
    status, told = await post(caller, "/prompt", {"prompt": load(name)})
    if status != 200:
        return None
    outputs = (await caller.ended(told["prompt_id"]))["outputs"]
    if "9" not in outputs:
        return None
    images = outputs["9"]["images"]
    _, data = await get(caller, f"/view?{query(images[0])}")
    pixel = Image.open(io.BytesIO(data)).convert("RGB").getpixel((32, 32))
    assert isinstance(pixel, tuple)
    return pixel


async def test_two_people_upload_under_one_name_and_each_has_their_own() -> None:
    async with two() as (ada, ben):
        status, hers = await upload(ada, picture(colour="red"), "cat.png")
        assert (status, hers) == (200, {"name": "cat.png", "subfolder": "", "type": "input"})
        _, his = await upload(ben, picture(colour="blue"), "cat.png", subfolder="pets")
        assert his == {"name": "cat.png", "subfolder": "pets", "type": "input"}
        red, blue = await colour(ada, "cat.png"), await colour(ben, "pets/cat.png")
        assert red is not None
        assert blue is not None
        assert red[0] > red[2]
        assert blue[2] > blue[0]
        assert await colour(ben, "cat.png") is None
        status, data = await get(ada, "/view?filename=cat.png&type=input")
        assert (status, data[:4]) == (200, b"\x89PNG")
        assert (await get(ben, "/view?filename=cat.png&type=input"))[0] == 404
        _, described = await get(ada, "/object_info/LoadImage")
        assert "cat.png" in json.dumps(described)
        _, described = await get(ben, "/object_info/LoadImage")
        assert "cat.png" not in json.dumps(described).replace("pets/cat.png", "")
        for told in (hers, his, described):
            assert FOLDER not in json.dumps(told)
        _, again = await upload(ada, picture(colour="green"), "cat.png")
        assert again["name"] != "cat.png", "another picture gets another name"
        _, over = await upload(ada, picture(colour="green"), "cat.png", overwrite="true")
        assert over["name"] == "cat.png"
        green = await colour(ada, "cat.png")
        assert green is not None
        assert green[1] > green[0]


async def test_a_mask_is_laid_on_a_picture_of_ones_own() -> None:
    async with two() as (ada, ben):
        await upload(ada, picture(), "cat.png")
        out = io.BytesIO()
        Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(out, "PNG")
        original = json.dumps({"filename": "cat.png", "type": "input"})
        status, told = await upload(
            ada, out.getvalue(), "mask.png", to="mask", original_ref=original
        )
        assert (status, told["name"]) == (200, "mask.png")
        for reference in (original, "{}", "nonsense", '{"filename": "../x", "type": "output"}'):
            status, _ = await upload(
                ben, out.getvalue(), "mask.png", to="mask", original_ref=reference
            )
            assert status == 400, reference


@pytest.mark.parametrize(
    ("data", "name", "fields", "status"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "x.svg", {}, 400),
        (b"<html>", "x.png", {}, 400),
        (b"", "x.png", {}, 400),
        (picture("GIF"), "x.gif", {}, 400),
        (picture()[:40], "x.png", {}, 400),
        (LARGE, "x.png", {}, 413),
        (picture(), "x.png", {"subfolder": "../elsewhere"}, 400),
        (picture(), "x.png", {"type": "output"}, 400),
    ],
    ids=["SVG", "a page", "nothing", "GIF", "cut short", "60 MB", "a way out", "an output"],
)
async def test_only_pictures_come_in_and_only_into_ones_own_folder(
    data: bytes, name: str, fields: dict[str, str], status: int
) -> None:
    async with two() as (ada, _):
        got, told = await upload(ada, data, name, **fields)
        assert got == status, told
        assert told["error"]["message"]
        assert FOLDER not in json.dumps(told)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("page.html", "page.png"),
        ("../../x.png", "x.png"),
        ("C:\\fakepath\\x.png", "x.png"),
        ("…", "….png"),
        ("x" * 300 + ".png", "x" * 200 + ".png"),
    ],
)
async def test_an_upload_gets_a_name_that_is_a_pictures(name: str, kept: str) -> None:
    async with two() as (ada, _):
        status, told = await upload(ada, picture(), name)
        assert status == 200
        assert told["name"].rstrip(" ") == kept


async def test_the_photo_of_a_phone_is_taken_and_worked_on() -> None:
    """It is a JPEG with a second, smaller picture behind the first."""
    photo = io.BytesIO()
    behind = Image.new("RGB", (8, 8), "blue")
    Image.new("RGB", (64, 64), "red").save(photo, "MPO", save_all=True, append_images=[behind])
    async with two() as (ada, _):
        status, told = await upload(ada, photo.getvalue(), "IMG_0001.jpg")
        assert (status, told["name"]) == (200, "IMG_0001.jpg")
        loads = {"class_type": "LoadImage", "inputs": {"image": told["name"]}}
        saves = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}
        status, told = await post(ada, "/prompt", {"prompt": {"1": loads, "9": saves}})
        assert status == 200, told
        assert (await ada.ended(told["prompt_id"]))["status"]["status_str"] == "success"


async def test_the_last_picture_is_in_the_history_also_while_the_next_is_made() -> None:
    async with two(seconds_per_step=0.02) as (ada, _):
        done, _image = await made(ada, steps=1)
        _, told = await post(ada, "/prompt", {"prompt": graph(LONG, seed=9)})
        await soon(lambda: any(one.began for one in ada.gateway.doors.queue.tickets()))
        assert list((await get(ada, "/history?max_items=1"))[1]) == [done]
        assert list((await get(ada, "/history"))[1]) == [done]
        await post(ada, "/interrupt", {"prompt_id": told["prompt_id"]})


async def test_memory_is_not_freed_under_somebody_elses_picture() -> None:
    async with two(seconds_per_step=0.05) as (ada, ben):
        _, told = await post(ada, "/prompt", {"prompt": graph(LONG)})
        await soon(lambda: len(ada.gateway.doors.queue.tickets()) == 1)
        free = {"unload_models": True, "free_memory": True}
        status, refused = await post(ben, "/free", free)
        assert (status, refused["error"]["type"]) == (409, "conflict")
        assert (await post(ada, "/free", free))[0] == 200
        await post(ada, "/interrupt", {"prompt_id": told["prompt_id"]})
        await soon(lambda: not ada.gateway.doors.queue.tickets())
        assert (await post(ben, "/free", free))[0] == 200


async def test_the_command_line_of_the_engine_is_nobodys_business() -> None:
    async def answer(request: web.Request) -> web.Response:
        system = {"os": "posix", "argv": ["main.py", "--password", "hunter2"]}
        return web.json_response({"system": system, "devices": []})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        ada = await Caller.make(g, "ada")
        status, told = await get(ada, "/system_stats")
        assert (status, told) == (200, {"system": {"os": "posix", "argv": []}, "devices": []})


OTHERS = {
    *("/", "/ws", "/api/ws"),
    *(f"{api}/{name}" for api in ("", "/api") for name in ("models", "models/{}", "embeddings")),
    *(f"{api}/features" for api in ("", "/api")),
    *(f"{api}/object_info{one}" for api in ("", "/api") for one in ("", "/{}")),
    *(f"{api}/{name}" for api in ("", "/api") for name in ("system_stats", "free")),
}
"""What is everybody's, or tried above or elsewhere for two people."""
TRIED = {
    *(f"{api}/{name}" for api in ("", "/api") for name in ("queue", "prompt", "view")),
    *(f"{api}/history{one}" for api in ("", "/api") for one in ("", "/{}")),
    *(f"{api}/upload/{what}" for api in ("", "/api") for what in ("image", "mask")),
    *(f"{api}/interrupt" for api in ("", "/api")),
    *("/api/jobs", "/api/jobs/{}", "/api/jobs/{}/cancel"),
}


def test_every_open_route_is_everybodys_or_tried_with_two_people() -> None:
    assert {route.path for route in COMFYUI_ROUTES} == OTHERS | TRIED
