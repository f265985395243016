"""Who holds memory: named as far as the system tells, and only to those who may know."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from simulated_gpus import SimulatedGPUs

from coursia_genai_lab.gpu.processes import ProcessTable
from coursia_genai_lab.gpu.reading import GPUProcess
from coursia_genai_lab.gpu.sampler import Sampler
from coursia_genai_lab.gpu.view import (
    ANOTHER,
    NAMELESS,
    Claims,
    GPUAnswers,
    Services,
    gpus_view,
)
from coursia_genai_lab.wire.gpu import GPUClaim, GPUsView, GPUUser

CONTAINER = "0123456789abcdef" * 4


@pytest.fixture
def gpus(tmp_path: Path) -> SimulatedGPUs:
    return SimulatedGPUs(tmp_path)


@pytest.fixture
def program() -> Iterator[int]:
    """A program in a process group of its own, as our runtime starts them."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as process:
        yield process.pid
        process.kill()


def shown(gpus: SimulatedGPUs, services: Services, *, whole: bool) -> list[GPUUser]:
    view = gpus_view(
        Sampler(gpus.command), gpus.reading(), services=services, claims={}, whole=whole
    )
    return view.gpus[0].users


def proc(folder: Path, pid: int, cgroup: str, *, program: str = "python3") -> ProcessTable:
    """Return a table over a /proc of our own with one process."""
    (folder / str(pid)).mkdir()
    (folder / str(pid) / "stat").write_text(f"{pid} ({program}) S 1 {pid - 1} 7 0 -1\n")
    (folder / str(pid) / "cgroup").write_text(cgroup)
    return ProcessTable(folder, same_pids=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
def test_a_program_is_told_by_its_name_its_user_and_its_group(program: int) -> None:
    found = ProcessTable(same_pids=True).process(program, 5)
    assert found.program is not None
    assert found.program.startswith("python")
    assert (found.owner, found.group, found.used_mib) == (getpass.getuser(), program, 5)


@pytest.mark.parametrize(
    "cgroup",
    [
        f"0::/system.slice/docker-{CONTAINER}.scope\n",
        f"12:devices:/docker/{CONTAINER}\n0::/\n",
        f"0::/kubepods/burstable/pod5/{'f' * 64}/{CONTAINER}\n",
        f"0::/machine.slice/libpod-{CONTAINER}.scope/container\n",
        f"0::/../../docker/{CONTAINER}\n",
    ],
)
def test_a_container_is_told_by_its_id(tmp_path: Path, cgroup: str) -> None:
    assert proc(tmp_path, 42, cgroup).process(42, 1).container == CONTAINER


def test_a_program_of_the_machine_is_in_no_container(tmp_path: Path) -> None:
    table = proc(tmp_path, 42, "0::/user.slice/user-1000.slice/session-3.scope\n")
    assert table.process(42, 1).container is None


@pytest.mark.parametrize("name", ["a b", "a) S (", ")", "((", "naïve\n1"])
def test_odd_names_of_programs_mislead_nobody(tmp_path: Path, name: str) -> None:
    found = proc(tmp_path, 42, "", program=name).process(42, 1)
    assert (found.program, found.group) == (name, 41)


def test_a_process_that_has_ended_or_is_closed_to_us_keeps_its_pid_alone(tmp_path: Path) -> None:
    assert ProcessTable(tmp_path, same_pids=True).process(42, 7) == GPUProcess(42, 7)


def test_where_pids_are_other_processes_nobody_is_named() -> None:
    table = ProcessTable(same_pids=False)
    assert table.process(os.getpid(), 7) == GPUProcess(os.getpid(), 7)


def test_a_process_of_a_service_bears_its_name(gpus: SimulatedGPUs, program: int) -> None:
    card = gpus.add()
    gpus.use(card, 100, pid=program)
    for whole in (True, False):
        (user,) = shown(gpus, {program: "forge-turbo"}, whole=whole)
        assert (user.label, user.service, user.pid) == ("forge-turbo", "forge-turbo", program)


def test_who_is_none_of_ours_has_a_name_for_admins_and_none_for_students(
    gpus: SimulatedGPUs, program: int
) -> None:
    card = gpus.add()
    gpus.use(card, 100, pid=program)
    (user,) = shown(gpus, {}, whole=True)
    assert user.label.startswith("python")
    assert (user.owner, user.service) == (getpass.getuser(), None)
    (user,) = shown(gpus, {}, whole=False)
    assert user == GPUUser(used_mib=100, label=ANOTHER)


def test_a_process_that_nobody_knows_is_a_program(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    gpus.use(card, 100, pid=2**22 + 5)
    (user,) = shown(gpus, {}, whole=True)
    assert (user.label, user.owner) == (NAMELESS, None)


async def test_an_answer_is_made_once_and_follows_claims_and_services(
    gpus: SimulatedGPUs, program: int
) -> None:
    card = gpus.add()
    gpus.use(card, 100, pid=program)
    sampler = Sampler(gpus.command)
    answers = GPUAnswers(sampler)

    async def ask(services: Services, claims: Claims, *, whole: bool = True) -> str:
        return await answers.answer(services=services, claims=claims, whole=whole)

    try:
        await sampler.fresh()
        claim = GPUClaim(service="forge-turbo", mib=9_000, since=1.0)
        claimed = GPUsView.model_validate_json(await ask({}, {card: [claim]}))
        assert claimed.gpus[0].claims == [claim]
        for_students = GPUsView.model_validate_json(await ask({}, {}, whole=False))
        assert for_students.gpus[0].users[0].label == ANOTHER
        ours = GPUsView.model_validate_json(await ask({program: "forge-turbo"}, {}))
        assert ours.gpus[0].users[0].service == "forge-turbo"
        assert ours.gpus[0].claims == []
        assert ours.at is not None
        assert [point.used_mib for point in ours.gpus[0].history] == [100]
    finally:
        await sampler.close()
