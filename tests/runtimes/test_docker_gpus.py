"""GPU requests and claims end to end, on a machine without a GPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from docker_engine import DockerUnderTest
from runtime_houses import DockerHouse

from coursia_genai_lab.errors import GPUTaken, RuntimeUnavailable
from coursia_genai_lab.runtimes.base import Instance, Runtime, StartOrder

pytestmark = pytest.mark.docker
VISIBLE = "NVIDIA_VISIBLE_DEVICES"


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
    gpu_engine: DockerUnderTest,
    gpu_image: str,
    tmp_path: Path,
    wanted: dict[str, object],
    given: str,
) -> None:
    async with DockerHouse(tmp_path, gpu_engine, gpu_image) as house:
        spec = house.spec(gpu={"vram_mib": 1024, **wanted})
        runtime = house.runtime()
        instance = await house.start(runtime, spec)
        assert gpu_engine.variable(instance.identifier, VISIBLE) == given
        assert instance.detail["gpus"] == given
        await runtime.stop(instance, 0)
        assert house.remains() == []


def order(house: DockerHouse, owner: str, device: str, **gpu: object) -> StartOrder:
    """Return an order of another owner for a service of that name, on a GPU of 24,000 MiB."""
    spec = house.spec(name=owner, gpu={"vram_mib": 16_000, **gpu})
    made = house.order(spec, owner=owner)
    return replace(made, namespace=f"cgl-{owner}", device_ids=[device], gpu_rooms={device: 24_000})


async def begun(house: DockerHouse, runtime: Runtime, wanted: StartOrder) -> Instance:
    return await runtime.start(wanted, house.reports.append)


async def test_what_was_chosen_is_given_claimed_and_found_again(
    gpu_engine: DockerUnderTest, gpu_image: str, tmp_path: Path
) -> None:
    async with DockerHouse(tmp_path, gpu_engine, gpu_image) as house:
        runtime, wanted = house.runtime(), order(house, "ada", "GPU-7")
        instance = await begun(house, runtime, wanted)
        assert gpu_engine.variable(instance.identifier, VISIBLE) == "GPU-7"
        assert await runtime.claims("ada", str(tmp_path)) == []
        (seen,) = await house.runtime().claims("ben", str(tmp_path))
        assert (seen.identifier, seen.owner) == (instance.identifier, "ada")
        assert (seen.devices, seen.mib, seen.exclusive) == (("GPU-7",), 16_000, False)
        later = house.runtime()
        (found,) = await later.find([wanted.spec], "ada", "cgl-ada", str(tmp_path))
        assert found.detail["gpus"] == "GPU-7"
        assert found.detail["image_digest"] == instance.detail["image_digest"] != ""
        await later.stop(found, 0)
        assert house.remains() == []


@pytest.mark.parametrize(
    ("device", "gpu"),
    [("GPU-1", {"vram_mib": 16_000}), ("GPU-1", {"vram_mib": 100, "exclusive": True})],
)
async def test_of_two_labs_that_do_not_fit_the_later_gives_way_and_leaves_nothing(
    gpu_engine: DockerUnderTest,
    gpu_image: str,
    tmp_path: Path,
    device: str,
    gpu: dict[str, object],
) -> None:
    async with DockerHouse(tmp_path, gpu_engine, gpu_image) as house:
        runtime = house.runtime()
        first = await begun(house, runtime, order(house, "ada", "GPU-1"))
        with pytest.raises(GPUTaken):
            await begun(house, house.runtime(), order(house, "ben", device, **gpu))
        assert len(gpu_engine.client.api.containers(all=True)) == 1
        await runtime.stop(first, 0)
        assert house.remains() == []


async def test_labs_on_other_gpus_or_with_room_for_both_run_beside_each_other(
    gpu_engine: DockerUnderTest, gpu_image: str, tmp_path: Path
) -> None:
    async with DockerHouse(tmp_path, gpu_engine, gpu_image) as house:
        runtime = house.runtime()
        running = [
            await begun(house, runtime, order(house, "ada", "GPU-1")),
            await begun(house, runtime, order(house, "ben", "GPU-1", vram_mib=8_000)),
            await begun(house, runtime, order(house, "cleo", "GPU-2", exclusive=True)),
        ]
        for one in running:
            await runtime.stop(one, 0)
        assert house.remains() == []


async def test_without_the_container_toolkit_the_remedy_is_told(
    docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path
) -> None:
    async with DockerHouse(tmp_path, docker_engine, demo_image) as house:
        with pytest.raises(RuntimeUnavailable) as refused:
            await begun(house, house.runtime(), order(house, "ada", "GPU-1"))
        assert refused.value.error_code == "gpu_runtime_missing"
        assert refused.value.command is not None
        assert "nvidia-ctk runtime configure" in refused.value.command
        assert house.remains() == []
