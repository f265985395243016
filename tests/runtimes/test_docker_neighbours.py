"""Containers of other people on a real engine: used as they are, woken only where allowed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker.types import IPAMConfig, IPAMPool
from docker_engine import DockerUnderTest

from coursia_genai_lab.catalog import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.lab.survey import Survey
from coursia_genai_lab.runtimes.base import Secret, StartOrder
from coursia_genai_lab.runtimes.docker import DockerRuntime
from coursia_genai_lab.runtimes.docker_engine import DockerEngine
from coursia_genai_lab.runtimes.docker_neighbours import DockerNeighbours
from coursia_genai_lab.runtimes.external import ExternalRuntime

pytestmark = pytest.mark.docker

_LOOKS = 400
NAME = "their-comfyui"
SERVER = """
import http.server
class Stats(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b'{"system": {}, "devices": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("0.0.0.0", 8188), Stats).serve_forever()
"""
SPEC = ServiceSpec.model_validate(
    {
        "name": "theirs",
        "title": "Theirs",
        "dialect": "comfyui",
        "known_containers": [NAME],
        "container": {"image": "nobody/has-it:1", "port": 8188},
    }
)


@pytest.fixture
def theirs(docker_engine: DockerUnderTest, demo_image: str) -> Iterator[Callable[[], str]]:
    """Create a stranger's container; calling it returns what it does now."""
    api = docker_engine.client.api
    pool = IPAMConfig(pool_configs=[IPAMPool(subnet=docker_engine.subnet)])
    network = api.create_network("course-network", ipam=pool)
    made = api.create_container(
        demo_image,
        [str(Path(sys.executable).resolve()), "-c", SERVER],
        name=NAME,
        ports=[8188],
        labels={"com.docker.compose.project": "course"},
        host_config=api.create_host_config(
            port_bindings={8188: ("127.0.0.1", None)}, network_mode="course-network"
        ),
    )
    yield lambda: str(api.inspect_container(made["Id"])["State"]["Status"])
    api.remove_container(made["Id"], force=True)
    api.remove_network(network["Id"])


def external(engine: DockerUnderTest, *, may_wake: bool = False) -> ExternalRuntime:
    return ExternalRuntime(
        containers=DockerNeighbours(DockerEngine(engine.host)), may_wake=may_wake
    )


async def test_a_known_container_that_runs_just_works_and_is_never_stopped(
    docker_engine: DockerUnderTest, theirs: Callable[[], str]
) -> None:
    docker_engine.client.api.start(NAME)
    runtime = external(docker_engine)
    survey = Survey(
        Catalog({"theirs": SPEC}),
        lambda: {"external": runtime, "docker": DockerRuntime(host=docker_engine.host)},
        "auto",
    )

    for _ in range(_LOOKS):  # it boots
        if (await survey.ask(fresh=True))["theirs"] is None:
            break
        await asyncio.sleep(0.05)
    assert await survey.runtime_for(SPEC) is runtime
    order = StartOrder(SPEC, "owner", "namespace", Secret("ours"), "/nowhere")
    instance = await runtime.start(order, lambda progress: None)
    assert instance.external_owner == f"the container {NAME} of the project course"
    await runtime.stop(instance, 0)
    await survey.close()
    assert theirs() == "running"


async def test_a_known_container_that_stands_still_hides_no_reason_of_ours(
    docker_engine: DockerUnderTest, theirs: Callable[[], str]
) -> None:
    survey = Survey(
        Catalog({"theirs": SPEC}),
        lambda: {
            "external": external(docker_engine),
            "docker": DockerRuntime(host=docker_engine.host),
        },
        "auto",
    )
    problem = (await survey.ask())["theirs"]
    assert problem is not None
    assert problem.code == "image_missing"
    await survey.close()
    assert theirs() == "created"


async def test_a_known_container_is_woken_where_the_operator_allows_it(
    docker_engine: DockerUnderTest, theirs: Callable[[], str]
) -> None:
    runtime = external(docker_engine, may_wake=True)
    assert await runtime.check(SPEC) is None
    phases: list[str] = []
    order = StartOrder(SPEC, "owner", "namespace", Secret("ours"), "/nowhere")
    instance = await runtime.start(order, lambda progress: phases.append(progress.phase))
    assert instance.url.startswith("http://127.0.0.1:")
    assert phases[0] == f"starting the container {NAME} of the project course"
    await runtime.stop(instance, 0)
    await runtime.close()
    assert theirs() == "running"
