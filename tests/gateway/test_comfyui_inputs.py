"""Everybody's uploads lie apart, and keep the names that they were given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coursia_genai_lab.errors import InvalidRequest, NotAllowed
from coursia_genai_lab.gateway.comfyui_caps import refusal_of
from coursia_genai_lab.gateway.comfyui_inputs import (
    REMEMBERED,
    OwnInputs,
    checked_subfolder,
    folder_of,
    input_lists,
)
from coursia_genai_lab.gateway.comfyui_prompt import Prompt, read_prompt
from coursia_genai_lab.gateway.own_jobs import RawJob


def load(image: str, kind: str = "LoadImage") -> dict[str, Any]:
    """Return a graph that loads one picture."""
    return {"1": {"class_type": kind, "inputs": {"image": image}}, "2": "odd"}


def test_a_graph_finds_the_upload_of_its_own_person() -> None:
    inputs = OwnInputs()
    inputs.note("ada", "", "cat.png")
    inputs.note("ben", "sub", "cat.png")
    mapped = inputs.upstream("ada", load("cat.png"))
    assert mapped["1"]["inputs"]["image"] == f"{folder_of('ada')}/cat.png"
    marked = inputs.upstream("ada", load("cat.png [input]"))
    assert marked["1"]["inputs"]["image"] == f"{folder_of('ada')}/cat.png [input]"
    below = inputs.upstream("ben", load("sub/cat.png", "LoadImageMask"))
    assert below["1"]["inputs"]["image"] == f"{folder_of('ben')}/sub/cat.png"
    shared = inputs.upstream("ben", load("example.png"))
    assert shared == load("example.png"), "what came with the engine is everybody's"


@pytest.mark.parametrize(
    "name",
    [
        f"{folder_of('ada')}/cat.png",
        "coursia-genai/secret.png",
        "../outside.png",
        "sub/../../outside.png",
        "/etc/passwd",
        "C:/secret.png",
        "made.png [output]",
        "seen.png [temp]",
    ],
)
def test_a_graph_loads_nothing_of_somebody_else_and_nothing_outside(name: str) -> None:
    with pytest.raises(NotAllowed):
        OwnInputs().upstream("ben", load(name))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("WebcamCapture", "image", "made.png [output]"),
        ("WebcamCapture", "image", "/etc/passwd"),
        ("WebcamCapture", "image", "../outside.png"),
        ("VHS_LoadImages", "directory", folder_of("ada")),
        ("VHS_LoadImages", "directory", "coursia-genai"),
        ("ImageFromPath", "path", f"input/{folder_of('ada')}/cat.png"),
        ("ImageFromPath", "path", f"input\\{folder_of('ada').upper()}\\cat.png"),
        ("easy loadImage", "image", "seen.png [temp]"),
        ("LoadImage", "image", "COURSIA-GENAI/secret.png"),
    ],
)
def test_no_node_of_another_name_loads_what_is_somebody_elses(
    kind: str, field: str, value: str
) -> None:
    with pytest.raises(NotAllowed):
        OwnInputs().upstream("ben", {"1": {"class_type": kind, "inputs": {field: value}}})


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Efficient Loader", "positive", "~ (a fox:1.2), 3:4"),
        ("CheckpointLoaderSimple", "ckpt_name", "flux\\flux1-dev.safetensors"),
        ("SaveImage", "filename_prefix", "coursia-genai"),
        ("CLIPTextEncode", "text", "the logo of coursia-genai / by night"),
    ],
)
def test_what_names_no_file_of_others_is_left_alone(kind: str, field: str, value: str) -> None:
    graph = {"1": {"class_type": kind, "inputs": {field: value}}}
    assert OwnInputs().upstream("ben", graph) == graph


async def test_what_comfyui_would_unwrap_is_seen_as_it_will_be() -> None:
    """A value in `__value__` is read as the value; the checks must meet the same."""

    async def read(value: Any, kind: str, field: str) -> Prompt:
        graph = {"1": {"class_type": kind, "inputs": {field: value, "height": 64}}}
        return await read_prompt(json.dumps({"prompt": graph}).encode())

    wrapped = {"__value__": {"__value__": "made.png [output]"}}
    with pytest.raises(NotAllowed):
        OwnInputs().upstream("ben", (await read(wrapped, "LoadImage", "image")).graph)
    large = await read({"__value__": 10**6}, "EmptyLatentImage", "width")
    assert refusal_of(large.graph) is not None
    several = await read({"__value__": [1, 2]}, "Some", "list")
    assert several.graph["1"]["inputs"]["list"] == {"__value__": [1, 2]}, "a bare list is a link"


@pytest.mark.parametrize("levels", [101, 300, 480, 900])
async def test_what_would_break_every_later_answer_is_refused(levels: int) -> None:
    """The history tells whole graphs again, which takes more of the stack than reading them."""
    deep = "[" * levels + "]" * levels
    body = f'{{"prompt": {{"1": {{"inputs": {{"x": {deep}}}}}}}}}'
    with pytest.raises(InvalidRequest) as refused:
        await read_prompt(body.encode())
    assert refused.value.error_code == "too_complex"
    shallow = body.replace(deep, "[" * 50 + "]" * 50)
    assert (await read_prompt(shallow.encode())).graph


def test_nobody_comes_to_own_a_file_by_naming_it() -> None:
    """Some nodes put out again what their caller gave them."""
    job = RawJob("ben", "flux", "flux", "lease", {})
    forged = {"filename": "adas_00001_.png", "subfolder": "", "type": "output"}
    job.note_outputs({"9": {"result": ["model.glb", forged], "text": [{"deeper": forged}]}})
    job.note_outputs({"result": [forged], "camera": forged})
    assert not job.files
    job.note_outputs({"9": {"images": [forged]}, "8": {"gifs": [{**forged, "filename": "b.gif"}]}})
    assert job.files == {("output", "", "adas_00001_.png"), ("output", "", "b.gif")}
    job.note_outputs({"images": [{**forged, "filename": "c.png"}]})
    assert ("output", "", "c.png") in job.files


def test_a_prompt_that_looks_like_a_path_is_left_alone() -> None:
    graph = {"1": {"class_type": "CLIPTextEncode", "inputs": {"text": "../a fox [output]"}}}
    assert OwnInputs().upstream("ben", graph) == graph


def test_a_flood_of_uploads_makes_nobody_elses_forgotten() -> None:
    inputs = OwnInputs()
    inputs.note("ada", "", "cat.png")
    for number in range(REMEMBERED + 10):
        inputs.note("flood", "", f"{number}.png")
    assert inputs.has("ada", "", "cat.png")
    assert inputs.has("flood", "", f"{REMEMBERED + 9}.png")
    assert len(inputs.names("flood")) < REMEMBERED


def test_what_comfyui_tells_names_no_folder_of_ours() -> None:
    inputs = OwnInputs()
    told = {"details": [f"Invalid image file: {folder_of('ada')}/cat.png", 7]}
    assert inputs.shown("ada", told) == {"details": ["Invalid image file: cat.png", 7]}


@pytest.mark.parametrize("folder", ["..", "a/../..", "/etc", "C:\\x", "coursia-genai-1234", "a\0b"])
def test_an_upload_stays_in_its_folder(folder: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_subfolder(folder)


def test_the_lists_of_uploads_are_found_in_old_and_new_descriptions() -> None:
    old = {"LoadImage": {"input": {"required": {"image": [["a.png"], {"image_upload": True}]}}}}
    new = {
        "LoadImage": {
            "input": {"required": {"image": ["COMBO", {"image_upload": True, "options": ["a"]}]}}
        }
    }
    other = {"KSampler": {"input": {"required": {"sampler_name": [["euler"], {}]}}}, "odd": None}
    assert list(input_lists(old)) == [["a.png"]]
    assert list(input_lists(new)) == [["a"]]
    assert list(input_lists(other)) == []


def test_a_graph_that_takes_long_to_look_at_is_refused_at_a_sampler() -> None:
    tangle = {
        str(n): {
            "class_type": "KSampler",
            "inputs": {"latent_image": ["0", 0], **{f"in{k}": [str(k), 0] for k in range(50)}},
        }
        for n in range(300)
    }
    refused = refusal_of(tangle)
    assert refused is not None
    assert refused["node_errors"]["0"]["errors"][0]["details"] == "samplers x inputs"
