"""Engines that stop, crash and hang under running services, and ports that are taken."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import docker.errors
import pytest
from docker_engine import DockerUnderTest
from runtime_houses import NAMESPACE, DockerHouse
from waiting import until

from coursia_genai_lab.errors import RuntimeUnavailable
from coursia_genai_lab.runtimes.base import Instance, Progress
from coursia_genai_lab.runtimes.docker import DockerRuntime
from coursia_genai_lab.runtimes.docker_engine import DockerEngine

pytestmark = pytest.mark.docker

PATIENCE = 60.0
SOON = 60.0


@pytest.fixture
def house(docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path) -> Iterator[DockerHouse]:
    house = DockerHouse(tmp_path, docker_engine, demo_image)
    yield house
    if docker_engine.daemon.poll() is not None:
        docker_engine.start()  # a test that failed must not spoil the next
    remains = house.remains()
    docker_engine.empty()
    assert remains == []


@contextlib.asynccontextmanager
async def presence(runtime: DockerRuntime) -> AsyncIterator[list[bool]]:
    """Keep what is told of the engine's going and coming."""
    told: list[bool] = []

    async def listen() -> None:
        async for here in runtime.presence():
            told.append(here)

    task = asyncio.create_task(listen())
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def docker_runtime(house: DockerHouse) -> DockerRuntime:
    runtime = house.runtime()
    assert isinstance(runtime, DockerRuntime)
    return runtime


async def started(house: DockerHouse, runtime: DockerRuntime) -> Instance:
    return await asyncio.wait_for(house.start(runtime), PATIENCE)


async def test_an_end_is_heard_and_not_looked_for(house: DockerHouse) -> None:
    async with house:
        house.options["look_seconds"] = 3600.0
        runtime = docker_runtime(house)
        async with presence(runtime) as told:
            await until(lambda: told == [True])
            instance = await started(house, runtime)
            end = asyncio.create_task(runtime.wait(instance))
            await asyncio.sleep(0)
            house.engine.client.api.kill(instance.identifier)
            assert (await asyncio.wait_for(end, SOON)).code == 137
            await runtime.stop(instance, 0)


async def test_an_engine_that_ends_and_comes_back_is_told_both_times(house: DockerHouse) -> None:
    async with house:
        runtime = docker_runtime(house)
        async with presence(runtime) as told:
            await asyncio.wait_for(until(lambda: told == [True]), SOON)
            house.engine.terminate()
            await asyncio.wait_for(until(lambda: told == [True, False]), SOON)
            problem = await runtime.check(house.spec())
            assert problem is not None
            assert problem.code in ("docker_absent", "docker_not_running")
            house.engine.start()
            await asyncio.wait_for(until(lambda: told == [True, False, True]), SOON)
            assert await runtime.check(house.spec()) is None


async def test_the_end_of_a_service_with_its_engine_is_told_before_that_is_back(
    house: DockerHouse,
) -> None:
    async with house:
        runtime = docker_runtime(house)
        instance = await started(house, runtime)
        end = asyncio.create_task(runtime.wait(instance))
        house.engine.kill()
        assert "Docker engine ended" in (await asyncio.wait_for(end, SOON)).reason
        with pytest.raises(RuntimeUnavailable):
            await runtime.stop(instance, 0)
        house.engine.start()
        # Its remains, and the credential, are still known to be ours.
        assert await house.find(runtime) == []
        assert house.remains() == []
        again = await started(house, runtime)
        await runtime.stop(again, 0)


async def test_an_engine_that_hangs_costs_seconds_and_is_used_again_when_it_answers(
    house: DockerHouse,
) -> None:
    async with house:
        runtime = docker_runtime(house)
        async with presence(runtime) as told:
            await until(lambda: told == [True])
            instance = await started(house, runtime)
            end = asyncio.create_task(runtime.wait(instance))
            with house.engine.frozen():
                problem = await asyncio.wait_for(runtime.check(house.spec()), 60)
                assert problem is not None
                assert problem.code == "docker_hangs"
                assert problem.remedy
                assert not end.done()
            # Sooner than the rest that a silent engine is given: it was heard to answer.
            await asyncio.wait_for(_until_usable(runtime, house), SOON)
            assert not end.done()
            await runtime.stop(instance, 0)
            await end


