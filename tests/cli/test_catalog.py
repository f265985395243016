"""`coursia-genai catalog validate|show|export`, as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

GOOD = 'title = "Mine"\ndialect = "comfyui"\naddress = "http://127.0.0.1:9999"\n'
WRONG = 'title = "Wrong"\ndialect = "comfyui"\n\n[contaner]\nimage = "a b"\n'


@pytest.fixture
def services(tmp_path: Path) -> Path:
    """A folder of the operator's own files."""
    folder = tmp_path / "services"
    folder.mkdir()
    (folder / "mine.toml").write_text(GOOD)
    return folder


def test_all_is_right_with_what_the_package_brings(genai_here):
    done = genai_here("catalog", "validate")
    assert done.status == 0
    assert done.out.count("ok     ") == 8
    assert done.out.endswith("Service files: 8 right.\n")


def test_a_mistake_is_told_with_file_line_field_and_what_was_meant(genai_here, services):
    wrong = services / "wrong.toml"
    wrong.write_text(WRONG)
    done = genai_here("catalog", "validate", str(services / "mine.toml"), str(wrong))
    assert done.status == 1
    lines = done.out.splitlines()
    assert lines[0] == f"ok     {services / 'mine.toml'}"
    assert lines[1] == f"WRONG  {wrong}"
    assert lines[2].strip() == (
        "line 4: contaner is no key of a service file; did you mean container?"
    )
    assert lines[-1] == "Service files: 1 of 2 wrong."


def test_programs_get_the_same_as_json(genai_here, services):
    (services / "wrong.toml").write_text(WRONG)
    done = genai_here("catalog", "validate", "--json", str(services))
    assert done.status == 1
    said = done.json
    assert said["ok"] is False
    assert [(one["service"], one["ok"]) for one in said["files"]] == [
        ("mine", True),
        ("wrong", False),
    ]
    assert said["files"][1]["mistakes"] == [
        {
            "message": "contaner is no key of a service file",
            "line": 4,
            "field": "contaner",
            "suggestion": "container",
        }
    ]


def test_without_files_it_checks_what_the_lab_would_read(genai_here, services):
    (services / "wrong.toml").write_text(WRONG)
    done = genai_here("catalog", "validate", "--services-path", str(services))
    assert done.status == 1
    assert f"ok     {services / 'mine.toml'}" in done.out
    assert "wrong.toml:4: contaner" in done.out


def test_the_folder_is_the_one_of_jupyter_s_configuration(genai_here, services, tmp_path):
    (tmp_path / "config").mkdir(exist_ok=True)
    config = {"GenAILab": {"services_path": str(services)}}
    (tmp_path / "config" / "jupyter_server_config.json").write_text(json.dumps(config))
    assert genai_here("catalog", "show", "mine").out.startswith("mine: Mine\n")


def test_notes_are_no_mistakes(genai_here, services):
    text = 'title = "M"\ndialect = "comfyui"\n[container]\nimage = "a"\nport = 80\n'
    text += '[container.environment]\nMY_API_KEY = "abc"\n'
    (services / "mine.toml").write_text(text)
    done = genai_here("catalog", "validate", str(services / "mine.toml"))
    assert done.status == 0
    assert "note: container.environment.MY_API_KEY: It looks like a secret" in done.out
    assert "note: container.image: a may be another image tomorrow" in done.out
    assert "abc" not in done.out


def test_two_services_on_one_port_are_told_and_are_no_failure(genai_here, services):
    (services / "mine.toml").write_text("door_port = 8188\n" + GOOD)
    done = genai_here("catalog", "validate", str(services / "mine.toml"))
    assert done.status == 0
    assert "comfyui-qwen and mine both want the port 8188" in done.out


def test_a_file_that_is_not_there_is_a_mistake_and_bad_usage_another_status(genai_here):
    done = genai_here("catalog", "validate", "/nowhere/mine.toml")
    assert (done.status, "No such file" in done.out) == (1, True)
    assert genai_here("catalog", "validate", "--no-such-option").status == 2
    assert genai_here("catalog", "export").status == 2
    assert genai_here("catalog", "export", "--toml", "flux", "sd35").status == 2


def test_every_service_has_a_line(genai_here):
    lines = genai_here("catalog", "show").out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == [
        "comfyui", "comfyui-qwen", "demo", "flux", "forge-turbo", "openai", "openrouter", "sd35",
    ]  # fmt: skip
    assert lines[4].split()[-4:] == ["8189", "16", "GiB", "2"]


