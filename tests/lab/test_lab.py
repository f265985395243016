"""The Lab: wishes come in, changes go out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from coursia_genai_lab.catalog.load import Catalog, load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    ServiceDied,
    ServiceError,
    ServiceNotReady,
)
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.views import service_view
from coursia_genai_lab.runtimes.base import Exit, Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime, FakeWorld
from coursia_genai_lab.runtimes.readiness import until_ready
from coursia_genai_lab.wire.policy import ModeChange
from coursia_genai_lab.wire.problems import Problem
from coursia_genai_lab.wire.services import LabEvent

PATIENCE = 60.0


@asynccontextmanager
async def opened_lab(
    folder: Path, runtime: FakeRuntime, *, events: list[LabEvent] | None = None, **settings: Any
) -> AsyncIterator[Lab]:
    async with aiohttp.ClientSession() as session:

        async def answers(spec: ServiceSpec, instance: Instance) -> None:
            await until_ready(
                instance.url, spec.readiness, timeout_seconds=PATIENCE, session=session
            )

        lab = Lab(
            catalog=load_catalog(),
            settings=LabSettings(state_path=str(folder), runtime="fake", **settings),
            runtimes=lambda: {"fake": runtime},
            answers=answers,
            emit=(events if events is not None else []).append,
        )
        await lab.open()
        await lab.opened(PATIENCE)
        try:
            yield lab
        finally:
            await lab.close()


async def until(lab: Lab, true: Callable[[], bool]) -> None:
    async def look() -> None:
        while not true():
            await lab.wait_for_change(lab.revision, 1)

    await asyncio.wait_for(look(), PATIENCE)


async def gather_all(*calls: Awaitable[Any]) -> list[Any]:
    return list(await asyncio.gather(*calls, return_exceptions=True))


async def test_a_request_starts_the_service_and_gets_its_address(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime) as lab:
        endpoint = await lab.endpoint("comfyui", timeout=PATIENCE)
        assert endpoint.backend == "comfyui"
        assert endpoint.url.startswith("http://127.0.0.1:")
        assert runtime.starts == ["comfyui"]
        assert endpoint.credential.reveal() not in repr(endpoint)


async def test_thirty_requests_at_once_are_one_start(tmp_path: Path) -> None:
    runtime = FakeRuntime(phase_seconds=0.05)
    async with opened_lab(tmp_path, runtime) as lab:
        calls = [lab.endpoint("comfyui", timeout=PATIENCE) for _ in range(30)]
        endpoints = await asyncio.gather(*calls)
        assert len({endpoint.url for endpoint in endpoints}) == 1
        assert runtime.starts == ["comfyui"]


async def test_whoever_stops_waiting_does_not_stop_the_start(tmp_path: Path) -> None:
    runtime = FakeRuntime(phase_seconds=0.1)
    async with opened_lab(tmp_path, runtime) as lab:
        waiter = asyncio.create_task(lab.endpoint("comfyui", timeout=PATIENCE))
        await until(lab, lambda: lab.service("comfyui").state == "starting")
        waiter.cancel()
        await until(lab, lambda: lab.service("comfyui").state == "ready")


async def test_a_request_that_waited_long_enough_hears_the_phase(tmp_path: Path) -> None:
    runtime = FakeRuntime(phases=("loading weights",), phase_seconds=60)
    async with opened_lab(tmp_path, runtime) as lab:
        with pytest.raises(ServiceNotReady) as answer:
            await lab.endpoint("comfyui", timeout=0.3)
        assert "loading weights" in answer.value.message
        assert answer.value.retry_after >= 1


async def test_the_last_wish_wins_while_a_start_is_under_way(tmp_path: Path) -> None:
    runtime = FakeRuntime(phases=("slow",), phase_seconds=60)
    async with opened_lab(tmp_path, runtime) as lab:
        lab.start("comfyui", by="ada")
        await until(lab, lambda: lab.service("comfyui").phase == "slow")
        lab.stop("comfyui", by="ada")
        await until(lab, lambda: lab.service("comfyui").state == "stopped")
        assert runtime.starts == []


async def test_a_storm_of_wishes_settles_in_the_last_one(tmp_path: Path) -> None:
    runtime = FakeRuntime(phase_seconds=0.01)
    async with opened_lab(tmp_path, runtime) as lab:
        for _ in range(10):
            lab.start("comfyui", by="ada")
            lab.stop("comfyui", by="ada")
            await asyncio.sleep(0)
        lab.start("comfyui", by="ada")
        await until(lab, lambda: lab.service("comfyui").state == "ready")
        assert len(runtime.world.served) == 1


async def test_a_restart_is_a_stop_and_a_new_start(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime) as lab:
        first = await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.restart("comfyui", by="ada")
        await until(lab, lambda: len(runtime.starts) == 2)
        await until(lab, lambda: lab.service("comfyui").state == "ready")
        second = await lab.endpoint("comfyui", timeout=PATIENCE)
        assert first.credential.reveal() != second.credential.reveal()


async def test_a_restart_in_the_moment_of_a_start_is_a_start(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime) as lab:
        lab.start("comfyui", by="ada")
        lab.restart("comfyui", by="ada")
        await until(lab, lambda: lab.service("comfyui").state == "ready")
        assert runtime.starts == ["comfyui"]


async def test_a_request_overrules_a_stop_that_has_not_begun(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime) as lab:
        await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.stop("comfyui", by="ada")
        await lab.endpoint("comfyui", timeout=PATIENCE)
        assert lab.service("comfyui").wanted
        await until(lab, lambda: lab.service("comfyui").state == "ready")


async def test_a_request_in_the_moment_of_a_restart_waits_for_the_new_one(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime) as lab:
        first = await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.restart("comfyui", by="ada")
        second = await lab.endpoint("comfyui", timeout=PATIENCE)
        assert first.credential.reveal() != second.credential.reveal()
        assert runtime.starts == ["comfyui", "comfyui"]


async def test_a_service_stops_when_its_last_holder_has_gone(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime, idle_minutes=0) as lab:
        leases = [
            lab.leases.take("kernel", ["comfyui"], label=f"{n}.ipynb", person="ada")
            for n in range(2)
        ]
        await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.leases.drop(leases[0].id)
        assert lab.service("comfyui").state == "ready"
        lab.leases.drop(leases[1].id)
        await until(lab, lambda: lab.service("comfyui").state == "stopped")
        assert runtime.world.served == {}


async def test_a_service_that_a_person_started_waits_for_its_first_holder(tmp_path: Path) -> None:
    async with opened_lab(tmp_path, FakeRuntime(), idle_minutes=0) as lab:
        lab.start("comfyui", by="ada")
        await until(lab, lambda: lab.service("comfyui").state == "ready")
        assert lab.idle.left("comfyui") is None


async def test_the_countdown_is_shown_and_ends_with_a_new_holder(tmp_path: Path) -> None:
    async with opened_lab(tmp_path, FakeRuntime(), idle_minutes=5) as lab:
        lease = lab.leases.take("kernel", ["comfyui"], label="a.ipynb", person="ada")
        await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.leases.drop(lease.id)
        view = service_view(lab, "comfyui", door=lambda name: None, person="ada")
        assert view.stops_in_seconds is not None
        assert 200 < view.stops_in_seconds <= 300
        lab.leases.take("kernel", ["comfyui"], label="b.ipynb", person="ada")
        assert lab.idle.left("comfyui") is None


async def test_stopping_what_is_in_use_needs_force(tmp_path: Path) -> None:
    async with opened_lab(tmp_path, FakeRuntime()) as lab:
        lab.leases.take("kernel", ["comfyui"], label="a.ipynb", person="ada")
        await lab.endpoint("comfyui", timeout=PATIENCE)
        with pytest.raises(Conflict) as refusal:
            lab.stop("comfyui", by="ada")
        assert "a.ipynb" in refusal.value.message
        lab.stop("comfyui", by="bob", force=True)
        await until(lab, lambda: lab.service("comfyui").state == "stopped")


async def test_a_service_that_dies_says_so_and_the_next_request_starts_it(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime) as lab:
        await lab.endpoint("comfyui", timeout=PATIENCE)
        await runtime.world.end("comfyui", Exit(137, "killed: out of memory"))
        await until(lab, lambda: lab.service("comfyui").state == "failed")
        problem = lab.service("comfyui").problem
        assert problem is not None
        assert "out of memory" in problem.message
        assert problem.remedy
        await lab.endpoint("comfyui", timeout=PATIENCE)
        assert lab.service("comfyui").state == "ready"


async def test_a_service_that_dies_again_at_once_waits_for_a_person(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime) as lab:
        for _ in range(2):
            await lab.endpoint("comfyui", timeout=PATIENCE)
            await runtime.world.end("comfyui", Exit(137, "killed: out of memory"))
            await until(lab, lambda: lab.service("comfyui").state == "failed")
        with pytest.raises(ServiceDied):
            await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.start("comfyui", by="ada")
        await lab.endpoint("comfyui", timeout=PATIENCE)


async def test_a_start_that_fails_tells_every_waiter_the_reason(tmp_path: Path) -> None:
    runtime = FakeRuntime(failure=lambda spec: ServiceError("The card is full.", "Free it."))
    async with opened_lab(tmp_path, runtime) as lab:
        outcomes = await gather_all(*(lab.endpoint("comfyui", timeout=PATIENCE) for _ in range(3)))
        assert [outcome.message for outcome in outcomes] == ["The card is full."] * 3
        assert lab.service("comfyui").state == "failed"


async def test_what_cannot_run_here_is_unavailable_with_its_remedy(tmp_path: Path) -> None:
    missing = Problem(code="image_missing", message="No image.", remedy="Build it.", command="b x")
    runtime = FakeRuntime(problem=lambda spec: missing if spec.name == "comfyui" else None)
    async with opened_lab(tmp_path, runtime) as lab:
        view = service_view(lab, "comfyui", door=lambda name: None, person="ada")
        assert (view.state, view.problem) == ("unavailable", missing)
        with pytest.raises(ServiceError) as error:
            await lab.endpoint("comfyui", timeout=PATIENCE)
        assert (error.value.error_code, error.value.command) == ("image_missing", "b x")


async def test_an_image_that_appears_makes_the_service_available(tmp_path: Path) -> None:
    problems = {"comfyui": Problem(code="image_missing", message="No image.", remedy="Build it.")}
    runtime = FakeRuntime(problem=lambda spec: problems.get(spec.name))
    async with opened_lab(tmp_path, runtime) as lab:
        assert lab.service("comfyui").state == "unavailable"
        problems.clear()
        await lab.look_around(fresh=True)
        assert lab.service("comfyui").state == "stopped"


def nothing_but_demo(spec: ServiceSpec) -> Problem | None:
    if spec.name == "demo":
        return None
    return Problem(code="no_docker", message="Docker is not here.", remedy="Install it.")


async def test_demo_stands_in_where_nothing_is_configured(tmp_path: Path) -> None:
    async with opened_lab(tmp_path, FakeRuntime(problem=nothing_but_demo)) as lab:
        assert lab.backend("comfyui") == "demo"
        assert lab.genai_mode(["comfyui"]) == ("demo", "local_unavailable")
        endpoint = await lab.endpoint("comfyui", timeout=PATIENCE)
        assert (endpoint.service, endpoint.backend) == ("comfyui", "demo")
        view = service_view(lab, "comfyui", door=lambda name: None, person="ada")
        assert (view.stand_in, view.state, view.problem) == ("demo", "ready", None)
        assert view.stand_in_reason is not None
        assert view.stand_in_reason.remedy == "Install it."


async def test_demo_does_not_stand_in_in_mode_local(tmp_path: Path) -> None:
    runtime = FakeRuntime(problem=nothing_but_demo)
    async with opened_lab(tmp_path, runtime, mode="local") as lab:
        with pytest.raises(ServiceError) as error:
            await lab.endpoint("comfyui", timeout=PATIENCE)
        assert error.value.error_code == "no_docker"


async def test_a_stand_in_is_held_by_the_holders_of_what_it_stands_for(tmp_path: Path) -> None:
    runtime = FakeRuntime(problem=nothing_but_demo)
    async with opened_lab(tmp_path, runtime, idle_minutes=0) as lab:
        lease = lab.leases.take("kernel", ["comfyui"], label="a.ipynb", person="ada")
        await lab.endpoint("comfyui", timeout=PATIENCE)
        assert [holder.label for holder in lab.holders("demo")] == ["a.ipynb"]
        lab.leases.drop(lease.id)
        await until(lab, lambda: lab.service("demo").state == "stopped")


async def test_mode_off_starts_nothing_and_injects_nothing(tmp_path: Path) -> None:
    runtime = FakeRuntime()
    async with opened_lab(tmp_path, runtime, mode="off") as lab:
        assert lab.genai_mode(["comfyui"]) == (None, None)
        for call in (lab.start, lab.restart):
            with pytest.raises(NotAllowed):
                call("comfyui", by="ada")
        with pytest.raises(NotAllowed) as refusal:
            await lab.endpoint("comfyui", timeout=PATIENCE)
        assert refusal.value.error_code == "mode_off"
        assert runtime.starts == []


async def test_switching_to_off_stops_what_runs_but_never_a_running_job(tmp_path: Path) -> None:
    async with opened_lab(tmp_path, FakeRuntime()) as lab:
        kernel = lab.leases.take("kernel", ["comfyui"], label="a.ipynb", person="ada")
        job = lab.leases.take("job", ["comfyui"], label="a picture", person="ada")
        await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.policy.change(ModeChange(value="off"), by="ada")
        assert lab.idle.left("comfyui") is None
        lab.leases.drop(job.id)
        await until(lab, lambda: lab.service("comfyui").state == "stopped")
        assert lab.leases.live(kernel.id)


async def test_no_more_services_run_than_allowed_and_the_unheld_one_gives_way(
    tmp_path: Path,
) -> None:
    async with opened_lab(tmp_path, FakeRuntime(), max_concurrent=1) as lab:
        await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.leases.take("kernel", ["forge-turbo"], label="f.ipynb", person="ada")
        await lab.endpoint("forge-turbo", timeout=PATIENCE)
        await until(lab, lambda: lab.service("comfyui").state == "stopped")
        with pytest.raises(Conflict) as refusal:
            await lab.endpoint("comfyui", timeout=PATIENCE)
        assert refusal.value.error_code == "too_many_services"


async def test_every_change_counts_up_and_is_told_once(tmp_path: Path) -> None:
    events: list[LabEvent] = []
    async with opened_lab(tmp_path, FakeRuntime(), events=events) as lab:
        await lab.endpoint("comfyui", timeout=PATIENCE)
        revisions = [event.revision for event in events]
        assert revisions == list(range(1, lab.revision + 1))
        states = [event.state for event in events if event.service == "comfyui"]
        assert states[0] == "starting"
        assert states[-1] == "ready"


async def test_a_clean_close_leaves_nothing(tmp_path: Path) -> None:
    world = FakeWorld()
    async with opened_lab(tmp_path, FakeRuntime(world=world)) as lab:
        await lab.endpoint("comfyui", timeout=PATIENCE)
    assert world.served == {}
    assert list(tmp_path.iterdir()) == []


async def test_opening_and_closing_twice_is_harmless(tmp_path: Path) -> None:
    async with opened_lab(tmp_path, FakeRuntime()) as lab:
        await lab.open()
        await lab.close()
        await lab.close()


async def test_a_close_during_a_start_is_quick_and_clean(tmp_path: Path) -> None:
    world = FakeWorld()
    runtime = FakeRuntime(world=world, phases=("slow",), phase_seconds=60)
    async with opened_lab(tmp_path, runtime) as lab:
        waiter = asyncio.create_task(lab.endpoint("comfyui", timeout=60))
        await until(lab, lambda: lab.service("comfyui").phase == "slow")
    outcome = (await gather_all(waiter))[0]
    assert isinstance(outcome, ServiceError)
    assert world.served == {}


async def test_an_unusable_state_folder_is_a_warning_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    async with opened_lab(tmp_path / "file", FakeRuntime()) as lab:
        assert [warning.code for warning in lab.changes.warnings] == ["configuration_error"]
        with pytest.raises(ServiceError):
            await lab.endpoint("comfyui", timeout=PATIENCE)


async def test_an_unknown_service_is_not_found(tmp_path: Path) -> None:
    async with opened_lab(tmp_path, FakeRuntime()) as lab:
        with pytest.raises(NotFound) as error:
            lab.start("nonsense", by="ada")
        assert "comfyui" in error.value.remedy


async def test_estimates_come_from_the_last_start(tmp_path: Path) -> None:
    runtime = FakeRuntime(phase_seconds=0.05)
    async with opened_lab(tmp_path, runtime) as lab:
        await lab.endpoint("comfyui", timeout=PATIENCE)
        lab.stop("comfyui", by="ada")
        await until(lab, lambda: lab.service("comfyui").state == "stopped")
        assert lab.estimate("comfyui") is None
        lab.start("comfyui", by="ada")
        await until(lab, lambda: lab.service("comfyui").state == "starting")
        assert lab.estimate("comfyui") is not None


def test_the_catalogue_is_a_mapping_of_names() -> None:
    catalog: Catalog = load_catalog()
    assert {"demo", "comfyui", "comfyui-qwen", "forge-turbo", "openai"} <= set(catalog)
    assert catalog.problems == ()
