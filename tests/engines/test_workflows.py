"""The workflows that come along: what is in them, and what a server makes of them."""

from __future__ import annotations

import copy
import io
from typing import Any

import aiohttp
import pytest
from demo_process import DemoEngine
from PIL import Image

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.engines.a1111 import WebUI
from coursia_genai_lab.engines.calls import Calls
from coursia_genai_lab.engines.comfyui import ComfyUI
from coursia_genai_lab.engines.comfyui_errors import FOLDERS
from coursia_genai_lab.engines.comfyui_fitness import refuse_unfit
from coursia_genai_lab.engines.orders import Notice, Order, Picture
from coursia_genai_lab.engines.workflow_files import hash_of, names, read, workflow_of
from coursia_genai_lab.engines.workflow_plan import plan
from coursia_genai_lab.errors import GenAIError, InvalidRequest, ServiceError

MODELS = sorted(name for name in names() if workflow_of(name) is not None)
GRAFTS = sorted(names() - set(MODELS))
CHANGES_ONLY = [model for model in MODELS if read(model).about.needs_picture]
PARAMETERS = {"size", "steps", "guidance", "prompt", "negative_prompt", "image", "mask"}
SETTINGS = {
    # model: steps, cfg, sampler, scheduler, side
    "flux-1-dev": (20, 1.0, "euler", "simple", 1024),
    "flux-1-schnell": (4, 1.0, "euler", "simple", 1024),
    "sd-3.5": (20, 4.01, "euler", "sgm_uniform", 1024),
    "z-image-turbo": (8, 1.0, "res_multistep", "simple", 1024),
    "qwen-image-edit-2509": (20, 4.0, "euler", "simple", None),
    "qwen-image-edit-2509-lightning": (4, 1.0, "euler", "simple", None),
}


