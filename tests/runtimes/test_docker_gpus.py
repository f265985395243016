"""GPU requests end to end, on a machine without one.

An engine offers GPUs as soon as it finds NVIDIA's hook among its programs; one that does
nothing lets real containers start and shows in their environment what they would be given.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_engine import DockerUnderTest, running_engine
from docker_image import build_demo_image
from runtime_houses import DockerHouse

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def engine_with_gpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerUnderTest]:
    tools = tmp_path_factory.mktemp("tools")
    hook = tools / "nvidia-container-runtime-hook"
    hook.write_text("#!/bin/sh\ncat >/dev/null\nexit 0\n")
    hook.chmod(0o755)
    with running_engine(tools) as engine:
        yield engine


@pytest.fixture(scope="module")
def image(engine_with_gpus: DockerUnderTest) -> str:
    return build_demo_image(engine_with_gpus.client, engine_with_gpus.root)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ({"ids": ["1"]}, "1"),
        ({"ids": ["GPU-a", "GPU-b"]}, "GPU-a,GPU-b"),
        ({}, "0"),
        ({"count": 2}, "0,1"),
    ],
)
async def test_a_service_is_given_its_own_gpus(
    engine_with_gpus: DockerUnderTest,
    image: str,
    tmp_path: Path,
    wanted: dict[str, object],
    given: str,
) -> None:
    async with DockerHouse(tmp_path, engine_with_gpus, image) as house:
        spec = house.spec(gpu={"vram_mib": 1024, **wanted})
        runtime = house.runtime()
        instance = await house.start(runtime, spec)
        container = engine_with_gpus.client.containers.get(instance.identifier)
        pid = container.attrs["State"]["Pid"]
        variables = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        assert f"NVIDIA_VISIBLE_DEVICES={given}" in variables
        await runtime.stop(instance, 0)
        assert house.remains() == []
