"""The index of a folder over the REST API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from coursia_genai_lab.wire import FolderIndex

Api = Callable[..., Any]
COMFY = (
    "import os, requests\nbase = os.getenv('COMFYUI_API_URL')\n"
    "requests.post(base + '/prompt', json={'prompt': {}, 'client_id': 'x'})"
)
OPENAI = (
    "from openai import OpenAI\nclient = OpenAI()\n"
    "client.images.generate(model='gpt-image-2', prompt='a fox')"
)


def write(path: Path, *cells: str, **genai: Any) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    if genai:
        notebook.metadata["genai"] = genai
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


async def index(api: Api, **query: str) -> FolderIndex:
    code, body = await api("GET", "notebooks", **query)
    assert code == 200, body
    return FolderIndex.model_validate(body)


@pytest.fixture
def course(jp_root_dir: Path) -> Path:
    """Two notebooks that need a service, a classic one, a broken one."""
    write(jp_root_dir / "course" / "comfy.ipynb", COMFY)
    write(jp_root_dir / "course" / "cloud" / "openai.ipynb", OPENAI)
    write(jp_root_dir / "course" / "plain.ipynb", "print(1)")
    (jp_root_dir / "course" / "broken.ipynb").write_text("{", encoding="utf-8")
    return jp_root_dir / "course"


async def test_a_course_is_seen_at_a_glance(api: Api, course: Path) -> None:
    seen = await index(api, folder="course")
    assert [one.path for one in seen.notebooks] == [
        "course/broken.ipynb",
        "course/comfy.ipynb",
        "course/plain.ipynb",
        "course/cloud/openai.ipynb",
    ]
    assert (seen.complete, seen.truncated) == (True, False)
    totals = seen.totals
    assert (totals.notebooks, totals.needing, totals.unreadable) == (4, 2, 1)
    assert totals.by_service == {"comfyui": 1, "openai": 1}
    assert totals.by_type["CLASSIC"] == 2


async def test_what_cannot_run_here_says_why_and_blocks(api: Api, course: Path) -> None:
    seen = await index(api, folder="course")
    # The fake runtime runs every local service, and nobody has a key for a cloud.
    assert list(seen.unavailable) == ["openai"]
    problem = seen.unavailable["openai"]
    assert (problem.code, bool(problem.remedy)) == ("no_key", True)
    assert seen.totals.blocked == 1


async def test_with_mode_off_everything_is_blocked(api: Api, course: Path) -> None:
    await api("PUT", "mode", body={"value": "off"})
    seen = await index(api, folder="course")
    assert {problem.code for problem in seen.unavailable.values()} == {"mode_off"}
    assert seen.totals.blocked == 2


async def test_where_demo_stands_in_nothing_is_blocked(api: Api, course: Path) -> None:
    await api("PUT", "mode", body={"value": "demo"})
    seen = await index(api, folder="course")
    assert seen.stand_ins == {"comfyui": "demo", "openai": "demo"}
    assert (seen.unavailable, seen.totals.blocked) == ({}, 0)


async def test_a_notebook_that_says_demo_or_off_is_not_blocked(api: Api, jp_root_dir: Path) -> None:
    for mode in ("demo", "off"):
        write(jp_root_dir / f"{mode}.ipynb", OPENAI, mode=mode)
    seen = await index(api)
    assert seen.totals.needing == 2
    assert (seen.unavailable, seen.totals.blocked) == ({}, 0)


async def test_a_folder_that_is_not_there_or_leads_out_is_not_found(
    api: Api, jp_root_dir: Path
) -> None:
    outside = jp_root_dir.parent / "outside"
    outside.mkdir()
    (jp_root_dir / "link").symlink_to(outside, target_is_directory=True)
    (jp_root_dir / "file.ipynb").write_text("{}", encoding="utf-8")
    for folder in ("nowhere", "link", "file.ipynb"):
        assert (await api("GET", "notebooks", folder=folder))[0] == 404
    assert (await api("GET", "notebooks", folder="../outside"))[0] == 400
    assert (await api("GET", "notebooks", wait="soon"))[0] == 400


async def test_a_page_need_not_wait(api: Api, course: Path) -> None:
    first = await index(api, folder="course", wait="0")
    whole = await index(api, folder="course")
    assert first.totals.notebooks <= whole.totals.notebooks
    assert whole.complete