def png(*, width: int = 96, height: int = 64, hole: bool = False) -> bytes:
    out = io.BytesIO()
    made = Image.new("RGBA", (width, height), (180, 40, 40, 255))
    if hole:
        made.paste((0, 0, 0, 0), (0, 0, width // 2, height))
    made.save(out, "PNG")
    return out.getvalue()


def order(model: str, **more: Any) -> Order:
    if model in CHANGES_ONLY:
        more.setdefault("images", (png(),))
    return Order(model, more.pop("prompt", "a red fox"), more.pop("seed", 5), **more)


def nodes(graph: dict[str, dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [node["inputs"] for node in graph.values() if node["class_type"] == kind]


def headers(engine: DemoEngine) -> dict[str, str]:
    return {"Authorization": f"Bearer {engine.token}"}


def test_every_model_that_was_promised_has_a_workflow() -> None:
    promised = {"flux-1-dev", "flux-1-schnell", "sd-3.5", "sdxl-turbo", "z-image-turbo"}
    assert promised | {"qwen-image-edit-2509"} <= set(MODELS)


def test_every_local_model_of_the_catalogue_that_comfyui_makes_has_a_workflow() -> None:
    wanted = {
        model.id
        for spec in load_catalog().values()
        if spec.dialect == "comfyui"
        for model in spec.models
    }
    assert wanted <= set(MODELS)


def test_the_files_of_a_workflow_are_those_of_the_catalogue() -> None:
    compared = 0
    for spec in load_catalog().values():
        for model in spec.models:
            workflow = workflow_of(model.id)
            if workflow is None or spec.dialect not in ("comfyui", "a1111"):
                continue
            used = {
                (FOLDERS[name], value)
                for node in workflow.graph.values()
                for name, value in node["inputs"].items()
                if name in FOLDERS
            }
            listed = {(file.folder, file.name) for file in model.files}
            if spec.dialect == "a1111":
                # The WebUI has one folder for checkpoints, under a name of its own.
                assert workflow.about.webui is not None
                assert {name for _, name in listed} == {workflow.about.webui.checkpoint}
                used = {("Stable-diffusion", name) for _, name in used}
            assert used == listed, f"{spec.name}: {model.id}"
            compared += 1
    assert compared >= 7


@pytest.mark.parametrize("model", SETTINGS)
def test_a_workflow_has_the_published_settings_of_its_model(model: str) -> None:
    steps, cfg, sampler, scheduler, side = SETTINGS[model]
    graph = plan(order(model)).graph
    (drawn,) = nodes(graph, "KSampler")
    shown = (drawn["steps"], drawn["cfg"], drawn["sampler_name"], drawn["scheduler"])
    assert shown == (steps, cfg, sampler, scheduler)
    assert drawn["denoise"] == 1.0
    if side is not None:
        (empty,) = nodes(graph, "EmptySD3LatentImage")
        assert (empty["width"], empty["height"], empty["batch_size"]) == (side, side, 1)


def test_each_model_has_what_sets_it_apart() -> None:
    dev, schnell = plan(order("flux-1-dev")).graph, plan(order("flux-1-schnell")).graph
    assert [one["guidance"] for one in nodes(dev, "FluxGuidance")] == [3.5]
    assert nodes(schnell, "FluxGuidance") == []
    turbo = plan(order("sdxl-turbo")).graph
    assert nodes(turbo, "KSamplerSelect") == [{"sampler_name": "euler_ancestral"}]
    (steps,) = nodes(turbo, "SDTurboScheduler")
    assert (steps["steps"], steps["denoise"]) == (1, 1.0)
    (drawn,) = nodes(turbo, "SamplerCustom")
    assert (drawn["cfg"], drawn["add_noise"]) == (1.0, True)
    (empty,) = nodes(turbo, "EmptyLatentImage")
    assert (empty["width"], empty["height"]) == (512, 512)
    image = plan(order("z-image-turbo")).graph
    assert [one["shift"] for one in nodes(image, "ModelSamplingAuraFlow")] == [3.0]
    assert [one["type"] for one in nodes(image, "CLIPLoader")] == ["lumina2"]
    qwen = plan(order("qwen-image-edit-2509")).graph
    assert [one["type"] for one in nodes(qwen, "CLIPLoader")] == ["qwen_image"]
    assert [one["strength"] for one in nodes(qwen, "CFGNorm")] == [1.0]
    assert [one["shift"] for one in nodes(qwen, "ModelSamplingAuraFlow")] == [3.0]
    assert len(nodes(qwen, "FluxKontextImageScale")) == 1
    lightning = plan(order("qwen-image-edit-2509-lightning")).graph
    assert len(nodes(lightning, "LoraLoaderModelOnly")) == 1


@pytest.mark.parametrize("name", [*MODELS, *GRAFTS])
def test_what_a_description_names_is_in_its_graph(name: str) -> None:
    workflow = read(name)
    places = [place for one in workflow.about.parameters.values() for place in one.at]
    places += [place for taken in workflow.about.takes.values() for place in taken]
    sockets = workflow.about.sockets
    places += [sockets[name] for name in ("latent", "saved") if name in sockets]
    for place in places:
        node, _, entry = place.partition(".")
        assert entry in workflow.graph[node]["inputs"], place
    for parameter in workflow.about.parameters.values():
        for place in parameter.at if parameter.default is not None else ():
            node, _, entry = place.partition(".")
            assert workflow.graph[node]["inputs"][entry] == parameter.default, place


@pytest.mark.parametrize("model", MODELS)
def test_no_graft_takes_the_place_of_a_node(model: str) -> None:
    for graft in GRAFTS:
        assert not set(read(model).graph) & set(read(graft).graph)


@pytest.mark.parametrize("model", MODELS)
def test_an_order_reaches_the_graph(model: str) -> None:
    asked = order(model, prompt="a lake at dawn", seed=77, steps=3)
    graph = plan(asked).graph_for(77, {})
    values = [value for node in graph.values() for value in node["inputs"].values()]
    flat = {value for value in values if not isinstance(value, list)}
    assert {"a lake at dawn", 77, 3} <= flat
    assert "a red fox in the snow" not in flat
    again = read(model).graph
    assert "a lake at dawn" not in str(again)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_qwen_has_one_loader_for_each_picture_and_no_other(count: int) -> None:
    made = plan(order("qwen-image-edit-2509", images=(png(),) * count))
    assert len(nodes(made.graph, "LoadImage")) == count
    assert sorted(made.pictures) == ["image", "image2", "image3"][:count]
    for encoder in nodes(made.graph, "TextEncodeQwenImageEditPlus"):
        assert sum(name.startswith("image") for name in encoder) == count


@pytest.mark.parametrize(
    ("model", "more", "word"),
    [
        ("flux-1-dev", {"width": 1000, "height": 1000}, "992x992"),
        ("flux-1-dev", {"width": 32, "height": 1024}, "from 64x64 to 2048x2048"),
        ("flux-1-dev", {"width": 4096, "height": 4096}, "4096x4096 was asked for"),
        ("flux-1-dev", {"width": 0, "height": 0}, "0x0 was asked for"),
        ("sdxl-turbo", {"steps": 11}, "'steps' of SDXL Turbo must be between 1 and 10"),
        ("sdxl-turbo", {"steps": 0}, "the model's own, 1"),
        ("flux-1-dev", {"steps": 10_000}, "between 1 and 150"),
        ("flux-1-dev", {"guidance": float("nan")}, "between 0 and 30"),
        ("flux-1-dev", {"prompt": ""}, "empty"),
        ("flux-1-dev", {"prompt": " \n\t"}, "empty"),
        ("flux-1-dev", {"prompt": "x" * 50_000}, "50,000 characters; an engine takes 32,000"),
        ("sdxl-turbo", {"negative": "x" * 50_000}, "'negative_prompt'"),
        ("flux-1-dev", {"prompt": "a fox \ud83e"}, "half a character"),
        ("flux-1-dev", {"images": (png(), png())}, "takes 1 picture"),
        ("qwen-image-edit-2509", {"images": (png(),) * 4}, "takes 3 pictures"),
        ("qwen-image-edit-2509", {"images": ()}, "none was sent"),
        ("flux-1-dev", {"mask": png(hole=True)}, "mask"),
        ("flux-1-dev", {"images": (b"GIF89a",)}, "PNG"),
    ],
)
def test_what_a_model_cannot_do_is_said(model: str, more: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidRequest, match=word) as refused:
        plan(order(model, **more))
    assert refused.value.param in (None, *PARAMETERS)


@pytest.mark.parametrize(
    "more",
    [
        {"steps": 0},
        {"steps": 10_000},
        {"guidance": 31.0},
        {"guidance": float("nan")},
        {"prompt": ""},
        {"prompt": "x" * 50_000},
        {"width": 100, "height": 100},
        {"width": 4096, "height": 64},
    ],
)
def test_the_webui_is_not_asked_for_what_no_model_can_do(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        WebUI.check(order("sdxl-turbo", **more))
    assert refused.value.param in PARAMETERS
    assert refused.value.remedy


async def test_emoji_and_every_script_reach_the_picture(demo_engine: DemoEngine) -> None:
    words = "🦊 лиса 狐狸 e\u0301 \u202e\x00 {a|b} " + "x" * 20_000
    async with aiohttp.ClientSession() as session:
        engine = ComfyUI(demo_engine.url, headers(demo_engine), session)
        asked = order("sdxl-turbo", prompt=words, width=64, height=64)
        (picture,) = await engine.generate(asked)
    assert picture.data.startswith(b"\x89PNG")


def test_a_model_without_a_workflow_is_an_error_with_a_remedy() -> None:
    for name in ("nobody-knows-it", "inpaint", "../flux-1-dev"):
        with pytest.raises(ServiceError) as refused:
            plan(order(name))
        assert refused.value.error_code == "no_workflow"


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", ["text", "picture", "mask", "size"])
async def test_a_server_takes_every_graph_and_makes_a_picture(
    demo_engine: DemoEngine, model: str, task: str
) -> None:
    more: dict[str, Any] = {} if task == "text" else {"width": 128, "height": 64}
    if task in ("picture", "mask"):
        more["images"] = (png(),)
    if task == "mask":
        more["mask"] = png(hole=True)
    if task == "text":
        # The model's own size costs seconds to draw; that the server takes it is what counts.
        more = {"steps": 1}
    heard: list[object] = []
    async with aiohttp.ClientSession() as session:
        engine = ComfyUI(demo_engine.url, headers(demo_engine), session)
        (picture,) = await engine.generate(order(model, **more), heard.append)
    size = Image.open(io.BytesIO(picture.data)).size
    if task != "text":
        assert size == (128, 64)
    assert picture.seed == 5
    assert [one for one in heard if isinstance(one, Picture)] == [picture]
    assert not any(isinstance(one, Notice) for one in heard)


@pytest.mark.parametrize(
    ("node", "entry", "value", "code", "word"),
    [
        ("1", "ckpt_name", "absent.safetensors", "models_missing", "absent.safetensors"),
        ("6", "sampler_name", "of_next_year", "value_missing", "of_next_year"),
        ("6", None, "NodeOfNextYear", "node_missing", "NodeOfNextYear"),
        ("6", "steps", 20_000, "engine_refused", "1 to 10000 for KSampler.steps; 20000"),
        ("6", "cfg", -1, "engine_refused", "0 to 100 for KSampler.cfg"),
        ("8", "samples", None, "engine_refused", "gives no samples to VAEDecode"),
    ],
)
async def test_what_a_server_lacks_is_said_before_it_is_used(
    demo_engine: DemoEngine, node: str, entry: str | None, value: Any, code: str, word: str
) -> None:
    graph = copy.deepcopy(plan(order("flux-1-dev")).graph)
    if entry is None:
        graph[node]["class_type"] = value
    elif value is None:
        del graph[node]["inputs"][entry]
    else:
        graph[node]["inputs"][entry] = value
    async with aiohttp.ClientSession() as session:
        calls = Calls(demo_engine.url, headers(demo_engine), session)
        await refuse_unfit(calls, plan(order("flux-1-dev")).graph)
        with pytest.raises(GenAIError, match=word) as refused:
            await refuse_unfit(calls, graph, owners={value: "flux-1-dev"})
    assert refused.value.error_code == code
    if code == "models_missing":
        assert refused.value.command == "coursia-genai models fetch flux-1-dev"


async def test_a_picture_says_how_it_was_made(demo_engine: DemoEngine) -> None:
    async with aiohttp.ClientSession() as session:
        engine = ComfyUI(demo_engine.url, headers(demo_engine), session)
        small = {"width": 64, "height": 64}
        (one,) = await engine.generate(order("flux-1-dev", steps=2, **small))
        (two,) = await engine.generate(order("flux-1-dev", prompt="a lake", guidance=5.0, **small))
        (other,) = await engine.generate(order("flux-1-dev", images=(png(),), **small))
        (turbo,) = await engine.generate(order("sdxl-turbo", **small))
    made = one.recipe, two.recipe
    assert made[0] is not None
    assert made[1] is not None
    assert other.recipe is not None
    assert turbo.recipe is not None
    assert (made[0].workflow, made[0].steps, made[0].guidance) == ("flux-1-dev", 2, 3.5)
    assert (made[1].steps, made[1].guidance) == (20, 5.0)
    assert made[0].files == ("flux1-dev-fp8.safetensors",)
    assert made[0].workflow_hash == made[1].workflow_hash == hash_of(read("flux-1-dev").graph)
    assert other.recipe.workflow == "flux-1-dev+image-to-image"
    assert other.recipe.workflow_hash not in (made[0].workflow_hash, turbo.recipe.workflow_hash)


def test_the_main_weights_of_a_workflow_come_first() -> None:
    recipe = plan(order("qwen-image-edit-2509-lightning")).recipe
    assert recipe.files == (
        "qwen_image_edit_2509_fp8_e4m3fn.safetensors",
        "qwen_2.5_vl_7b_fp8_scaled.safetensors",
        "qwen_image_vae.safetensors",
        "Qwen-Image-Edit-2509-Lightning-4steps-V1.0-bf16.safetensors",
    )


def test_the_hash_of_a_workflow_is_of_what_is_computed() -> None:
    graph = read("flux-1-dev").graph
    titled = copy.deepcopy(dict(reversed(graph.items())))
    titled["6"]["_meta"] = {"title": "Another title"}
    assert hash_of(titled) == hash_of(graph)
    titled["6"]["inputs"]["steps"] = 21
    assert hash_of(titled) != hash_of(graph)
