"""Services as containers of a real engine: what they may do, and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from docker.types import IPAMConfig, IPAMPool
from docker_engine import DockerUnderTest
from runtime_houses import NAMESPACE, OWNER, TOKEN, DockerHouse
from waiting import until

from coursia_genai_lab.errors import (
    ConfigurationError,
    Conflict,
    ImageMissing,
    ServiceDied,
    ServiceError,
)
from coursia_genai_lab.runtimes.base import Instance, Progress, Runtime, Secret, StartOrder
from coursia_genai_lab.runtimes.credentials import credential_headers
from coursia_genai_lab.runtimes.readiness import speaks, until_ready

pytestmark = pytest.mark.docker

PATIENCE = 60.0
NAME = f"{NAMESPACE}-chatty"
PYTHON = str(Path(sys.executable).resolve())


@pytest.fixture
def house(docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path) -> Iterator[DockerHouse]:
    house = DockerHouse(tmp_path, docker_engine, demo_image)
    yield house
    remains = house.remains()
    docker_engine.empty()
    assert remains == []


def inspect(house: DockerHouse, instance: Instance) -> dict[str, Any]:
    found: dict[str, Any] = house.engine.client.api.inspect_container(instance.identifier)
    return found


def running(source: str, house: DockerHouse, **changes: object) -> dict[str, object]:
    return house.container(command=[PYTHON, "-c", source], **changes)


async def test_the_demo_engine_serves_from_a_container(house: DockerHouse) -> None:
    container = {"image": house.container()["image"], "port": 8188, "memory_mib": 256}
    spec = house.spec(container=container, readiness={"path": "/health"})
    async with house, aiohttp.ClientSession() as session:
        runtime = house.runtime()
        instance = await house.start(runtime, spec)
        await until_ready(instance.url, spec.readiness, timeout_seconds=PATIENCE, session=session)
        proven = credential_headers(spec.credential, instance.credential)
        assert await speaks(instance.url, "comfyui", session=session, headers=proven) == "speaks"
        assert await speaks(instance.url, "comfyui", session=session) == "locked"
        await runtime.stop(instance, 5)


async def test_a_container_may_do_nothing_that_it_need_not(house: DockerHouse) -> None:
    spec = house.spec(container=house.container(memory_mib=128, cpus=1024, pids=64, read_only=True))
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime, spec)
        found = inspect(house, instance)
        host = found["HostConfig"]
        assert host["CapDrop"] == ["ALL"]
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert not host["Privileged"]
        assert host["Init"]
        assert host["ReadonlyRootfs"]
        assert list(host["Tmpfs"]) == ["/tmp"]
        assert host["Memory"] == host["MemorySwap"] == 128 * 2**20
        assert host["PidsLimit"] == 64
        assert host["NanoCpus"] == house.engine.client.info()["NCPU"] * 10**9
        assert host["RestartPolicy"]["Name"] in ("", "no")
        assert [mount["RW"] for mount in found["Mounts"]] == [False]
        ports = found["NetworkSettings"]["Ports"]
        assert [one["HostIp"] for one in ports["8000/tcp"]] == ["127.0.0.1"]
        await runtime.stop(instance, 1)


async def test_containers_have_a_network_of_their_own_without_talk(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        assert list(inspect(house, instance)["NetworkSettings"]["Networks"]) == [NAMESPACE]
        (network,) = house.engine.client.networks.list(names=[NAMESPACE])
        assert network.attrs["Options"]["com.docker.network.bridge.enable_icc"] == "false"
        assert network.attrs["IPAM"]["Config"][0]["Subnet"] == house.engine.subnet
        await runtime.stop(instance, 1)


async def test_a_container_bears_its_owner_and_no_secret(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        found = inspect(house, instance)
        labels = found["Config"]["Labels"]
        assert labels["io.coursia.genai.owner"] == OWNER
        assert labels["io.coursia.genai.service"] == "chatty"
        assert labels["io.coursia.genai.namespace"] == NAMESPACE
        assert found["Name"] == f"/{NAME}"
        assert TOKEN not in str(found)
        await runtime.stop(instance, 1)


async def test_the_credential_file_is_closed_to_other_people_of_this_machine(
    house: DockerHouse,
) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        (file,) = (house.folder / "credentials").iterdir()
        assert file.stat().st_mode & 0o777 == 0o444
        assert file.parent.stat().st_mode & 0o777 == 0o700
        await runtime.stop(instance, 1)


async def test_models_are_mounted_read_only_from_the_root_that_has_them(
    house: DockerHouse, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty, full = tmp_path_factory.mktemp("empty"), tmp_path_factory.mktemp("full")
    (full / "checkpoints").mkdir()
    spec = house.spec(container=house.container(models=["checkpoints"]))
    async with house:
        runtime = house.runtime()
        order = house.order(spec)
        order = StartOrder(**{**vars(order), "model_roots": (str(empty), str(full))})
        instance = await runtime.start(order, house.reports.append)
        mounts = {one["Destination"]: one for one in inspect(house, instance)["Mounts"]}
        assert mounts["/models/checkpoints"]["Source"] == str(full / "checkpoints")
        assert not mounts["/models/checkpoints"]["RW"]
        await runtime.stop(instance, 1)


@pytest.mark.parametrize("folder", ["absent", "outside"])
async def test_a_model_folder_outside_the_roots_is_refused(
    house: DockerHouse, folder: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = tmp_path_factory.mktemp("base")
    (base / "root").mkdir()
    (base / "elsewhere").mkdir()
    (base / "root" / "outside").symlink_to(base / "elsewhere")
    order = house.order(house.spec(container=house.container(models=[folder])))
    order = StartOrder(**{**vars(order), "model_roots": (str(base / "root"),)})
    async with house:
        with pytest.raises(ConfigurationError, match="model root"):
            await house.runtime().start(order, house.reports.append)


async def test_a_missing_image_is_told_and_never_fetched(house: DockerHouse) -> None:
    spec = house.spec(container=house.container(image="cgl-test/no-such:1"))
    async with house:
        runtime = house.runtime()
        problem = await runtime.check(spec)
        assert problem is not None
        assert (problem.code, problem.command) == (
            "image_missing",
            "docker pull cgl-test/no-such:1",
        )
        with pytest.raises(ImageMissing):
            await house.start(runtime, spec)


async def test_the_specs_own_way_to_its_image_comes_first(house: DockerHouse) -> None:
    spec = house.spec(
        container=house.container(image="cgl-test/no-such:1"),
        install="Build it.",
        install_command="make image",
    )
    async with house:
        problem = await house.runtime().check(spec)
        assert problem is not None
        assert (problem.remedy, problem.command) == ("Build it.", "make image")


async def test_a_gpu_that_docker_cannot_give_is_told_and_leaves_nothing(
    house: DockerHouse,
) -> None:
    async with house:
        with pytest.raises(ServiceError) as failure:
            await house.start(house.runtime(), house.spec(gpu={"vram_mib": 1, "ids": ["0"]}))
        assert failure.value.error_code == "gpu_runtime_missing"
        assert house.remains() == []


async def end_of(house: DockerHouse, container: dict[str, object]) -> str:
    """Start the service and return all that is told about its end."""
    async with house:
        runtime = house.runtime()
        try:
            instance = await house.start(runtime, house.spec(container=container))
        except ServiceDied as error:
            return error.message  # it ended before it had a port
        ended = await asyncio.wait_for(runtime.wait(instance), PATIENCE)
        lines = await runtime.logs(instance, 5)
        await runtime.stop(instance, 0)
        return "\n".join([ended.reason, *lines])


async def test_a_service_that_dies_at_once_is_told_with_its_last_line(
    house: DockerHouse,
) -> None:
    told = await end_of(house, running("raise SystemExit('no model here')", house))
    assert "exited with status 1" in told
    assert "no model here" in told


async def test_a_container_out_of_memory_is_told_as_such(house: DockerHouse) -> None:
    told = await end_of(house, running("b = b'x' * 2**30", house, memory_mib=64))
    assert "killed: out of memory" in told


async def test_a_container_removed_by_hand_is_told_as_such(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        house.engine.client.api.remove_container(instance.identifier, force=True)
        ended = await asyncio.wait_for(runtime.wait(instance), PATIENCE)
        assert ended.reason == "removed by somebody"
        assert await runtime.logs(instance, 5) == []
        await runtime.stop(instance, 1)


@pytest.mark.parametrize(
    "phase", ["looking for the image", "creating the container", "starting the container"]
)
async def test_a_start_cancelled_at_any_step_leaves_nothing(house: DockerHouse, phase: str) -> None:
    reached = asyncio.Event()

    def report(progress: Progress) -> None:
        if progress.phase == phase:
            reached.set()

    async with house:
        runtime = house.runtime()
        start = asyncio.create_task(runtime.start(house.order(), report))
        await asyncio.wait_for(reached.wait(), PATIENCE)
        start.cancel()
        await asyncio.wait([start], timeout=PATIENCE)
        assert start.cancelled()
        assert house.remains() == []


async def test_a_name_that_somebody_else_has_is_left_alone(house: DockerHouse) -> None:
    stranger = house.engine.client.containers.create(
        house.container()["image"], [PYTHON, "-c", "0"], name=NAME, network_mode="none"
    )
    async with house:
        with pytest.raises(Conflict, match=f"{NAME} belongs to somebody else") as conflict:
            await house.start(house.runtime())
        assert conflict.value.remedy
        stranger.reload()
        assert stranger.status == "created"
    stranger.remove()


async def test_a_name_that_another_lab_has_is_left_alone(house: DockerHouse) -> None:
    async with house:
        theirs = house.runtime()
        order = house.order(owner="another-lab-on-this-host")
        instance = await theirs.start(order, house.reports.append)
        with pytest.raises(Conflict, match="another Lab"):
            await house.start(house.runtime())
        assert inspect(house, instance)["State"]["Running"]
        await theirs.stop(instance, 1)


async def test_a_network_that_somebody_else_has_is_left_alone(house: DockerHouse) -> None:
    pool = IPAMPool(subnet=house.engine.subnet)
    theirs = house.engine.client.networks.create(NAMESPACE, ipam=IPAMConfig(pool_configs=[pool]))
    async with house:
        with pytest.raises(Conflict, match="network"):
            await house.start(house.runtime())
    theirs.remove()


async def test_a_subnet_that_is_taken_is_replaced_with_a_warning(
    house: DockerHouse, caplog: pytest.LogCaptureFixture
) -> None:
    pool = IPAMPool(subnet=house.engine.subnet)
    theirs = house.engine.client.networks.create("theirs", ipam=IPAMConfig(pool_configs=[pool]))
    async with house:
        runtime = house.runtime()
        with caplog.at_level(logging.WARNING):
            instance = await house.start(runtime)
        assert house.engine.subnet in caplog.text
        await runtime.stop(instance, 1)
    theirs.remove()


async def test_services_that_start_together_share_one_network(house: DockerHouse) -> None:
    async with house:
        runtimes = [house.runtime() for _ in range(4)]
        specs = [house.spec(name=f"chatty-{number}") for number in range(4)]
        pairs = zip(runtimes, specs, strict=True)
        instances = await asyncio.gather(*(house.start(one, spec) for one, spec in pairs))
        assert len(house.engine.client.networks.list(names=[NAMESPACE])) == 1
        stops = zip(runtimes, instances, strict=True)
        await asyncio.gather(*(one.stop(instance, 0) for one, instance in stops))


async def test_two_labs_of_one_owner_that_start_together_make_one_container(
    house: DockerHouse,
) -> None:
    async with house:
        runtimes = [house.runtime() for _ in range(4)]
        instances = await asyncio.gather(*(house.start(one) for one in runtimes))
        assert len({instance.identifier for instance in instances}) == 1
        assert len([one for one in instances if not one.adopted]) == 1
        await asyncio.gather(
            *(one.stop(each, 0) for one, each in zip(runtimes, instances, strict=True))
        )


async def test_a_container_with_another_spec_is_replaced(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        first = await house.start(runtime)
        changed = house.spec(container=house.container(memory_mib=300))
        second = await house.start(house.runtime(), changed)
        assert second.identifier != first.identifier
        assert not second.adopted
        ended = await asyncio.wait_for(runtime.wait(first), PATIENCE)
        assert ended.reason == "removed by somebody"
        again = house.runtime()
        (found,) = await house.find(again, changed)
        await again.stop(found, 1)


async def test_a_container_that_never_ran_is_replaced(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        first = await house.start(runtime)
        await runtime.stop(first, 0)
        labels = {"io.coursia.genai.owner": OWNER, "io.coursia.genai.namespace": NAMESPACE}
        half = house.engine.client.containers.create(
            house.container()["image"], name=NAME, labels=labels, network_mode="none"
        )
        second = await house.start(runtime)
        assert second.identifier != half.id
        await runtime.stop(second, 0)


async def test_a_container_whose_credential_is_lost_is_removed(house: DockerHouse) -> None:
    async with house:
        earlier = house.runtime()
        await house.start(earlier)
        await earlier.close()
        (file,) = (house.folder / "credentials").iterdir()
        file.unlink()
        assert await house.find(house.runtime()) == []
        assert house.remains() == []


async def test_a_container_that_ended_meanwhile_is_removed(house: DockerHouse) -> None:
    async with house:
        earlier = house.runtime()
        instance = await house.start(earlier)
        await earlier.close()
        house.engine.client.api.kill(instance.identifier)
        await until(lambda: not inspect(house, instance)["State"]["Running"])
        assert await house.find(house.runtime()) == []
        assert house.remains() == []


async def test_a_service_that_ignores_signals_is_killed_after_its_grace(
    house: DockerHouse,
) -> None:
    source = "import signal; signal.signal(15, signal.SIG_IGN)\nwhile True: signal.pause()"
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime, house.spec(container=running(source, house)))
        await runtime.stop(instance, 0.2)
        assert house.remains() == []


async def test_a_stop_that_nobody_waits_for_goes_on(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        stop = asyncio.create_task(runtime.stop(instance, 1))
        await asyncio.sleep(0)
        stop.cancel()
        await asyncio.wait([stop])
        await runtime.close()
        assert house.remains() == []


async def test_environment_and_user_of_the_spec_reach_the_service(house: DockerHouse) -> None:
    source = "import os, signal; print(os.environ['MODEL'], os.getuid(), flush=True)\n"
    container = running(
        source + "signal.pause()", house, environment={"MODEL": "flux"}, user="1234:1234"
    )
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime, house.spec(container=container))
        lines: list[str] = []
        for _ in range(200):
            lines = await runtime.logs(instance, 1)
            if lines:
                break
            await asyncio.sleep(0.05)
        assert lines == ["flux 1234"]
        await runtime.stop(instance, 0)


SPEAKS = """
import pathlib, signal
token = pathlib.Path("/run/secrets/coursia-genai/token").read_text()
print("my secret is", token, flush=True)
signal.signal(signal.SIGTERM, lambda *_: (print("going", flush=True), exit(0)))
while True: signal.pause()
"""


async def test_output_is_followed_to_the_end_without_the_credential(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime, house.spec(container=running(SPEAKS, house)))
        lines = runtime.follow(instance, 10)
        assert await asyncio.wait_for(lines.__anext__(), PATIENCE) == "my secret is …"
        following = asyncio.create_task(rest_of(lines))
        await runtime.stop(instance, 10)
        assert await asyncio.wait_for(following, PATIENCE) == ["going"]


async def rest_of(lines: AsyncIterator[str]) -> list[str]:
    return [line async for line in lines]


async def test_who_leaves_off_following_makes_room_for_others(house: DockerHouse) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime, house.spec(container=running(SPEAKS, house)))
        for _ in range(8):
            async with contextlib.aclosing(followed(runtime, instance)) as lines:
                assert await asyncio.wait_for(lines.__anext__(), PATIENCE)
        await runtime.stop(instance, 0)
        left = runtime.follow(instance, 10)
        assert await asyncio.wait_for(rest_of(left), PATIENCE) == []


def followed(runtime: Runtime, instance: Instance) -> AsyncGenerator[str, None]:
    lines = runtime.follow(instance, 1)
    assert isinstance(lines, AsyncGenerator)
    return lines


def test_no_secret_is_in_an_orders_words(house: DockerHouse) -> None:
    assert TOKEN not in repr(house.order())
    assert TOKEN not in repr(Secret(TOKEN))
