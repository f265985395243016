"""Everybody's uploads lie apart, and keep the names that they were given."""

from __future__ import annotations

from typing import Any

import pytest

from coursia_genai_lab.errors import InvalidRequest, NotAllowed
from coursia_genai_lab.gateway.comfyui_inputs import (
    OwnInputs,
    checked_subfolder,
    folder_of,
    input_lists,
)


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


def test_a_prompt_that_looks_like_a_path_is_left_alone() -> None:
    graph = {"1": {"class_type": "CLIPTextEncode", "inputs": {"text": "../a fox [output]"}}}
    assert OwnInputs().upstream("ben", graph) == graph


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
