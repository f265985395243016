"""What every runtime promises, tried on each with a real service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from docker_engine import PODMAN, DockerUnderTest
from runtime_houses import (
    TOKEN,
    DockerHouse,
    ExternalHouse,
    FakeHouse,
    House,
    ProcessHouse,
)

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.credentials import credential_headers
from coursia_genai_lab.runtimes.readiness import until_ready

PATIENCE = 60.0

STARTERS = [
    "fake",
    "process",
    pytest.param("docker", marks=pytest.mark.docker),
    *([pytest.param("podman", marks=pytest.mark.docker)] if PODMAN else []),
]


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    name = getattr(request, "param", "")
    if name in ("docker", "podman"):
        engine: DockerUnderTest = request.getfixturevalue(f"{name}_engine")
        image = "demo_image" if name == "docker" else "podman_demo_image"
        return DockerHouse(tmp_path, engine, request.getfixturevalue(image))
    kinds = {"fake": FakeHouse, "process": ProcessHouse, "external": ExternalHouse}
    return kinds[name](tmp_path)


@pytest.mark.docker
@pytest.mark.skipif(PODMAN is None, reason="needs podman (Debian: podman catatonit)")
def test_podman_is_held_to_the_same_promises(podman_engine: DockerUnderTest) -> None:
    assert podman_engine.client.version()["Components"][0]["Name"] == "Podman Engine"


every_runtime = pytest.mark.parametrize("house", [*STARTERS, "external"], indirect=True)
every_starter = pytest.mark.parametrize("house", STARTERS, indirect=True)


async def serves(instance: Instance, spec: ServiceSpec) -> None:
    async with aiohttp.ClientSession() as session:
        await until_ready(instance.url, spec.readiness, timeout_seconds=PATIENCE, session=session)


async def status_of(instance: Instance, spec: ServiceSpec, *, proven: bool) -> int:
    headers = credential_headers(spec.credential, instance.credential) if proven else {}
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{instance.url}/anything", headers=headers) as response,
    ):
        return response.status


@every_runtime
async def test_takes_its_own_services_and_no_others(house: House) -> None:
    async with house:
        runtime = house.runtime()
        assert runtime.fits(house.spec())
        cloud = ServiceSpec(name="cloud", title="A cloud", kind="cloud", dialect="openrouter")
        assert not runtime.fits(cloud)


@every_runtime
async def test_says_nothing_against_a_service_that_can_start(house: House) -> None:
    async with house:
        assert await house.runtime().check(house.spec()) is None


@every_runtime
async def test_a_started_service_answers_at_its_address(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        await serves(instance, house.spec())
        assert instance.url.startswith("http://127.0.0.1:")
        assert instance.runtime == runtime.name
        assert house.reports
        await runtime.stop(instance, 1)


@every_starter
async def test_the_credential_opens_the_service_and_nothing_else_does(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        await serves(instance, house.spec())
        assert instance.credential.reveal() == TOKEN
        assert await status_of(instance, house.spec(), proven=True) == 200
        assert await status_of(instance, house.spec(), proven=False) == 401
        await runtime.stop(instance, 1)


@every_runtime
async def test_starting_what_runs_adopts_it(house: House) -> None:
    async with house:
        runtime = house.runtime()
        first = await house.start(runtime)
        second = await house.start(runtime)
        assert (second.identifier, second.url) == (first.identifier, first.url)
        assert second.adopted
        await runtime.stop(first, 1)


@every_starter
async def test_stopping_ends_it_and_leaves_nothing(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        await serves(instance, house.spec())
        end = asyncio.create_task(runtime.wait(instance))
        await asyncio.sleep(0)
        await runtime.stop(instance, 5)
        await asyncio.wait_for(end, PATIENCE)
        assert house.remains() == []
        await runtime.stop(instance, 5)


async def test_stopping_an_external_server_leaves_it_running(tmp_path: Path) -> None:
    async with ExternalHouse(tmp_path) as house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        await runtime.stop(instance, 0)
        await serves(instance, house.spec())
        assert instance.external_owner == "operator"
        assert house.remains() == []


@every_runtime
async def test_an_end_by_itself_is_told(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        await serves(instance, house.spec())
        await house.die(instance)
        ended = await asyncio.wait_for(runtime.wait(instance), PATIENCE)
        assert ended.reason
        if house.starts:
            assert ended.code == 3


@every_starter
async def test_a_service_that_ended_by_itself_starts_again(house: House) -> None:
    async with house:
        runtime = house.runtime()
        first = await house.start(runtime)
        await serves(first, house.spec())
        await house.die(first)
        await asyncio.wait_for(runtime.wait(first), PATIENCE)
        second = await house.start(runtime)
        await serves(second, house.spec())
        assert second.identifier != first.identifier
        await runtime.stop(second, 1)
        await runtime.stop(first, 1)
        assert house.remains() == []


@every_runtime
async def test_the_log_is_told_without_the_credential(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        await serves(instance, house.spec())
        lines = await runtime.logs(instance, 50)
        assert lines
        assert TOKEN not in "\n".join(lines)
        assert len(await runtime.logs(instance, 1)) == 1
        assert await runtime.logs(instance, 0) == []
        await runtime.stop(instance, 1)


@every_starter
async def test_a_failing_start_says_why_and_leaves_nothing(house: House) -> None:
    async with house:
        with pytest.raises(ServiceError) as failure:
            await house.start(house.runtime(), house.broken())
        assert failure.value.message
        assert failure.value.remedy
        assert TOKEN not in str(failure.value)
        assert house.remains() == []


@every_starter
async def test_a_cancelled_start_leaves_nothing(house: House) -> None:
    async with house:
        runtime = house.runtime()
        begun = asyncio.Event()
        start = asyncio.create_task(runtime.start(house.order(), lambda progress: begun.set()))
        await asyncio.wait_for(begun.wait(), PATIENCE)
        start.cancel()
        await asyncio.wait([start], timeout=PATIENCE)
        assert start.cancelled()
        assert house.remains() == []


@every_starter
async def test_the_next_lab_finds_what_runs_with_its_credential(house: House) -> None:
    async with house:
        earlier = house.runtime()
        instance = await house.start(earlier)
        await serves(instance, house.spec())
        await earlier.close()

        runtime = house.runtime()
        (found,) = await house.find(runtime)
        assert (found.identifier, found.url) == (instance.identifier, instance.url)
        assert found.adopted
        assert found.credential.reveal() == TOKEN
        assert await status_of(found, house.spec(), proven=True) == 200
        assert (await house.start(runtime)).identifier == found.identifier
        await runtime.stop(found, 5)
        assert house.remains() == []


@every_starter
async def test_the_end_of_an_adopted_service_is_told(house: House) -> None:
    async with house:
        earlier = house.runtime()
        await serves(await house.start(earlier), house.spec())
        await earlier.close()
        runtime = house.runtime()
        (found,) = await house.find(runtime)
        await house.die(found)
        assert (await asyncio.wait_for(runtime.wait(found), PATIENCE)).reason
        await runtime.stop(found, 1)
        assert house.remains() == []


@every_starter
async def test_another_owner_finds_nothing_and_touches_nothing(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        assert await house.find(house.runtime(), owner="somebody-else") == []
        await serves(instance, house.spec())
        await runtime.stop(instance, 1)


@every_starter
async def test_what_no_spec_describes_any_more_is_removed(house: House) -> None:
    async with house:
        earlier = house.runtime()
        await house.start(earlier)
        await earlier.close()
        assert await house.find(house.runtime(), house.spec(name="other")) == []
        assert house.remains() == []


@every_starter
async def test_what_runs_otherwise_than_described_now_is_removed(house: House) -> None:
    async with house:
        earlier = house.runtime()
        await house.start(earlier)
        await earlier.close()
        changed = house.spec(credential={"scheme": "basic"})
        assert await house.find(house.runtime(), changed) == []
        assert house.remains() == []


@every_starter
async def test_what_runs_as_described_has_not_drifted(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        assert await runtime.drift(house.spec(), instance) is None
        await runtime.stop(instance, 1)


@every_starter
async def test_output_that_is_followed_comes_without_the_credential(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        await serves(instance, house.spec())
        followed = [line async for line in first_of(runtime.follow(instance, 50))]
        first = followed[0]
        assert first
        assert TOKEN not in first
        await runtime.stop(instance, 1)


@every_runtime
async def test_what_can_go_away_is_told_to_be_here(house: House) -> None:
    async with house:
        runtime = house.runtime()
        told = [here async for here in first_of(runtime.presence())]
        assert told in ([], [True])


Told = TypeVar("Told")


async def first_of(told: AsyncIterator[Told]) -> AsyncIterator[Told]:
    """Give at most one, and close what gives them."""
    with contextlib.suppress(StopAsyncIteration):
        yield await asyncio.wait_for(told.__anext__(), PATIENCE)
    if isinstance(told, AsyncGenerator):
        await told.aclose()


@every_runtime
async def test_finding_nothing_is_no_error(house: House) -> None:
    async with house:
        assert await house.find(house.runtime()) == []


@every_runtime
async def test_closing_twice_is_no_error(house: House) -> None:
    async with house:
        runtime = house.runtime()
        await runtime.check(house.spec())
        await runtime.close()
        await runtime.close()
