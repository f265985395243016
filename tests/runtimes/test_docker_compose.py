"""On a real engine the exported Compose file makes the container that the Lab makes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from compose_reader import container_arguments, create_network
from docker_engine import DockerUnderTest
from runtime_houses import TOKEN, DockerHouse

from coursia_genai_lab.catalog.compose import ComposeSettings, compose_file
from coursia_genai_lab.catalog.spec import ServiceSpec

pytestmark = pytest.mark.docker

START_SECONDS = 90
# What an inspection says otherwise of every container, and where Compose keeps a fixed port.
OF_ONE_START = {"ContainerIDFile", "NetworkMode", "PortBindings"}


async def test_both_are_inspected_alike_and_both_answer(
    docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path
) -> None:
    async with DockerHouse(tmp_path / "state", docker_engine, demo_image) as house:
        spec = house.spec(
            container=house.container(read_only=True, environment={"DOLLAR": "$HOME"}, cpus=1.0)
        )
        runtime = house.runtime()
        instance = await house.start(runtime, spec)
        of_the_lab = docker_engine.client.api.inspect_container(instance.identifier)
        ours = kept(of_the_lab)
        await answers(f"{instance.url}/ready")
        await runtime.stop(instance, 0)

    client = docker_engine.client
    made = exported(spec, docker_engine.subnet, tmp_path)
    network = create_network(client, made, "cgl-compose")
    container = client.containers.create(
        **container_arguments(made, spec.name, tmp_path),
        name=made["services"][spec.name]["container_name"],
        network="cgl-compose",
    )
    try:
        container.start()
        container.reload()
        assert kept(container.attrs) == ours
        [binding] = container.attrs["NetworkSettings"]["Ports"]["8000/tcp"]
        assert binding["HostIp"] == "127.0.0.1"
        await answers(f"http://127.0.0.1:{binding['HostPort']}/ready")
    finally:
        container.remove(force=True)
        client.api.remove_network(network)
    assert docker_engine.leftovers() == []


def exported(spec: ServiceSpec, subnet: str, folder: Path) -> dict[str, Any]:
    """Write the Compose file with the secret that its head asks for; return what it says."""
    text = compose_file([spec], ComposeSettings(subnet=subnet))
    secret = folder / "secrets" / spec.name
    secret.parent.mkdir(mode=0o755)
    secret.write_text(TOKEN)
    secret.chmod(0o444)
    made: dict[str, Any] = yaml.safe_load(text)
    return made


def kept(inspection: dict[str, Any]) -> dict[str, Any]:
    """Return what an inspection says of how a container runs, for a comparison of two."""
    host = {k: v for k, v in inspection["HostConfig"].items() if k not in OF_ONE_START}
    for mount in host["Mounts"]:
        del mount["Source"]  # the credential lies elsewhere
    config = inspection["Config"]
    said = {name: config.get(name) for name in ("Image", "Cmd", "Entrypoint", "User")}
    ports = sorted(inspection["HostConfig"]["PortBindings"])
    return {"host": host, **said, "environment": sorted(config["Env"]), "ports": ports}


async def answers(url: str) -> None:
    """Return when it does, with the credential of the file."""
    ends = time.monotonic() + START_SECONDS
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as response:
                    if response.status < 500:
                        return
            except aiohttp.ClientError:
                assert time.monotonic() < ends, "the container never answered"
