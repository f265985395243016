"""`coursia-genai gpus`, with a running Lab and without, and what the doctor says of GPUs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_process import TOKEN, JupyterProcess
from simulated_gpus import SimulatedGPUs

from coursia_genai_lab.cli import checks
from coursia_genai_lab.wire.gpu import GPUsView

Genai = Any


@pytest.fixture
def gpus(tmp_path: Path) -> SimulatedGPUs:
    return SimulatedGPUs(tmp_path)


def test_a_running_lab_tells_gpus_and_who_holds_them(
    gpus: SimulatedGPUs, genai: Genai, jupyter_process: Callable[..., JupyterProcess]
) -> None:
    card, split, gone = gpus.add("RTX 3090", 24_000), gpus.add("A100", 80_000), gpus.add("K80")
    gpus.use(card, 12_000, pid=1)
    gpus.split(split, 20_000)
    gpus.lose(gone)
    server = jupyter_process(traits={"GenAILab": {"gpu_reader": gpus.command}})
    place = {"COURSIA_GENAI_URL": server.base_url, "COURSIA_GENAI_TOKEN": TOKEN}

    def told() -> GPUsView | None:
        done = genai("gpus", "--json", **place)
        assert done.status == 0, done.err
        view = GPUsView.model_validate(done.json)
        return view if view.at is not None else None

    view = server.wait_until("there is a reading", told)
    assert [gpu.parent for gpu in view.gpus] == [None, None, split, None]
    done = genai("gpus", **place)
    assert done.status == 0, done.err
    lines = done.out.splitlines()
    first = next(line for line in lines if "RTX 3090" in line)
    assert "##########.......... 12000 of 24000 MiB" in first
    assert "pid 1: 12000 MiB" in first
    assert any("A100 (split)" in line for line in lines)
    assert any("instance 0" in line and "of 20000 MiB" in line for line in lines)
    assert any("LOST" in line and "unknown" in line for line in lines)
    assert any("does not answer any more" in line for line in lines)
    assert "  sudo nvidia-smi --gpu-reset" in lines


def test_without_a_lab_the_driver_of_this_machine_is_asked(genai_here: Genai) -> None:
    done = genai_here("gpus", "--json")
    assert done.status == 0, done.err
    view = GPUsView.model_validate(done.json)
    # A machine with a GPU has a reading, any other a reason.
    assert view.gpus or view.problem is not None
    done = genai_here("gpus")
    assert done.status == 0, done.err
    assert done.out.strip()


def test_without_a_lab_gpus_are_read_as_the_operator_set_it(
    gpus: SimulatedGPUs, genai: Genai, tmp_path: Path
) -> None:
    card = gpus.add("RTX 3090")
    (tmp_path / "config").mkdir()
    settings = {"GenAILab": {"gpu_reader": gpus.command}}
    (tmp_path / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    done = genai("gpus", "--json")
    assert done.status == 0, done.err
    assert [gpu["id"] for gpu in done.json["gpus"]] == [card]
    doctor = genai("doctor", "--json")
    assert doctor.out, doctor.err
    said = [one["sentence"] for one in doctor.json["findings"] if one["name"] == "gpu"]
    assert len(said) == 1
    assert "RTX 3090" in said[0]


def test_the_doctor_names_gpus_that_work(gpus: SimulatedGPUs) -> None:
    gpus.split(gpus.add("A100", 80_000), 20_000)
    gpus.add("RTX 3090", 24_000)
    (finding,) = checks.gpu(gpus.command)
    assert finding.state == "ok"
    assert "driver 550.54.15" in finding.sentence
    assert "A100 MIG, 20000 MiB; RTX 3090, 24000 MiB" in finding.sentence


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("library_not_found", None),
        ("driver_not_loaded", "sudo modprobe nvidia"),
        ("no_permission", "ls -l /dev/nvidiactl /dev/nvidia0"),
        ("unknown", "nvidia-smi"),
        (None, "lspci | grep -i nvidia"),
    ],
)
def test_the_doctor_says_what_is_wrong_with_one_command(
    gpus: SimulatedGPUs, said: str | None, command: str | None
) -> None:
    gpus.driver_says(said)
    (finding,) = checks.gpu(gpus.command)
    # Pictures can be made without a GPU.
    assert finding.state == "note"
    assert finding.remedy
    assert finding.command == command


def test_the_doctor_tells_a_lost_gpu_beside_those_that_work(gpus: SimulatedGPUs) -> None:
    gpus.lose(gpus.add())
    gpus.add("RTX 3090", 24_000)
    lost, working = checks.gpu(gpus.command)
    assert (lost.state, lost.command) == ("note", "sudo nvidia-smi --gpu-reset")
    assert (working.state, "RTX 3090" in working.sentence) == ("ok", True)


def test_a_gpu_in_mig_mode_without_instances_is_no_gpu_to_work_with(gpus: SimulatedGPUs) -> None:
    gpus.split(gpus.add("A100", 80_000))
    (finding,) = checks.gpu(gpus.command)
    assert finding.state == "note"
    assert "no instance" in finding.sentence
