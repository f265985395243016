"""The entry point of the ComfyUI image in a container: built here, started, asked, stopped."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from docker_engine import DockerUnderTest
from runtime_houses import DockerHouse
from started_service import CONTEXTS, STAND_INS

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ImageMissing
from coursia_genai_lab.runtimes.building import BuildOrder
from coursia_genai_lab.runtimes.credentials import credential_headers
from coursia_genai_lab.runtimes.docker_builder import DockerBuilder
from coursia_genai_lab.runtimes.readiness import until_ready

pytestmark = pytest.mark.docker

IMAGE = "cgl-test/comfyui:1"
PATIENCE = 90.0


@pytest.fixture
def house(docker_engine: DockerUnderTest, tmp_path: Path) -> Iterator[DockerHouse]:
    state = tmp_path / "state"
    state.mkdir()
    house = DockerHouse(state, docker_engine, IMAGE)
    yield house
    remains = house.remains()
    docker_engine.empty()
    if docker_engine.client.api.images(IMAGE):
        docker_engine.client.api.remove_image(IMAGE, force=True)
    assert remains == []


def context_folder(place: Path, base: str) -> Path:
    """Return a context with the entry point, and the stand-in where ComfyUI would be."""
    python = Path(sys.executable).resolve()
    place.mkdir()
    for source in ("shared/service_start.py", "comfyui/start_comfyui.py"):
        shutil.copy(CONTEXTS / source, place)
    shutil.copy(CONTEXTS / "comfyui" / "extra_model_paths.yaml", place)
    app = place / "app"
    app.mkdir()
    shutil.copy(STAND_INS / "plain_comfyui.py", app / "main.py")
    (app / "login").symlink_to("/tmp/coursia-genai/login")
    lines = [
        f"ARG BASE_IMAGE={base}",
        "FROM ${BASE_IMAGE}",
        'LABEL io.coursia.genai.context="test"',
        "COPY app /opt/ComfyUI",
        "COPY service_start.py start_comfyui.py extra_model_paths.yaml /opt/genai/",
        f'ENTRYPOINT ["{python}", "/opt/genai/start_comfyui.py"]',
        "CMD []",
    ]
    (place / "Dockerfile").write_text("\n".join(lines) + "\n")
    return place


@pytest.mark.parametrize("read_only", [True, False])
async def test_an_image_is_built_started_asked_and_stopped(
    house: DockerHouse, demo_image: str, tmp_path: Path, read_only: bool
) -> None:
    spec: ServiceSpec = house.spec(
        container={
            "image": IMAGE,
            "pull": False,
            "port": 8188,
            "memory_mib": 256,
            "read_only": read_only,
        },
        build={"context": str(context_folder(tmp_path / "context", demo_image))},
        readiness={"path": "/system_stats", "statuses": [200, 401]},
    )
    runtime = house.runtime()
    async with house:
        with pytest.raises(ImageMissing) as missing:
            await house.start(runtime, spec)
        assert missing.value.command == "coursia-genai build chatty"
        builder = DockerBuilder(host=house.engine.host, reserve_bytes=0)
        try:
            lines: list[str] = []
            await asyncio.wait_for(
                builder.build(BuildOrder(spec), lambda told: None, lines.append), PATIENCE
            )
        finally:
            await builder.close()
        instance = await asyncio.wait_for(house.start(runtime, spec), PATIENCE)
        headers = credential_headers(spec.credential, instance.credential)
        async with aiohttp.ClientSession() as session:
            await until_ready(
                instance.url, spec.readiness, timeout_seconds=PATIENCE, session=session
            )
            async with session.get(f"{instance.url}/system_stats") as answer:
                assert answer.status == 401
            async with session.get(f"{instance.url}/system_stats", headers=headers) as answer:
                assert answer.status == 200
                told = await answer.json()
        secret = instance.credential.reveal()
        assert secret not in str(told["argv"])
        assert secret not in str(told["environ"])
        raw = house.engine.client.api.logs(instance.identifier)
        assert b"use token=(hidden)" in raw
        assert secret.encode() not in raw
        found = house.engine.client.api.inspect_container(instance.identifier)
        assert secret not in str(found)
        stop = asyncio.create_task(runtime.stop(instance, 60))
        await asyncio.wait_for(stop, PATIENCE)
