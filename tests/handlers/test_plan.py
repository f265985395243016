"""GET plan on a server whose GPUs are simulated."""

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
    found = SimulatedGPUs(tmp_path)
    found.add("RTX 4090", 24_564)
    return found


@pytest.fixture
def lab_traits(gpus: SimulatedGPUs) -> dict[str, Any]:
    return {"runtime": "fake", "gpu_reader": gpus.command}


async def planned(api: Api, wanted: Callable[[Any], bool], **query: str) -> Any:
    """Ask until the answer is as wanted: the first reading may take longer than one answer."""
    for _ in range(600):
        status, body = await api("GET", "plan", **query)
        assert status == 200
        if wanted(body):
            return body
        await asyncio.sleep(0.1)
    raise AssertionError(f"there was no such answer, but {body}")


def fits(body: Any) -> dict[str, str]:
    return {one["service"]: one["fit"] for one in body["services"]}


async def test_the_plan_says_what_fits_and_what_takes_turns(api: Api, gpus: SimulatedGPUs) -> None:
    body = await planned(api, lambda body: fits(body)["comfyui"] != "unknown", people="30")
    found = fits(body)
    assert found["comfyui"] == "fits"
    assert found["demo"] == "needs_no_gpu"
    assert not {"openai", "openrouter"} & set(found)
    assert ["comfyui-qwen", "comfyui"] in body["apart"]
    assert all("comfyui" not in one or "comfyui-qwen" not in one for one in body["together"])
    waits = {one["service"]: one for one in body["waits"]}
    assert waits["comfyui"]["people"] == 30
    assert (waits["comfyui"]["seconds_per_image"], waits["comfyui"]["images"]) == (None, 0)


async def test_a_service_that_runs_is_planned_where_it_runs(api: Api, app: Any) -> None:
    lab = app.parts.lab
    await lab.endpoint("comfyui", timeout=60)
    body = await planned(api, lambda body: fits(body)["comfyui"] != "unknown")
    (comfyui,) = [one for one in body["services"] if one["service"] == "comfyui"]
    assert comfyui["fit"] == "fits"
    (wait,) = [one for one in body["waits"] if one["service"] == "comfyui"]
    assert wait["start_seconds"] == 0


async def test_the_past_of_this_server_says_what_a_class_waits(api: Api, app: Any) -> None:
    jobs = app.parts.memory.jobs
    for number in range(1, 5):
        jobs.ended("comfyui", 0.0, 12.0 * number)
    await app.parts.lab.endpoint("comfyui", timeout=60)
    _, body = await api("GET", "plan", people="10")
    (wait,) = [one for one in body["waits"] if one["service"] == "comfyui"]
    assert (wait["seconds_per_image"], wait["images"]) == (12.0, 4)
    assert (wait["median_seconds"], wait["last_seconds"]) == (60.0, 120.0)


async def test_a_number_of_people_that_is_none_is_refused(api: Api) -> None:
    status, body = await api("GET", "plan", people="many")
    assert (status, body["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(("people", "planned_for"), [("0", 1), ("-4", 1), ("100000", 500)])
async def test_a_class_is_kept_within_bounds(api: Api, people: str, planned_for: int) -> None:
    _, body = await api("GET", "plan", people=people)
    assert {one["people"] for one in body["waits"]} == {planned_for}


async def test_without_a_driver_the_plan_says_so(api: Api, gpus: SimulatedGPUs) -> None:
    gpus.driver_says("library_not_found")
    body = await planned(api, lambda body: bool(body["notes"]))
    assert body["notes"][0]["code"] == "no_driver"
    assert fits(body)["comfyui"] == "never"
    assert [one for one in body["together"] if "demo" in one] == [["demo"]]
