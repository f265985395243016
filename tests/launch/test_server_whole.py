"""Whole servers: with and without the extension, modes, third parties, the first SIGTERM."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_process import JupyterProcess, Kernel, write_notebook

pytestmark = pytest.mark.server

Start = Callable[..., JupyterProcess]
COMFY = """
import os, requests
from urllib.parse import urljoin
requests.post(urljoin(os.environ["COMFYUI_API_URL"], "/prompt"), json={"client_id": "me"})
"""
OPENAI = """
from openai import OpenAI
OpenAI().images.generate(model="gpt-image-1", prompt="a fox")
"""
CLASSIC = """
# COMFYUI_API_URL and http://127.0.0.1:8188/prompt are only spoken of
import numpy as np
"""
OFF = {"coursia_genai_lab": False}


def notebooks(root: Path) -> None:
    write_notebook(root / "course/comfy.ipynb", COMFY)
    write_notebook(root / "course/openai.ipynb", OPENAI)
    write_notebook(root / "course/classic.ipynb", CLASSIC, metadata={"genai": {"enabled": True}})


def status(jupyter: JupyterProcess) -> dict[str, Any]:
    found: dict[str, Any] = jupyter.api("GET", "coursia-genai/api/v1/status")
    return found


def shape(jupyter: JupyterProcess, kernel: Kernel, kernel_id: str) -> object:
    """Return all that a kernel can see of its launch, less what differs between two servers."""
    folder = str(jupyter.folder)
    same = [
        (name, value.replace(folder, "FOLDER"))
        for name, value in kernel.environ.items()
        if name not in ("JPY_PARENT_PID", "COVERAGE_FILE")
    ]
    argv = [part.replace(kernel_id, "ID").replace(folder, "FOLDER") for part in kernel.argv]
    return argv, kernel.cwd.replace(folder, "FOLDER"), same


def first_start_and_restart(jupyter: JupyterProcess, path: str) -> list[object]:
    session = jupyter.open_notebook(path)
    kernels = [jupyter.kernel(session.kernel_id), jupyter.restart(session.kernel_id)]
    return [shape(jupyter, kernel, session.kernel_id) for kernel in kernels]


OWN = {"OPENAI_API_KEY": "sk-my-own", "NO_PROXY": "intranet.example"}
CASES = {
    "classic": ("course/classic.ipynb", {}),
    "mode off": ("course/comfy.ipynb", {"GenAILab": {"mode": "off"}}),
    "the user's own key": ("course/openai.ipynb", {"GenAILab": {"withhold_keys": "never"}}),
}


@pytest.fixture(scope="module")
def without_us(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """What kernels see on a server without the extension, on first start and on restart."""
    folder = tmp_path_factory.mktemp("without")
    notebooks(folder / "root")
    with JupyterProcess.start(folder, environment=OWN, extensions=OFF) as server:
        return {path: first_start_and_restart(server, path) for path, _ in CASES.values()}


@pytest.mark.parametrize(("path", "traits"), CASES.values(), ids=CASES.keys())
def test_a_kernel_that_is_not_ours_is_the_same_with_and_without_the_extension(
    jupyter_process: Start,
    without_us: dict[str, list[object]],
    path: str,
    traits: dict[str, Any],
) -> None:
    jupyter = jupyter_process(before=notebooks, environment=OWN, traits=traits)
    assert first_start_and_restart(jupyter, path) == without_us[path]
    assert all(not one["wanted"] for one in status(jupyter)["services"])


def test_with_the_mode_off_the_launch_says_why_and_enabling_is_refused(
    jupyter_process: Start,
) -> None:
    jupyter = jupyter_process(before=notebooks, traits={"GenAILab": {"mode": "off"}})
    session = jupyter.open_notebook("course/comfy.ipynb")
    (launch,) = status(jupyter)["launches"]
    assert launch["variables"] == []
    assert "off" in launch["reason"]
    jupyter.api("POST", f"coursia-genai/api/v1/kernels/{session.kernel_id}/enable", status=403)


THIRD = """
from jupyter_client.provisioning import LocalProvisioner

