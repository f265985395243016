"""Images built by a real engine, and what goes wrong with that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from docker_engine import DockerUnderTest, running_engine
from image_registry import BUSYBOX, Registry, RegistryServer, digest_of, web_server_layer
from waiting import until

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ConfigurationError, GenAIError, RuntimeUnavailable
from coursia_genai_lab.runtimes.base import Progress
from coursia_genai_lab.runtimes.building import BuildOrder
from coursia_genai_lab.runtimes.docker_build_remains import BASE_LABEL, BUILD_LABEL
from coursia_genai_lab.runtimes.docker_builder import DockerBuilder

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif(BUSYBOX is None, reason="needs busybox (Debian: busybox-static)"),
]

PATIENCE = 90.0
IMAGE = "cgl-test/built:1"
SERVER = web_server_layer() if BUSYBOX else b""
MARK = 'LABEL io.coursia.genai.context="test"'
SLEEP = 'RUN ["/bin/busybox", "sleep", "600"]'
FAIL = 'RUN ["/bin/busybox", "sh", "-c", "echo because of that; exit 3"]'
WRITE = 'RUN ["/bin/busybox", "touch", "/made"]'


@dataclass
class Site:
    """An engine, a registry for base images, a folder to build from, and what was told."""

    engine: DockerUnderTest
    registry: Registry
    folder: Path
    base: str
    reports: list[Progress] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    before: set[str] = field(default_factory=set)
    """Ids of what other tests have on the engine."""

    def spec(self, *steps: str, base: str | None = None, **build: object) -> ServiceSpec:
        """Return a service whose image is made by these steps."""
        first = [f"ARG BASE_IMAGE={base or self.base}", "FROM ${BASE_IMAGE}", MARK]
        (self.folder / "Dockerfile").write_text("\n".join([*first, *steps]) + "\n")
        return ServiceSpec.model_validate(
            {
                "name": "made",
                "title": "Made",
                "dialect": "comfyui",
                "container": {"image": IMAGE, "port": 8000, "pull": False},
                "build": {"context": str(self.folder), **build},
            }
        )

    async def build(self, builder: DockerBuilder, spec: ServiceSpec, **order: object) -> None:
        """Build it, keeping what is told."""
        job = BuildOrder(spec, **order)  # type: ignore[arg-type]
        await asyncio.wait_for(builder.build(job, self.reports.append, self.lines.append), PATIENCE)

    def images(self) -> list[str]:
        """Name what this test has on the engine, without base images; ids of what has no name."""
        rows = [row for row in self.engine.client.api.images() if row["Id"] not in self.before]
        names = [
            [*(row["RepoTags"] or []), *(row["RepoDigests"] or []), row["Id"]][0] for row in rows
        ]
        return sorted(name for name in names if "/cgl/" not in name)

    def label(self, name: str) -> str:
        """Return a label of the image."""
        found = self.engine.client.api.inspect_image(IMAGE)["Config"]["Labels"]
        return str(found[name])


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = RegistryServer()
    yield server.registry
    server.close()


@pytest.fixture
def site(docker_engine: DockerUnderTest, registry: Registry, tmp_path: Path) -> Iterator[Site]:
    found = Site(docker_engine, registry, tmp_path, registry.offer("cgl/base", [SERVER]))
    before = found.before = set(docker_engine.client.api.images(quiet=True, all=True))
    yield found
    remains = docker_engine.leftovers()
    docker_engine.empty()
    for image in (IMAGE, found.base):
        if docker_engine.client.api.images(image):
            docker_engine.client.api.remove_image(image, force=True)
    left = set(docker_engine.client.api.images(quiet=True, all=True)) - before
    assert remains == []
    assert left == set()


@asynccontextmanager
async def builder_of(site: Site, **options: object) -> AsyncIterator[DockerBuilder]:
    options = {"host": site.engine.host, "reserve_bytes": 1_000_000, **options}
    builder = DockerBuilder(**options)  # type: ignore[arg-type]
    try:
        yield builder
    finally:
        await builder.close()


async def refusal(site: Site, spec: ServiceSpec, **options: object) -> GenAIError:
    async with builder_of(site, **options) as builder:
        with pytest.raises(GenAIError) as failure:
            await site.build(builder, spec)
    assert failure.value.message
    assert failure.value.remedy
    assert site.engine.leftovers() == []
    return failure.value


async def test_an_image_is_built_named_and_labelled_with_its_base(site: Site) -> None:
    (site.folder / "hello").write_text("hello")
    spec = site.spec("COPY hello /hello", WRITE, 'CMD ["/bin/busybox", "sh"]')
    async with builder_of(site) as builder:
        await site.build(builder, spec)
        assert IMAGE in site.images()
        assert site.label(BASE_LABEL).startswith(f"{site.base.removesuffix(':1')}@sha256:")
        assert f"base image: {site.label(BASE_LABEL)}" in site.lines
        first = site.label(BUILD_LABEL)
        # Equal files give an equal hash, other ones another, and the old image goes.
        await site.build(builder, spec)
        assert site.label(BUILD_LABEL) == first
        (site.folder / "hello").write_text("hullo")
        await site.build(builder, spec)
        assert site.label(BUILD_LABEL) != first
    assert site.images() == [IMAGE]
    assert {report.state for report in site.reports} == {"building"}
    phases = [report.phase for report in site.reports]
    assert "downloading the base image" in phases
    assert any("touch" in phase and phase.startswith("step ") for phase in phases)
    assert "built" in phases
    assert any(line.startswith("Step 1/") for line in site.lines)


async def test_another_base_is_taken_where_it_is_ordered(site: Site, registry: Registry) -> None:
    other = registry.offer("cgl/other", [SERVER])
    digest = digest_of(registry.manifests["cgl/other/manifests/1"])
    exact = f"{other.removesuffix(':1')}@{digest}"
    async with builder_of(site) as builder:
        await site.build(builder, site.spec(WRITE), base=exact)
    assert site.label(BASE_LABEL) == exact
    assert site.images() == [IMAGE]
    site.engine.client.api.remove_image(IMAGE)
    site.engine.client.api.remove_image(exact)


async def test_a_build_that_fails_half_way_keeps_the_old_image_and_leaves_nothing(
    site: Site,
) -> None:
    async with builder_of(site) as builder:
        await site.build(builder, site.spec(WRITE))
    old = site.label(BUILD_LABEL)
    error = await refusal(site, site.spec('ENV A="1"', 'ENV B="2"', FAIL))
    assert error.error_code == "build_failed"
    assert error.command == "coursia-genai build made"
    assert "because of that" in error.message
    assert "step 6 of" in error.message or "step 5 of" in error.message
    assert site.images() == [IMAGE]
    assert site.label(BUILD_LABEL) == old


async def test_a_first_build_that_fails_leaves_no_name(site: Site) -> None:
    await refusal(site, site.spec(WRITE, FAIL))
    assert site.images() == []


async def test_a_wrong_dockerfile_is_told(site: Site) -> None:
    error = await refusal(site, site.spec("NONSENSE"))
    assert error.error_code == "build_failed"
    assert "NONSENSE" in error.message


async def test_a_base_that_no_registry_has_is_told(site: Site, registry: Registry) -> None:
    error = await refusal(site, site.spec(WRITE, base=f"{registry.address}/cgl/none:1"))
    assert error.error_code == "build_base_missing"
    assert "--base" in error.remedy
    assert "cgl/none:1" in error.message


async def test_a_base_is_not_fetched_where_the_operator_forbids_it(site: Site) -> None:
    error = await refusal(site, site.spec(WRITE), pull=False)
    assert error.error_code == "build_base_missing"
    assert site.registry.asked == []


async def test_a_cancelled_build_ends_on_the_engine_too(site: Site) -> None:
    async with builder_of(site) as builder:
        work = asyncio.create_task(site.build(builder, site.spec(WRITE, SLEEP)))
        await until(lambda: any("sleep" in report.phase for report in site.reports))
        await until(lambda: len(site.engine.client.api.containers()) == 1)
        work.cancel()
        await asyncio.wait([work], timeout=PATIENCE)
        assert work.cancelled()
        await until(lambda: site.engine.client.api.containers(all=True) == [])
        await until(lambda: site.images() == [])
        # Nothing of it is in the way of the next one.
        await site.build(builder, site.spec(WRITE))
    assert site.images() == [IMAGE]


async def test_a_build_that_falls_silent_is_ended(site: Site) -> None:
    error = await refusal(site, site.spec(WRITE, SLEEP), quiet_seconds=1.0)
    assert error.error_code == "build_stalled"
    await until(lambda: site.engine.client.api.containers(all=True) == [])


async def test_a_build_that_takes_too_long_is_ended(site: Site) -> None:
    spec = site.spec(WRITE, SLEEP)
    async with builder_of(site, longest_seconds=5.0) as builder:
        with pytest.raises(GenAIError) as failure:
            await site.build(builder, spec)
    assert failure.value.error_code == "build_stalled"
    await until(lambda: site.engine.client.api.containers(all=True) == [])
    await until(lambda: site.images() == [])


async def test_a_disk_without_room_is_told_before_anything_is_done(site: Site) -> None:
    error = await refusal(site, site.spec(WRITE, size_mib=1 << 24))
    assert error.error_code == "build_disk_full"
    assert error.command == "docker system df"
    assert site.lines == []


async def test_a_disk_that_fills_up_is_told(registry: Registry, tmp_path: Path) -> None:
    fill = 'RUN ["/bin/busybox", "dd", "if=/dev/zero", "of=/big", "bs=1M", "count=200"]'
    with running_engine(disk_mib=64) as engine:
        site = Site(engine, registry, tmp_path, registry.offer("cgl/base", [SERVER]))
        error = await refusal(site, site.spec(fill), reserve_bytes=0)
        assert error.error_code == "build_disk_full"
        assert site.images() == []


async def test_what_a_killed_engine_left_is_swept_by_the_next_build(
    registry: Registry, tmp_path: Path
) -> None:
    with running_engine() as engine:
        site = Site(engine, registry, tmp_path, registry.offer("cgl/base", [SERVER]))
        async with builder_of(site, sweep_after_seconds=0.0) as builder:
            work = asyncio.create_task(site.build(builder, site.spec(WRITE, SLEEP)))
            await until(lambda: len(engine.client.api.containers()) == 1)
            engine.kill()
            with pytest.raises(RuntimeUnavailable):
                await asyncio.wait_for(work, PATIENCE)
            engine.start()
            for row in engine.client.api.containers():
                engine.client.api.kill(row["Id"])
            await until(lambda: engine.client.api.containers() == [])
            await site.build(builder, site.spec("ENV C=3"))
        assert site.images() == [IMAGE]
        assert engine.leftovers() == []


async def test_podman_builds_as_well(
    podman_engine: DockerUnderTest, registry: Registry, tmp_path: Path
) -> None:
    site = Site(podman_engine, registry, tmp_path, "scratch")
    (tmp_path / "hello").write_text("hello")
    spec = site.spec("COPY hello /hello", base="scratch")
    async with builder_of(site) as builder:
        await site.build(builder, spec)
    assert podman_engine.client.api.inspect_image(IMAGE)["Config"]["Labels"][BUILD_LABEL]
    podman_engine.client.api.remove_image(IMAGE, force=True)


def test_a_folder_that_others_can_write_is_not_built_from(tmp_path: Path) -> None:
    from coursia_genai_lab.runtimes.build_context import build_context

    table = {
        "name": "made",
        "title": "Made",
        "dialect": "comfyui",
        "container": {"image": IMAGE, "port": 8000},
    }
    spec = ServiceSpec.model_validate({**table, "build": {"context": str(tmp_path)}})
    with pytest.raises(ConfigurationError, match="no Dockerfile"):
        build_context(spec)
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    assert build_context(spec).base == ""
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigurationError, match="others than you"):
        build_context(spec)
    for name in ("shared", "nothing"):
        with pytest.raises(ConfigurationError):
            build_context(ServiceSpec.model_validate({**table, "build": {"context": name}}))


async def test_the_old_image_stays_where_somebody_gave_it_a_name_of_their_own(site: Site) -> None:
    (site.folder / "hello").write_text("hello")
    spec = site.spec("COPY hello /hello")
    kept = "cgl-test/kept:before"
    api = site.engine.client.api
    async with builder_of(site) as builder:
        await site.build(builder, spec)
        api.tag(IMAGE, *kept.split(":"))
        former = api.inspect_image(IMAGE)["Id"]
        try:
            (site.folder / "hello").write_text("hullo")
            await site.build(builder, spec)
            assert api.inspect_image(IMAGE)["Id"] != former
            assert api.inspect_image(kept)["Id"] == former
        finally:
            if api.images(kept):
                api.remove_image(kept)


async def test_a_login_helper_that_is_missing_breaks_no_build(
    site: Site, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Docker Desktop leaves it for those who then use another engine.
    folder = tmp_path_factory.mktemp("docker")
    (folder / "config.json").write_text('{"credsStore": "missing-helper"}')
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    async with builder_of(site) as builder:
        await site.build(builder, site.spec(WRITE))
    assert site.images() == [IMAGE]


async def test_what_a_step_prints_is_taken_for_no_step_and_no_image(site: Site) -> None:
    words = ["Step 9/2 : much", "STEP 1/1: FROM x", "c0ffee" * 6, "Step 5/0 : nothing"]
    said = "; ".join(f"echo '{word}'" for word in words)
    spec = site.spec(f'RUN ["/bin/busybox", "sh", "-c", "{said}"]', WRITE)
    async with builder_of(site) as builder:
        await site.build(builder, spec)
    assert site.images() == [IMAGE]
    assert all(0 <= (one.percent or 0) <= 100 for one in site.reports)
    assert set(words) <= set(site.lines)
