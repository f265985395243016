"""The same prompt by every road to an engine of each dialect, each in a real container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from docker_engine import DockerUnderTest
from engine_roads import ENGINES, ROADS, same_by_every_road
from jupyter_process import JupyterProcess, write_notebook

pytestmark = pytest.mark.docker

ENGINE = """
title = "{title}"
dialect = "{dialect}"
start_timeout_seconds = 120
stop_grace_seconds = 2

[container]
image = "{image}"
port = 8188
memory_mib = 512

[container.environment]
GENAI_DEMO_SECONDS_PER_STEP = "0"

[readiness]
path = "/health"
statuses = [200]
interval_seconds = 0.05

[credential]
scheme = "{scheme}"

[[models]]
id = "{model}"
title = "{title}"
"""


def test_a_prompt_makes_the_same_picture_by_every_road_to_a_container(
    tmp_path: Path, docker_engine: DockerUnderTest, demo_image: str
) -> None:
    services = tmp_path / "services"
    services.mkdir(mode=0o700)
    for service, dialect, scheme, model in ENGINES:
        told = ENGINE.format(
            title=service, dialect=dialect, scheme=scheme, model=model, image=demo_image
        )
        (services / f"{service}.toml").write_text(told, encoding="utf-8")
    traits = {
        "docker_host": docker_engine.host,
        "services_path": str(services),
        "namespace": f"cgl-roads-{os.getpid()}",
        "network_subnet": docker_engine.subnet,
        "runtime": "docker",
        "mode": "local",
        "max_concurrent": 4,
        "state_path": str(tmp_path / "state"),
    }
    with JupyterProcess.start(tmp_path, traits={"GenAILab": traits}) as jupyter:
        write_notebook(jupyter.root / "fox.ipynb", ROADS.format(model=ENGINES[0][-1]))
        kernel = jupyter.open_notebook("fox.ipynb").kernel_id
        for service, dialect, _, model in ENGINES:
            told = jupyter.execute(kernel, ROADS.format(model=model), timeout=180)
            assert told.splitlines() == same_by_every_road(service, dialect, model), told