class ThirdProvisioner(LocalProvisioner):
    async def pre_launch(self, **kwargs):
        launch = await super().pre_launch(**kwargs)
        launch["env"]["THIRD_PARTY"] = "kept"
        return launch
"""


def test_another_packages_default_provisioner_keeps_working(
    jupyter_process: Start, tmp_path: Path
) -> None:
    package = tmp_path / "site"
    info = package / "third_party-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "third_party.py").write_text(THIRD)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[jupyter_client.kernel_provisioners]\nthird = third_party:ThirdProvisioner\n"
    )
    jupyter = jupyter_process(
        before=notebooks,
        python_path=package,
        environment={"JUPYTER_DEFAULT_PROVISIONER_NAME": "third"},
        traits={"GenAILab": {"mode": "demo"}},
    )
    for path, injected in (("course/comfy.ipynb", True), ("course/classic.ipynb", False)):
        session = jupyter.open_notebook(path)
        environ = jupyter.kernel(session.kernel_id).environ
        assert environ["THIRD_PARTY"] == "kept"
        assert ("COMFYUI_API_URL" in environ) is injected


def test_with_kernels_behind_a_gateway_nothing_is_injected_and_the_panel_says_so(
    jupyter_process: Start,
) -> None:
    jupyter = jupyter_process(before=notebooks, arguments=("--gateway-url=http://127.0.0.1:9",))
    assert "kernels_elsewhere" in [one["code"] for one in status(jupyter)["warnings"]]


WAITING = {
    "GenAILab": {
        "mode": "demo",
        "launch_wait": 300.0,
        "demo_boot_seconds": 300.0,
        "hold_seconds": 300.0,
    }
}


def begin(jupyter: JupyterProcess, path: str) -> threading.Thread:
    """Open a notebook in a thread; its launch waits."""

    def post() -> None:
        body = {"path": path, "type": "notebook", "kernel": {"name": "python3"}}
        with contextlib.suppress(httpx.TransportError):  # The server may stop meanwhile.
            httpx.post(
                jupyter.base_url + "api/sessions",
                json=body,
                headers=jupyter.http.headers,
                timeout=120,
                trust_env=False,
            )

    thread = threading.Thread(target=post)
    thread.start()
    jupyter.wait_until(
        "the launch waits", lambda: [one["path"] for one in status(jupyter)["launches"]] == [path]
    )
    return thread


def test_the_first_sigterm_stops_a_server_whose_launch_waits(jupyter_process: Start) -> None:
    jupyter = jupyter_process(before=notebooks, traits=WAITING)
    classic = jupyter.open_notebook("course/classic.ipynb")
    assert jupyter.kernel(classic.kernel_id)
    thread = begin(jupyter, "course/comfy.ipynb")
    assert jupyter.stop() == 0
    thread.join(30)
    jupyter.wait_until("no kernel is left", lambda: not jupyter.kernel_processes())


def test_others_are_served_while_a_launch_waits(jupyter_process: Start) -> None:
    jupyter = jupyter_process(before=notebooks, traits=WAITING)
    thread = begin(jupyter, "course/comfy.ipynb")
    session = jupyter.open_notebook("course/classic.ipynb")
    assert jupyter.execute(session.kernel_id, "print(6 * 7)").strip() == "42"
    assert thread.is_alive()
    jupyter.close()
    thread.join(30)


def test_a_launch_that_waits_goes_on_when_its_service_is_ready(jupyter_process: Start) -> None:
    settings = {**WAITING["GenAILab"], "demo_boot_seconds": 1.0}
    jupyter = jupyter_process(before=notebooks, traits={"GenAILab": settings})
    session = jupyter.open_notebook("course/comfy.ipynb")
    states = {one["name"]: one["state"] for one in status(jupyter)["services"]}
    assert states["demo"] == "ready"
    assert "COMFYUI_API_URL" in jupyter.kernel(session.kernel_id).environ