def test_a_page_shows_models_sizes_licence_and_what_is_missing(genai_here):
    out = genai_here("catalog", "show", "flux").out
    assert "door          127.0.0.1:8189" in out
    assert "model flux-1-dev: FLUX.1 dev, 16.1 GiB" in out
    assert "licence: FLUX.1 [dev] Non-Commercial License https://" in out
    assert "to be accepted before it is fetched" in out
    assert "missing  checkpoints/flux1-dev-fp8.safetensors, 16.1 GiB, Comfy-Org/flux1-dev" in out
    assert "FLUX_API_URL" in out
    assert "coursia-genai build flux" in out
    assert "coursia-genai models fetch" in out


def test_a_model_that_is_here_is_shown_as_here(genai_here, services, tmp_path):
    model = '[[models]]\nid = "one"\ntitle = "One"\nfiles = [{folder = "vae", name = "a.bin"}]\n'
    text = GOOD.replace("address", "#") + '[process]\ncommand = ["x"]\n' + model
    (services / "mine.toml").write_text(text)
    (tmp_path / "models" / "vae").mkdir(parents=True)
    (tmp_path / "models" / "vae" / "a.bin").write_bytes(b"weights")
    (tmp_path / "config").mkdir(exist_ok=True)
    config = {"GenAILab": {"model_roots": [str(tmp_path / "models")]}}
    (tmp_path / "config" / "jupyter_server_config.json").write_text(json.dumps(config))
    out = genai_here("catalog", "show", "mine", "--services-path", str(services)).out
    assert "present  vae/a.bin" in out
    assert "models fetch" not in out
    page = genai_here("catalog", "show", "mine", "--json", "--services-path", str(services)).json
    assert page["here"][0]["files"] == [{"folder": "vae", "name": "a.bin", "state": "present"}]


def test_an_unknown_service_is_told_with_those_that_exist(genai_here):
    done = genai_here("catalog", "show", "flx")
    assert done.status == 1
    assert "There is no service 'flx'" in done.err
    assert "forge-turbo" in done.err
    assert genai_here("catalog", "show", "flx", "--json").json["error"]["code"] == "not_found"


def test_a_compose_file_is_written_whole_and_over_its_own_kind_only(
    genai_here, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert genai_here("catalog", "export", "--compose").status == 0
    file = tmp_path / "docker-compose.genai.yml"
    made = yaml.safe_load(file.read_text())
    assert sorted(made["services"]) == ["comfyui", "comfyui-qwen", "flux", "forge-turbo", "sd35"]
    assert genai_here("catalog", "export", "--compose", "flux").status == 0
    assert list(yaml.safe_load(file.read_text())["services"]) == ["flux"]
    file.write_text("services: {}\n")
    done = genai_here("catalog", "export", "--compose")
    assert done.status == 1
    assert "was not written by this command" in done.err
    assert file.read_text() == "services: {}\n"
    assert genai_here("catalog", "export", "--compose", "--force").status == 0
    assert [path.name for path in tmp_path.glob("*compose*")] == [file.name]
    assert [path.name for path in tmp_path.glob(".docker*")] == []


def test_a_folder_that_cannot_be_written_is_told(genai_here):
    done = genai_here("catalog", "export", "--compose", "--output", "/nowhere/at/all.yml")
    assert done.status == 1
    assert "cannot be written" in done.err


def test_a_service_without_a_container_has_no_compose_file(genai_here):
    done = genai_here("catalog", "export", "--compose", "demo", "--output", "-")
    assert done.status == 1
    assert "None of these services has a container" in done.err


def test_json_holds_everything(genai_here):
    said = json.loads(genai_here("catalog", "export", "--json").out)
    assert len(said) == 8
    assert said["sd35"]["models"][0]["files"][0]["size_bytes"] == 14_934_922_866


def test_a_file_to_begin_with_is_right_again_under_another_name(genai_here, services):
    for name in ("flux", "openai", "demo"):
        target = services / f"my-{name}.toml"
        done = genai_here("catalog", "export", "--toml", name, "--output", str(target))
        assert done.status == 0
        schema = target.read_text().splitlines()[0].removeprefix("#:schema ")
        assert json.loads(Path(schema).read_text())["title"].startswith("A service of")
        assert genai_here("catalog", "validate", str(target)).status == 0


def test_the_command_runs_in_a_process_of_its_own(genai):
    done = genai("catalog", "validate", "--json")
    assert (done.status, done.json["ok"]) == (0, True)