async def _until_usable(runtime: DockerRuntime, house: DockerHouse) -> None:
    while await runtime.check(house.spec()) is not None:
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("phase", ["creating the container", "starting the container"])
async def test_an_engine_killed_during_a_start_spoils_no_later_start(
    house: DockerHouse, phase: str
) -> None:
    def report(progress: Progress) -> None:
        if progress.phase == phase:
            house.engine.daemon.kill()

    async with house:
        runtime = docker_runtime(house)
        with pytest.raises(RuntimeUnavailable) as failure:
            await asyncio.wait_for(runtime.start(house.order(), report), PATIENCE)
        assert failure.value.remedy
        house.engine.kill()
        house.engine.start()
        instance = await started(house, runtime)
        await runtime.stop(instance, 0)
        assert await house.find(runtime) == []


async def test_an_engine_killed_during_a_stop_leaves_it_to_be_done_again(
    house: DockerHouse,
) -> None:
    async with house:
        runtime = docker_runtime(house)
        instance = await started(house, runtime)
        stop = asyncio.create_task(runtime.stop(instance, 10))
        await asyncio.sleep(0)
        house.engine.kill()
        with contextlib.suppress(RuntimeUnavailable):
            await asyncio.wait_for(stop, PATIENCE)
        house.engine.start()
        await runtime.stop(instance, 0)
        assert await house.find(runtime) == []
        assert house.remains() == []


@contextlib.contextmanager
def taken_by_a_process(house: DockerHouse, ports: range) -> Iterator[list[int]]:
    taken = []
    with contextlib.ExitStack() as stack:
        for port in ports:
            # A port that some program has just been given may be free again soon.
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
                taken.append(port)
        yield taken


@contextlib.contextmanager
def taken_by_a_container(house: DockerHouse, ports: range) -> Iterator[list[int]]:
    api = house.engine.client.api
    network = api.create_network(f"{NAMESPACE}-theirs")
    made, taken = [], []
    try:
        for port in ports:
            bound = api.create_host_config(
                port_bindings={port: ("127.0.0.1", port)}, network_mode=f"{NAMESPACE}-theirs"
            )
            image, name = house.container()["image"], f"{NAMESPACE}-theirs-{port}"
            made.append(api.create_container(image, name=name, ports=[port], host_config=bound))
            with contextlib.suppress(docker.errors.APIError):
                api.start(made[-1]["Id"])
                taken.append(port)
        yield taken
    finally:
        for container in made:
            api.remove_container(container["Id"], force=True)
        api.remove_network(network["Id"])


Taken = Callable[[DockerHouse, range], contextlib.AbstractContextManager[list[int]]]


@pytest.mark.parametrize(
    ("taken", "count"),
    [(taken_by_a_process, 5), (taken_by_a_process, 25), (taken_by_a_container, 3)],
)
async def test_ports_that_others_have_are_passed_over(
    house: DockerHouse, taken: Taken, count: int
) -> None:
    async with house:
        runtime = docker_runtime(house)
        first = await started(house, runtime)
        port = int(first.url.rpartition(":")[2])
        await runtime.stop(first, 0)
        # The engine gives dynamic ports one after the other.
        with taken(house, range(port + 1, port + 1 + count)) as ports:
            assert ports
            second = await started(house, runtime)
            try:
                assert int(second.url.rpartition(":")[2]) not in ports
            finally:
                await runtime.stop(second, 0)


async def test_a_call_is_called_off_also_at_the_moment_of_its_answer(house: DockerHouse) -> None:
    engine = DockerEngine(house.engine.host)
    await engine.call(lambda client: client.ping())
    for ticks in range(400):
        call = asyncio.create_task(engine.call(lambda client: True, seconds=PATIENCE))
        for _ in range(ticks % 20):
            await asyncio.sleep(0)
        if call.cancel():
            await asyncio.wait([call])
            assert call.cancelled()
    engine.close()
