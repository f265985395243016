"""How the ComfyUI dialect takes prompts, and what it says of bad ones."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from servers.demo.harness import Engine, Graph, text_graph


def refused(engine: Engine, body: Any) -> dict[str, Any]:
    answer = engine.http.post("/prompt", json=body)
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert set(body["error"]) == {"type", "message", "details", "extra_info"}
    return dict(body)


def problem(engine: Engine, graph: Graph, node: str) -> dict[str, Any]:
    body = refused(engine, {"prompt": graph})
    assert body["error"]["type"] == "prompt_outputs_failed_validation"
    assert body["node_errors"][node]["dependent_outputs"] == ["9"]
    assert body["node_errors"][node]["class_type"] == graph[node]["class_type"]
    (only,) = body["node_errors"][node]["errors"]
    return dict(only)


def test_a_good_prompt_gets_an_id_and_a_number(engine: Engine) -> None:
    body = engine.http.post("/api/prompt", json={"prompt": text_graph()}).json()

    assert str(uuid.UUID(body["prompt_id"])) == body["prompt_id"]
    assert body["number"] == 0
    assert body["node_errors"] == {}


def test_the_caller_may_choose_the_id(engine: Engine) -> None:
    chosen = str(uuid.uuid4())

    assert engine.submit(text_graph(), prompt_id=chosen) == chosen


@pytest.mark.parametrize(
    "chosen",
    ["my-job", "A2053744-658A-47F7-9D58-91FAFE1F1328", "4a4ad9b0b4214bd6b61820b234bb2710", 7, ""],
)
def test_an_id_that_is_no_plain_uuid_is_refused(engine: Engine, chosen: object) -> None:
    body = refused(engine, {"prompt": text_graph(), "prompt_id": chosen})

    assert body["error"]["type"] == "invalid_prompt_id"


def test_a_body_without_a_prompt_is_refused(engine: Engine) -> None:
    assert refused(engine, {"client_id": "x"})["error"]["type"] == "no_prompt"


@pytest.mark.parametrize("path", ["/prompt", "/queue", "/history", "/free"])
@pytest.mark.parametrize("body", [b"{not json", b"", b"[1]", b"\xff", b'{"a":' * 5000])
def test_a_body_that_is_no_json_object_breaks_as_in_the_real_server(
    engine: Engine, path: str, body: bytes
) -> None:
    answer = engine.http.post(path, content=body)

    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/plain")
    assert "Server got itself in trouble" in answer.text


def test_an_unknown_node_is_named(engine: Engine) -> None:
    graph = text_graph()
    graph["9"]["class_type"] = "MagicNode"
    graph["9"]["_meta"] = {"title": "My magic"}

    error = refused(engine, {"prompt": graph})["error"]

    assert error["type"] == "missing_node_type"
    assert error["extra_info"] == {
        "node_id": "9", "class_type": "MagicNode", "node_title": "My magic",
    }  # fmt: skip


@pytest.mark.parametrize("node", [{}, {"inputs": {}}, "text", None, 5, {"class_type": 3}])
def test_a_node_without_a_class_is_refused(engine: Engine, node: object) -> None:
    graph: Any = {**text_graph(), "9": node}

    assert refused(engine, {"prompt": graph})["error"]["type"] == "missing_node_type"


def test_a_graph_in_the_editors_format_is_refused(engine: Engine) -> None:
    graph = {"last_node_id": 9, "nodes": [], "links": []}

    assert refused(engine, {"prompt": graph})["error"]["type"] == "missing_node_type"


@pytest.mark.parametrize("graph", [[], "text", 3, None])
def test_a_prompt_that_is_no_graph_is_refused(engine: Engine, graph: object) -> None:
    assert refused(engine, {"prompt": graph})["error"]["type"] == "invalid_prompt"


def test_a_graph_without_an_output_is_refused(engine: Engine) -> None:
    graph = text_graph()
    del graph["9"]

    assert refused(engine, {"prompt": graph})["error"]["type"] == "prompt_no_outputs"


def test_a_missing_model_file_looks_like_a_wrong_choice(engine: Engine) -> None:
    graph = text_graph()
    graph["4"]["inputs"]["ckpt_name"] = "absent.safetensors"

    found = problem(engine, graph, "4")

    assert found["type"] == "value_not_in_list"
    assert found["extra_info"]["received_value"] == "absent.safetensors"
    assert "sd_xl_turbo_1.0_fp16.safetensors" in found["extra_info"]["input_config"][0]
    assert "'absent.safetensors' not in [" in found["details"]


def test_a_long_list_of_choices_is_not_sent_back(engine: Engine) -> None:
    found = problem(engine, text_graph(sampler_name="magic"), "3")

    assert found["type"] == "value_not_in_list"
    assert found["extra_info"]["input_config"] is None
    assert "list of length" in found["details"]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"steps": 0}, "value_smaller_than_min"),
        ({"steps": 10001}, "value_bigger_than_max"),
        ({"seed": -1}, "value_smaller_than_min"),
        ({"seed": 2**64}, "value_bigger_than_max"),
        ({"cfg": 1e9}, "value_bigger_than_max"),
        ({"steps": "many"}, "invalid_input_type"),
        ({"steps": None}, "invalid_input_type"),
        ({"cfg": "NaN"}, "invalid_input_type"),
        ({"steps": {"a": 1}}, "invalid_input_type"),
        ({"positive": "a text"}, "invalid_input_type"),
        ({"positive": ["6"]}, "bad_linked_input"),
        ({"positive": ["5", 0]}, "return_type_mismatch"),
        ({"positive": ["99", 0]}, "exception_during_inner_validation"),
        ({"positive": [["6"], 0]}, "exception_during_inner_validation"),
        ({"positive": ["6", 5]}, "exception_during_inner_validation"),
        ({"positive": ["6", -1]}, "exception_during_inner_validation"),
    ],
)
def test_each_bad_input_has_its_own_kind(
    engine: Engine, changes: dict[str, Any], kind: str
) -> None:
    assert problem(engine, text_graph(**changes), "3")["type"] == kind


def test_numbers_beyond_all_measure_are_refused_like_others(engine: Engine) -> None:
    body = b'{"prompt": {"1": {"class_type": "EmptyLatentImage", "inputs": {"width": 1e999}}}}'

    assert engine.http.post("/prompt", content=body).status_code == 400
    huge = b'{"prompt": ' + b"9" * 5000 + b"}"
    assert engine.http.post("/prompt", content=huge).status_code == 500


def test_a_missing_input_is_named(engine: Engine) -> None:
    graph = text_graph()
    del graph["3"]["inputs"]["seed"]

    found = problem(engine, graph, "3")

    assert found["type"] == "required_input_missing"
    assert found["extra_info"] == {"input_name": "seed"}


def test_all_bad_inputs_are_reported_together(engine: Engine) -> None:
    graph = text_graph(steps=0, cfg=-1)
    graph["4"]["inputs"]["ckpt_name"] = "absent"

    errors = refused(engine, {"prompt": graph})["node_errors"]

    assert {node: len(found["errors"]) for node, found in errors.items()} == {"3": 2, "4": 1}


def test_an_absent_input_picture_is_named(engine: Engine) -> None:
    graph = text_graph()
    graph["1"] = {"class_type": "LoadImage", "inputs": {"image": "missing.png"}}
    graph["9"]["inputs"]["images"] = ["1", 0]

    found = problem(engine, graph, "1")

    assert found["type"] == "custom_validation_failed"
    assert found["details"] == "image - Invalid image file: missing.png"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "a\x00b", "", "x" * 5000])
def test_an_input_picture_outside_the_folder_does_not_exist(engine: Engine, name: str) -> None:
    graph = text_graph()
    graph["1"] = {"class_type": "LoadImage", "inputs": {"image": name}}
    graph["9"]["inputs"]["images"] = ["1", 0]

    assert problem(engine, graph, "1")["type"] == "custom_validation_failed"


def test_nodes_in_a_ring_are_refused(engine: Engine) -> None:
    graph = text_graph()
    graph["8"]["inputs"]["samples"] = ["3", 0]
    graph["3"]["inputs"]["latent_image"] = ["10", 0]
    graph["10"] = {
        "class_type": "VAEEncode",
        "inputs": {"pixels": ["8", 0], "vae": ["4", 2]},
    }

    body = refused(engine, {"prompt": graph})

    (only,) = body["node_errors"].values()
    assert only["errors"][0]["extra_info"]["exception_type"] == "RecursionError"


def test_a_long_chain_of_nodes_is_no_trouble(engine: Engine) -> None:
    graph = text_graph()
    before = "8"
    for number in range(900):
        node = str(1000 + number)
        graph[node] = {"class_type": "ImageInvert", "inputs": {"image": [before, 0]}}
        before = node
    graph["9"]["inputs"]["images"] = [before, 0]
    graph["5"]["inputs"].update(width=16, height=16)

    assert engine.run(graph)["status"]["completed"]


def test_a_graph_of_too_many_nodes_is_refused(engine: Engine) -> None:
    graph = {str(n): {"class_type": "RandomNoise", "inputs": {}} for n in range(1001)}

    assert refused(engine, {"prompt": graph})["error"]["type"] == "invalid_prompt"


def test_the_good_part_of_a_graph_runs_beside_a_bad_one(engine: Engine) -> None:
    graph = text_graph()
    graph["20"] = {"class_type": "PreviewImage", "inputs": {"images": ["99", 0]}}

    answer = engine.http.post("/prompt", json={"prompt": graph})

    assert answer.status_code == 200
    (only,) = answer.json()["node_errors"]["20"]["errors"]
    assert only["type"] == "exception_during_validation"
    assert only["details"] == "'99'"
    assert only["extra_info"]["traceback"] == []


def test_values_are_converted_where_they_can_be(engine: Engine) -> None:
    assert engine.run(text_graph(steps="2", cfg="1.5"))["status"]["completed"]


def test_what_the_nodes_say_of_themselves_is_what_validation_checks(engine: Engine) -> None:
    info = engine.http.get("/object_info").json()

    assert info == engine.http.get("/api/object_info").json()
    sampler = info["KSampler"]
    assert sampler["input"]["required"]["steps"] == [
        "INT", {"default": 20, "min": 1, "max": 10000, "step": 1},
    ]  # fmt: skip
    assert sampler["input_order"]["required"][0] == "model"
    assert sampler["output"] == ["LATENT"]
    assert info["SaveImage"]["output_node"] is True
    assert "vae" in info["TextEncodeQwenImageEditPlus"]["input"]["optional"]
    assert engine.http.get("/object_info/KSampler").json() == {"KSampler": sampler}
    assert engine.http.get("/object_info/Magic").json() == {}


def test_the_model_files_of_the_catalogue_are_there(engine: Engine) -> None:
    folders = engine.http.get("/models").json()

    files = {name for folder in folders for name in engine.http.get(f"/models/{folder}").json()}
    assert {
        "flux1-dev.safetensors",
        "sd3.5_large_fp8_scaled.safetensors",
        "qwen_image_edit_2509_fp8_e4m3fn.safetensors",
        "z_image_turbo_bf16.safetensors",
        "Qwen-Image-Edit-2509-Lightning-4steps-V1.0-bf16.safetensors",
    } <= files
    assert engine.http.get("/models/absent").status_code == 404


def test_the_machine_and_its_features_are_described(engine: Engine) -> None:
    stats = engine.http.get("/system_stats").json()

    assert stats["system"]["comfyui_version"].startswith("demo")
    assert {"name", "type", "vram_total", "vram_free"} <= set(stats["devices"][0])
    assert engine.http.get("/features").json()["supports_preview_metadata"] is True
