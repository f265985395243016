"""A kernel whose notebook's metadata asks for more than its code shows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest
from launch_bench import Bench, order

from coursia_genai_lab.lab.consents import Consent, Consents, ConsentsInMemory, Widening
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.wire.policy import ModeChange

Opened = Callable[..., AbstractAsyncContextManager[Bench]]
NOTEBOOK = "course/nb.ipynb"
WIDE: dict[str, Any] = {"widened": ["comfyui"], "metadata_digest": "d1"}


async def call(variables: Any, path: str, method: str = "GET", **more: Any) -> tuple[int, str]:
    """Call the door of ComfyUI with the kernel's token; return status and code of a refusal."""
    header = {"Authorization": f"Bearer {variables['COMFYUI_AUTH_TOKEN']}"}
    address = f"{variables['COMFYUI_API_URL']}{path}"
    async with (
        aiohttp.ClientSession(headers=header) as session,
        session.request(method, address, **more) as answer,
    ):
        body = await answer.json(content_type=None)
        return answer.status, body.get("coursia", {}).get("code", "") if body else ""


async def test_its_addresses_are_given_and_nothing_starts(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", **WIDE))
        assert grant.variables["COMFYUI_API_URL"].startswith("http://127.0.0.1:")
        needed = grant.view.consent
        assert needed is not None
        assert (needed.path, needed.digest, needed.services) == (NOTEBOOK, "d1", ["comfyui"])
        await bench.desk.ready("launch1", 5)
        for method, path in (("GET", "/system_stats"), ("GET", "/"), ("POST", "/prompt")):
            assert await call(grant.variables, path, method) == (503, "consent_needed")
        assert not bench.lab.service("comfyui").wanted
        assert bench.lab.holders("comfyui") == []
        assert bench.runtime.starts == []


async def test_neither_a_socket_nor_the_openai_door_starts_it(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(
            order("comfyui", "flux", widened=["comfyui", "flux"], metadata_digest="d1")
        )
        header = {"Authorization": f"Bearer {grant.variables['GENAI_API_TOKEN']}"}
        async with aiohttp.ClientSession(headers=header) as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
                await session.ws_connect(f"{grant.variables['COMFYUI_API_URL']}/ws")
            assert refusal.value.status == 503
            async with session.post(
                f"{grant.variables['GENAI_API_URL']}/images/generations",
                json={"prompt": "a fox", "model": "flux-1-dev"},
            ) as answer:
                told = await answer.json()
            assert (answer.status, told["error"]["code"]) == (503, "consent_needed")
        assert bench.runtime.starts == []


async def test_the_consent_starts_it_for_the_kernel_that_runs(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", **WIDE))
        await bench.desk.confirm("launch1")
        before = bench.lab.revision
        bench.consents.give("ada", NOTEBOOK, "d1")
        assert bench.lab.revision > before
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")
        assert [holder.kernel_id for holder in bench.lab.holders("comfyui")] == ["k1"]
        (view,) = bench.desk.views()
        assert view.consent is None
        assert (await call(grant.variables, "/system_stats"))[0] == 200


@pytest.mark.parametrize(
    ("person", "path", "digest"),
    [("bob", NOTEBOOK, "d1"), ("ada", NOTEBOOK, "d0"), ("ada", "course/other.ipynb", "d1")],
)
async def test_the_consent_of_another_person_path_or_wording_starts_nothing(
    opened_bench: Opened, person: str, path: str, digest: str
) -> None:
    async with opened_bench() as bench:
        bench.consents.give(person, path, digest)
        grant = await bench.desk.prepare(order("comfyui", **WIDE))
        bench.consents.give(person, path, digest + "x")
        assert grant.view.consent is not None
        assert await call(grant.variables, "/prompt", "POST") == (503, "consent_needed")
        assert bench.runtime.starts == []


async def test_a_consent_of_earlier_is_enough_until_the_metadata_changes(
    opened_bench: Opened,
) -> None:
    async with opened_bench(idle_minutes=0.0) as bench:
        bench.consents.give("ada", NOTEBOOK, "d1")
        first = await bench.desk.prepare(order("comfyui", **WIDE))
        assert first.view.consent is None
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")
        await bench.desk.release("launch1")
        await bench.until(lambda: bench.lab.service("comfyui").state == "stopped")
        second = await bench.desk.prepare(
            order("comfyui", number=2, widened=["comfyui"], metadata_digest="d2")
        )
        assert second.view.consent is not None
        assert await call(second.variables, "/prompt", "POST") == (503, "consent_needed")


async def test_a_withdrawn_consent_stops_nothing_and_starts_nothing_more(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        bench.consents.give("ada", NOTEBOOK, "d1")
        grant = await bench.desk.prepare(order("comfyui", **WIDE))
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")
        bench.consents.withdraw("ada", NOTEBOOK)
        assert (await call(grant.variables, "/system_stats"))[0] == 200
        assert bench.lab.holders("comfyui") == []
        bench.lab.stop("comfyui", by="ada")
        await bench.until(lambda: bench.lab.service("comfyui").state == "stopped")
        assert await call(grant.variables, "/system_stats") == (503, "consent_needed")
        (view,) = bench.desk.views()
        assert view.consent is not None


async def test_what_runs_already_may_be_used_without_a_consent(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        bench.lab.start("comfyui", by="ada")
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")
        grant = await bench.desk.prepare(order("comfyui", **WIDE))
        assert (await call(grant.variables, "/system_stats"))[0] == 200
        assert bench.lab.holders("comfyui") == []


async def test_a_person_may_start_it_by_hand(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", **WIDE))
        bench.lab.start("comfyui", by="ada")
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")
        assert (await call(grant.variables, "/system_stats"))[0] == 200


async def test_the_services_of_the_code_start_and_only_the_others_wait(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", "forge-turbo", **WIDE))
        await bench.until(lambda: bench.lab.service("forge-turbo").state == "ready")
        assert bench.runtime.starts == ["forge-turbo"]
        assert grant.view.consent is not None
        assert grant.view.consent.services == ["comfyui"]


async def test_a_notebook_in_a_trusted_folder_needs_no_consent(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", path="trusted/nb.ipynb", **WIDE))
        assert grant.view.consent is None
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")


async def test_the_demo_engine_needs_no_consent(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", mode="demo", **WIDE))
        assert grant.view.consent is None
        await bench.until(lambda: bench.lab.service("demo").state == "ready")
        assert bench.runtime.starts == ["demo"]


async def test_where_the_mode_starts_nothing_a_consent_is_not_asked_for(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", **WIDE))
        bench.lab.policy.change(ModeChange(value="off"), by="ada")
        (view,) = bench.desk.views()
        assert view.consent is None
        assert await call(grant.variables, "/prompt", "POST") == (403, "mode_off")
        bench.lab.policy.change(ModeChange(value=None), by="ada")
        assert await call(grant.variables, "/prompt", "POST") == (503, "consent_needed")


async def test_of_two_notebooks_on_one_kernel_each_is_asked_about(opened_bench: Opened) -> None:
    asked = (
        Widening("a.ipynb", "da", ("comfyui",)),
        Widening("b.ipynb", "db", ("forge-turbo",)),
    )
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(
            order("comfyui", "forge-turbo", widened=["comfyui", "forge-turbo"], widenings=asked)
        )
        assert grant.view.consent is not None
        assert grant.view.consent.path == "a.ipynb"
        bench.consents.give("ada", "a.ipynb", "da")
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")
        (view,) = bench.desk.views()
        assert view.consent is not None
        assert (view.consent.path, view.consent.services) == ("b.ipynb", ["forge-turbo"])
        assert bench.runtime.starts == ["comfyui"]


async def test_a_start_that_a_consent_cannot_have_is_a_reason(opened_bench: Opened) -> None:
    async with opened_bench(max_concurrent=1) as bench:
        await bench.desk.prepare(order("forge-turbo"))
        await bench.desk.prepare(order("comfyui", number=2, kernel_id="k2", **WIDE))
        bench.consents.give("ada", NOTEBOOK, "d1")
        view = bench.desk.views()[-1]
        assert view.consent is None
        assert "in use" in view.reason


async def test_a_consent_after_the_kernels_end_starts_nothing(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        await bench.desk.prepare(order("comfyui", **WIDE))
        await bench.desk.release("launch1")
        bench.consents.give("ada", NOTEBOOK, "d1")
        assert not bench.lab.service("comfyui").wanted


async def test_an_optional_service_starts_with_its_first_call(opened_bench: Opened) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", optional=["comfyui"]))
        await bench.desk.ready("launch1", 5)
        assert not bench.lab.service("comfyui").wanted
        assert grant.view.consent is None
        assert (await call(grant.variables, "/object_info"))[0] in (200, 404)
        assert bench.runtime.starts == ["comfyui"]


async def test_an_optional_service_that_is_confirmed_still_waits_for_its_first_call(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(order("comfyui", optional=["comfyui"], **WIDE))
        bench.consents.give("ada", NOTEBOOK, "d1")
        assert not bench.lab.service("comfyui").wanted
        await call(grant.variables, "/object_info")
        assert bench.runtime.starts == ["comfyui"]


async def test_a_service_that_is_hosted_elsewhere_is_left_alone_and_the_others_are_served(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        grant = await bench.desk.prepare(
            order("comfyui", "forge-turbo", remote_services=["comfyui"])
        )
        assert "COMFYUI_API_URL" not in grant.variables
        assert "COMFYUI_AUTH_TOKEN" not in grant.variables
        assert "hosted server" in grant.view.skipped["COMFYUI_API_URL"]
        token = grant.variables["FORGE_PASSWORD"]
        assert bench.tokens.check(token).services == {"forge-turbo"}
        await bench.until(lambda: bench.lab.service("forge-turbo").state == "ready")
        assert bench.runtime.starts == ["forge-turbo"]


async def test_a_consent_that_comes_while_the_doors_open_is_not_missed(
    opened_bench: Opened,
) -> None:
    async with opened_bench(FakeRuntime()) as bench:
        preparing = asyncio.ensure_future(bench.desk.prepare(order("comfyui", **WIDE)))
        await bench.until(lambda: bool(bench.lab.leases.standing()))
        bench.consents.give("ada", NOTEBOOK, "d1")
        grant = await preparing
        assert grant.view.consent is None
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")


async def test_what_begins_to_wait_when_the_mode_changes_starts_with_its_consent(
    opened_bench: Opened,
) -> None:
    async with opened_bench() as bench:
        bench.lab.policy.change(ModeChange(value="demo"), by="ada")
        await bench.desk.prepare(order("comfyui", **WIDE))
        bench.lab.policy.change(ModeChange(value=None), by="ada")
        (view,) = bench.desk.views()
        assert view.consent is not None
        bench.consents.give("bob", NOTEBOOK, "d1")
        assert not bench.lab.service("comfyui").wanted
        bench.consents.give("ada", NOTEBOOK, "d1")
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")


async def test_a_store_that_is_read_late_starts_what_was_confirmed_long_ago(
    opened_bench: Opened,
) -> None:
    store = ConsentsInMemory()
    async with opened_bench(consents=Consents(store)) as bench:
        await bench.desk.prepare(order("comfyui", **WIDE))
        store.add(Consent("ada", "metadata", NOTEBOOK, "d1", 5.0))
        assert not bench.lab.service("comfyui").wanted
        bench.consents.look_again()
        await bench.until(lambda: bench.lab.service("comfyui").state == "ready")
