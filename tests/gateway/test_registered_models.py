"""Registered workflows as models of the OpenAI door, before the demo engine as a ComfyUI."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import openai
import pytest
from door_harness import BOUND, Gateway, demo_engine, gateway
from foreign_graphs import Graph, inpainting_by_alpha, node, with_control_net
from openai import OpenAI
from PIL import Image

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.engines.exported import read_exported
from coursia_genai_lab.engines.registered import Registration, WorkflowFolder
from coursia_genai_lab.engines.registering import inspect, registration
from coursia_genai_lab.engines.workflow_files import hash_of

Result = TypeVar("Result")


def plain_graph() -> Graph:
    """A small graph of the nodes that the demo engine knows; its model is SDXL Turbo's."""
    graph = with_control_net()
    for unknown in ("20", "21", "23", "60"):
        del graph[unknown]
    graph["3"]["inputs"].update(positive=["7", 0], negative=["6", 0], seed=7, steps=3, cfg=2.0)
    graph["5"]["inputs"].update(width=128, height=64)
    return graph


def made(graph: Graph, name: str, **more: Any) -> Registration:
    found = inspect(read_exported(json.dumps(graph).encode()))
    return registration(found, name, load_catalog(packages=False), **more)


def png(*, hole: bool = False) -> bytes:
    out = io.BytesIO()
    picture = Image.new("RGBA", (128, 64), (180, 40, 40, 255))
    if hole:
        picture.paste((0, 0, 0, 0), (0, 0, 64, 64))
    picture.save(out, "PNG")
    return out.getvalue()


@asynccontextmanager
async def opened(folder: WorkflowFolder, **more: Any) -> AsyncIterator[tuple[Gateway, str]]:
    async with demo_engine() as url, gateway(workflows=folder, **more) as g:
        g.lab.is_ready("comfyui", url)
        yield g, await g.doors.open_openai()


async def with_sdk(g: Gateway, door: str, use: Callable[[OpenAI], Result]) -> Result:
    key = g.token()

    def run() -> Result:
        with OpenAI(base_url=door, api_key=key, max_retries=0, timeout=BOUND) as client:
            return use(client)

    return await asyncio.to_thread(run)


async def listed(g: Gateway, door: str) -> dict[str, Any]:
    async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
        return {one["id"]: one for one in (await got.json())["data"]}


def size_of(answer: Any) -> tuple[int, int]:
    with Image.open(io.BytesIO(base64.b64decode(answer.data[0].b64_json))) as picture:
        width, height = picture.size
    return width, height


async def test_a_registered_workflow_is_a_model_like_any_other(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path / "workflows")
    mine = made(plain_graph(), "dancers", title="Dancers", service="comfyui")
    folder.save(mine)
    async with opened(folder) as (g, door):
        about = (await listed(g, door))["dancers"]
        assert (about["title"], about["owned_by"], about["available"]) == (
            "Dancers",
            "comfyui",
            True,
        )
        usual = await with_sdk(g, door, lambda c: c.images.generate(model="dancers", prompt="two"))
        assert size_of(usual) == (128, 64)
        asked = await with_sdk(
            g,
            door,
            lambda c: c.images.generate(
                model="dancers", prompt="two", size="64x128", extra_body={"steps": 2, "seed": 5}
            ),
        )
        assert size_of(asked) == (64, 128)
        assert asked.data is not None
        facts = (asked.data[0].model_extra or {})["provenance"]
        assert facts["model"] == "dancers"
        assert facts["workflow"] == "dancers"
        assert facts["workflow_hash"] == hash_of(mine.workflow.graph)
        assert facts["service"] == "comfyui"
        assert (facts["seed"], facts["steps"], facts["guidance"]) == (5, 2, 2.0)


async def test_a_call_may_name_it_as_workflow_too(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path)
    folder.save(made(plain_graph(), "dancers", service="comfyui"))
    async with opened(folder) as (g, door):
        answer = await with_sdk(
            g,
            door,
            lambda c: c.images.generate(prompt="two", extra_body={"workflow": "dancers"}),
        )
        assert size_of(answer) == (128, 64)
        for wrong, param in (
            ({"workflow": "dancers", "model": "flux-1-dev"}, "workflow"),
            ({"workflow": 7}, "workflow"),
            ({"workflow": "nobodys"}, "model"),
        ):
            body = {"prompt": "two", **wrong}
            async with g.http.post(
                f"{door}/images/generations", json=body, headers=g.bearer()
            ) as got:
                assert got.status in (400, 404)
                assert (await got.json())["error"]["param"] == param


async def test_pictures_and_masks_reach_it_by_edits(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path)
    folder.save(made(inpainting_by_alpha(), "doors", service="comfyui"))
    async with opened(folder) as (g, door):

        def edited(client: OpenAI) -> Any:
            return client.images.edit(
                model="doors", prompt="a door", image=png(), mask=png(hole=True)
            )

        assert size_of(await with_sdk(g, door, edited)) == (128, 64)

        def named(client: OpenAI) -> Any:
            more = {"workflow": "doors"}
            return client.images.edit(
                prompt="a door", image=png(), mask=png(hole=True), extra_body=more
            )

        assert size_of(await with_sdk(g, door, named)) == (128, 64)
        with pytest.raises(openai.BadRequestError, match="no mask was sent"):
            await with_sdk(
                g, door, lambda c: c.images.edit(model="doors", prompt="a door", image=png())
            )
        with pytest.raises(openai.BadRequestError, match="changes pictures"):
            await with_sdk(g, door, lambda c: c.images.generate(model="doors", prompt="a door"))


