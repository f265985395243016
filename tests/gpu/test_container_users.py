"""Who holds memory in a container: named by the id that the engine knows it by."""

from __future__ import annotations

from pathlib import Path

import pytest
from docker_engine import DockerUnderTest
from runtime_houses import DockerHouse

from coursia_genai_lab.gpu.processes import ProcessTable

pytestmark = pytest.mark.docker


async def test_a_process_in_a_container_is_told_by_the_containers_id(
    docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path
) -> None:
    async with DockerHouse(tmp_path, docker_engine, demo_image) as house:
        runtime = house.runtime()
        instance = await house.start(runtime, house.spec())
        container = docker_engine.client.containers.get(instance.identifier)
        pid = int(container.attrs["State"]["Pid"])
        found = ProcessTable(same_pids=True).process(pid, 5)
        assert found.container == instance.identifier
        await runtime.stop(instance, 0)
