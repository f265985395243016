"""What a class's policy allows holds at every door, and a new one from its next call on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from comfyui_caller import CHECKPOINT, Caller, graph
from door_harness import Gateway, demo_engine, gateway
from ledger_harness import opened_store

from coursia_genai_lab.gateway.comfyui_prompt import MODEL_INPUTS
from coursia_genai_lab.gateway.model_rules import MADE_UP, files_named
from coursia_genai_lab.lab.charge import Limit
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.rules import ClassWord, Rules
from coursia_genai_lab.lab.store.place import file_place
from coursia_genai_lab.wire.policy import Quota

SMALL = {"prompt": "a fox", "steps": 1, "width": 64, "height": 64, "cfg_scale": 1}
SMALL_ORDER = {"prompt": "a fox", "size": "128x128"}


def allow(g: Gateway, *models: str) -> None:
    """Let a class's policy come that names these for the role of everybody here."""
    g.lab.policy.take(ClassWord(Rules(models={"admin": models}), "policy.toml", 1.0))


@asynccontextmanager
async def opened(*services: str) -> AsyncIterator[Gateway]:
    async with demo_engine() as url, gateway() as g:
        for name in services:
            g.lab.is_ready(name, url, scheme="basic" if name == "forge-turbo" else "bearer")
        yield g


async def ask(g: Gateway, method: str, url: str, body: Any = None) -> tuple[int, Any]:
    async with g.http.request(method, url, json=body, headers=g.bearer()) as got:
        return got.status, await got.json()


async def test_a_graph_is_known_by_the_files_that_it_names() -> None:
    async with opened("comfyui") as g:
        ada = await Caller.make(g, "ada")
        for models, status in (
            (("sdxl-turbo",), 200),
            (("flux-*",), 403),
            (("SD_XL_turbo*",), 200),
            ((), 403),
        ):
            allow(g, *models)
            got, told = await ada.post(graph())
            assert got == status, models
            if status == 403:
                assert CHECKPOINT in str(told)


async def test_a_graph_that_names_no_file_may_be_of_any_model_of_its_service() -> None:
    small = {"1": {"class_type": "X", "inputs": {}}}
    async with opened("comfyui") as g:
        ada = await Caller.make(g, "ada")
        allow(g, "z-image-turbo")
        assert (await ada.post(small))[0] == 403
        allow(g, "flux-1-dev")
        # ComfyUI itself knows no such node.
        assert (await ada.post(small))[0] == 400


async def test_a_webui_is_held_to_the_checkpoint_that_would_be_used() -> None:
    async with opened("forge-turbo") as g:
        door = await g.doors.open("forge-turbo")
        url = f"{door}/sdapi/v1/txt2img"
        allow(g, "sdxl-turbo")
        assert (await ask(g, "POST", url, SMALL))[0] == 200
        refiner = {**SMALL, "refiner_checkpoint": "flux1-dev-fp8", "refiner_switch_at": 0.5}
        assert (await ask(g, "POST", url, refiner))[0] == 403
        allow(g, "flux-*")
        status, told = await ask(g, "POST", url, SMALL)
        assert status == 403
        assert "policy" in str(told)


@pytest.mark.parametrize(
    "prompt",
    [
        "a fox <lora:flux-detail:0.8>",
        "a fox <LORA:flux-detail>",
        "a fox <lyco:flux-detail:te=1>",
        "a fox <hypernet:flux-detail:1>",
        "a fox <lora:sdxl-turbo=1:flux-detail:1>",
        "<lora:sdxl-turbo:1> <lora:flux-detail:1>",
    ],
)
async def test_networks_in_prompts_are_held_to_the_models_of_a_role(prompt: str) -> None:
    async with opened("forge-turbo", "comfyui") as g:
        url = f"{await g.doors.open('forge-turbo')}/sdapi/v1/txt2img"
        ada = await Caller.make(g, "ada")
        texts = graph()
        texts["6"]["inputs"]["text"] = prompt
        allow(g, "sdxl-turbo")
        for field in ("prompt", "negative_prompt", "hr_prompt"):
            status, told = await ask(g, "POST", url, {**SMALL, field: prompt})
            assert status == 403, field
            assert "flux-detail" in str(told)
        assert (await ada.post(texts))[0] == 403
        allow(g, "sdxl-turbo", "flux-detail")
        assert (await ask(g, "POST", url, {**SMALL, "negative_prompt": "<lora:flux-detail:1>"}))[
            0
        ] == 200


async def test_a_part_of_a_checkpoints_name_stands_for_no_other_in_a_class() -> None:
    async with opened("forge-turbo") as g:
        url = f"{await g.doors.open('forge-turbo')}/sdapi/v1/txt2img"
        part = {**SMALL, "override_settings": {"sd_model_checkpoint": "sd"}}
        allow(g, "sd")
        assert (await ask(g, "POST", url, part))[0] == 403
        assert (await ask(g, "POST", url, {**SMALL, "refiner_checkpoint": "sd"}))[0] == 403
        allow(g, "sd*")
        assert (await ask(g, "POST", url, part))[0] == 200
        away = {**SMALL, "override_settings": {"sd_model_checkpoint": "sd [nowhere]x"}}
        assert (await ask(g, "POST", url, {**away, "hr_checkpoint_name": "sd-nowhere"}))[0] == 404


