"""Containers that run otherwise than they would be started now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_engine import DockerUnderTest
from image_registry import BUSYBOX, web_server_layer
from runtime_houses import NAMESPACE, DockerHouse

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.docker_drift import CODE
from coursia_genai_lab.runtimes.fingerprint import fingerprint, speech_fingerprint

pytestmark = pytest.mark.docker

PATIENCE = 60.0


@pytest.fixture
def house(docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path) -> Iterator[DockerHouse]:
    house = DockerHouse(tmp_path, docker_engine, demo_image)
    yield house
    remains = house.remains()
    docker_engine.empty()
    assert remains == []


async def left_by_an_earlier_lab(house: DockerHouse, spec: ServiceSpec) -> Instance:
    earlier = house.runtime()
    instance = await asyncio.wait_for(house.start(earlier, spec), PATIENCE)
    await earlier.close()
    return instance


async def test_what_runs_as_described_has_not_drifted(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        assert await runtime.drift(house.spec(), instance) is None
        await runtime.stop(instance, 0)
        assert await runtime.drift(house.spec(), instance) is None


async def test_a_container_of_an_older_service_file_is_adopted_and_told(
    house: DockerHouse,
) -> None:
    changed = house.spec(container=house.container(memory_mib=300))
    async with house:
        instance = await left_by_an_earlier_lab(house, house.spec())
        runtime = house.runtime()
        (found,) = await house.find(runtime, changed)
        assert found.identifier == instance.identifier
        problem = await runtime.drift(changed, found)
        assert problem is not None
        assert problem.code == CODE
        assert "earlier service file" in problem.message
        assert problem.remedy
        # Starting it anew, when nobody holds it, mends it.
        await runtime.stop(found, 0)
        mended = await house.start(runtime, changed)
        assert await runtime.drift(changed, mended) is None
        await runtime.stop(mended, 0)


@pytest.mark.parametrize(
    "change",
    [{"container": {"port": 8001}}, {"credential": {"scheme": "basic"}}, {"dialect": "a1111"}],
)
async def test_a_container_that_must_be_spoken_to_otherwise_is_removed(
    house: DockerHouse, change: dict[str, object]
) -> None:
    container = change.get("container")
    if isinstance(container, dict):
        change = {"container": house.container(**container)}
    async with house:
        await left_by_an_earlier_lab(house, house.spec())
        assert await house.find(house.runtime(), house.spec(**change)) == []
        assert house.remains() == []


@pytest.mark.skipif(BUSYBOX is None, reason="needs busybox (Debian: busybox-static)")
async def test_a_container_of_an_image_that_was_built_anew_is_told(
    house: DockerHouse, tmp_path_factory: pytest.TempPathFactory
) -> None:
    client = house.engine.client
    rootfs = tmp_path_factory.mktemp("image") / "rootfs.tar.gz"
    rootfs.write_bytes(web_server_layer())
    name = f"{NAMESPACE}-built"

    def build(version: str) -> None:
        client.api.import_image_from_file(
            str(rootfs), repository=name, tag="1", changes=[f"ENV VERSION={version}"]
        )

    build("1")
    command = ["/bin/busybox", "httpd", "-f", "-p", "8000"]
    spec = house.spec(
        container={"image": f"{name}:1", "port": 8000, "memory_mib": 64, "command": command}
    )
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime, spec)
        assert await runtime.drift(spec, instance) is None
        build("2")
        problem = await runtime.drift(spec, instance)
        assert problem is not None
        assert "older image" in problem.message
        await runtime.stop(instance, 0)
    for image in client.images.list():
        if image.attrs.get("Config", {}).get("Env") in (["VERSION=1"], ["VERSION=2"]):
            client.images.remove(image.id, force=True)


async def test_a_stranger_with_our_name_is_neither_found_nor_removed(house: DockerHouse) -> None:
    client = house.engine.client
    labels = {"io.coursia.genai.namespace": NAMESPACE, "io.coursia.genai.service": "chatty"}
    image = str(house.container()["image"])
    strangers = [
        client.containers.create(image, name=f"{NAMESPACE}-chatty", network_mode="none"),
        client.containers.create(image, name="theirs", labels=labels, network_mode="none"),
    ]
    async with house:
        assert await house.find(house.runtime()) == []
        for stranger in strangers:
            stranger.reload()
            assert stranger.status == "created"
            stranger.remove()


def test_only_what_runs_counts_as_drift() -> None:
    table = {
        "name": "one",
        "title": "One",
        "dialect": "comfyui",
        "container": {"image": "one:1", "port": 1},
    }
    spec = ServiceSpec.model_validate(table)
    renamed = spec.model_copy(update={"title": "Two", "idle_minutes": 3.0})
    assert spec.container is not None
    fetched = spec.model_copy(
        update={"container": spec.container.model_copy(update={"pull": True})}
    )
    larger = spec.model_copy(
        update={"container": spec.container.model_copy(update={"memory_mib": 100})}
    )
    assert fingerprint(spec) == fingerprint(renamed) == fingerprint(fetched)
    assert fingerprint(spec) != fingerprint(larger)
    assert speech_fingerprint(spec) == speech_fingerprint(larger)
    moved = spec.model_copy(update={"container": spec.container.model_copy(update={"port": 2})})
    assert speech_fingerprint(spec) != speech_fingerprint(moved)
