"""What this machine can run, asked again and again while requests come in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import ClassVar

from waiting import until

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.lab.gpu_presence import evidently_no_gpu
from coursia_genai_lab.lab.survey import Survey
from coursia_genai_lab.runtimes.base import NO_NEIGHBOUR
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import RuntimeName


class Nobody(FakeRuntime):
    """Finds no server of somebody else."""

    name: ClassVar[RuntimeName] = "external"

    async def check(self, spec: ServiceSpec) -> Problem | None:
        return Problem(code=NO_NEIGHBOUR, message="Nobody runs it.", remedy="")


class Thoughtful(FakeRuntime):
    """Answers when it may."""

    name: ClassVar[RuntimeName] = "docker"

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()
        self.asked = 0

    async def check(self, spec: ServiceSpec) -> Problem | None:
        self.asked += 1
        await self.may.wait()
        return None


async def test_what_could_start_is_not_doubted_while_it_is_asked_again() -> None:
    spec = ServiceSpec.model_validate(
        {"name": "one", "title": "One", "dialect": "comfyui", "process": {"command": ["x"]}}
    )
    engine = Thoughtful()
    survey = Survey(
        Catalog({"one": spec}), lambda: {"external": Nobody(), "docker": engine}, "auto"
    )
    engine.may.set()
    assert await survey.ask() == {"one": None}
    engine.may.clear()
    asking = asyncio.create_task(survey.ask(fresh=True))
    await until(lambda: engine.asked == 2)
    # Else a request of this moment would be answered by the demo engine.
    assert survey.problems == {"one": None}
    engine.may.set()
    assert await asking == {"one": None}
    await survey.close()


class Empty(Thoughtful):
    """Gives GPUs, and has no image."""

    def __init__(self) -> None:
        super().__init__()
        self.takes_gpus = True

    async def check(self, spec: ServiceSpec) -> Problem | None:
        return Problem(code="image_missing", message="No image.", remedy="Build it.")


def painter(**more: object) -> ServiceSpec:
    container = {"image": "x:1", "port": 1}
    named = {"name": "painter", "title": "Painter", "dialect": "comfyui"}
    return ServiceSpec.model_validate({**named, "container": container, **more})


async def test_a_machine_without_a_gpu_is_told_before_an_image_is_built_for_it() -> None:
    none = Problem(code="no_gpu", message="No GPU.", remedy="Elsewhere.")
    spec = painter(gpu={"vram_mib": 1})
    source = {"docker": Empty()}
    survey = Survey(Catalog({"painter": spec}), lambda: source, "auto", no_gpu=lambda asked: none)
    assert (await survey.ask())["painter"] == none
    await survey.close()


def test_a_gpu_is_missed_only_where_there_is_evidently_none(tmp_path: Path) -> None:
    sign, wants, local = tmp_path / "nvidiactl", painter(gpu={"vram_mib": 1}), LabSettings()

    def told(spec: ServiceSpec, settings: LabSettings) -> str | None:
        found = evidently_no_gpu(spec, settings, signs=[sign], containers=[])
        return found.code if found else None

    assert told(wants, local) == "no_gpu"
    assert told(painter(), local) is None
    assert told(wants, LabSettings(docker_host="ssh://gpu-host")) is None
    assert told(wants, LabSettings(docker_host="tcp://127.0.0.1:2375")) == "no_gpu"
    assert told(wants, LabSettings(gpu_reader=("its", "own"))) is None
    sign.touch()
    assert told(wants, local) is None
