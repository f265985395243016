"""Model files and warm-ups: a service is ready when its model answers, not before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import aiohttp
import pytest

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.model_files import ModelFiles, ModelsHere
from coursia_genai_lab.lab.survey import Survey
from coursia_genai_lab.lab.views import service_view
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.runtimes.readiness import until_ready
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import RuntimeName, ServiceView

PATIENCE = 60


class Containers(FakeRuntime):
    """Runs services that read the operator's folders."""

    name: ClassVar[RuntimeName] = "docker"


class Neighbours(FakeRuntime):
    """Finds that somebody else runs the service."""

    name: ClassVar[RuntimeName] = "external"


def painter(**more: Any) -> ServiceSpec:
    url = "https://models.example.org/oil.safetensors"
    files = [{"folder": "checkpoints", "name": "oil.safetensors", "size_bytes": 3, "url": url}]
    return ServiceSpec.model_validate(
        {
            "name": "painter",
            "title": "Painter",
            "dialect": "comfyui",
            "container": {"image": "painter:1", "port": 8188},
            "models": [{"id": "oil", "title": "Oil", "files": files}],
            **more,
        }
    )


def put(root: Path) -> Path:
    folder = root / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "oil.safetensors").write_bytes(b"oil")
    return folder / "oil.safetensors"


@asynccontextmanager
async def opened(
    folder: Path,
    runtime: FakeRuntime,
    spec: ServiceSpec | None = None,
    *,
    warm_up: Callable[[ServiceSpec, Instance], Awaitable[None]] | None = None,
) -> AsyncIterator[Lab]:
    spec = spec or painter()
    async with aiohttp.ClientSession() as session:

        async def answers(spec: ServiceSpec, instance: Instance) -> None:
            await until_ready(
                instance.url, spec.readiness, timeout_seconds=PATIENCE, session=session
            )

        lab = Lab(
            catalog=Catalog({spec.name: spec}),
            settings=LabSettings(
                state_path=str(folder / "state"), mode="local", model_roots=(str(folder / "m"),)
            ),
            runtimes=lambda: {runtime.name: runtime},
            answers=answers,
            warm_up=warm_up,
        )
        await lab.open()
        await lab.opened(PATIENCE)
        try:
            yield lab
        finally:
            await lab.close()


def shown(lab: Lab) -> ServiceView:
    return service_view(lab, "painter", door=lambda name: None, person="ada")


async def until(lab: Lab, true: Callable[[], bool]) -> None:
    async def look() -> None:
        while not true():
            await lab.wait_for_change(lab.revision, 1)

    await asyncio.wait_for(look(), PATIENCE)


async def test_a_service_without_its_model_is_unavailable_and_says_what_fetches_it(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, Containers()) as lab:
        view = shown(lab)
        assert view.state == "unavailable"
        assert view.missing_models == ["oil"]
        assert view.problem is not None
        assert view.problem.code == "models_missing"
        assert view.problem.command == "coursia-genai models fetch oil"
        with pytest.raises(ServiceError) as refusal:
            await lab.endpoint("painter", timeout=PATIENCE)
        assert refusal.value.error_code == "models_missing"


async def test_a_start_looks_again_for_files_that_have_come(tmp_path: Path) -> None:
    async with opened(tmp_path, Containers()) as lab:
        put(tmp_path / "m")
        endpoint = await lab.endpoint("painter", timeout=PATIENCE)
        assert endpoint.backend == "painter"
        assert shown(lab).missing_models == []
        assert [model.available for model in shown(lab).models] == [True]


async def test_a_start_looks_again_for_files_that_have_gone(tmp_path: Path) -> None:
    file = put(tmp_path / "m")
    runtime = Containers()
    async with opened(tmp_path, runtime) as lab:
        assert shown(lab).state == "stopped"
        file.unlink()
        with pytest.raises(ServiceError) as refusal:
            await lab.endpoint("painter", timeout=PATIENCE)
        assert refusal.value.error_code == "models_missing"
        assert lab.service("painter").state == "unavailable"
        assert runtime.starts == []


async def test_files_that_have_come_make_it_startable_at_the_next_look(tmp_path: Path) -> None:
    async with opened(tmp_path, Containers()) as lab:
        put(tmp_path / "m")
        await lab.look_around(fresh=True)
        view = shown(lab)
        assert (view.state, view.problem, view.missing_models) == ("stopped", None, [])


