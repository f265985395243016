"""A whole Lab on a real engine, when services and luck are bad."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from docker_engine import DockerUnderTest
from runtime_houses import NAMESPACE, DockerHouse
from waiting import until

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import GenAIError, ServiceError
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.ownership import claim_slots
from coursia_genai_lab.lab.service import Service
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.docker import DockerRuntime
from coursia_genai_lab.runtimes.readiness import until_ready

pytestmark = pytest.mark.docker

PATIENCE = 60.0
SOON = 60.0
PYTHON = str(Path(sys.executable).resolve())

SERVER = """
import http.server, socketserver
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        {answer}
    def log_message(self, *words): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer): pass
print("listening", flush=True)
Server(("0.0.0.0", 8000), Handler).serve_forever()
"""
ANSWERS = {
    "never": "import time; time.sleep(3600)",
    "byte-a-minute": (
        "import time; [(self.wfile.write(b'H'), self.wfile.flush(), time.sleep(60)) "
        "for _ in range(60)]"
    ),
    "locked": "self.send_response(401); self.end_headers()",
    "broken": "self.send_response(500); self.end_headers()",
    "page": (
        "self.send_response(200); self.send_header('Content-Type', 'text/html'); "
        "self.end_headers(); self.wfile.write(b'<html>Welcome</html>')"
    ),
}
SEEN = {
    "never": "kept silent",
    "byte-a-minute": "kept silent",
    "locked": "status 401",
    "broken": "status 500",
    "page": "web page",
}


@pytest.fixture
def house(docker_engine: DockerUnderTest, demo_image: str, tmp_path: Path) -> Iterator[DockerHouse]:
    house = DockerHouse(tmp_path, docker_engine, demo_image)
    yield house
    if docker_engine.daemon.poll() is not None:
        docker_engine.start()  # a test that failed must not spoil the next
    remains = house.engine.leftovers() + [str(file) for file in tmp_path.rglob("docker-*")]
    docker_engine.empty()
    assert remains == []
    assert docker_engine.shims() == 0


async def answers(spec: ServiceSpec, instance: Instance) -> None:
    async with aiohttp.ClientSession() as session:
        await until_ready(
            instance.url,
            spec.readiness,
            timeout_seconds=spec.start_timeout_seconds,
            session=session,
            title=spec.title,
        )


def service(house: DockerHouse, source: str = "", **changes: object) -> ServiceSpec:
    """Return a service that runs the source, else one that behaves."""
    container = house.container(**({"command": [PYTHON, "-c", source]} if source else {}))
    return house.spec(container=container, stop_grace_seconds=0, **changes)


@contextlib.asynccontextmanager
async def lab_on(
    house: DockerHouse, *specs: ServiceSpec, store: str = "store", opened: bool = True
) -> AsyncIterator[Lab]:
    lab = Lab(
        catalog=Catalog({spec.name: spec for spec in specs}),
        settings=LabSettings(
            state_path=str(house.folder / store),
            namespace=NAMESPACE,
            network_subnet=house.engine.subnet,
            runtime="docker",
            max_concurrent=len(ANSWERS),
        ),
        runtimes=lambda: {"docker": DockerRuntime(host=house.engine.host, look_seconds=0.1)},
        answers=answers,
    )
    await lab.open()
    if opened:
        await lab.opened(PATIENCE)
    try:
        yield lab
    finally:
        await lab.close()


async def becomes(cell: Service, state: str, seconds: float = PATIENCE) -> None:
    await asyncio.wait_for(until(lambda: cell.state == state), seconds)


async def test_services_that_never_answer_well_are_failed_with_what_was_seen(
    house: DockerHouse,
) -> None:
    readiness = {"path": "/system_stats", "interval_seconds": 0.2, "timeout_seconds": 1}
    specs = [
        service(
            house,
            SERVER.format(answer=answer),
            name=name,
            readiness=readiness,
            start_timeout_seconds=8,
        )
        for name, answer in ANSWERS.items()
    ]
    async with lab_on(house, *specs) as lab:
        failures = await asyncio.gather(
            *(lab.endpoint(name, timeout=PATIENCE) for name in ANSWERS), return_exceptions=True
        )
        for name, failure in zip(ANSWERS, failures, strict=True):
            assert isinstance(failure, GenAIError)
            assert failure.error_code == "start_timed_out"
            assert SEEN[name] in failure.message
            assert failure.remedy
            assert lab.service(name).state == "failed"
        assert house.engine.leftovers() == []


async def test_a_service_that_dies_at_boot_is_told_with_its_last_line(house: DockerHouse) -> None:
    async with lab_on(house, service(house, "raise SystemExit('no model here')")) as lab:
        with pytest.raises(ServiceError) as failure:
            await lab.endpoint("chatty", timeout=PATIENCE)
        assert failure.value.error_code == "service_died"
        assert "no model here" in failure.value.message
        assert house.engine.leftovers() == []


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (lambda api, container: api.kill(container), "killed by signal 9"),
        (lambda api, container: api.remove_container(container, force=True), "removed by somebody"),
    ],
)
async def test_a_service_that_ends_later_is_failed_soon_and_starts_again(
    house: DockerHouse, end: Callable[[object, str], None], told: str
) -> None:
    async with lab_on(house, service(house)) as lab:
        await lab.endpoint("chatty", timeout=PATIENCE)
        cell = lab.service("chatty")
        assert cell.instance is not None
        end(house.engine.client.api, cell.instance.identifier)
        await becomes(cell, "failed", SOON)
        assert cell.problem is not None
        assert (cell.problem.code, told in cell.problem.message) == ("service_died", True)
        assert cell.problem.remedy
        assert house.engine.leftovers() == []
        lab.start("chatty", by="ada")
        await becomes(cell, "ready")


async def test_a_service_that_outgrows_its_memory_later_is_told_as_such(
    house: DockerHouse,
) -> None:
    grow = "held = b'x' * 2**30; self.send_response(200); self.end_headers()"
    source = SERVER.format(
        answer=f"""if self.path == '/grow':
            {grow}
        else:
            self.send_response(200); self.end_headers()"""
    )
    async with lab_on(house, service(house, source)) as lab:
        endpoint = await lab.endpoint("chatty", timeout=PATIENCE)
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as session:
                await session.get(f"{endpoint.url}/grow")
        cell = lab.service("chatty")
        await becomes(cell, "failed", SOON)
        assert cell.problem is not None
        assert "out of memory" in cell.problem.message


async def test_thirty_requests_at_one_instant_make_one_container(house: DockerHouse) -> None:
    client = house.engine.client
    async with lab_on(house, service(house)) as lab:
        before = f"{time.time():.6f}"
        found = await asyncio.gather(*(lab.endpoint("chatty", timeout=PATIENCE) for _ in range(30)))
        assert len({one.url for one in found}) == 1
        after = f"{time.time():.6f}"
        made = client.events(since=before, until=after, decode=True, filters={"event": ["create"]})
        assert len([event for event in made if event["Type"] == "container"]) == 1


@pytest.mark.parametrize("stores", [("one", "one"), ("one", "another")])
async def test_a_second_lab_leaves_the_first_ones_service_alone(
    house: DockerHouse, stores: tuple[str, str]
) -> None:
    async with (
        lab_on(house, service(house), store=stores[0]) as first,
        lab_on(house, service(house), store=stores[1]) as second,
    ):
        theirs = await first.endpoint("chatty", timeout=PATIENCE)
        with pytest.raises(GenAIError) as failure:
            await second.endpoint("chatty", timeout=PATIENCE)
        assert failure.value.error_code == "name_taken"
        assert "another Lab" in failure.value.message
        assert failure.value.remedy
        assert (await first.endpoint("chatty", timeout=PATIENCE)).url == theirs.url
        await first.close()
        second.start("chatty", by="ada")
        await becomes(second.service("chatty"), "ready")


async def test_a_service_whose_engine_crashed_is_failed_soon_and_starts_when_it_is_back(
    house: DockerHouse,
) -> None:
    async with lab_on(house, service(house)) as lab:
        await lab.endpoint("chatty", timeout=PATIENCE)
        cell = lab.service("chatty")
        house.engine.kill()
        await becomes(cell, "failed", SOON)
        assert cell.problem is not None
        assert "Docker engine" in cell.problem.message
        lab.start("chatty", by="ada")
        await becomes(cell, "unavailable", SOON)
        assert cell.problem.remedy
        house.engine.start()
        await asyncio.wait_for(until(lambda: cell.state == "stopped"), SOON)
        assert house.engine.leftovers() == []
        lab.start("chatty", by="ada")
        await becomes(cell, "ready")


async def test_a_lab_that_opens_while_the_engine_hangs_adopts_once_it_answers(
    house: DockerHouse,
) -> None:
    spec = service(house)
    async with house:
        slot, _ = claim_slots(house.folder / "store")
        order = replace(house.order(spec), owner=slot.owner, state_folder=str(slot.folder))
        crashed = house.runtime()
        before = await crashed.start(order, house.reports.append)
        slot.release()
        with house.engine.frozen():
            async with lab_on(house, spec) as lab:
                cell = lab.service("chatty")
                assert cell.state == "unavailable"
                assert cell.problem is not None
                assert cell.problem.code == "docker_hangs"
                house.engine.thaw()
                await becomes(cell, "ready", SOON)
                assert (await lab.endpoint("chatty", timeout=SOON)).url == before.url


async def test_a_service_goes_on_while_its_engine_hangs(house: DockerHouse) -> None:
    async with lab_on(house, service(house)) as lab:
        endpoint = await lab.endpoint("chatty", timeout=PATIENCE)
        with house.engine.frozen():
            with pytest.raises(ServiceError) as failure:
                await lab.logs("chatty", 5)
            assert failure.value.error_code == "docker_hangs"
            assert (await lab.endpoint("chatty", timeout=SOON)).url == endpoint.url
            assert lab.service("chatty").state == "ready"
        runtime = (await lab.survey.runtimes())["docker"]
        while await runtime.check(lab.catalog["chatty"]) is not None:
            await asyncio.sleep(0.05)
