"""Missing images fetched from a registry by a real engine, and what goes wrong with that."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_engine import DockerUnderTest, running_engine
from image_registry import BUSYBOX, Registry, RegistryServer, layer, web_server_layer
from runtime_houses import DockerHouse
from waiting import until

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ImageMissing, ServiceError
from coursia_genai_lab.runtimes.base import Instance, Progress
from coursia_genai_lab.runtimes.docker import DockerRuntime

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(BUSYBOX is None, reason="needs busybox (Debian: busybox-static)"),
]

PATIENCE = 60.0
SERVE = ["/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/"]
SERVER = web_server_layer() if BUSYBOX else b""
RANDOM = random.Random(7)


def noise(count: int) -> bytes:
    """Return a layer that cannot be packed, of about `count` bytes."""
    return layer({f"noise-{RANDOM.random()}": RANDOM.randbytes(count)})


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = RegistryServer()
    yield server.registry
    server.close()


@pytest.fixture
def house(docker_engine: DockerUnderTest, tmp_path: Path) -> Iterator[DockerHouse]:
    house = DockerHouse(tmp_path, docker_engine, "")
    yield house
    remains = house.remains()
    docker_engine.empty()
    assert remains == []


@pytest.fixture(scope="module")
def impatient_engine() -> Iterator[DockerUnderTest]:
    """An engine with a small disk that tries again only once."""
    with running_engine(disk_mib=64, options=["--max-download-attempts=1"]) as engine:
        yield engine


@pytest.fixture
def small_house(impatient_engine: DockerUnderTest, tmp_path: Path) -> Iterator[DockerHouse]:
    house = DockerHouse(tmp_path, impatient_engine, "")
    house.options["reserve_bytes"] = 1_000_000
    yield house
    remains = house.remains()
    impatient_engine.empty()
    assert remains == []
    assert impatient_engine.client.images.list() == []


def served(house: DockerHouse, image: str, **changes: object) -> ServiceSpec:
    container = {"image": image, "port": 8000, "memory_mib": 64, "command": SERVE, **changes}
    return house.spec(container=container, readiness={"path": "/bin/busybox"})


async def refusal(house: DockerHouse, spec: ServiceSpec) -> ServiceError:
    """Start what cannot be fetched, and return what is told."""
    async with house:
        with pytest.raises(ServiceError) as failure:
            await asyncio.wait_for(house.start(house.runtime(), spec), PATIENCE)
        assert failure.value.message
        assert failure.value.remedy
        assert house.remains() == []
        return failure.value


async def start_and_stop(house: DockerHouse, spec: ServiceSpec) -> Instance:
    async with house:
        runtime = house.runtime()
        instance = await asyncio.wait_for(house.start(runtime, spec), PATIENCE)
        await runtime.stop(instance, 0)
        return instance


async def test_a_missing_image_is_fetched_and_told_in_bytes(
    house: DockerHouse, registry: Registry
) -> None:
    layers = [SERVER, noise(2_000_000), noise(700_000)]
    spec = served(house, registry.offer("cgl/told", layers))
    assert await house.runtime().check(spec) is None
    instance = await start_and_stop(house, spec)
    assert instance.detail["image_digest"].startswith("sha256:")
    assert instance.detail["image"] == spec.container.image if spec.container else False
    pulling = [report for report in house.reports if report.state == "pulling"]
    percents = [report.percent or 0 for report in pulling]
    fetched = [report.done_bytes or 0 for report in pulling]
    assert percents == sorted(percents)
    assert fetched == sorted(fetched)
    assert pulling[-1].total_bytes == pulling[-1].done_bytes == sum(map(len, layers))
    phases = [report.phase for report in house.reports]
    for phase in ("downloading the image", "extracting the image", "starting the container"):
        assert phase in phases
    assert all(report.done_bytes is None for report in house.reports if report not in pulling)


async def test_an_image_can_be_fetched_before_its_start(
    house: DockerHouse, registry: Registry
) -> None:
    layers = [SERVER, noise(1_000)]
    spec = served(house, registry.offer("cgl/ahead", layers))
    async with house:
        runtime = house.runtime()
        await asyncio.wait_for(runtime.prepare(spec, house.reports.append), PATIENCE)
        assert "downloading the image" in [report.phase for report in house.reports]
        fetched = len(house.reports)
        await runtime.prepare(spec, house.reports.append)
        assert len(house.reports) == fetched
        instance = await asyncio.wait_for(house.start(runtime, spec), PATIENCE)
        assert all(report.state == "starting" for report in house.reports[fetched:])
        await runtime.stop(instance, 0)


async def test_layers_that_are_here_are_not_fetched_again(
    house: DockerHouse, registry: Registry
) -> None:
    await start_and_stop(house, served(house, registry.offer("cgl/first", [SERVER])))
    added = noise(200_000)
    await start_and_stop(house, served(house, registry.offer("cgl/second", [SERVER, added])))
    assert registry.fetched(SERVER) <= 1
    assert registry.fetched(added) == 1


async def test_an_image_is_fetched_by_its_digest(house: DockerHouse, registry: Registry) -> None:
    image = registry.offer("cgl/exact", [SERVER, noise(1_000)])
    digest = next(key for key in registry.manifests if "sha256:" in key).rpartition("/")[2]
    await start_and_stop(house, served(house, f"{image.removesuffix(':1')}@{digest}"))


async def test_a_download_that_breaks_off_goes_on_where_it_ended(
    house: DockerHouse, registry: Registry
) -> None:
    big = noise(1_000_000)
    registry.cuts = 1
    await start_and_stop(house, served(house, registry.offer("cgl/cut", [big, SERVER])))
    assert any(" from " in line for line in registry.asked)
    fetched = [report.done_bytes or 0 for report in house.reports if report.state == "pulling"]
    assert fetched == sorted(fetched)
    assert any("trying again" in report.phase for report in house.reports)


async def test_a_start_that_nobody_wants_any_more_ends_its_download(
    house: DockerHouse, registry: Registry
) -> None:
    big = noise(500_000)
    spec = served(house, registry.offer("cgl/left", [SERVER, big]))
    registry.hold(big)
    async with house:
        runtime = house.runtime()
        downloading = asyncio.Event()

        def report(progress: Progress) -> None:
            if progress.phase == "downloading the image":
                downloading.set()

        start = asyncio.create_task(runtime.start(house.order(spec), report))
        await asyncio.wait_for(downloading.wait(), PATIENCE)
        await asyncio.to_thread(registry.reached.wait, PATIENCE)
        start.cancel()
        done, _ = await asyncio.wait([start], timeout=PATIENCE)
        assert done
        assert start.cancelled()
        registry.gate.set()
        assert house.remains() == []
        # The engine gave it up as well: what it had is fetched anew.
        instance = await asyncio.wait_for(house.start(runtime, spec), PATIENCE)
        await runtime.stop(instance, 0)
    assert registry.fetched(big) > 1


async def test_long_downloads_keep_no_other_service_waiting(
    house: DockerHouse, registry: Registry
) -> None:
    here = served(house, registry.offer("cgl/here", [SERVER]))
    await start_and_stop(house, here)
    slow = [noise(100_000) for _ in range(4)]
    specs = []
    for number, one in enumerate(slow):
        registry.hold(one)
        image = registry.offer(f"cgl/slow{number}", [SERVER, one])
        specs.append(served(house, image).model_copy(update={"name": f"slow-{number}"}))
    async with house:
        runtime = house.runtime()
        starts = [asyncio.create_task(house.start(runtime, spec)) for spec in specs]
        await asyncio.to_thread(registry.reached.wait, PATIENCE)
        instance = await asyncio.wait_for(house.start(runtime, here), PATIENCE)
        assert not any(start.done() for start in starts)
        assert "waiting to download the image" in [report.phase for report in house.reports]
        registry.gate.set()
        for other in [instance, *await asyncio.gather(*starts)]:
            await runtime.stop(other, 0)


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        (401, "UNAUTHORIZED", "registry_unauthorized"),
        (403, "DENIED", "registry_unauthorized"),
        (404, "NAME_UNKNOWN", "image_unknown"),
        (404, "MANIFEST_UNKNOWN", "image_unknown"),
        (429, "TOOMANYREQUESTS", "registry_rate_limited"),
        (500, "UNKNOWN", "registry_away"),
        (503, "UNAVAILABLE", "registry_away"),
    ],
)
async def test_a_registry_that_refuses_is_told_by_its_reason(
    house: DockerHouse, registry: Registry, status: int, said: str, code: str
) -> None:
    spec = served(house, registry.offer("cgl/refused", [SERVER, noise(10)]))
    registry.status, registry.said = status, said
    error = await refusal(house, spec)
    assert error.error_code == code
    assert registry.address in error.message


async def test_a_registry_that_is_away_is_told(house: DockerHouse) -> None:
    server = RegistryServer()
    image = server.registry.offer("cgl/away", [SERVER])
    server.close()
    assert (await refusal(house, served(house, image))).error_code == "registry_away"


async def test_a_registry_that_falls_silent_is_told(house: DockerHouse, registry: Registry) -> None:
    big = noise(200_000)
    spec = served(house, registry.offer("cgl/silent", [big]))
    registry.hold(big)
    house.options["quiet_seconds"] = 0.5
    assert (await refusal(house, spec)).error_code == "registry_away"


async def test_a_download_that_breaks_off_for_good_leaves_nothing_and_starts_again(
    small_house: DockerHouse, registry: Registry
) -> None:
    spec = served(small_house, registry.offer("cgl/broken", [noise(1_000_000)]))
    registry.cuts = 9
    assert (await refusal(small_house, spec)).error_code == "pull_interrupted"
    engine = small_house.engine
    assert engine.client.images.list() == []
    registry.cuts = 0
    whole = served(small_house, registry.offer("cgl/broken", [SERVER]))
    await start_and_stop(small_house, whole)
    engine.client.images.remove(whole.container.image if whole.container else "")


async def test_an_image_that_is_too_large_is_refused_before_the_disk_is_full(
    small_house: DockerHouse, registry: Registry
) -> None:
    spec = served(small_house, registry.offer("cgl/large", [SERVER, noise(80_000_000)]))
    assert await small_house.runtime().check(spec) is None
    error = await refusal(small_house, spec)
    assert (error.error_code, error.command) == ("disk_full", "docker system df")
    assert "GB are free" in error.message
    client = small_house.engine.client
    await until(lambda: client.images.list() == [])


async def test_an_image_that_unpacks_to_more_than_the_disk_has_is_told(
    small_house: DockerHouse, registry: Registry
) -> None:
    spec = served(small_house, registry.offer("cgl/zeros", [layer({"zeros": bytes(80_000_000)})]))
    small_house.options["reserve_bytes"] = 0
    assert (await refusal(small_house, spec)).error_code == "disk_full"


async def test_a_disk_below_its_reserve_is_told_before_anything_is_fetched(
    small_house: DockerHouse, registry: Registry
) -> None:
    spec = served(small_house, registry.offer("cgl/full", [SERVER]))
    small_house.options["reserve_bytes"] = 1 << 30
    problem = await small_house.runtime().check(spec)
    assert problem is not None
    assert problem.code == "disk_full"
    assert (await refusal(small_house, spec)).error_code == "disk_full"
    assert registry.asked == []


async def test_nothing_is_fetched_where_the_operator_forbids_it(
    house: DockerHouse, registry: Registry, docker_engine: DockerUnderTest
) -> None:
    offered = registry.offer("cgl/forbidden", [SERVER, noise(10)])
    strict = DockerRuntime(host=docker_engine.host, pull=False)
    ordinary = DockerRuntime(host=docker_engine.host)
    cases = [
        (strict, served(house, offered)),
        (ordinary, served(house, offered, pull=False)),
        (ordinary, served(house, "cgl/of-no-registry:1")),
    ]
    for runtime, spec in cases:
        problem = await runtime.check(spec)
        assert problem is not None
        assert problem.code == "image_missing"
        with pytest.raises(ImageMissing):
            await runtime.start(house.order(spec), house.reports.append)
    assert registry.asked == []
    await strict.close()
    await ordinary.close()
