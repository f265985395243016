"""Which services a notebook reaches elsewhere, by its code and by its nearest .env."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from coursia_genai_lab.detection import Detector, ProfileCache
from coursia_genai_lab.wire.notebooks import Profile

from .conftest import notebook

COMFY = """
import os, requests
BASE = os.getenv("COMFYUI_API_URL", "{default}")
requests.post(f"{{BASE}}/prompt", json={{"prompt": {{}}, "client_id": "1"}})
"""
LOCAL = COMFY.format(default="http://localhost:8188")
HOSTED = COMFY.format(default="https://comfyui.example.org")
FORGE = "requests.post('http://localhost:7860/sdapi/v1/txt2img', json={})"
HELPER = "from helpers.comfyui_client import create_client\ncreate_client().generate_image('a fox')"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "course" / "images").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def look(detector: Detector, root: Path):
    def of_cells(*cells: str) -> Profile:
        file = root / "course" / "images" / "a.ipynb"
        file.write_bytes(notebook(*cells))
        return detector.profile_file(file, root=root, api_path="course/images/a.ipynb")

    return of_cells


def env(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / ".env").write_text(text)


def test_each_service_is_judged_alone(look):
    profile = look(HOSTED, FORGE)
    assert profile.remote_services == ["comfyui"]
    assert not profile.remote
    assert profile.resources.memory_mib == 16384


def test_all_of_them_hosted_is_remote_and_needs_nothing_of_the_machine(look):
    profile = look(HOSTED)
    assert (profile.remote, profile.remote_services) == (True, ["comfyui"])
    assert (profile.resources.gpus, profile.resources.memory_mib) == (0, 0)


def test_the_code_that_names_the_server_is_shown(look):
    [proof] = [item for item in look(HOSTED).evidence if item.rule == "remote:address"]
    assert (proof.service, proof.cell, proof.strong) == ("comfyui", 0, False)


def test_a_hosted_address_in_the_nearest_env_wins_over_the_default(look, root):
    assert look(LOCAL).remote_services == []
    env(root / "course", "COMFYUI_API_URL=https://comfyui.example.org\n")
    assert look(LOCAL).remote_services == ["comfyui"]


def test_a_local_address_in_the_nearest_env_wins_too(look, root):
    env(root, "COMFYUI_API_URL=https://comfyui.example.org\n")
    env(root / "course", "COMFYUI_API_URL=http://localhost:8188\n")
    assert look(HOSTED).remote_services == []


def test_the_folder_in_which_courses_keep_their_settings_is_looked_into(look, root):
    env(root / "course" / "00-GenAI-Environment", "COMFYUI_API_URL=https://x.example.org\n")
    assert look(LOCAL).remote_services == ["comfyui"]


def test_a_client_of_its_own_reads_what_the_notebook_does_not(look, root):
    assert look(HELPER).remote_services == []
    env(root, "COMFYUI_API_URL=https://comfyui.example.org\n")
    assert look(HELPER).remote_services == ["comfyui"]


def test_a_variable_that_the_notebook_does_not_read_says_nothing(look, root):
    env(root, "COMFYUI_URL=https://comfyui.example.org\n")
    assert look(LOCAL).remote_services == []


@pytest.mark.parametrize(
    ("where", "remote"),
    [
        ("host='forge.example.org', port=443, use_https=True", ["forge-turbo"]),
        ("host=os.getenv('FORGE_HOST', 'forge.example.org')", ["forge-turbo"]),
        ("host='127.0.0.1', port=7860", []),
        ("host=os.getenv('FORGE_HOST', 'localhost')", []),
        ("host=HOST", []),
        ("", []),
    ],
)
def test_a_host_without_a_scheme_says_where_it_leads(look, where, remote):
    cell = f"import os, webuiapi\napi = webuiapi.WebUIApi({where})\napi.txt2img(prompt='a fox')"
    profile = look(cell)
    assert profile.services == ["forge-turbo"]
    assert profile.remote_services == remote


def test_a_switch_in_the_env_chooses_the_branch(look, root):
    cell = """
