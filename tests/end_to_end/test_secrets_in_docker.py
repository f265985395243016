"""What a real Docker engine tells of a service: none of the operator's secrets, no credential."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import red_team as team
from docker_engine import DockerUnderTest
from jupyter_process import JupyterProcess, write_notebook

pytestmark = pytest.mark.docker
SPEC = """
title = "ComfyUI in a container"
dialect = "comfyui"
start_timeout_seconds = 60
stop_grace_seconds = 2
[container]
image = "{image}"
port = 8188
memory_mib = 512
[readiness]
path = "/system_stats"
statuses = [200, 401]
[[exports]]
[exports.variables]
COMFYUI_API_URL = "{{door}}"
COMFYUI_AUTH_TOKEN = "{{token}}"
[detect]
variables = ["COMFYUI_API_URL"]
routes = ["/prompt"]
"""
NOTEBOOK = """
import os, requests
requests.post(os.environ["COMFYUI_API_URL"] + "/prompt", json={})
"""


def told(engine: DockerUnderTest, namespace: str) -> dict[str, str]:
    """Return all that the engine says of what we have: containers, images, networks, volumes."""
    api = engine.client.api
    rows = [
        one
        for one in api.containers(all=True)
        if any(name.startswith(f"/{namespace}-") for name in one["Names"])
    ]
    found = {"lists": json.dumps([rows, api.images(), api.networks(), api.volumes()])}
    for row in rows:
        found[f"container {row['Names']}"] = json.dumps(api.inspect_container(row["Id"]))
        found[f"log {row['Names']}"] = api.logs(row["Id"]).decode(errors="replace")
        image = engine.client.images.get(row["ImageID"])
        found[f"image {row['Image']}"] = json.dumps([image.attrs, image.history()])
    return found


def test_the_engine_and_the_container_know_no_secret(
    tmp_path: Path,
    docker_engine: DockerUnderTest,
    demo_image: str,
    jupyter_process: Callable[..., JupyterProcess],
) -> None:
    namespace = f"cgl-red-{os.getpid()}"
    with team.echoing() as echo:
        jupyter = served(tmp_path, docker_engine, demo_image, namespace, echo, jupyter_process)
        session = jupyter.open_notebook("raw.ipynb")
        state = tmp_path / "state"
        credentials = jupyter.wait_until(
            "the container has its credential",
            lambda: [path.read_text() for path in state.rglob("credentials/*")],
        )
        door = jupyter.kernel(session.kernel_id).environ["COMFYUI_AUTH_TOKEN"]

        def engines_word() -> dict[str, str]:
            found = told(docker_engine, namespace)
            there = any(f"/{namespace}-comfyui" in place for place in found)
            return found if there else {}

        found = jupyter.wait_until("the container is there", engines_word)
        hidden = [*team.PLANTED, *credentials, door]
        bad = {place: got for place, text in found.items() if (got := team.leaks(text, hidden))}
        assert bad == {}
        # The search reads what the engine says: the image, which is no secret, is in it.
        assert all(
            team.leaks(text, [demo_image]) for place, text in found.items() if "cont" in place
        )


def served(
    tmp_path: Path,
    engine: DockerUnderTest,
    image: str,
    namespace: str,
    echo: ThreadingHTTPServer,
    start: Callable[..., JupyterProcess],
) -> JupyterProcess:
    more: dict[str, Any] = {
        "docker_host": engine.host,
        "namespace": namespace,
        "network_subnet": engine.subnet,
        "state_path": str(tmp_path / "state"),
    }
    traits = team.prepared(tmp_path, f"http://127.0.0.1:{echo.server_address[1]}", **more)
    (tmp_path / "services" / "comfyui.toml").write_text(SPEC.format(image=image))
    return start(
        before=lambda root: write_notebook(root / "raw.ipynb", NOTEBOOK),
        traits=traits,
        environment={"OPENAI_API_KEY": team.SERVERS_OWN, "HF_TOKEN": team.HUB},
    )