async def test_a_file_that_goes_under_a_running_service_is_told_and_stops_nothing(
    tmp_path: Path,
) -> None:
    file = put(tmp_path / "m")
    async with opened(tmp_path, Containers()) as lab:
        await lab.endpoint("painter", timeout=PATIENCE)
        file.unlink()
        await lab.look_around(fresh=True)
        view = shown(lab)
        assert view.state == "ready"
        assert view.problem is not None
        assert view.problem.code == "models_gone"
        assert view.problem.command == "coursia-genai models fetch oil"
        put(tmp_path / "m")
        await lab.look_around(fresh=True)
        assert shown(lab).problem is None


async def test_what_stands_before_the_models_on_the_road_is_told_first(tmp_path: Path) -> None:
    missing = Problem(code="image_missing", message="No image.", remedy="Build it.")
    runtime = Containers(problem=lambda spec: missing)
    async with opened(tmp_path, runtime) as lab:
        view = shown(lab)
        assert view.problem == missing
        # Both can be brought at one time.
        assert view.missing_models == ["oil"]


async def test_a_server_of_somebody_else_needs_no_files_here(tmp_path: Path) -> None:
    async with opened(tmp_path, Neighbours()) as lab:
        assert shown(lab).state == "stopped"
        assert shown(lab).missing_models == []
        assert (await lab.endpoint("painter", timeout=PATIENCE)).backend == "painter"


async def test_a_file_system_that_gives_no_answer_is_told_and_costs_one_thread() -> None:
    go_on, asked = threading.Event(), []

    def look(spec: ServiceSpec, roots: Sequence[str]) -> ModelsHere:
        asked.append(threading.current_thread().name)
        assert go_on.wait(PATIENCE)
        return ModelsHere()

    files = ModelFiles(["/nowhere"], look=look, seconds=0.05)
    survey = Survey(
        Catalog({"painter": painter()}), lambda: {"docker": Containers()}, "auto", files
    )
    for _ in range(3):
        problem = (await survey.ask(fresh=True))["painter"]
        assert problem is not None
        assert problem.code == "models_unreadable"
    assert len(asked) == 1
    go_on.set()
    while (await survey.ask(fresh=True))["painter"] is not None:
        await asyncio.sleep(0.01)
    await survey.close()


async def test_it_is_ready_once_its_warm_up_is_done_and_says_so_meanwhile(tmp_path: Path) -> None:
    put(tmp_path / "m")
    warm = asyncio.Event()
    asked: list[str] = []

    async def warm_up(spec: ServiceSpec, instance: Instance) -> None:
        asked.append(instance.url)
        await warm.wait()

    spec = painter(warm_up={"path": "/prompt"})
    async with opened(tmp_path, Containers(), spec, warm_up=warm_up) as lab:
        lab.start("painter", by="ada")
        await until(lab, lambda: shown(lab).phase == "warming up the model")
        assert shown(lab).state == "starting"
        warm.set()
        await until(lab, lambda: shown(lab).state == "ready")
        assert len(asked) == 1


async def test_a_warm_up_that_fails_fails_the_start_and_leaves_nothing_running(
    tmp_path: Path,
) -> None:
    put(tmp_path / "m")
    runtime = Containers()

    async def warm_up(spec: ServiceSpec, instance: Instance) -> None:
        raise ServiceError("It lacks oil.", "Fetch it.", code="models_missing", command="fetch oil")

    spec = painter(warm_up={"path": "/prompt"})
    async with opened(tmp_path, runtime, spec, warm_up=warm_up) as lab:
        lab.start("painter", by="ada")
        await until(lab, lambda: shown(lab).state == "failed")
        problem = shown(lab).problem
        assert problem is not None
        assert (problem.code, problem.command) == ("models_missing", "fetch oil")
        assert runtime.world.served == {}


async def test_a_warm_up_ends_with_the_wish_for_it(tmp_path: Path) -> None:
    put(tmp_path / "m")
    runtime, ended = Containers(), asyncio.Event()

    async def warm_up(spec: ServiceSpec, instance: Instance) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    spec = painter(warm_up={"path": "/prompt"})
    async with opened(tmp_path, runtime, spec, warm_up=warm_up) as lab:
        lab.start("painter", by="ada")
        await until(lab, lambda: shown(lab).phase == "warming up the model")
        lab.stop("painter", by="ada")
        await until(lab, lambda: shown(lab).state == "stopped")
        assert ended.is_set()
        assert runtime.world.served == {}


async def test_without_a_warm_up_in_its_file_none_is_sent(tmp_path: Path) -> None:
    put(tmp_path / "m")

    async def warm_up(spec: ServiceSpec, instance: Instance) -> None:
        raise AssertionError("nobody asked for it")

    async with opened(tmp_path, Containers(), warm_up=warm_up) as lab:
        await lab.endpoint("painter", timeout=PATIENCE)
