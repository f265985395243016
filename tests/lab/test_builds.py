"""Images made on wish: shown on every service, one at a time, each once, and what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from waiting import until

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import Conflict, NotFound, ServiceError
from coursia_genai_lab.lab.builds import Builds
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.views import service_view
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.runtimes.fake_builder import FakeBuilder
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import LabEvent, ServiceView

PATIENCE = 60.0


class World:
    """A Lab with three services: two of one image, one of another; none is here at first."""

    def __init__(self, folder: Path, builder: FakeBuilder) -> None:
        self.builder = builder
        self.here: set[str] = set()
        self.events: list[LabEvent] = []
        specs = [_spec("one", "image:1"), _spec("two", "image:1"), _spec("three", "other:1")]
        specs.append(_spec("bought", "hub.example/bought:1", build=None))
        self.lab = Lab(
            catalog=Catalog({spec.name: spec for spec in specs}),
            settings=LabSettings(state_path=str(folder), runtime="fake", mode="local"),
            runtimes=lambda: {"fake": FakeRuntime(problem=self._missing)},
            answers=_at_once,
            emit=self.events.append,
        )
        self.builds = Builds(self.lab, lambda: builder)

    def _missing(self, spec: ServiceSpec) -> Problem | None:
        images = [order.spec.container for order in self.builder.built]
        if spec.container in images:
            return None
        return Problem(code="image_missing", message="No image.", remedy="Build it.")

    def view(self, name: str) -> ServiceView:
        return service_view(self.lab, name, door=lambda _: None, person="me")

    def states(self, *names: str) -> list[str]:
        return [self.view(name).state for name in names]


def _spec(name: str, image: str, **changes: object) -> ServiceSpec:
    table: dict[str, object] = {
        "name": name,
        "title": name.title(),
        "dialect": "comfyui",
        "container": {"image": image, "port": 8188},
        "build": {"context": "comfyui"},
        **changes,
    }
    return ServiceSpec.model_validate({key: value for key, value in table.items() if value})


async def _at_once(spec: ServiceSpec, instance: Instance) -> None:
    return


@asynccontextmanager
async def opened(folder: Path, builder: FakeBuilder | None = None) -> AsyncIterator[World]:
    world = World(folder, builder or FakeBuilder())
    await world.lab.open()
    await world.lab.opened(PATIENCE)
    await world.lab.look_around(fresh=True)
    try:
        yield world
    finally:
        await world.builds.close()
        await world.lab.close()


async def ended(world: World, name: str) -> Problem | None:
    return await asyncio.wait_for(world.builds.wait(name), PATIENCE)


async def test_a_build_is_shown_on_every_service_of_the_image(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        assert world.states("one", "two", "three") == ["unavailable"] * 3
        assert world.view("one").can_build
        world.builder.gate.clear()
        revision = world.builds.begin("one", by="me")
        assert revision == world.lab.revision
        await until(lambda: (world.view("one").phase or "").startswith("step 3"))
        assert world.states("one", "two", "three") == ["building", "building", "unavailable"]
        view = world.view("two")
        assert (view.phase, view.can_build) == ("step 3 of 3: COPY pretence", False)
        assert view.percent == pytest.approx(66.7, abs=0.1)
        assert view.estimate_seconds is None
        assert world.builds.lines("two", 1) == ["Step 3/3 : COPY pretence"]
        assert world.builds.lines("three", 1) is None
        # What looks round meanwhile hides nothing.
        await world.lab.look_around(fresh=True)
        assert world.states("one") == ["building"]
        world.builder.gate.set()
        assert await ended(world, "one") is None
        assert world.states("one", "two", "three") == ["stopped", "stopped", "unavailable"]
        assert world.view("one").can_build
        assert world.builds.lines("one", 5) is None
        await world.lab.endpoint("two", timeout=PATIENCE)
        assert {event.state for event in world.events if event.service == "two"} >= {
            "building",
            "stopped",
            "ready",
        }


async def test_who_asks_again_joins_the_build(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.builder.gate.clear()
        for name in ("one", "two", "one"):
            world.builds.begin(name, by="me")
        with pytest.raises(Conflict) as other:
            world.builds.begin("two", by="me", base="another:1")
        assert other.value.error_code == "build_in_progress"
        world.builder.gate.set()
        await ended(world, "two")
        assert len(world.builder.built) == 1


async def test_two_images_are_built_one_after_the_other(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.builder.gate.clear()
        world.builds.begin("one", by="me")
        world.builds.begin("three", by="me", base="b:1", no_cache=True)
        await until(lambda: world.builder.at_work == 1)
        assert world.view("three").phase == "waiting for another build to end"
        world.builder.gate.set()
        assert await ended(world, "one") is None
        assert await ended(world, "three") is None
        assert world.builder.most_at_work == 1
        order = world.builder.built[1]
        assert (order.spec.name, order.base, order.no_cache) == ("three", "b:1", True)


async def test_a_failed_build_stays_told_until_the_next(tmp_path: Path) -> None:
    failures = [ServiceError("It broke.", "Mend it.", code="build_failed", command="c")]
    builder = FakeBuilder(failure=lambda spec: failures.pop() if failures else None)
    async with opened(tmp_path, builder) as world:
        world.builds.begin("one", by="me")
        problem = await ended(world, "one")
        assert problem is not None
        assert (problem.code, problem.command) == ("build_failed", "c")
        await world.lab.look_around(fresh=True)
        for name in ("one", "two"):
            view = world.view(name)
            assert view.state == "unavailable"
            assert view.problem == problem
            assert view.can_build
        assert (world.builds.lines("one", 9) or [])[-1] == "It broke."
        world.builds.begin("two", by="me")
        assert world.view("one").problem is None
        assert await ended(world, "one") is None
        assert world.view("one").problem is None


async def test_a_cancelled_build_is_told_as_such(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.builder.gate.clear()
        world.builds.begin("one", by="me")
        await until(lambda: world.builder.at_work == 1)
        world.builds.cancel("two", by="me")
        problem = await ended(world, "one")
        assert problem is not None
        assert problem.code == "build_cancelled"
        assert world.builder.at_work == 0
        assert world.view("two").state == "unavailable"
        # Also one that has not begun.
        world.builds.begin("one", by="me")
        world.builds.cancel("one", by="me")
        problem = await ended(world, "one")
        assert problem is not None
        assert problem.code == "build_cancelled"
        assert world.view("one").can_build
        assert world.builds.cancel("one", by="me") == world.lab.revision


async def test_a_start_meanwhile_says_what_is_missing_and_disturbs_nothing(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as world:
        world.builder.gate.clear()
        world.builds.begin("one", by="me")
        await until(lambda: world.builder.at_work == 1)
        with pytest.raises(ServiceError) as refusal:
            await world.lab.endpoint("one", timeout=PATIENCE)
        assert refusal.value.error_code == "image_missing"
        world.builder.gate.set()
        assert await ended(world, "one") is None
        await world.lab.endpoint("one", timeout=PATIENCE)
        # An image that is made anew leaves what runs alone.
        world.builds.begin("one", by="me")
        assert world.states("one", "two") == ["ready", "building"]
        assert await ended(world, "one") is None
        assert world.states("one", "two") == ["ready", "stopped"]


async def test_only_what_is_made_here_is_built(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        assert not world.view("bought").can_build
        with pytest.raises(Conflict) as refusal:
            world.builds.begin("bought", by="me")
        assert refusal.value.error_code == "not_buildable"
        with pytest.raises(NotFound):
            world.builds.begin("nothing", by="me")


async def test_a_closing_lab_ends_its_builds(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        world.builder.gate.clear()
        world.builds.begin("one", by="me")
        world.builds.begin("three", by="me")
        await until(lambda: world.builder.at_work == 1)
        await asyncio.wait_for(world.builds.close(), PATIENCE)
        assert world.builder.at_work == 0
        with pytest.raises(Conflict):
            world.builds.begin("one", by="me")
