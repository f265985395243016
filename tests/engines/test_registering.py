"""Workflows of one's own: read with bounds, their parameters found, run like any other."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from demo_process import DemoEngine
from foreign_graphs import (
    Graph,
    base_and_refiner,
    flux_by_guider,
    inpainting_by_alpha,
    inpainting_by_colours,
    inpainting_by_mask_file,
    node,
    with_control_net,
)
from PIL import Image

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.engines.comfyui import ComfyUI
from coursia_genai_lab.engines.exported import read_exported
from coursia_genai_lab.engines.orders import Notice, Order
from coursia_genai_lab.engines.registered import Registration, WorkflowFolder
from coursia_genai_lab.engines.registering import inspect, registration
from coursia_genai_lab.engines.workflow_files import hash_of, names, read, workflow_of
from coursia_genai_lab.engines.workflow_plan import plan
from coursia_genai_lab.errors import (
    ConfigurationError,
    Conflict,
    InvalidRequest,
    NotFound,
    ServiceError,
)

CATALOG = load_catalog(packages=False)
MODELS = sorted(name for name in names() if workflow_of(name) is not None)


def exported(graph: Any) -> Graph:
    return read_exported(json.dumps(graph).encode())


def places(graph: Graph, **named: tuple[str, ...]) -> dict[str, list[str]]:
    found = inspect(exported(graph), named)
    assert not found.unclear
    return {name: one.at for name, one in found.found.parameters.items()}


def registered(graph: Graph, name: str = "mine", **more: Any) -> Registration:
    return registration(inspect(exported(graph), more.pop("named", None)), name, CATALOG, **more)


def png(*, hole: bool = False) -> bytes:
    out = io.BytesIO()
    made = Image.new("RGBA", (128, 64), (180, 40, 40, 255))
    if hole:
        made.paste((0, 0, 0, 0), (0, 0, 64, 64))
    made.save(out, "PNG")
    return out.getvalue()


# -- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "no JSON"),
        (b"\x89PNG\r\n\x1a\n", "no JSON"),
        (b"[]", "no workflow"),
        (b"{}", "no workflow"),
        (b'{"1": {"inputs": {}}}', "class_type"),
        (b'{"1": "KSampler"}', "class_type"),
        (b'{"1": {"class_type": "A", "inputs": []}}', "no object"),
        (b'{"a b": {"class_type": "A", "inputs": {}}}', "no id of a node"),
        (b'{"1": {"class_type": "A", "inputs": {"x": NaN}}}', "NaN"),
        (b'{"1": {"class_type": "A", "inputs": {"x": 1e999}}}', "too large"),
        (b'{"1": {"class_type": "A", "inputs": {"x": 1' + b"0" * 30 + b"}}}", "too large"),
        (b'{"1": {"class_type": "A", "inputs": {"x": 1, "x": 2}}}', "twice"),
        (b'{"1": {"class_type": "A", "inputs": {"x": ["2", 0]}}}', "not in the file"),
        (b'{"1": {"class_type": "A", "inputs": {"x": [1, 2, 3]}}}', "no link"),
        (b'{"1": {"class_type": "A", "inputs": {"x": "\\ud83e"}}}', "half a character"),
        (b'{"1": {"class_type": "A", "inputs": {"x": ' + b"[" * 90 + b"]" * 90 + b"}}}", "deeply"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "deeply"),
        (b'{"1": {"class_type": "A", "inputs": {"x": "' + b"x" * 40_000 + b'"}}}', "32,000"),
        (b" " * (2**20 + 1), "KiB"),
    ],
)
def test_what_is_no_workflow_is_refused_with_the_reason(data: bytes, word: str) -> None:
    with pytest.raises(InvalidRequest, match=word) as refused:
        read_exported(data)
    assert refused.value.remedy


def test_the_editors_format_is_refused_with_the_way_to_export() -> None:
    editor = {
        "last_node_id": 9,
        "nodes": [{"id": 3, "type": "KSampler"}],
        "links": [],
        "version": 1,
    }
    with pytest.raises(InvalidRequest, match="editor") as refused:
        exported(editor)
    assert "Workflow > Export (API)" in refused.value.remedy
    assert "Save (API Format)" in refused.value.remedy


def test_too_many_nodes_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="501 nodes"):
        exported({str(index): node("A") for index in range(501)})


@pytest.mark.parametrize(
    "value",
    [
        "/etc/passwd",
        "../../secret.png",
        "a/../../b.png",
        "..\\b.png",
        "C:\\Users\\x.png",
        "~/x.png",
        "\\\\host\\share",
    ],
)
def test_files_outside_comfyuis_folders_are_refused(value: str) -> None:
    graph = with_control_net()
    graph["20"]["inputs"]["image"] = value
    with pytest.raises(InvalidRequest, match="outside") as refused:
        exported(graph)
    assert refused.value.error_code == "workflow_outside"


@pytest.mark.parametrize(
    "text", ["and/or", "1..2", "a ../b in words", "50 %", "{a|b}", "%date:yyyy%"]
)
def test_words_that_only_look_alike_are_taken(text: str) -> None:
    graph = with_control_net()
    graph["7"]["inputs"]["text"] = text
    assert exported(graph)["7"]["inputs"]["text"] == text


@pytest.mark.parametrize(
    "text", ["{{colour}}", "a {{prompt}} in oil", "{{ }}", "{{prompt", "%steps%", "<<<CFG>>>"]
)
def test_an_unknown_placeholder_is_refused(text: str) -> None:
    graph = with_control_net()
    graph["7"]["inputs"]["text"] = text
    with pytest.raises(InvalidRequest) as refused:
        exported(graph)
    assert refused.value.error_code == "workflow_placeholder"
    assert "{{prompt}}" in refused.value.remedy


def test_a_whole_body_of_a_post_does_too() -> None:
    body = {"prompt": with_control_net(), "client_id": "x", "extra_data": {}}
    assert exported(body).keys() == with_control_net().keys()


# -- finding -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_of_our_own_workflows_the_same_is_found_as_we_describe(model: str) -> None:
    about = read(model).about.parameters
    found = places(read(model).graph)
    described = {name: one.at for name, one in about.items() if name != "strength"}
    assert found == described


def test_parameters_are_found_in_nodes_of_their_own_and_behind_guiders() -> None:
    assert places(flux_by_guider()) == {
        "prompt": ["50.value"],
        "seed": ["25.noise_seed"],
        "steps": ["17.steps"],
        "guidance": ["26.guidance"],
        "width": ["27.width", "30.width"],
        "height": ["27.height", "30.height"],
    }


def test_who_is_the_negative_prompt_is_told_by_the_links_alone() -> None:
    assert places(with_control_net()) == {
        "prompt": ["7.text"],
        "negative_prompt": ["6.text"],
        "seed": ["60.value"],
        "steps": ["3.steps"],
        "guidance": ["3.cfg"],
        "width": ["5.width"],
        "height": ["5.height"],
        "image": ["20.image"],
    }


def test_placeholders_name_the_places_themselves() -> None:
    graph = base_and_refiner()
    graph["3"]["inputs"]["text"] = "{{prompt}}"
    graph["5"]["inputs"]["text"] = "a mountain valley, finer"
    graph["4"]["inputs"]["text"] = "%NEGATIVE%"
    graph["8"]["inputs"]["noise_seed"] = "{{ seed }}"
    found = places(graph, steps=("none",))
    assert found["prompt"] == ["3.text"]
    assert found["negative_prompt"] == ["4.text"]
    assert found["seed"] == ["8.noise_seed"]


def test_pictures_are_told_apart_by_where_they_go_and_by_placeholders() -> None:
    assert places(inpainting_by_colours())["mask"] == ["10.image"]
    assert places(inpainting_by_colours(), mask=("none",), image=("4", "10"))["image2"] == [
        "10.image"
    ]
    graph = with_control_net()
    graph["70"] = node("LoadImage", image="<<<IMAGE1>>>")
    graph["71"] = node("ImageBatch", image1=["20", 0], image2=["70", 0])
    graph["20"]["inputs"]["image"] = "{{image2}}"
    graph["23"]["inputs"]["image"] = ["71", 0]
    found = places(graph)
    assert (found["image"], found["image2"]) == (["70.image"], ["20.image"])


def test_the_same_text_for_two_samplers_is_one_prompt() -> None:
    found = places(base_and_refiner(), steps=("none",))
    assert found["prompt"] == ["3.text", "5.text"]
    assert found["negative_prompt"] == ["4.text", "6.text"]
    assert found["seed"] == ["8.noise_seed", "9.noise_seed"]
    assert "steps" not in found


def test_steps_that_two_samplers_share_out_are_left_to_a_person() -> None:
    found = inspect(exported(base_and_refiner()))
    assert found.unclear == {"steps": ["8", "9"]}
    with pytest.raises(InvalidRequest, match=r"steps: 8 \(KSamplerAdvanced") as refused:
        registered(base_and_refiner())
    assert refused.value.error_code == "workflow_unclear"
    assert "--steps-node 8" in refused.value.remedy
    assert places(base_and_refiner(), steps=("8",))["steps"] == ["8.steps"]


def test_different_texts_are_left_to_a_person() -> None:
    graph = base_and_refiner()
    graph["5"]["inputs"]["text"] = "a valley, finer"
    assert inspect(exported(graph)).unclear["prompt"] == ["3", "5"]
    assert places(graph, prompt=("3",), steps=("none",))["prompt"] == ["3.text"]
    both = places(graph, prompt=("3", "5"), steps=("none",))
    assert both["prompt"] == ["3.text", "5.text"]


def test_two_pictures_are_left_to_a_person_and_only_one_is_made() -> None:
    graph = flux_by_guider()
    graph["70"] = node("SaveImage", images=["8", 0], filename_prefix="again")
    assert inspect(exported(graph)).unclear == {"output": ["9", "70"]}
    found = inspect(exported(graph), {"output": ("70",)})
    assert found.found.outputs == ["70"]
    made = registered(graph, named={"output": ("70",)})
    needed = plan(Order("mine", "a", 1, workflow=made.workflow)).graph
    assert "9" not in needed
    assert needed["70"]["inputs"]["filename_prefix"] == "coursia-genai/picture"


def test_a_preview_beside_a_saved_picture_is_not_made() -> None:
    made = registered(base_and_refiner(), named={"steps": ("none",)})
    assert "11" not in plan(Order("mine", "a", 1, workflow=made.workflow)).graph


@pytest.mark.parametrize("kind", [None, "SaveVideo", "ShowText"])
def test_a_workflow_without_a_picture_is_refused(kind: str | None) -> None:
    graph = flux_by_guider()
    if kind is None:
        del graph["9"]
    else:
        graph["9"]["class_type"] = kind
    with pytest.raises(InvalidRequest, match="no picture") as refused:
        inspect(exported(graph))
    assert refused.value.error_code == "workflow_no_output"


@pytest.mark.parametrize(
    ("named", "word"),
    [
        ({"prompt": ("999",)}, "no node '999'"),
        ({"prompt": ("8",)}, "nothing to set for prompt"),
        ({"steps": ("16",)}, "nothing to set for steps"),
        ({"image": ("12",)}, "loads no file"),
    ],
)
def test_a_node_that_cannot_be_meant_is_refused(named: Any, word: str) -> None:
    with pytest.raises(InvalidRequest, match=word):
        inspect(exported(flux_by_guider()), named)


def test_texts_that_are_put_together_are_not_guessed_at() -> None:
    graph = flux_by_guider()
    graph["51"] = node("StringConcatenate", string_a=["50", 0], string_b=", oil", delimiter="")
    graph["6"]["inputs"]["text"] = ["51", 0]
    found = inspect(exported(graph))
    assert "prompt" not in found.found.parameters
    assert any("--prompt-node" in note for note in found.notes)
    assert places(graph, prompt=("50",))["prompt"] == ["50.value"]


def test_a_ring_of_nodes_ends_the_search() -> None:
    graph = flux_by_guider()
    graph["26"]["inputs"]["conditioning"] = ["26", 0]
    assert "prompt" not in inspect(exported(graph)).found.parameters


def test_a_batch_becomes_one_picture_a_job() -> None:
    found = inspect(exported(flux_by_guider()))
    assert found.graph["27"]["inputs"]["batch_size"] == 1
    assert any("in place of 4" in note for note in found.notes)


def test_a_socket_that_would_lose_the_picture_becomes_a_file() -> None:
    graph = flux_by_guider()
    graph["9"] = node("SaveImageWebsocket", images=["8", 0])
    found = inspect(exported(graph))
    assert found.graph["9"]["class_type"] == "SaveImage"
    assert any("SaveImageWebsocket" in note for note in found.notes)


# -- registering -------------------------------------------------------------------------------


def test_the_service_that_has_the_files_runs_it() -> None:
    assert registered(flux_by_guider()).service == "comfyui"
    assert registered(flux_by_guider(), service="flux").service == "flux"
    assert registered(flux_by_guider(), model="qwen-image-edit-2509").service == "comfyui-qwen"
    graph = flux_by_guider()
    graph["12"]["inputs"]["unet_name"] = "qwen_image_edit_2509_fp8_e4m3fn.safetensors"
    graph["10"]["inputs"]["vae_name"] = "qwen_image_vae.safetensors"
    made = registered(graph)
    assert made.service == "comfyui-qwen"
    assert made.workflow.owner_of("qwen_image_vae.safetensors") == "qwen-image-edit-2509"
    assert made.workflow.owner_of("nobodys.safetensors") is None


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"name": "flux-1-dev"}, "there is already"),
        ({"name": "inpaint"}, "there is already"),
        ({"name": "auto"}, "there is already"),
        ({"name": "gpt-image-2"}, "there is already"),
        ({"name": "../x"}, "no name"),
        ({"name": ""}, "no name"),
        ({"name": "Große"}, "no name"),
        ({"name": "x" * 65}, "no name"),
        ({"service": "forge-turbo"}, "no service"),
        ({"service": "nobody"}, "no service"),
        ({"model": "sdxl-turbo-of-nobody"}, "no model"),
    ],
)
def test_names_that_cannot_be_are_refused(more: dict[str, Any], word: str) -> None:
    with pytest.raises(InvalidRequest, match=word):
        registered(flux_by_guider(), **{"name": "mine", **more})


def test_an_order_reaches_a_registered_workflow() -> None:
    made = registered(flux_by_guider())
    order = Order("mine", "a lake", 77, width=1024, height=768, steps=5, workflow=made.workflow)
    graph = plan(order).graph_for(77, {})
    assert graph["50"]["inputs"]["value"] == "a lake"
    assert graph["25"]["inputs"]["noise_seed"] == 77
    assert graph["17"]["inputs"]["steps"] == 5
    assert graph["26"]["inputs"]["guidance"] == 3.0
    assert (graph["27"]["inputs"]["width"], graph["30"]["inputs"]["height"]) == (1024, 768)
    recipe = plan(order).recipe
    assert (recipe.workflow, recipe.steps, recipe.guidance) == ("mine", 5, 3.0)
    assert recipe.workflow_hash == hash_of(made.workflow.graph)
    assert recipe.files[0] == "flux1-dev.safetensors"


def test_what_an_order_does_not_say_stays_as_it_was_exported() -> None:
    made = registered(with_control_net())
    graph = plan(Order("mine", "a", 1, images=(png(),), workflow=made.workflow)).graph
    assert graph["6"]["inputs"]["text"] == "blurry, bad hands"
    assert (graph["5"]["inputs"]["width"], graph["5"]["inputs"]["height"]) == (512, 768)
    assert (graph["3"]["inputs"]["steps"], graph["3"]["inputs"]["cfg"]) == (25, 7.5)


@pytest.mark.parametrize(
    ("graph", "more", "word"),
    [
        (flux_by_guider(), {"images": (png(),)}, "takes no pictures, 1 were sent"),
        (flux_by_guider(), {"steps": 0}, "between 1 and 150"),
        (flux_by_guider(), {"width": 1001, "height": 1000}, "multiples of 16"),
        (with_control_net(), {}, "none was sent"),
        (with_control_net(), {"images": (png(),) * 2}, "takes 1 picture, 2 were sent"),
        (with_control_net(), {"images": (png(),), "mask": png(hole=True)}, "takes no mask"),
        (inpainting_by_alpha(), {"images": (png(),)}, "no mask was sent"),
        (inpainting_by_alpha(), {"mask": png(hole=True)}, "needs the picture"),
        (inpainting_by_alpha(), {}, "none was sent"),
    ],
)
def test_what_a_registered_workflow_cannot_do_is_said(
    graph: Graph, more: dict[str, Any], word: str
) -> None:
    with pytest.raises(InvalidRequest, match=word):
        plan(Order("mine", "a", 1, workflow=registered(graph).workflow, **more))


def test_what_a_registered_workflow_does_not_know_is_left_out_with_a_notice() -> None:
    made = registered(flux_by_guider()).workflow
    told = plan(Order("mine", "a", 1, negative="rain", workflow=made)).notices
    assert told == ("mine knows no negative_prompt; it was left out.",)
    edits = registered(inpainting_by_alpha()).workflow
    order = Order("mine", "a", 1, width=64, height=64, images=(png(),), mask=png(), workflow=edits)
    assert plan(order).notices == ("mine knows no size; it was left out.",)


@pytest.mark.parametrize(
    "graph", [inpainting_by_alpha(), inpainting_by_mask_file(), inpainting_by_colours()]
)
async def test_a_mask_reaches_a_registered_workflow(demo_engine: DemoEngine, graph: Graph) -> None:
    workflow = registered(graph).workflow
    order = Order(
        "mine", "a door", 5, images=(png(),), mask=png(hole=True), steps=2, workflow=workflow
    )
    heard: list[object] = []
    headers = {"Authorization": f"Bearer {demo_engine.token}"}
    async with aiohttp.ClientSession() as session:
        engine = ComfyUI(demo_engine.url, headers, session)
        (picture,) = await engine.generate(order, heard.append)
        (other,) = await engine.generate(
            Order("mine", "a door", 5, images=(png(),), mask=png(), steps=2, workflow=workflow)
        )
    drawn, kept = (Image.open(io.BytesIO(one.data)).convert("RGB") for one in (picture, other))
    assert drawn.size == (128, 64)
    # What is outside the mask stays; the same order with a closed mask changes nothing inside.
    assert drawn.crop((100, 4, 124, 40)).tobytes() == kept.crop((100, 4, 124, 40)).tobytes()
    assert drawn.crop((4, 4, 50, 40)).tobytes() != kept.crop((4, 4, 50, 40)).tobytes()
    assert not any(isinstance(one, Notice) for one in heard)


async def test_a_node_that_the_server_lacks_is_said_before_a_registered_workflow_is_used(
    demo_engine: DemoEngine,
) -> None:
    workflow = registered(flux_by_guider()).workflow
    headers = {"Authorization": f"Bearer {demo_engine.token}"}
    async with aiohttp.ClientSession() as session:
        engine = ComfyUI(demo_engine.url, headers, session)
        with pytest.raises(ServiceError, match="lacks the node ModelSamplingFlux") as refused:
            await engine.generate(Order("mine", "a", 1, workflow=workflow))
    assert refused.value.error_code == "node_missing"


# -- the folder --------------------------------------------------------------------------------


def test_a_workflow_is_kept_whole_and_read_again(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path / "workflows")
    assert folder.refresh() == {}
    made = registered(with_control_net(), title="Dancers")
    path = folder.save(made)
    assert [one.name for one in (tmp_path / "workflows").iterdir()] == ["mine.json"]
    assert folder.refresh() == {"mine": made}
    assert WorkflowFolder(folder.path).refresh() == {"mine": made}
    assert folder.remove("mine") == path
    assert folder.refresh() == {}
    with pytest.raises(NotFound):
        folder.remove("mine")


def test_one_of_the_same_name_is_not_overwritten_unasked(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path)
    folder.save(registered(with_control_net(), title="First"))
    with pytest.raises(Conflict):
        folder.save(registered(flux_by_guider(), title="Second"))
    assert folder.refresh()["mine"].title == "First"
    folder.save(registered(flux_by_guider(), title="Second"), replace=True)
    assert folder.refresh()["mine"].title == "Second"
    assert [one.name for one in tmp_path.iterdir()] == ["mine.json"]


@pytest.mark.parametrize("name", ["../mine", "", "a/b", ".mine", "/etc/passwd"])
def test_nothing_outside_the_folder_is_removed(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.json").write_text("{}")
    with pytest.raises(NotFound):
        WorkflowFolder(tmp_path / "workflows").remove(name)
    assert (tmp_path / "mine.json").exists()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda table: table.update(format="another"), "no registered workflow"),
        (lambda table: table["graph"]["20"]["inputs"].update(image="/etc/passwd"), "outside"),
        (lambda table: table["about"].update(colour=1), "about.colour"),
        (lambda table: table["about"].update(outputs=["999"]), "node 999"),
        (lambda table: table.update(graph={"nodes": []}), "editor"),
    ],
)
def test_a_file_that_was_spoilt_is_told_and_breaks_no_other(
    tmp_path: Path, change: Any, word: str
) -> None:
    folder = WorkflowFolder(tmp_path)
    folder.save(registered(with_control_net(), "good"))
    path = folder.save(registered(with_control_net(), "spoilt"))
    table = json.loads(path.read_text(encoding="utf-8"))
    change(table)
    path.write_text(json.dumps(table), encoding="utf-8")
    assert list(folder.refresh()) == ["good"]
    (problem,) = folder.problems
    assert word in problem.message
    assert "spoilt" in problem.message
    folder.save(registered(with_control_net(), "spoilt"), replace=True)
    assert list(folder.refresh()) == ["good", "spoilt"]
    assert folder.problems == ()


def test_what_others_could_have_written_is_not_used(tmp_path: Path) -> None:
    folder = WorkflowFolder(tmp_path / "workflows")
    path = folder.save(registered(with_control_net()))
    path.chmod(0o666)
    assert folder.refresh() == {}
    assert "chmod" in folder.problems[0].remedy
    path.chmod(0o644)
    assert list(folder.refresh()) == ["mine"]
    folder.path.chmod(0o777)
    assert folder.refresh() == {}
    assert "chmod" in folder.problems[0].remedy
    with pytest.raises(ConfigurationError, match="written by"):
        folder.save(registered(with_control_net(), "another"))


def test_a_folder_among_the_notebooks_is_not_used(tmp_path: Path) -> None:
    WorkflowFolder(tmp_path / "course").save(registered(with_control_net()))
    inside = WorkflowFolder(tmp_path / "course", notebook_root=tmp_path)
    assert inside.refresh() == {}
    assert "among the notebooks" in inside.problems[0].message
    link = tmp_path / "elsewhere"
    link.symlink_to(tmp_path / "course")
    assert WorkflowFolder(link, notebook_root=tmp_path / "course").refresh() == {}
    trusted = WorkflowFolder(tmp_path / "course", notebook_root=tmp_path, data_folder=tmp_path)
    assert list(trusted.refresh()) == ["mine"]


def test_something_else_under_the_name_of_a_workflow_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    folder = WorkflowFolder(tmp_path)
    assert folder.refresh() == {}
    assert len(folder.problems) == 3
