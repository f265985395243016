"""`coursia-genai plan`, with a running Lab and without."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_process import TOKEN, JupyterProcess
from simulated_gpus import SimulatedGPUs

pytestmark = pytest.mark.server
Genai = Callable[..., Any]


@pytest.fixture
def gpus(tmp_path: Path) -> SimulatedGPUs:
    found = SimulatedGPUs(tmp_path)
    found.add("RTX 4090", 24_564)
    return found


@pytest.fixture
def configured(tmp_path: Path, gpus: SimulatedGPUs) -> Callable[..., None]:
    """Write the operator's configuration, which the command reads as a server would."""

    def write(**traits: Any) -> None:
        folder = tmp_path / "config"
        folder.mkdir(exist_ok=True)
        (folder / "jupyter_server_config.json").write_text(
            json.dumps({"GenAILab": {"gpu_reader": gpus.command, **traits}}), encoding="utf-8"
        )

    write()
    return write


def test_without_a_lab_this_machine_is_planned(
    genai_here: Genai, configured: Callable[..., None]
) -> None:
    done = genai_here("plan", "--json", "--people", "7")
    assert done.status == 0, done.err
    fits = {one["service"]: one["fit"] for one in done.json["services"]}
    assert (fits["comfyui"], fits["demo"]) == ("fits", "needs_no_gpu")
    assert {one["people"] for one in done.json["waits"]} == {7}
    words = genai_here("plan").out
    assert "\nThese take turns:\n  comfyui-qwen: not beside comfyui, flux, " in words
    assert "not known yet" in words


def test_the_operators_own_settings_are_planned_with(
    genai_here: Genai, configured: Callable[..., None]
) -> None:
    configured(max_concurrent=1)
    together = genai_here("plan", "--json").json["together"]
    assert together
    assert all(len(one) == 1 for one in together)


def test_a_setting_that_cannot_be_is_told_and_no_plan_made(
    genai_here: Genai, configured: Callable[..., None]
) -> None:
    configured(max_concurrent=0)
    done = genai_here("plan", "--json")
    assert done.status == 1
    assert done.json["error"]["code"] == "setting_wrong"
    assert "max_concurrent" in done.json["error"]["message"]


def test_what_earlier_servers_of_this_machine_learned_is_used(
    genai_here: Genai, configured: Callable[..., None], tmp_path: Path
) -> None:
    configured(state_path=str(tmp_path / "state"))
    with JupyterProcess.start(tmp_path / "server", traits=_keeps(tmp_path)) as jupyter:
        jupyter.api("POST", "coursia-genai/api/v1/services/demo/start")
        jupyter.wait_until(
            "the demo engine is ready",
            lambda: _service(jupyter)["state"] == "ready",
            within=120,
        )
        assert jupyter.stop(within=60) == 0
    waits = {one["service"]: one for one in genai_here("plan", "--json").json["waits"]}
    assert waits["demo"]["start_seconds"] > 0
    assert waits["demo"]["seconds_per_image"] is None


def test_a_running_lab_is_asked(
    genai_here: Genai, jupyter: JupyterProcess, configured: Callable[..., None]
) -> None:
    done = genai_here("plan", "--json", "--url", jupyter.base_url, "--token", TOKEN)
    assert done.status == 0, done.err
    # This server has the machine's own driver, not the simulated GPU.
    assert "demo" in {one["service"] for one in done.json["services"]}


def _keeps(folder: Path) -> dict[str, dict[str, Any]]:
    return {"GenAILab": {"state_path": str(folder / "state")}}


def _service(jupyter: JupyterProcess) -> Any:
    return jupyter.api("GET", "coursia-genai/api/v1/services/demo")