import os, requests
LOCAL_MODE = os.getenv("LOCAL_MODE", "true").lower() == "true"
BASE = "http://localhost:8188" if LOCAL_MODE else "https://comfyui.example.org"
requests.post(f"{BASE}/prompt", json={"prompt": {}, "client_id": "1"})
"""
    assert look(cell).remote_services == []
    env(root, "LOCAL_MODE=false\n")
    assert look(cell).remote_services == ["comfyui"]
    env(root, "LOCAL_MODE=True\n")
    assert look(cell).remote_services == []


def test_docker_that_is_not_enabled_makes_its_services_optional(look, root):
    cell = """
import os
from openai import OpenAI
OpenAI().images.generate(prompt="x")
if os.getenv("DOCKER_ENABLED", "false").lower() == "true":
    requests.post("http://localhost:7860/sdapi/v1/txt2img", json={})
"""
    assert look(cell).optional == ["forge-turbo"]
    env(root, "DOCKER_ENABLED=1\n")
    assert look(cell).optional == []


def test_no_value_of_the_file_is_shown(look, root):
    env(root, "COMFYUI_API_URL=https://user:hunter2@secret.example.org\nOPENAI_API_KEY=sk-1\n")
    profile = look(LOCAL)
    [proof] = [item for item in profile.evidence if item.rule == "remote:.env"]
    assert proof.excerpt == "COMFYUI_API_URL names a hosted server in .env"
    assert "hunter2" not in profile.model_dump_json()
    assert "secret.example" not in profile.model_dump_json()


def test_a_notebook_that_is_not_saved_can_be_judged_by_its_folder(detector, root):
    env(root, "COMFYUI_API_URL=https://comfyui.example.org\n")
    data = notebook(LOCAL)
    assert detector.profile_bytes(data, beside=root / "course", root=root).remote
    assert not detector.profile_bytes(data).remote


def test_a_file_outside_the_root_decides_nothing(detector, root):
    env(root, "COMFYUI_API_URL=https://comfyui.example.org\n")
    file = root / "course" / "a.ipynb"
    file.write_bytes(notebook(LOCAL))
    assert not detector.profile_file(file, root=root / "course").remote


def test_the_cache_notices_that_an_env_appears_changes_and_goes(detector, root):
    file = root / "course" / "images" / "a.ipynb"
    file.write_bytes(notebook(LOCAL))
    cache = ProfileCache(detector, root=root)
    assert not cache.get(file).remote
    assert cache.peek(file) is not None
    env(root / "course", "COMFYUI_API_URL=https://comfyui.example.org\n")
    assert cache.peek(file) is None
    assert cache.get(file).remote
    env(root / "course", "COMFYUI_API_URL=http://localhost:8188\n")
    assert not cache.get(file).remote
    (root / "course" / ".env").unlink()
    env(root, "COMFYUI_API_URL=https://comfyui.example.org\n")
    assert cache.get(file).remote
    assert cache.get(file) is cache.peek(file)


def test_an_env_above_the_one_that_was_found_changes_nothing(detector, root):
    file = root / "course" / "images" / "a.ipynb"
    file.write_bytes(notebook(LOCAL))
    env(root / "course", "COMFYUI_API_URL=https://comfyui.example.org\n")
    cache = ProfileCache(detector, root=root)
    first = cache.get(file)
    env(root, "COMFYUI_API_URL=http://localhost:8188\n")
    assert cache.peek(file) is first


def test_a_classic_notebook_asks_for_no_env(detector, root):
    file = root / "course" / "images" / "a.ipynb"
    file.write_bytes(notebook("print(1)"))
    os.mkfifo(root / "course" / ".env")
    cache = ProfileCache(detector, root=root)
    first = cache.get(file)
    (root / "course" / ".env").unlink()
    assert cache.peek(file) is first
