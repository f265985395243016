"""The desk where a launch asks for GenAI."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager

import aiohttp
import pytest
from launch_bench import Bench, order

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import RuntimeUnavailable, ServiceError, TokenRefused
from coursia_genai_lab.lab.rules import UNREAD, ClassWord, Rules
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.wire.policy import ModeChange

Opened = Callable[..., AbstractAsyncContextManager[Bench]]


async def test_a_launch_gets_addresses_that_answer_and_its_service_starts(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui"))
        assert grant.view.state == "pending"
        assert grant.view.genai_mode == "local"
        assert grant.variables["GENAI_MODE"] == "local"
        assert sorted(grant.variables) == sorted(grant.view.variables)
        token = grant.variables["COMFYUI_AUTH_TOKEN"]
        assert bench.tokens.check(token).services == {"comfyui"}
        assert token not in repr(grant)
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                f"{grant.variables['COMFYUI_API_URL']}/system_stats",
                headers={"Authorization": f"Bearer {token}"},
            ) as answer,
        ):
            assert answer.status == 200
        assert bench.runtime.starts == ["comfyui"]
        (holder,) = bench.lab.holders("comfyui")
        assert (holder.label, holder.person, holder.kernel_id) == ("nb.ipynb", "ada", "k1")


async def test_a_launch_gets_its_addresses_on_a_machine_too_busy_to_open_the_doors_yet(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        await bench.lab.opened(60)
        busy = threading.Event()
        # What opens a door is loaded in a thread, and the only one has other work.
        only = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(only)
        only.submit(busy.wait)
        try:
            grant = await bench.desk.prepare(order("comfyui"))
        finally:
            busy.set()
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                f"{grant.variables['COMFYUI_API_URL']}/system_stats",
                headers={"Authorization": f"Bearer {grant.variables['COMFYUI_AUTH_TOKEN']}"},
            ) as answer,
        ):
            assert answer.status == 200


async def test_a_launch_that_comes_before_the_lab_is_open_waits_for_what_may_be_done(
    opened_bench: Opened,
) -> None:
    async with opened_bench(opens=False) as bench:
        policy = bench.lab.policy
        policy.take(ClassWord(UNREAD, "the class's policy"), quietly=True)
        launch = asyncio.create_task(bench.desk.prepare(order("comfyui")))
        answered, _ = await asyncio.wait({launch}, timeout=0.5)
        assert not answered
        policy.take(ClassWord(Rules(), "the class's policy", 1.0))
        await bench.lab.open()
        grant = await asyncio.wait_for(launch, 60)
        assert grant.variables["GENAI_MODE"] == "local"
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")


async def test_with_mode_off_nothing_is_given_and_nothing_starts(opened_bench: Opened) -> None:
    async with opened_bench(mode="off") as bench:
        grant = await bench.desk.prepare(order("comfyui"))
        assert grant.variables == {}
        assert "off" in grant.view.reason
        assert bench.lab.leases.standing() == []
        assert not bench.lab.service("comfyui").wanted


async def test_a_notebook_that_says_off_gets_nothing_on_an_open_server(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        assert (await bench.desk.prepare(order("comfyui", mode="off"))).variables == {}


async def test_a_notebook_that_says_demo_starts_and_holds_the_demo_engine(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", mode="demo"))
        assert grant.variables["GENAI_MODE"] == "demo"
        await bench.until(lambda: bench.lab.service("demo").state == "ready")
        assert bench.runtime.starts == ["demo"]
        assert [holder.kernel_id for holder in bench.lab.holders("demo")] == ["k1"]


async def test_a_notebook_with_a_hosted_server_starts_nothing_and_keeps_its_names(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", remote=True))
        assert grant.variables == {}
        assert "hosted server" in grant.view.reason
        assert not bench.lab.service("comfyui").wanted


@pytest.mark.parametrize("place", ["base_environment", "kernelspec_environment", "dotenv"])
async def test_an_address_of_the_users_own_leaves_the_service_alone(
    opened_bench: Opened, place: str
) -> None:
    async with opened_bench() as bench:
        own = {place: {"COMFYUI_API_URL": "https://comfy.example.org"}}
        grant = await bench.desk.prepare(order("comfyui", **own))
        assert grant.variables == {}
        assert grant.view.skipped["COMFYUI_AUTH_TOKEN"].startswith("Left alone")
        assert not bench.lab.service("comfyui").wanted
        assert bench.lab.leases.standing() == []


async def test_the_users_own_address_of_one_service_leaves_the_other_to_us(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        own = {"FORGE_API_URL": "https://forge.example.org"}
        grant = await bench.desk.prepare(order("comfyui", "forge-turbo", base_environment=own))
        assert "COMFYUI_API_URL" in grant.variables
        assert "FORGE_PASSWORD" not in grant.variables
        token = grant.variables["COMFYUI_AUTH_TOKEN"]
        assert bench.tokens.check(token).services == {"comfyui"}
        assert not bench.lab.service("forge-turbo").wanted


async def test_a_cloud_without_a_key_is_not_promised(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("openai"))
        assert grant.variables == {}
        assert "no key" in grant.view.skipped["OPENAI_API_KEY"]


async def test_in_demo_a_clouds_names_lead_to_the_demo_engine(opened_bench: Opened) -> None:
    async with opened_bench(mode="demo") as bench:
        grant = await bench.desk.prepare(order("openai"))
        assert grant.variables["OPENAI_BASE_URL"] == grant.variables["GENAI_API_URL"]
        assert grant.variables["OPENAI_API_KEY"].startswith("cgl_")
        assert grant.variables["NO_PROXY"].endswith("127.0.0.1,localhost")


async def test_a_service_that_cannot_start_is_a_reason_and_no_failure(
    opened_bench: Opened,
) -> None:
    async with opened_bench(max_concurrent=1) as bench:
        await bench.desk.prepare(order("comfyui"))
        grant = await bench.desk.prepare(order("forge-turbo", number=2, kernel_id="k2"))
        assert "in use" in grant.view.reason
        assert "FORGE_API_URL" in grant.variables


async def test_a_start_that_fails_later_does_not_hurt_the_launch(opened_bench: Opened) -> None:
    def refuse(spec: ServiceSpec) -> ServiceError | None:
        return RuntimeUnavailable("No engine here.", "Install one.")

    async with opened_bench(FakeRuntime(failure=refuse), mode="local") as bench:
        grant = await bench.desk.prepare(order("comfyui"))
        await asyncio.wait_for(bench.desk.ready("launch1", 10), 60)
        assert bench.lab.service("comfyui").state == "failed"
        assert "COMFYUI_API_URL" in grant.variables


async def test_a_launch_lives_from_its_confirmation_to_its_release(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui"))
        (lease,) = bench.lab.leases.standing()
        assert lease.state == "pending"
        await bench.desk.confirm("launch1")
        assert [view.state for view in bench.desk.views()] == ["live"]
        await bench.desk.release("launch1")
        await bench.desk.release("launch1")
        assert bench.desk.views() == []
        assert bench.lab.leases.standing() == []
        with pytest.raises(TokenRefused):
            bench.tokens.check(grant.variables["COMFYUI_AUTH_TOKEN"])


async def test_over_a_restart_the_service_stays_held_and_the_token_changes(
    opened_bench: Opened,
) -> None:
    async with opened_bench(idle_minutes=0.0) as bench:
        first = await bench.desk.prepare(order("comfyui"))
        await bench.desk.confirm("launch1")
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")
        await bench.desk.renew("launch1")
        assert bench.lab.holders("comfyui")
        with pytest.raises(TokenRefused):
            bench.tokens.check(first.variables["COMFYUI_AUTH_TOKEN"])
        second = await bench.desk.prepare(order("comfyui", number=2))
        assert bench.tokens.check(second.variables["COMFYUI_AUTH_TOKEN"]).kernel_id == "k1"
        assert [view.launch_id for view in bench.desk.views()] == ["launch2"]
        assert len(bench.lab.leases.standing()) == 1
        assert bench.runtime.starts == ["comfyui"]


async def test_a_cancelled_launch_leaves_no_claim(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        task = asyncio.ensure_future(bench.desk.prepare(order("comfyui")))
        await bench.until(lambda: bool(bench.lab.leases.standing()))
        task.cancel()
        outcome = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome[0], asyncio.CancelledError)
        assert bench.lab.leases.standing() == []
        assert bench.desk.views() == []


async def test_with_closed_doors_a_launch_has_no_token_to_leak(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        await bench.doors.close()
        grant = await bench.desk.prepare(order("comfyui"))
        assert not [value for value in grant.variables.values() if value.startswith("cgl_")]
        assert grant.view.skipped["COMFYUI_AUTH_TOKEN"] == "Its local address did not open."


async def test_a_person_who_asks_gets_the_labs_own_names_without_any_need(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order(asked=True))
        assert grant.variables["GENAI_API_URL"].endswith("/v1")
        assert bench.tokens.check(grant.variables["GENAI_API_TOKEN"]).kernel_id == "k1"


async def test_a_change_of_mode_is_seen_by_the_next_launch(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        bench.lab.policy.change(ModeChange(value="off"), by="ada")
        assert (await bench.desk.prepare(order("comfyui"))).variables == {}
        bench.lab.policy.change(ModeChange(value=None), by="ada")
        grant = await bench.desk.prepare(order("comfyui", number=2))
        assert grant.variables
        assert [view.launch_id for view in bench.desk.views()] == ["launch2"]


async def test_two_launches_of_one_kernel_at_once_leave_one_claim(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        orders = [order("comfyui", number=number) for number in (1, 2)]
        await asyncio.gather(*map(bench.desk.prepare, orders))
        (view,) = bench.desk.views()
        (lease,) = bench.lab.leases.standing()
        assert (view.kernel_id, lease.kernel_id) == ("k1", "k1")


async def test_a_launch_that_waits_long_keeps_its_claim_for_as_long(opened_bench: Opened) -> None:
    runtime = FakeRuntime(phases=("loading",), phase_seconds=60)
    async with opened_bench(runtime) as bench:
        grant = await bench.desk.prepare(order("comfyui"))
        waiting = asyncio.ensure_future(bench.desk.ready(grant.view.launch_id, 3600))
        await bench.until(lambda: bench.lab.service("comfyui").phase == "loading")
        (lease,) = bench.lab.leases.standing()
        assert lease.lapses_at is not None
        assert lease.lapses_at > time.monotonic() + 3600
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
