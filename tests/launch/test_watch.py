"""The heartbeat of real kernels, and what their death releases."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_process import JupyterProcess, write_notebook
from waiting import until

from coursia_genai_lab.launch.watch import KernelWatch

WAITS_FOR_A_FILE = """
import os, time
while not os.path.exists({path!r}):
    time.sleep(0.02)
"""
COMFY = """
import os, requests
requests.post(os.environ["COMFYUI_API_URL"] + "/prompt", json={"prompt": {}})
"""
RELEASE_SECONDS = 60.0


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    """Serve without our extension: the watch stands on Jupyter alone."""
    return {"ServerApp": {"jpserver_extensions": {}}}


async def test_a_real_kernel_beats_busy_while_it_works_and_idle_when_it_is_done(
    jp_serverapp: Any, tmp_path: Path
) -> None:
    beats: list[tuple[str, bool]] = []
    kernels = jp_serverapp.kernel_manager

    async def gone(kernel_id: str) -> None:
        raise AssertionError("it lives")

    watch = KernelWatch(kernels, gone, beat=lambda *told: beats.append(told), interval_seconds=0.05)
    kernel_id = await kernels.start_kernel(kernel_name="python3")
    client = kernels.get_kernel(kernel_id).client()
    try:
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        watch.follow(kernel_id)
        await until(lambda: (kernel_id, False) in beats)
        client.execute(WAITS_FOR_A_FILE.format(path=str(tmp_path / "go")))
        await until(lambda: beats[-1] == (kernel_id, True))
        (tmp_path / "go").touch()
        await until(lambda: beats[-1] == (kernel_id, False))
    finally:
        client.stop_channels()
        await watch.close()
        await kernels.shutdown_kernel(kernel_id, now=True)


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """One server that starts no dead kernel again."""
    folder = tmp_path_factory.mktemp("watch")
    traits = {"GenAILab": {"mode": "demo"}, "KernelManager": {"autorestart": False}}
    with JupyterProcess.start(folder, traits=traits) as server:
        write_notebook(server.root / "comfy.ipynb", COMFY)
        yield server


def holders(jupyter: JupyterProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = jupyter.api("GET", "coursia-genai/api/v1/services/comfyui")[
        "holders"
    ]
    return found


@pytest.mark.server
def test_a_kernel_that_is_killed_for_good_releases_within_five_seconds(
    jupyter: JupyterProcess,
) -> None:
    session = jupyter.open_notebook("comfy.ipynb")
    kernel = jupyter.kernel(session.kernel_id)
    jupyter.wait_until("its lease is shown", lambda: holders(jupyter))
    assert [(one["kind"], one["strength"]) for one in holders(jupyter)] == [("kernel", "active")]
    os.kill(kernel.pid, signal.SIGKILL)
    jupyter.wait_until("its lease has ended", lambda: not holders(jupyter), within=RELEASE_SECONDS)
