"""What this machine can run, asked again and again while requests come in."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from waiting import until

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
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
