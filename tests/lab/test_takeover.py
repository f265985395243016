"""Beginning where earlier Labs ended: adopted, removed, or left for later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from simulated_clock import SimulatedClock
from waiting import until

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import RuntimeUnavailable
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.ownership import claim_slots
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.runtimes.base import Exit, Instance, Progress, Report, Secret, StartOrder
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import RuntimeName

PATIENCE = 60.0


class Leftovers(FakeRuntime):
    """Finds one service of each owner, and can stop none."""

    def __init__(self, left: dict[str, str]) -> None:
        super().__init__()
        self._left = left

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        name = self._left[owner]
        return [Instance(name, "fake", name, "http://127.0.0.1:9", Secret("x"), 0.0, adopted=True)]

    async def wait(self, instance: Instance) -> Exit:
        await asyncio.Event().wait()
        raise AssertionError("nothing ends here")

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        raise RuntimeUnavailable("The engine does not answer.")


async def at_once(spec: ServiceSpec, instance: Instance) -> None:
    """Take every instance for one that answers."""


async def test_what_cannot_be_removed_spoils_no_adoption_and_keeps_its_owner(
    tmp_path: Path,
) -> None:
    slots = [claim_slots(tmp_path)[0] for _ in range(2)]
    for slot in slots:
        slot.release()
    first, second = sorted(slot.owner for slot in slots)
    runtime = Leftovers({first: "comfyui", second: "forge-turbo"})
    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path), runtime="fake"),
        runtimes=lambda: {"fake": runtime},
        answers=at_once,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        assert lab.changes.warnings == []
        assert lab.service("comfyui").state == "ready"
        assert lab.idle.left("comfyui") is not None
        assert (tmp_path / f"{second}.owner").exists()
    finally:
        await lab.close()


class Comes(FakeRuntime):
    """Away until told; then it finds what ran all the time. It may have drifted meanwhile."""

    def __init__(
        self, *, drifted: bool = False, here: bool = False, phase_seconds: float = 0.0
    ) -> None:
        super().__init__(phase_seconds=phase_seconds)
        self.here = asyncio.Event()
        if here:
            self.here.set()
        self.finds = 0
        self.drifted = drifted

    async def presence(self) -> AsyncIterator[bool]:
        if not self.here.is_set():
            yield False
            await self.here.wait()
        yield True
        await asyncio.Event().wait()

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        self.finds += 1
        if not self.here.is_set():
            return []
        return [
            Instance("comfyui", "fake", "old", "http://127.0.0.1:9", Secret("x"), 0.0, adopted=True)
        ]

    async def wait(self, instance: Instance) -> Exit:
        if instance.identifier != "old":
            return await super().wait(instance)
        await asyncio.Event().wait()
        raise AssertionError("nothing ends here")

    async def drift(self, spec: ServiceSpec, instance: Instance) -> Problem | None:
        if not self.drifted or instance.identifier != "old":
            return None
        return Problem(code="drifted", message="It runs from an older image.", remedy="Restart it.")


def lab_over(
    runtime: FakeRuntime,
    folder: Path,
    notes: list[TimelineNote],
    clock: SimulatedClock | None = None,
) -> Lab:
    return Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(folder), runtime="fake"),
        runtimes=lambda: {"fake": runtime},
        answers=at_once,
        record=notes.append,
        clock=clock,
    )


async def test_what_ran_while_the_engine_was_away_is_adopted_when_it_comes_back(
    tmp_path: Path,
) -> None:
    runtime, notes = Comes(), list[TimelineNote]()
    lab = lab_over(runtime, tmp_path, notes)
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        assert lab.service("comfyui").state == "stopped"
        runtime.here.set()
        await until(lambda: lab.service("comfyui").state == "ready")
        assert runtime.starts == []
        assert lab.idle.left("comfyui") is not None
        await until(lambda: "engine_back" in [note.event for note in notes])
    finally:
        await lab.close()


class Engine(Comes):
    """Docker, as long as it is here; notes what it is told to stop."""

    name: ClassVar[RuntimeName] = "docker"

    def __init__(self) -> None:
        super().__init__()
        self.stopped: list[str] = []

    async def check(self, spec: ServiceSpec) -> Problem | None:
        return None if self.here.is_set() else Problem(code="away", message="Away.", remedy="Wait.")

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        found = await super().find(specs, owner, namespace, state_folder)
        return [replace(one, runtime=self.name) for one in found]

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        self.stopped.append(instance.identifier)


class Elsewhere(FakeRuntime):
    """Serves while the engine is away."""

    name: ClassVar[RuntimeName] = "process"


async def test_what_comes_back_beside_another_of_its_service_is_stopped(tmp_path: Path) -> None:
    engine, elsewhere = Engine(), Elsewhere()
    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path)),
        runtimes=lambda: {"docker": engine, "process": elsewhere},
        answers=at_once,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        serving = await lab.endpoint("comfyui", timeout=PATIENCE)
        engine.here.set()
        await until(lambda: engine.stopped == ["old"])
        assert (await lab.endpoint("comfyui", timeout=PATIENCE)).url == serving.url
        assert lab.service("comfyui").state == "ready"
    finally:
        await lab.close()


async def test_an_engine_that_comes_back_is_not_searched_while_something_starts(
    tmp_path: Path,
) -> None:
    runtime, notes = Comes(phase_seconds=0.3), list[TimelineNote]()
    lab = lab_over(runtime, tmp_path, notes)
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        lab.start("forge-turbo", by="ada")
        runtime.here.set()
        await until(lambda: lab.service("forge-turbo").state == "starting")
        assert runtime.finds == 1
        await until(lambda: lab.service("comfyui").state == "ready")
        assert lab.service("forge-turbo").state == "ready"
        assert runtime.finds == 2
    finally:
        await lab.close()


async def test_what_has_drifted_is_told_and_renewed_once_nobody_holds_it(tmp_path: Path) -> None:
    runtime, notes, clock = Comes(drifted=True, here=True), list[TimelineNote](), SimulatedClock()
    lab = lab_over(runtime, tmp_path, notes, clock)
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        held = lab.leases.take("job", ["comfyui"], label="x", person="ada")
        clock.advance(30)
        assert [warning.code for warning in lab.changes.warnings] == ["drifted"]
        assert runtime.starts == []
        lab.leases.drop(held.id)
        await until(lambda: lab.service("comfyui").state == "ready" and runtime.starts != [])
        assert runtime.starts == ["comfyui"]
        assert lab.changes.warnings == []
        told = [note.event for note in notes if note.service == "comfyui"]
        assert told[:2] == ["adopted", "drifted"]
        assert told[-5:] == ["released", "stopping", "stopped", "started", "ready"]
    finally:
        await lab.close()


class Falls(FakeRuntime):
    """Is there at first, then goes away in the middle of a start, which hangs."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = asyncio.Event()

    async def presence(self) -> AsyncIterator[bool]:
        yield True
        await self.gone.wait()
        yield False
        await asyncio.Event().wait()

    async def start(self, order: StartOrder, report: Report) -> Instance:
        report(Progress("creating the container"))
        await asyncio.Event().wait()
        raise AssertionError("nothing starts here")


async def test_a_start_whose_engine_falls_silent_says_what_it_waits_for(tmp_path: Path) -> None:
    runtime = Falls()
    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path), runtime="fake"),
        runtimes=lambda: {"fake": runtime},
        answers=at_once,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        lab.start("comfyui", by="ada")
        await until(lambda: lab.service("comfyui").phase == "creating the container")
        runtime.gone.set()
        await until(lambda: lab.service("comfyui").phase == "waiting for the engine")
        assert lab.service("comfyui").state == "starting"
    finally:
        await lab.close()
