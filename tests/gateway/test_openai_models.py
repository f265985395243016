"""Which model makes the pictures: the best free one, what took the place of dead ones."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import FormData
from door_harness import Gateway, demo_engine, gateway
from PIL import Image

from coursia_genai_lab.catalog.load import Catalog, load_catalog
from coursia_genai_lab.catalog.retired import RETIRED
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.gateway.openai_models import Choice, ModelDirectory
from coursia_genai_lab.gateway.openai_retired import read_old_name
from coursia_genai_lab.lab.clouds import Clouds
from coursia_genai_lab.lab.stand_ins import StandIns
from coursia_genai_lab.wire.problems import Problem

SIZE = "128x128"
RETIREMENT = date(2026, 12, 1)
"""Of gpt-image-1.5 and gpt-image-1-mini."""
BEFORE = RETIREMENT - timedelta(days=1)
REAL = ("comfyui", "comfyui-qwen", "flux", "sd35", "forge-turbo")


@asynccontextmanager
async def opened(*ready: str) -> AsyncIterator[tuple[Gateway, str]]:
    """Run the door before a demo engine that is these services; the others cannot start."""
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("demo", url)
        for name in REAL:
            if name in ready:
                scheme = "basic" if name == "forge-turbo" else "bearer"
                g.lab.is_ready(name, url, scheme=scheme)
            else:
                g.lab.problems[name] = lack("image_missing")
        yield g, await g.doors.open_openai()


def lack(code: str) -> Problem:
    return Problem(code=code, message="It is not here.", remedy="Build it.")


async def ask(g: Gateway, door: str, **order: Any) -> tuple[int, dict[str, Any]]:
    order = {"prompt": "a fox", "size": SIZE, **order}
    async with g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got:
        return got.status, await got.json()


async def edit(g: Gateway, door: str, **fields: str) -> tuple[int, dict[str, Any]]:
    form = FormData()
    out = io.BytesIO()
    Image.new("RGB", (128, 128), "red").save(out, "PNG")
    form.add_field("image", out.getvalue(), filename="a.png", content_type="image/png")
    for name, value in {"prompt": "make it blue", "size": SIZE, **fields}.items():
        form.add_field(name, value)
    async with g.http.post(f"{door}/images/edits", data=form, headers=g.bearer()) as got:
        return got.status, await got.json()


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": "auto"}, {"model": ""}])
async def test_who_names_no_model_gets_the_best_that_runs(model: dict[str, Any]) -> None:
    async with opened("comfyui", "comfyui-qwen", "forge-turbo") as (g, door):
        status, told = await ask(g, door, **model)
        assert status == 200
        assert told["coursia"] == {
            "demo": False,
            "service": "comfyui",
            "model_chosen": "flux-1-dev",
        }
        assert told["data"][0]["model"] == "flux-1-dev"


async def test_an_edit_gets_the_best_model_that_edits() -> None:
    async with opened("comfyui", "comfyui-qwen", "forge-turbo") as (g, door):
        status, told = await edit(g, door)
        assert (status, told["coursia"]["model_chosen"]) == (200, "qwen-image-edit-2509")
    async with opened("forge-turbo") as (g, door):
        assert (await edit(g, door))[1]["coursia"]["model_chosen"] == "sdxl-turbo"


async def test_what_runs_comes_before_what_is_better_and_must_be_started() -> None:
    async with opened("forge-turbo") as (g, door):
        g.lab.problems.clear()
        assert (await ask(g, door))[1]["coursia"]["model_chosen"] == "sdxl-turbo"
        assert g.lab.starts == 0


def first(g: Gateway, name: str | None = None) -> Choice:
    return ModelDirectory(g.lab).choices(name, None)[0]


async def test_of_what_could_be_started_the_best_comes_first_and_what_starts_before_it() -> None:
    async with gateway() as g:
        assert (first(g).model, first(g).service) == ("qwen-image-edit-2509", "comfyui-qwen")
        g.lab.wanted = {"forge-turbo"}
        assert first(g).model == "sdxl-turbo"


async def test_a_model_that_cannot_do_the_size_is_passed_over() -> None:
    async with opened("comfyui", "forge-turbo") as (g, door):
        status, told = await ask(g, door, size="136x136")
        assert (status, told["coursia"]["model_chosen"]) == (200, "sdxl-turbo")
        status, told = await ask(g, door, size="131x131")
        assert (status, told["error"]["param"]) == (400, "size")
        assert told["error"]["remedy"]


async def test_the_demo_engine_is_the_last_and_says_so() -> None:
    async with opened() as (g, door):
        status, told = await ask(g, door)
        assert status == 200
        assert told["coursia"]["demo"]
        assert told["coursia"]["model_chosen"] == "demo"
        assert "demo engine" in told["coursia"]["warning"]


@pytest.mark.parametrize("code", ["docker_hangs", "models_unreadable"])
async def test_a_class_whose_machine_is_only_slow_gets_no_demo_pictures(code: str) -> None:
    async with gateway() as g:
        g.lab.problems = {name: lack(code) for name in REAL}
        assert first(g).service == "comfyui-qwen"


async def test_no_service_that_waits_for_a_consent_is_chosen() -> None:
    async with gateway() as g:
        choices = ModelDirectory(g.lab).choices(None, None, withheld=lambda name: name != "sd35")
        assert [(one.model, one.service) for one in choices] == [("sd-3.5", "sd35")]


async def test_a_paid_model_is_never_chosen() -> None:
    async with gateway() as g:
        services = {one.service for one in ModelDirectory(g.lab).choices(None, None)}
        assert all(g.lab.catalog[name].kind == "local" for name in services)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("dall-e-3", None),
        ("openai/dall-e-2", None),
        ("1024-x-1024/dall-e-3", "1024x1024"),
        ("hd/1024-x-1792/dall-e-3", "1024x1792"),
        ("dall-e-3-1024x1024", "1024x1024"),
        ("gpt-image-1", None),
        ("gpt-image-1-2025-04-23", None),
        ("low/1024-x-1536/gpt-image-1", "1024x1536"),
    ],
)
def test_dead_names_are_known_in_every_spelling(name: str, size: str | None) -> None:
    old = read_old_name(name, BEFORE)
    assert old is not None
    assert old.size == size
    assert old.retired.successor == "gpt-image-2"


@pytest.mark.parametrize(
    "name", ["gpt-image-1.5", "gpt-image-1-mini", "dall-e-4", "acme/dall-e-3", "flux-1-dev", ""]
)
def test_living_names_are_left_alone(name: str) -> None:
    assert read_old_name(name, BEFORE) is None


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("gpt-image-1.5", None),
        ("openai/gpt-image-1-mini", None),
        ("gpt-image-1.5-2025-12-16", None),
        ("low/1024-x-1536/gpt-image-1-mini", "1024x1536"),
    ],
)
def test_a_name_is_dead_from_the_day_on_that_its_provider_has_told(
    name: str, size: str | None
) -> None:
    assert read_old_name(name, BEFORE) is None
    old = read_old_name(name, RETIREMENT)
    assert old is not None
    assert (old.retired.successor, old.size) == ("gpt-image-2", size)
    assert old.retired.sentence.endswith("on 1 December 2026")


def test_whatever_takes_the_place_of_a_dead_name_lives() -> None:
    sold = {one.id for one in load_catalog(packages=False)["openai"].models}
    assert {one.successor for one in RETIRED} <= sold - {one.name for one in RETIRED}


async def test_what_a_provider_withdraws_is_offered_and_taken_by_default_until_that_day() -> None:
    async with gateway() as g:
        for today, lives in ((BEFORE, True), (RETIREMENT, False)):
            directory = ModelDirectory(g.lab, today=partial(date.fromordinal, today.toordinal()))
            listed = {info.id for info in directory.listed(None)}
            assert "gpt-image-2" in listed
            assert ({"gpt-image-1.5", "gpt-image-1-mini"} <= listed) is lives
            for name in ("gpt-image-1.5", "gpt-image-1-mini"):
                (choice,) = directory.choices(name, "cloud")
                if lives:
                    assert (choice.model, choice.warning) == (name, None)
                else:
                    assert choice.model != name
                    assert f"retired {name} on 1 December 2026" in str(choice.warning)


async def test_another_provider_goes_on_offering_a_model_that_openai_withdraws() -> None:
    async with gateway() as g:
        first = g.lab.catalog["openai"]
        told = first.model_dump() | {"name": "second", "title": "Second"}
        catalog = {"openai": first, "second": ServiceSpec.model_validate(told)}
        stand_ins = StandIns(catalog, Clouds(Catalog(catalog)), lambda: RETIREMENT)
        found = stand_ins.named("gpt-image-1-mini")
        assert found is not None
        assert found.service == "second"


async def test_a_dead_name_gets_what_took_its_place_or_else_the_best_that_is_free() -> None:
    async with opened("comfyui") as (g, door):
        status, told = await ask(g, door, model="256-x-256/dall-e-3", size="")
        assert status == 200
        assert told["size"] == "256x256"
        assert told["coursia"]["model_chosen"] == "flux-1-dev"
        assert "retired dall-e-3 on 12 May 2026" in told["coursia"]["warning"]
        assert "flux-1-dev takes its place" in told["coursia"]["warning"]
        g.lab.stand_in_for = set(g.lab.catalog)
        _, told = await ask(g, door, model="dall-e-3")
        assert (told["coursia"]["service"], told["coursia"]["demo"]) == ("openai", True)


async def test_an_unknown_model_is_answered_with_those_that_are_spelt_alike() -> None:
    async with opened() as (g, door):
        status, told = await ask(g, door, model="flux1-dev")
        assert (status, told["error"]["code"]) == (404, "model_not_found")
        assert "Did you mean flux-1-dev" in told["error"]["remedy"]
        assert told["error"]["param"] == "model"
        status, told = await ask(g, door, model="\N{FOX FACE}" * 3)
        assert status == 404
        assert "Did you mean" not in told["error"]["remedy"]


async def test_a_model_that_cannot_be_had_says_why_in_the_list() -> None:
    async with (
        opened("comfyui") as (g, door),
        g.http.get(f"{door}/models", headers=g.bearer()) as got,
    ):
        models = {one["id"]: one for one in (await got.json())["data"]}
    assert models["flux-1-dev"]["available"]
    assert (models["sdxl-turbo"]["available"], models["sdxl-turbo"]["reason"]) == (
        False,
        "It is not here. Build it.",
    )


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"quality": "hd"}, "quality"),
        ({"style": "vivid"}, "style"),
        ({"background": "transparent"}, "opaque"),
        ({"guidnace": 3, "x" * 500: 1}, "'guidnace'"),
    ],
)
async def test_what_has_no_effect_is_said(more: dict[str, Any], word: str) -> None:
    async with opened("comfyui") as (g, door):
        status, told = await ask(g, door, model="flux-1-schnell", **more)
        assert status == 200
        assert word in told["coursia"]["warning"]
        assert len(told["coursia"]["warning"]) < 500


async def test_what_changes_no_picture_is_taken_in_silence() -> None:
    more = {"user": "ada", "moderation": "low", "response_format": "b64_json", "quality": "auto"}
    async with opened("comfyui") as (g, door):
        status, told = await ask(g, door, model="flux-1-schnell", safety_identifier="x", **more)
        assert status == 200
        assert "warning" not in told["coursia"]


async def test_who_wants_an_address_gets_one_that_holds_the_picture() -> None:
    async with opened("comfyui") as (g, door):
        _, told = await ask(g, door, model="flux-1-schnell", response_format="url")
        (item,) = told["data"]
        assert item["url"] == f"data:image/png;base64,{item['b64_json']}"
        assert "address" in told["coursia"]["warning"]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"quality": "best"}, "quality"),
        ({"style": 5}, "style"),
        ({"response_format": "jpeg"}, "response_format"),
        ({"prompt": "x" * 50_000}, "prompt"),
        ({"prompt": "half a fox \ud83e"}, "prompt"),
        ({"n": 11}, "n"),
        ({"steps": 10_000}, "steps"),
        ({"model": ["demo"]}, "model"),
    ],
)
async def test_what_is_wrong_is_named_with_a_remedy(change: dict[str, Any], param: str) -> None:
    async with opened("comfyui") as (g, door):
        status, told = await ask(g, door, **{"model": "flux-1-schnell", **change})
        assert (status, told["error"]["param"]) == (400, param)
        assert told["error"]["remedy"]


@pytest.mark.parametrize("size", ["16x16", "0x64", "9999x64", "64x9999"])
async def test_nobody_waits_in_line_for_the_refusal_of_a_size(size: str) -> None:
    async with opened() as (g, door):
        busy = g.doors.queue.join("demo", "zoe", holder="z")
        status, told = await ask(g, door, model="demo", size=size)
        assert (status, told["error"]["param"]) == (400, "size")
        busy.leave()


async def test_prompts_in_every_script_come_back_as_they_were_sent() -> None:
    prompt = "a \N{FOX FACE} \u5728\u96ea\u4e2d, \u0645\u0631\u062d\u0628\u0627\x00, cafe\u0301"
    async with opened("comfyui") as (g, door):
        status, told = await ask(g, door, model="flux-1-schnell", prompt=prompt)
        assert status == 200
        assert told["data"][0]["provenance"]["prompt"] == prompt


async def test_the_demo_mode_draws_for_every_model_of_the_catalogue() -> None:
    async with opened() as (g, door):
        g.lab.switch("demo")
        for model in ("qwen-image-edit-2509-lightning", "gpt-image-2", "sdxl-turbo"):
            status, told = await ask(g, door, model=model)
            assert (status, told["coursia"]["demo"]) == (200, True)
            assert told["data"][0]["model"] == model
