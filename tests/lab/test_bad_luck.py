"""What must hold when a disk, an engine or a moment is against us."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from coursia_genai_lab.catalog.load import Catalog, load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import (
    NotAllowed,
    RuntimeUnavailable,
    ServiceError,
    ServiceNotReady,
    StartTimedOut,
)
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.runtimes.base import Exit, Instance, Report, Runtime, StartOrder
from coursia_genai_lab.runtimes.credentials import credential_path, write_credential
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.runtimes.process import ProcessRuntime
from coursia_genai_lab.runtimes.readiness import until_ready
from coursia_genai_lab.wire.policy import ModeChange
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import RuntimeName

PATIENCE = 60.0


async def at_once(spec: ServiceSpec, instance: Instance) -> None:
    """Take every instance for one that answers."""


def lab_with(runtime: FakeRuntime, folder: Path) -> Lab:
    return Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(folder), runtime="fake"),
        runtimes=lambda: {"fake": runtime},
        answers=at_once,
    )


async def opened(runtime: FakeRuntime, folder: Path) -> Lab:
    lab = lab_with(runtime, folder)
    await lab.open()
    await lab.opened(PATIENCE)
    return lab


async def until(lab: Lab, true: Callable[[], bool]) -> None:
    async def look() -> None:
        while not true():
            await lab.wait_for_change(lab.revision, 1)

    await asyncio.wait_for(look(), PATIENCE)


class BrokenDisk(FakeRuntime):
    """Its files can neither be read nor removed, as long as `broken`."""

    broken = False

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        await super().stop(instance, grace_seconds)
        if self.broken:
            raise PermissionError(13, "Permission denied")

    async def logs(self, instance: Instance, tail: int) -> list[str]:
        if self.broken:
            raise OSError(5, "Input/output error")
        return await super().logs(instance, tail)


class AwayEngine(FakeRuntime):
    """Keeps a credential for each start, as containers need it; away when it is to stop."""

    def __init__(self) -> None:
        super().__init__()
        self.owners: list[str] = []

    async def start(self, order: StartOrder, report: Report) -> Instance:
        self.owners.append(order.owner)
        file = credential_path(order.state_folder, f"docker-{len(self.owners)}")
        write_credential(file, order.credential)
        return await super().start(order, report)

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        raise RuntimeUnavailable("The engine does not answer.")


async def test_switching_to_off_ends_a_start_and_every_wait_for_it(tmp_path: Path) -> None:
    runtime = FakeRuntime(phases=("loading",), phase_seconds=60)
    lab = await opened(runtime, tmp_path)
    waiter = asyncio.ensure_future(lab.endpoint("comfyui", timeout=60))
    await until(lab, lambda: lab.service("comfyui").phase == "loading")
    lab.policy.change(ModeChange(value="off"), by="ada")
    with pytest.raises(NotAllowed):
        await asyncio.wait_for(waiter, PATIENCE)
    await until(lab, lambda: lab.service("comfyui").state == "stopped")
    assert runtime.starts == []
    await lab.close()


async def test_a_restart_during_a_start_is_a_new_start(tmp_path: Path) -> None:
    runtime = FakeRuntime(phases=("loading",), phase_seconds=0.2)
    lab = await opened(runtime, tmp_path)
    lab.start("comfyui", by="ada")
    await until(lab, lambda: lab.service("comfyui").phase == "loading")
    lab.restart("comfyui", by="ada")
    await until(lab, lambda: lab.service("comfyui").state == "ready")
    assert runtime.starts == ["comfyui"]
    await lab.close()


async def test_a_service_whose_stop_broke_can_be_started_again(tmp_path: Path) -> None:
    runtime = BrokenDisk()
    lab = await opened(runtime, tmp_path)
    await lab.endpoint("comfyui", timeout=PATIENCE)
    runtime.broken = True
    lab.stop("comfyui", by="ada")
    await until(lab, lambda: lab.service("comfyui").state == "failed")
    runtime.broken = False
    lab.start("comfyui", by="ada")
    await until(lab, lambda: lab.service("comfyui").state == "ready")
    await lab.close()


async def test_a_death_is_told_although_nothing_of_it_can_be_read(tmp_path: Path) -> None:
    runtime = BrokenDisk()
    lab = await opened(runtime, tmp_path)
    await lab.endpoint("comfyui", timeout=PATIENCE)
    runtime.broken = True
    await runtime.world.end("comfyui", Exit(1, "exited with status 1"))
    await until(lab, lambda: lab.service("comfyui").state == "failed")
    await lab.close()


async def test_the_log_of_a_service_that_died_can_be_read(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    lab = await opened(runtime, tmp_path)
    await lab.endpoint("comfyui", timeout=PATIENCE)
    await runtime.world.end("comfyui", Exit(1, "exited with status 1"))
    await until(lab, lambda: lab.service("comfyui").state == "failed")
    assert await lab.logs("comfyui", 10) == ["comfyui: listening"]
    await lab.close()


async def test_what_could_not_be_stopped_keeps_its_owner_for_the_next_lab(tmp_path: Path) -> None:
    runtime = AwayEngine()
    for _ in range(2):
        lab = await opened(runtime, tmp_path)
        await lab.endpoint("comfyui", timeout=PATIENCE)
        await lab.close()
    assert len(set(runtime.owners)) == 1


async def test_a_lab_closes_although_somebody_removed_its_state_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    lab = await opened(FakeRuntime(), folder)
    shutil.rmtree(folder)
    await lab.close()


async def test_a_start_that_takes_too_long_says_what_was_seen_last(tmp_path: Path) -> None:
    runtime = FakeRuntime(boot_seconds=60)
    async with aiohttp.ClientSession() as session:

        async def answers(spec: ServiceSpec, instance: Instance) -> None:
            await until_ready(instance.url, spec.readiness, timeout_seconds=0.3, session=session)

        lab = Lab(
            catalog=load_catalog(),
            settings=LabSettings(state_path=str(tmp_path), runtime="fake"),
            runtimes=lambda: {"fake": runtime},
            answers=answers,
        )
        await lab.open()
        await lab.opened(PATIENCE)
        with pytest.raises(StartTimedOut) as late:
            await lab.endpoint("comfyui", timeout=PATIENCE)
        assert "status 503" in late.value.message
        assert "Its last line: GET /system_stats" in late.value.message
        assert runtime.world.served == {}
        await lab.close()


async def test_a_closing_lab_starts_nothing(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    lab = await opened(runtime, tmp_path)
    closing = asyncio.ensure_future(lab.close())
    await asyncio.sleep(0)
    lab.start("comfyui", by="ada")
    await closing
    await until(lab, lambda: lab.service("comfyui").state == "unavailable")
    assert runtime.starts == []


async def test_a_lab_that_was_closed_opens_again(tmp_path: Path) -> None:
    made: list[FakeRuntime] = []

    def build() -> dict[RuntimeName, Runtime]:
        made.append(FakeRuntime())
        return {"fake": made[-1]}

    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path), runtime="fake"),
        runtimes=build,
        answers=at_once,
    )
    for _ in range(2):
        await lab.open()
        await lab.opened(PATIENCE)
        await lab.endpoint("comfyui", timeout=PATIENCE)
        await lab.close()
    assert [one.starts for one in made] == [["comfyui"], ["comfyui"]]


async def test_a_disk_that_refuses_is_told_with_its_remedy(tmp_path: Path) -> None:
    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path)),
        runtimes=lambda: {"process": ProcessRuntime()},
        answers=at_once,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    (owner,) = tmp_path.glob("*.owner")
    (owner.with_suffix("") / "credentials").write_text("in the way", encoding="utf-8")
    with pytest.raises(ServiceError) as refusal:
        await lab.endpoint("demo", timeout=PATIENCE)
    assert "state_path" in refusal.value.remedy
    await lab.close()


async def test_a_kernel_that_asks_for_nothing_yet_is_told_what_would_answer(tmp_path: Path) -> None:
    missing = Problem(code="image_missing", message="No image.", remedy="Build it.")
    runtime = FakeRuntime(problem=lambda spec: None if spec.name == "demo" else missing)
    lab = await opened(runtime, tmp_path)
    assert lab.genai_mode([]) == ("demo", "local_unavailable")
    await lab.close()


async def test_one_service_that_cannot_be_examined_hides_no_other(tmp_path: Path) -> None:
    def problem(spec: ServiceSpec) -> Problem | None:
        if spec.name == "comfyui":
            raise ValueError("Invalid IPv6 URL")
        return None

    lab = await opened(FakeRuntime(problem=problem), tmp_path)
    await lab.look_around(fresh=True)
    assert lab.service("comfyui").state == "unavailable"
    assert lab.changes.warnings == []
    await lab.endpoint("forge-turbo", timeout=PATIENCE)
    await lab.close()


async def test_who_waits_for_a_service_that_is_stopped_waits_no_longer(tmp_path: Path) -> None:
    runtime = FakeRuntime(phases=("loading",), phase_seconds=60)
    lab = await opened(runtime, tmp_path)
    waiter = asyncio.ensure_future(lab.endpoint("comfyui", timeout=600))
    await until(lab, lambda: lab.service("comfyui").phase == "loading")
    lab.stop("comfyui", by="ada", force=True)
    with pytest.raises(ServiceNotReady):
        await asyncio.wait_for(waiter, PATIENCE)
    await lab.close()


class Deaf(FakeRuntime):
    """Does not hear when its watch is called off, as `asyncio.wait_for` before Python 3.12 when
    what it waits for comes at that very moment."""

    async def wait(self, instance: Instance) -> Exit:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return await super().wait(instance)


async def test_a_watch_that_does_not_hear_its_end_holds_up_neither_start_nor_stop(
    tmp_path: Path,
) -> None:
    lab = await opened(Deaf(), tmp_path)
    try:
        await lab.endpoint("comfyui", timeout=5)
        lab.stop("comfyui", by="ada")
        await until(lab, lambda: lab.service("comfyui").state == "stopped")
    finally:
        await lab.close()


async def test_the_log_of_a_process_that_died_at_its_start_holds_all_that_it_wrote(
    tmp_path: Path,
) -> None:
    dying = ServiceSpec.model_validate(
        {
            "name": "painter",
            "title": "Painter",
            "dialect": "comfyui",
            "process": {"command": ["{python}", "-c", "print('loading\\nno model'); exit(1)"]},
        }
    )
    lab = Lab(
        catalog=Catalog({"painter": dying}),
        settings=LabSettings(state_path=str(tmp_path), runtime="process"),
        runtimes=lambda: {"process": ProcessRuntime()},
        answers=at_once,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    with pytest.raises(ServiceError, match="Its last line: no model"):
        await lab.endpoint("painter", timeout=PATIENCE)
    assert await lab.logs("painter", 10) == ["loading", "no model"]
    await lab.close()