async def test_one_that_is_registered_or_removed_meanwhile_is_known_soon(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path)
    other = WorkflowFolder(tmp_path)
    async with opened(folder) as (g, door):
        assert "dancers" not in await listed(g, door)
        other.save(made(plain_graph(), "dancers"))
        for _ in range(600):
            if "dancers" in await listed(g, door):
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("it was never listed")
        other.remove("dancers")
        for _ in range(600):
            if "dancers" not in await listed(g, door):
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("it stayed")


class SilentDisk(WorkflowFolder):
    """A folder on a network disk that stops answering, until it is let go."""

    def refresh(self) -> Mapping[str, Registration]:
        if released.wait(BOUND):
            return super().refresh()
        raise AssertionError("nobody let the disk go")


released = threading.Event()


async def test_a_disk_that_does_not_answer_keeps_nobody_from_other_models(tmp_path: Path) -> None:
    folder = SilentDisk(tmp_path)
    folder.save(made(plain_graph(), "dancers", service="comfyui"))
    released.clear()
    try:
        async with opened(folder) as (g, door):
            models = await asyncio.wait_for(listed(g, door), BOUND / 2)
            assert "flux-1-dev" in models
            assert "dancers" not in models
            released.set()
            for _ in range(600):
                if "dancers" in await listed(g, door):
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError("it was never listed")
    finally:
        released.set()


async def test_what_is_wrong_with_a_workflow_is_told_and_starts_nothing(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path)
    folder.save(made(plain_graph(), "good", service="comfyui"))
    lost = made(plain_graph(), "lost", service="comfyui")
    folder.save(Registration(lost.workflow, "gone-service"))
    other = made(plain_graph(), "other", service="comfyui")
    folder.save(Registration(other.workflow, "forge-turbo"))
    (tmp_path / "spoilt.json").write_text("{}", encoding="utf-8")
    async with opened(folder) as (g, door):
        models = await listed(g, door)
        assert models["good"]["available"]
        assert "spoilt" not in models
        assert not models["lost"]["available"]
        assert "gone-service" in models["lost"]["reason"]
        assert [one.code for one in g.doors.notes()] == ["workflow_file"]
        assert "no ComfyUI" in models["other"]["reason"]
        starts = g.lab.starts
        with pytest.raises(openai.APIStatusError, match="no ComfyUI"):
            await with_sdk(g, door, lambda c: c.images.generate(model="other", prompt="two"))
        with pytest.raises(openai.APIStatusError, match="gone-service"):
            await with_sdk(g, door, lambda c: c.images.generate(model="lost", prompt="two"))
        assert g.lab.starts == starts


async def test_a_node_that_the_server_lacks_is_told_to_the_caller(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path)
    graph = plain_graph()
    graph["8"] = node("VAEDecodeOfNextYear", samples=["3", 0], vae=["4", 2])
    folder.save(made(graph, "next-year", service="comfyui"))
    async with opened(folder) as (g, door):
        with pytest.raises(openai.InternalServerError, match="VAEDecodeOfNextYear") as refused:
            await with_sdk(g, door, lambda c: c.images.generate(model="next-year", prompt="two"))
        assert refused.value.code == "node_missing"


async def test_a_model_of_the_catalogue_keeps_its_name(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path)
    path = folder.save(made(plain_graph(), "dancers", service="comfyui"))
    # As when the catalogue gets a model of that name later.
    path.rename(tmp_path / "gpt-image-2.json")
    path = folder.save(made(plain_graph(), "dancers", service="comfyui"))
    path.rename(tmp_path / "openrouter.auto.json")
    async with opened(folder) as (g, door):
        models = await listed(g, door)
        assert models["gpt-image-2"]["service"] == "openai"
        assert models["openrouter.auto"]["service"] == "comfyui"


async def test_nobody_gets_a_workflow_that_they_did_not_ask_for(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path)
    folder.save(made(plain_graph(), "dancers", service="comfyui"))
    async with opened(folder) as (g, door):
        async with g.http.post(
            f"{door}/images/generations",
            json={"prompt": "two", "size": "64x64"},
            headers=g.bearer(),
        ) as got:
            body = await got.json()
        assert got.status == 200
        assert body["data"][0]["model"] != "dancers"


async def test_where_the_demo_engine_stands_in_it_draws_in_place_of_a_workflow(
    tmp_path: Path,
) -> None:
    folder = WorkflowFolder(tmp_path)
    folder.save(made(plain_graph(), "dancers", service="comfyui"))
    async with demo_engine() as url, gateway(workflows=folder, mode="demo") as g:
        g.lab.is_ready("demo", url)
        door = await g.doors.open_openai()
        assert (await listed(g, door))["dancers"]["demo"]
        answer = await with_sdk(
            g, door, lambda c: c.images.generate(model="dancers", prompt="two", size="128x64")
        )
        assert size_of(answer) == (128, 64)
        assert (answer.model_extra or {})["coursia"]["demo"] is True
