"""GET gpus on a server whose driver is simulated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_gpus import SimulatedGPUs

Api = Callable[..., Any]


@pytest.fixture
def gpus(tmp_path: Path) -> SimulatedGPUs:
    return SimulatedGPUs(tmp_path)


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    """A file that is there once a reader has begun."""
    return tmp_path / "begun"


@pytest.fixture
def lab_traits(gpus: SimulatedGPUs, begun: Path) -> dict[str, Any]:
    noted = ["/bin/sh", "-c", 'touch "$0"; exec "$@"', str(begun), *gpus.command]
    return {"runtime": "process", "gpu_reader": noted}


async def answer(api: Api, wanted: Callable[[Any], bool]) -> Any:
    """Ask until the answer is as wanted, as a page does; fail after about a minute."""
    for _ in range(600):
        status, body = await api("GET", "gpus")
        assert status == 200
        if wanted(body):
            return body
        await asyncio.sleep(0.1)
    raise AssertionError(f"there was no such answer, but {body}")


async def test_a_page_sees_gpus_their_memory_and_who_holds_it(
    api: Api, gpus: SimulatedGPUs
) -> None:
    card = gpus.add("RTX 3090", 24_000)
    gpus.use(card, 9_000, pid=1)
    body = await answer(api, lambda body: body["at"] is not None)
    (gpu,) = body["gpus"]
    assert (gpu["id"], gpu["name"], gpu["used_mib"]) == (card, "RTX 3090", 9_000)
    assert [user["used_mib"] for user in gpu["users"]] == [9_000]
    assert gpu["history"][0]["used_mib"] == 9_000
    assert gpu["claims"] == []
    assert body["problem"] is None


async def test_without_a_driver_the_answer_says_so_and_the_server_goes_on(
    api: Api, gpus: SimulatedGPUs
) -> None:
    gpus.driver_says("library_not_found")
    body = await answer(api, lambda body: body["problem"] is not None)
    assert body["problem"]["code"] == "no_driver"
    assert body["gpus"] == []
    assert (await api("GET", "status"))[0] == 200


async def test_a_gpu_that_is_lost_stays_on_the_page(api: Api, gpus: SimulatedGPUs) -> None:
    card = gpus.add("RTX 3090")
    await answer(api, lambda body: body["at"] is not None)
    gpus.lose(card)
    body = await answer(api, lambda body: body["problem"] is not None)
    assert body["problem"]["code"] == "gpu_lost"
    assert [(gpu["name"], gpu["state"]) for gpu in body["gpus"]] == [("RTX 3090", "lost")]


async def test_only_who_looks_at_gpus_has_them_read(api: Api, begun: Path) -> None:
    for path in ("status", "services", "mode", "timeline"):
        assert (await api("GET", path))[0] == 200
    assert not begun.exists()
    await answer(api, lambda body: body["problem"] is not None)
    assert begun.exists()


async def test_memory_of_a_service_bears_its_name(app: Any, api: Api, gpus: SimulatedGPUs) -> None:
    card, lab = gpus.add(), app.parts.lab
    lab.start("demo", by="ada")
    endpoint = await lab.endpoint("demo", timeout=60)
    assert endpoint is not None
    leader = int(lab.service("demo").instance.identifier.partition(":")[0])
    # The engine itself is a child of the process that our runtime started.
    children = Path(f"/proc/{leader}/task/{leader}/children").read_text().split()
    gpus.use(card, 700, pid=int(children[0]))
    body = await answer(api, lambda body: body["gpus"] and body["gpus"][0]["users"])
    (user,) = body["gpus"][0]["users"]
    assert (user["service"], user["label"], user["used_mib"]) == ("demo", "demo", 700)
