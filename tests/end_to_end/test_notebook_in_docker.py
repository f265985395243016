"""The raw ComfyUI example with its service in a real container."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from docker_engine import DockerUnderTest
from jupyter_process import JupyterProcess, Session

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SPEC = """
title = "ComfyUI in a container"
dialect = "comfyui"
start_timeout_seconds = 60
stop_grace_seconds = 2

[container]
image = "{image}"
port = 8188
memory_mib = 512

[container.environment]
GENAI_DEMO_SECONDS_PER_STEP = "0"

[readiness]
path = "/system_stats"
statuses = [200, 401]

[[exports]]
[exports.variables]
COMFYUI_API_URL = "{{door}}"
COMFYUI_AUTH_TOKEN = "{{token}}"

[detect]
variables = ["COMFYUI_API_URL", "COMFYUI_AUTH_TOKEN"]
routes = ["/prompt", "/history/*", "/system_stats"]
"""

pytestmark = pytest.mark.docker
SOON = 60.0
Start = Callable[..., JupyterProcess]


@pytest.fixture
def namespace() -> str:
    return f"cgl-e2e-{os.getpid()}"


@pytest.fixture
def options(
    tmp_path: Path, docker_engine: DockerUnderTest, demo_image: str, namespace: str
) -> dict[str, Any]:
    """Options of a server whose `comfyui` is the demo image, and that stops it at once."""
    specs = tmp_path / "services"
    specs.mkdir(mode=0o700)
    (specs / "comfyui.toml").write_text(SPEC.format(image=demo_image), encoding="utf-8")
    (specs / "comfyui.toml").chmod(0o600)
    traits = {
        "docker_host": docker_engine.host,
        "services_path": str(specs),
        "namespace": namespace,
        "network_subnet": docker_engine.subnet,
        "idle_minutes": 0,
        "state_path": str(tmp_path / "state"),
    }
    return {"traits": {"GenAILab": traits}}


def copy_example(root: Path) -> None:
    text = (EXAMPLES / "02-comfyui-raw.ipynb").read_text(encoding="utf-8")
    (root / "raw.ipynb").write_text(text, encoding="utf-8")


def containers(engine: DockerUnderTest, namespace: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = engine.client.api.containers(all=True)
    return [row for row in rows if f"/{namespace}-comfyui" in row["Names"]]


def run_all(jupyter: JupyterProcess, session: Session) -> str:
    notebook = nbformat.read(EXAMPLES / "02-comfyui-raw.ipynb", as_version=4)
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return "".join(jupyter.execute(session.kernel_id, cell, timeout=120) for cell in cells)


def test_opening_the_notebook_starts_its_container_and_the_last_lease_stops_it(
    jupyter_process: Start,
    options: dict[str, Any],
    docker_engine: DockerUnderTest,
    namespace: str,
) -> None:
    jupyter = jupyter_process(before=copy_example, **options)
    session = jupyter.open_notebook("raw.ipynb")
    environ = jupyter.kernel(session.kernel_id).environ
    assert environ["GENAI_MODE"] == "local"

    jupyter.wait_until(
        "the container runs",
        lambda: [row for row in containers(docker_engine, namespace) if row["State"] == "running"],
    )
    printed = run_all(jupyter, session)
    assert "ComfyUI" in printed
    size = jupyter.execute(session.kernel_id, "print(pictures[0].size)")
    assert size.strip() == "(1024, 1024)"

    (row,) = containers(docker_engine, namespace)
    inspected = docker_engine.client.api.inspect_container(row["Id"])
    assert environ["COMFYUI_AUTH_TOKEN"] not in str(inspected)
    assert all(
        binding["HostIp"] == "127.0.0.1"
        for bindings in inspected["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    )

    jupyter.shut_down(session.kernel_id)
    jupyter.wait_until("the container is gone", lambda: not containers(docker_engine, namespace))
    assert jupyter.stop() == 0


def test_a_container_of_a_killed_server_is_taken_over_and_removed_by_the_next(
    jupyter_process: Start,
    options: dict[str, Any],
    docker_engine: DockerUnderTest,
    namespace: str,
) -> None:
    first = jupyter_process(before=copy_example, **options)
    first.open_notebook("raw.ipynb")
    first.wait_until(
        "the container runs",
        lambda: [row for row in containers(docker_engine, namespace) if row["State"] == "running"],
    )
    first.stop(signum=signal.SIGKILL)
    assert containers(docker_engine, namespace)

    second = jupyter_process(**options)
    second.wait_until("nobody's container goes", lambda: not containers(docker_engine, namespace))
    assert second.stop() == 0


def test_stopping_the_server_stops_its_container(
    jupyter_process: Start,
    options: dict[str, Any],
    docker_engine: DockerUnderTest,
    namespace: str,
) -> None:
    jupyter = jupyter_process(before=copy_example, **options)
    session = jupyter.open_notebook("raw.ipynb")
    run_all(jupyter, session)
    assert jupyter.stop() == 0
    assert containers(docker_engine, namespace) == []


def test_a_killed_kernel_and_a_deleted_record_cost_no_container(
    jupyter_process: Start,
    options: dict[str, Any],
    docker_engine: DockerUnderTest,
    namespace: str,
) -> None:
    jupyter = jupyter_process(before=copy_example, **options)
    session = jupyter.open_notebook("raw.ipynb")
    run_all(jupyter, session)
    (before,) = containers(docker_engine, namespace)

    shutil.rmtree(jupyter.folder / "data" / "coursia-genai")
    path = "coursia-genai/api/v1/status"
    warned = "the deleted record is told with a remedy"
    jupyter.wait_until(
        warned,
        lambda: [
            one
            for one in jupyter.api("GET", path)["warnings"]
            if one["code"] == "store_lost" and one["remedy"]
        ],
        within=SOON,
    )
    jupyter.kill_kernel(session.kernel_id)
    assert "ComfyUI" in run_all(jupyter, session)
    (after,) = containers(docker_engine, namespace)
    assert (after["Id"], after["State"]) == (before["Id"], "running")

    jupyter.shut_down(session.kernel_id)
    jupyter.wait_until("the container is gone", lambda: not containers(docker_engine, namespace))
    assert jupyter.stop() == 0
