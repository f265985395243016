"""A notebook that gets a new name keeps its launch, and people see the new name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_process import JupyterProcess, write_notebook

pytestmark = pytest.mark.server

Start = Callable[..., JupyterProcess]
COMFY = """
import os, requests
requests.post(os.environ["COMFYUI_API_URL"] + "/prompt", json={"client_id": "me"})
"""


def course(root: Path) -> None:
    write_notebook(root / "course/week 1/comfy.ipynb", COMFY)


def shown(jupyter: JupyterProcess) -> tuple[list[str], list[str]]:
    """Return the paths of the launches and the labels of who keeps ComfyUI."""
    status: dict[str, Any] = jupyter.api("GET", "coursia-genai/api/v1/status")
    holders = next(one for one in status["services"] if one["name"] == "comfyui")["holders"]
    return [one["path"] for one in status["launches"]], [one["label"] for one in holders]


def test_a_renamed_notebook_and_a_renamed_folder_are_shown_by_their_new_names(
    jupyter_process: Start,
) -> None:
    jupyter = jupyter_process(before=course)
    jupyter.open_notebook("course/week 1/comfy.ipynb")
    jupyter.api(
        "PATCH", "api/contents/course/week%201/comfy.ipynb", {"path": "course/week 1/a.ipynb"}
    )
    jupyter.wait_until(
        "the notebook's name",
        lambda: shown(jupyter) == (["course/week 1/a.ipynb"], ["a.ipynb"]) or None,
    )
    jupyter.api("PATCH", "api/contents/course/week%201", {"path": "course/week 2"})
    jupyter.wait_until(
        "the folder's name",
        lambda: shown(jupyter) == (["course/week 2/a.ipynb"], ["a.ipynb"]) or None,
    )