async def test_whoever_leaves_the_token_out_at_an_open_door_shares_one_persons_quota(
    tmp_path: Path,
) -> None:
    known: list[Gateway] = []

    def limits(person: str, provider: str) -> list[Limit]:
        return known[0].lab.policy.limits(person, provider)

    async with (
        demo_engine() as url,
        opened_store(file_place(tmp_path / "store")) as store,
        gateway(open_doors=True, charges=Ledger(store, limits=limits)) as g,
    ):
        known.append(g)
        g.lab.is_ready("forge-turbo", url, scheme="basic")
        quota = Quota(scope="person", window="course", pictures=2)
        g.lab.policy.take(ClassWord(Rules(quotas=(quota,)), "policy.toml", 1.0))
        door = f"{await g.doors.open('forge-turbo')}/sdapi/v1/txt2img"
        statuses = []
        for _ in range(3):
            async with g.http.post(door, json=SMALL) as got:
                statuses.append(got.status)
        assert statuses == [200, 200, 429]
        assert (await ask(g, "POST", door, SMALL))[0] == 200  # a person's own is another


async def test_models_that_a_role_may_not_use_are_listed_with_the_reason() -> None:
    async with opened("demo", "forge-turbo", "comfyui") as g:
        door = await g.doors.open_openai()
        allow(g, "sdxl-*", "demo")
        _, told = await ask(g, "GET", f"{door}/models")
        listed = {one["id"]: one for one in told["data"]}
        assert listed["sdxl-turbo"]["available"]
        assert not listed["flux-1-dev"]["available"]
        assert "policy" in listed["flux-1-dev"]["reason"]


async def test_who_names_no_model_gets_one_that_the_role_may_use() -> None:
    async with opened("demo", "forge-turbo", "comfyui") as g:
        door = await g.doors.open_openai()
        for model in ("sdxl-turbo", "flux-1-schnell"):
            allow(g, model)
            url = f"{door}/images/generations"
            status, told = await ask(g, "POST", url, SMALL_ORDER)
            assert (status, told["data"][0]["model"]) == (200, model)


async def test_a_named_model_is_refused_by_name_and_allowed_from_the_next_call_on() -> None:
    async with opened("demo", "forge-turbo") as g:
        door = await g.doors.open_openai()
        order = {**SMALL_ORDER, "model": "sdxl-turbo"}
        url = f"{door}/images/generations"
        allow(g, "demo")
        status, told = await ask(g, "POST", url, order)
        assert (status, told["error"]["code"]) == (403, "model_not_allowed")
        allow(g, "sdxl-turbo")
        assert (await ask(g, "POST", url, order))[0] == 200


@pytest.mark.parametrize("name", [*MODEL_INPUTS, "lora_name", "anything"])
def test_files_are_found_in_any_input_of_any_loader(name: str) -> None:
    nodes = {"1": {"class_type": "X", "inputs": {name: "sub\\a.SAFETENSORS"}}}
    assert files_named(nodes) == {"sub\\a.SAFETENSORS"}
    several = {"1": {"class_type": "X", "inputs": {name: {"on": True, "lora": "b.gguf"}}}}
    assert files_named(several) == {"b.gguf"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model_path", "flux-1-dev"),
        ("ckpt_name", "flux-1-dev.engine"),
        ("unet_name_2", "flux"),
        ("model", "black-forest-labs/FLUX.1-dev"),
        ("repo_id", "black-forest-labs/FLUX.1-dev"),
        ("Model_ID", "flux"),
        ("lora_01", "detail"),
        ("control_net_name", "canny"),
        ("checkpoint", "a\nb"),
    ],
)
def test_what_stands_in_a_loaders_input_is_a_model_whatever_its_ending(
    name: str, value: str
) -> None:
    assert files_named({"1": {"class_type": "X", "inputs": {name: value}}}) == {value}
    wrapped = {"loras": {"on": True, name: value}}
    assert files_named({"1": {"class_type": "X", "inputs": wrapped}}) == {value}
    listed = {name: {"__value__": [value]}}
    assert files_named({"1": {"class_type": "X", "inputs": listed}}) == {value}


def test_a_name_from_another_node_is_read_there_or_unknown() -> None:
    nodes: dict[str, Any] = {
        "1": {"class_type": "X", "inputs": {"ckpt_name": ["2", 0], "seed": 1}},
        "2": {"class_type": "PrimitiveString", "inputs": {"value": "flux"}},
    }
    assert files_named(nodes) == {"flux"}
    nodes["2"] = {"class_type": "Joined", "inputs": {"a": "fl", "b": "ux"}}
    assert files_named(nodes) == {MADE_UP}
    # The model itself goes from node to node by links.
    nodes["1"]["inputs"] = {"model": ["2", 0], "lora_name": "None"}
    assert files_named(nodes) == set()


async def test_a_graph_that_names_a_folder_of_weights_is_held_to_the_models_of_a_role() -> None:
    async with opened("comfyui") as g:
        ada = await Caller.make(g, "ada")
        inputs = {"model_path": "flux-1-dev"}
        folder = {"class_type": "DiffusersLoader", "inputs": inputs}
        nodes = {**graph(), "20": folder}
        allow(g, "sdxl-turbo")
        status, told = await ada.post(nodes)
        assert (status, "flux-1-dev" in str(told)) == (403, True)
        inputs["model_path"] = "somebody/sdxl-turbo"
        assert (await ada.post(nodes))[0] == 403
        allow(g, "sdxl-turbo", "somebody/*")
        # ComfyUI itself has no such folder.
        assert (await ada.post(nodes))[0] != 403


@pytest.mark.parametrize(
    "inputs",
    [
        {"model_type": "sdxl", "sampler_name": "euler", "lora_strength": "1"},
        {"vae_name": "ae.safetensors"},
        {"clip_name1": "t5.safetensors"},
        {"image": "a.png"},
        {"text": "a very fine\npicture.safetensors"},
        {"x": ["4", 0], "y": 3},
    ],
)
def test_what_draws_nothing_by_itself_is_no_model(inputs: dict[str, Any]) -> None:
    assert files_named({"1": {"class_type": "X", "inputs": inputs}}) == set()
