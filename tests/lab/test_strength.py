"""What keeps a service, and for how long, with a clock that is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from simulated_clock import SimulatedClock
from waiting import until

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import Conflict, ServiceDied
from coursia_genai_lab.lab.engine_work import Busy
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.leases import Lease
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.lab.views import service_view
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.wire.policy import ModeChange
from coursia_genai_lab.wire.services import HolderView, ServiceView

PATIENCE = 60.0
MINUTE = 60.0


@dataclass
class Bench:
    """A Lab, its time, and what it told."""

    lab: Lab
    clock: SimulatedClock
    runtime: FakeRuntime
    notes: list[TimelineNote] = field(default_factory=list)

    def state(self, service: str = "comfyui") -> str:
        return self.lab.service(service).state

    def view(self, service: str = "comfyui", *, person: str = "ada") -> ServiceView:
        return service_view(self.lab, service, door=lambda name: None, person=person)

    def holder(self) -> HolderView:
        (only,) = self.view().holders
        return only

    def take(self, kernel_id: str = "k1", service: str = "comfyui") -> Lease:
        return self.lab.leases.take(
            "kernel", [service], label=f"{kernel_id}.ipynb", person="ada", kernel_id=kernel_id
        )

    def events(self, service: str = "comfyui") -> list[str]:
        return [note.event for note in self.notes if note.service == service]

    async def until(self, true: Callable[[], bool]) -> None:
        async def look() -> None:
            while not true():
                await self.lab.wait_for_change(self.lab.revision, 1)

        await asyncio.wait_for(look(), PATIENCE)

    async def until_stopped(self) -> None:
        """Let time pass while the kernel is quiet, until the service has stopped."""
        for _ in range(20):
            await self.pass_minutes(1, lambda: self.lab.kernel_busy("k1", False))
            if self.state() != "ready":
                break
        await self.until(lambda: self.state() == "stopped")

    async def pass_minutes(
        self, minutes: float, each_second: Callable[[], None] = lambda: None
    ) -> None:
        """Let minutes pass; after each second whatever is asked for happens."""
        for _ in range(int(minutes * MINUTE)):
            self.clock.advance(1)
            each_second()
        await asyncio.sleep(0)


async def at_once(spec: ServiceSpec, instance: Instance) -> None:
    """Take every instance for one that answers."""


@asynccontextmanager
async def bench(folder: Path, *, busy: Busy | None = None, **settings: Any) -> AsyncIterator[Bench]:
    clock, runtime, notes = SimulatedClock(), FakeRuntime(), list[TimelineNote]()
    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(folder), runtime="fake", **settings),
        runtimes=lambda: {"fake": runtime},
        answers=at_once,
        record=notes.append,
        busy=busy,
        clock=clock,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        yield Bench(lab, clock, runtime, notes)
    finally:
        await lab.close()


async def test_a_job_of_half_an_hour_without_http_traffic_is_never_stopped(tmp_path: Path) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        job = b.lab.leases.take("job", ["comfyui"], label="a picture", person="ada")
        await b.pass_minutes(30, lambda: b.lab.kernel_busy("k1", False))
        assert b.state() == "ready"
        b.lab.leases.drop(job.id)
        assert b.events()[-1] == "released"
        await b.pass_minutes(1.1, lambda: b.lab.kernel_busy("k1", False))
        await b.until(lambda: b.state() == "stopped")


async def test_a_kernel_that_computes_for_half_an_hour_keeps_its_service(tmp_path: Path) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        await b.pass_minutes(30, lambda: b.lab.kernel_busy("k1", True))
        assert b.state() == "ready"
        assert b.holder().strength == "active"
        assert b.view().stops_in_seconds is None


async def test_a_dormant_kernel_is_shown_with_the_countdown_and_stops_nothing(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, idle_minutes=5) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        await b.pass_minutes(6, lambda: b.lab.kernel_busy("k1", False))
        assert (b.holder().strength, b.holder().active) == ("dormant", False)
        left = b.view().stops_in_seconds
        assert left is not None
        assert 200 < left <= 300
        assert b.state() == "ready"
        await b.pass_minutes(5, lambda: b.lab.kernel_busy("k1", False))
        await b.until(lambda: b.state() == "stopped")
        assert b.holder().label == "k1.ipynb"
        assert b.events()[-4:] == ["ready", "released", "stopping", "stopped"]


async def test_the_next_request_starts_the_service_of_a_dormant_kernel_again(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        lease = b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        await b.pass_minutes(3)
        await b.until(lambda: b.state() == "stopped")
        with b.lab.leases.waiting(lease.id):
            await b.lab.endpoint("comfyui", timeout=PATIENCE)
        assert b.runtime.starts == ["comfyui", "comfyui"]
        await b.pass_minutes(3)
        await b.until(lambda: b.state() == "stopped")


async def test_a_kernel_that_works_again_ends_the_countdown(tmp_path: Path) -> None:
    async with bench(tmp_path, idle_minutes=5) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        await b.pass_minutes(6, lambda: b.lab.kernel_busy("k1", False))
        assert b.view().stops_in_seconds is not None
        b.lab.kernel_busy("k1", True)
        assert b.view().stops_in_seconds is None
        assert b.events()[-2:] == ["released", "kept"]


async def test_a_dormant_kernel_gives_way_when_another_service_needs_room(tmp_path: Path) -> None:
    async with bench(tmp_path, max_concurrent=1, idle_minutes=5) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        with pytest.raises(Conflict):
            b.lab.start("forge-turbo", by="bob")
        await b.pass_minutes(6)
        b.lab.start("forge-turbo", by="bob")
        await b.until(lambda: (b.state(), b.state("forge-turbo")) == ("stopped", "ready"))


async def test_stopping_needs_force_while_a_kernel_works_and_none_when_it_is_dormant(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, idle_minutes=5) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        for command in (b.lab.stop, b.lab.restart):
            with pytest.raises(Conflict) as refusal:
                command("comfyui", by="bob")
            assert refusal.value.error_code == "in_use"
        await b.pass_minutes(6)
        b.lab.stop("comfyui", by="bob")
        await b.until(lambda: b.state() == "stopped")


async def test_nobody_is_told_whose_notebook_holds_or_started_a_service(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.take()
        b.lab.start("comfyui", by="home/k1.ipynb")
        for command in (b.lab.stop, b.lab.restart):
            with pytest.raises(Conflict) as refusal:
                command("comfyui", by="bob")
            assert "k1" not in refusal.value.message
            assert "another person" in refusal.value.message
            with pytest.raises(Conflict, match=r"k1\.ipynb"):
                command("comfyui", by="ada")
        assert b.view().started_by == "home/k1.ipynb"
        assert b.view(person="bob").started_by == "another person"
        b.lab.start("forge-turbo", by="ada")
        assert b.view("forge-turbo").started_by == "ada"
        assert b.view("forge-turbo", person="bob").started_by == "another person"
        await b.lab.endpoint("demo", timeout=PATIENCE)
        assert b.view("demo", person="bob").started_by == "a request"


async def test_an_hour_of_a_laptops_sleep_stops_nothing_that_works(tmp_path: Path) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        b.lab.kernel_busy("k1", True)
        b.clock.sleep(3600)
        await b.pass_minutes(1, lambda: b.lab.kernel_busy("k1", True))
        assert b.state() == "ready"
        assert b.holder().strength == "active"


async def test_an_hour_in_which_nothing_ran_suspends_no_claim_before_it_can_report(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        b.lab.kernel_busy("k1", True)
        b.clock.pause(3600)
        b.clock.advance(5)
        assert b.holder().strength == "active"
        b.lab.kernel_busy("k1", True)
        await b.pass_minutes(1, lambda: b.lab.kernel_busy("k1", True))
        assert b.state() == "ready"


async def test_a_countdown_that_ran_out_during_a_pause_leaves_one_interval_to_report(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, idle_minutes=5) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        await b.pass_minutes(6, lambda: b.lab.kernel_busy("k1", False))
        assert b.view().stops_in_seconds is not None
        b.clock.pause(3600)
        b.clock.advance(5)
        b.lab.kernel_busy("k1", True)
        await b.pass_minutes(1, lambda: b.lab.kernel_busy("k1", True))
        assert b.state() == "ready"


async def test_a_holder_that_keeps_silent_is_suspended_and_the_service_goes(tmp_path: Path) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        b.lab.kernel_busy("k1", True)
        await b.pass_minutes(0.5)
        assert b.holder().strength == "suspended"
        await b.pass_minutes(1)
        await b.until(lambda: b.state() == "stopped")
        b.lab.kernel_busy("k1", True)
        assert b.holder().strength == "active"


async def test_a_service_whose_start_outlasts_its_idle_time_is_not_stopped_at_once(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        b.take()
        b.lab.start("comfyui", by="k1.ipynb")
        await b.pass_minutes(10)
        await b.until(lambda: b.state() == "ready")
        left = b.view().stops_in_seconds
        assert left is not None
        assert left > 50


async def test_a_pin_starts_and_keeps_a_service_until_its_end(tmp_path: Path) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        b.lab.pin("comfyui", minutes=90, by="ada")
        await b.until(lambda: b.state() == "ready")
        pin = b.holder()
        assert (pin.kind, pin.label, pin.strength) == ("pin", "ada", "protected")
        assert pin.ends_at is not None
        assert pin.ends_at - pin.since == pytest.approx(90 * MINUTE)
        await b.pass_minutes(89)
        assert b.state() == "ready"
        await b.pass_minutes(2.1)
        await b.until(lambda: b.state() == "stopped")
        assert b.view().holders == []


async def test_a_pin_without_an_end_lasts_until_it_is_unpinned(tmp_path: Path) -> None:
    async with bench(tmp_path, idle_minutes=1) as b:
        b.lab.pin("comfyui", minutes=5, by="ada")
        b.lab.pin("comfyui", minutes=None, by="bob")
        await b.until(lambda: b.state() == "ready")
        assert b.holder().ends_at is None
        await b.pass_minutes(200)
        assert b.state() == "ready"
        b.lab.unpin("comfyui", by="ada")
        b.lab.unpin("comfyui", by="ada")
        await b.pass_minutes(1.1)
        await b.until(lambda: b.state() == "stopped")


async def test_a_pinned_service_is_stopped_by_force_only_and_then_the_pin_is_gone(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, max_concurrent=1) as b:
        b.lab.pin("comfyui", minutes=None, by="ada")
        await b.until(lambda: b.state() == "ready")
        with pytest.raises(Conflict):
            b.lab.stop("comfyui", by="bob")
        with pytest.raises(Conflict):
            b.lab.start("forge-turbo", by="bob")
        b.lab.stop("comfyui", by="bob", force=True)
        await b.until(lambda: b.state() == "stopped")
        assert b.view().holders == []


async def test_off_ends_also_what_is_pinned(tmp_path: Path) -> None:
    async with bench(tmp_path) as b:
        b.lab.pin("comfyui", minutes=None, by="ada")
        await b.until(lambda: b.state() == "ready")
        b.lab.policy.change(ModeChange(value="off"), by="ada")
        await b.until(lambda: b.state() == "stopped")


async def test_a_job_that_hangs_is_cancelled_interrupted_and_then_its_service_fails(
    tmp_path: Path,
) -> None:
    tried: list[str] = []

    async def cancel() -> None:
        tried.append("cancel")

    async def interrupt() -> None:
        tried.append("interrupt")
        raise OSError("it does not answer")

    async with bench(tmp_path) as b:
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        job = b.lab.leases.take(
            "job", ["comfyui"], label="x", person="ada", remedies=[cancel, interrupt]
        )
        await b.pass_minutes(60)
        assert tried == []
        await b.pass_minutes(0.1)
        await until(lambda: tried == ["cancel"])
        await b.pass_minutes(0.2)
        await until(lambda: tried == ["cancel", "interrupt"])
        assert b.state() == "ready"
        await b.pass_minutes(0.2)
        await b.until(lambda: b.state() == "failed")
        assert not b.lab.leases.live(job.id)
        problem = b.view().problem
        assert problem is not None
        assert problem.code == "hung"
        assert b.notes[-1].code == "hung"
        assert b.runtime.world.served == {}
        with pytest.raises(ServiceDied):
            await b.lab.endpoint("comfyui", timeout=PATIENCE)
        b.lab.start("comfyui", by="ada")
        await b.until(lambda: b.state() == "ready")


async def test_a_job_that_gets_on_or_ends_after_a_remedy_costs_no_service(tmp_path: Path) -> None:
    tried: list[str] = []

    async def cancel() -> None:
        tried.append("cancel")

    async with bench(tmp_path) as b:
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        slow = b.lab.leases.take("job", ["comfyui"], label="x", person="ada", remedies=[cancel])
        for _ in range(4):
            await b.pass_minutes(50)
            b.lab.leases.progress(slow.id)
        assert tried == []
        await b.pass_minutes(60.1)
        await until(lambda: tried == ["cancel"])
        b.lab.leases.drop(slow.id)
        await b.pass_minutes(1)
        assert b.state() == "ready"


async def test_an_engine_that_works_for_nobody_we_know_is_not_stopped(tmp_path: Path) -> None:
    works = True

    async def busy(spec: ServiceSpec, instance: Instance) -> bool:
        return works

    async with bench(tmp_path, busy=busy, idle_minutes=1) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        for _ in range(5):
            await b.pass_minutes(1, lambda: b.lab.kernel_busy("k1", False))
        assert b.state() == "ready"
        works = False
        await b.until_stopped()
        assert b.events()[-1] == "stopped"


async def test_an_engine_that_does_not_tell_whether_it_works_is_stopped(tmp_path: Path) -> None:
    async def busy(spec: ServiceSpec, instance: Instance) -> bool:
        raise ServiceDied("It gives no answer.")

    async with bench(tmp_path, busy=busy, idle_minutes=1) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        await b.until_stopped()


async def test_a_call_during_the_last_look_keeps_the_service(tmp_path: Path) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def busy(spec: ServiceSpec, instance: Instance) -> bool:
        asked.set()
        await answer.wait()
        return False

    async with bench(tmp_path, busy=busy, idle_minutes=1) as b:
        b.take()
        await b.lab.endpoint("comfyui", timeout=PATIENCE)
        while not asked.is_set():
            await b.pass_minutes(0.5, lambda: b.lab.kernel_busy("k1", False))
        b.lab.leases.take("job", ["comfyui"], label="a picture", person="ada")
        answer.set()
        await b.pass_minutes(5, lambda: b.lab.kernel_busy("k1", False))
        assert b.state() == "ready"


async def test_memory_is_freed_only_where_nobody_works(tmp_path: Path) -> None:
    freed: list[str] = []

    async def free(spec: ServiceSpec, instance: Instance) -> None:
        freed.append(spec.name)

    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path), runtime="fake"),
        runtimes=lambda: {"fake": FakeRuntime()},
        answers=at_once,
        free=free,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        assert not await lab.free("comfyui", by="the arbiter")
        await lab.endpoint("comfyui", timeout=PATIENCE)
        job = lab.leases.take("job", ["comfyui"], label="x", person="ada")
        assert not await lab.free("comfyui", by="the arbiter")
        lab.leases.drop(job.id)
        assert await lab.free("comfyui", by="the arbiter")
        assert freed == ["comfyui"]
    finally:
        await lab.close()
