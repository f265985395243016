"""`coursia-genai workflows list|inspect|register|remove`, as people run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from foreign_graphs import base_and_refiner, flux_by_guider, with_control_net


@pytest.fixture
def workflows(genai_here: Any, tmp_path: Path) -> Any:
    """Run a command of `workflows`; the folder is that of Jupyter's data directory."""
    return lambda *words: genai_here(
        "workflows", *map(str, words), JUPYTER_DATA_DIR=str(tmp_path / "data")
    )


def written(folder: Path, graph: Any, name: str = "My Flux.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(graph), encoding="utf-8")
    return path


def test_a_workflow_is_registered_listed_shown_and_removed(workflows, tmp_path):
    assert "No workflow is registered" in workflows("list").out
    done = workflows("register", written(tmp_path, flux_by_guider()))
    assert done.status == 0, done.err
    assert "my-flux is registered for comfyui" in done.out
    assert 'model="my-flux"' in done.out
    listed = workflows("list", "--json").json
    (one,) = listed["workflows"]
    assert (one["name"], one["title"], one["service"]) == ("my-flux", "My Flux", "comfyui")
    assert one["workflow_hash"].startswith("sha256:")
    assert one["parameters"]["prompt"]["at"] == ["50.value"]
    assert Path(listed["folder"]) == tmp_path / "data" / "coursia-genai" / "workflows"
    shown = workflows("inspect", "my-flux")
    assert "PrimitiveStringMultiline" in shown.out
    assert workflows("remove", "my-flux", "--json").json["removed"] == "my-flux"
    assert workflows("list", "--json").json["workflows"] == []
    assert workflows("remove", "my-flux").status == 1


def test_a_name_that_is_taken_needs_a_word_more(workflows, tmp_path):
    path = written(tmp_path, flux_by_guider())
    workflows("register", path, "--name", "mine")
    again = workflows("register", path, "--name", "mine")
    assert again.status == 1
    assert "--replace" in again.err
    assert workflows("register", path, "--name", "mine", "--replace").status == 0
    assert "there is already" in workflows("register", path, "--name", "flux-1-dev").err
    assert "still ask for" in workflows("register", path, "--name", "dall-e-3").err


def test_what_is_unclear_is_shown_with_the_option_that_names_it(workflows, tmp_path):
    path = written(tmp_path, base_and_refiner(), "two parts.json")
    shown = workflows("inspect", path)
    assert shown.status == 1
    assert "steps could be 8 (KSamplerAdvanced), 9 (KSamplerAdvanced)" in shown.out
    assert "--steps-node" in shown.out
    as_json = workflows("inspect", path, "--json")
    assert [one["id"] for one in as_json.json["unclear"]["steps"]] == ["8", "9"]
    assert workflows("register", path, "--json").json["error"]["code"] == "workflow_unclear"
    assert workflows("list", "--json").json["workflows"] == []
    done = workflows("register", path, "--steps-node", "none", "--prompt-node", "3", "--json")
    assert done.status == 0
    assert done.json["name"] == "two-parts"
    assert done.json["parameters"]["prompt"]["at"] == ["3.text"]


def test_the_editors_format_is_refused_with_the_way_to_export(workflows, tmp_path):
    path = written(tmp_path, {"nodes": [], "links": [], "version": 0.4})
    done = workflows("register", path)
    assert done.status == 1
    assert "Workflow > Export (API)" in " ".join(done.err.split())
    assert "Save (API Format)" in " ".join(done.err.split())


@pytest.mark.parametrize("words", [("inspect", "absent.json"), ("register", "absent.json")])
def test_a_file_that_is_not_there_is_told(workflows, words):
    done = workflows(*words)
    assert done.status == 1
    assert "No such file" in done.err
    assert "Traceback" not in done.err


def test_the_operators_own_folder_and_service_are_taken(genai_here, tmp_path):
    config = tmp_path / "config"
    config.mkdir()
    (config / "jupyter_server_config.json").write_text(
        json.dumps({"GenAILab": {"services_path": str(tmp_path / "lab" / "services")}})
    )
    (tmp_path / "lab" / "services").mkdir(parents=True)
    path = written(tmp_path, with_control_net())
    words = ("workflows", "register", str(path), "--service", "flux", "--name", "dancers")
    done = genai_here(*words, "--title", "Dancers [bold]", "--json")
    assert done.status == 0, done.err
    assert done.json["path"] == str(tmp_path / "lab" / "workflows" / "dancers.json")
    assert done.json["service"] == "flux"
    listed = genai_here("workflows", "list")
    assert "Dancers [bold]" in listed.out
    elsewhere = genai_here("workflows", "list", "--workflows-path", str(tmp_path), "--json")
    # The exported file itself lies there, and is no registration.
    assert elsewhere.json["workflows"] == []
    assert elsewhere.json["problems"]


def test_a_folder_that_cannot_be_written_is_told(workflows, tmp_path):
    (tmp_path / "taken").write_text("a file")
    path = written(tmp_path, flux_by_guider())
    done = workflows("register", path, "--workflows-path", tmp_path / "taken" / "workflows")
    assert done.status == 1
    assert "cannot be written" in done.err
    assert "Traceback" not in done.err
