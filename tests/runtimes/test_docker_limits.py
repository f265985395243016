"""What engines leave out silently, from the answers that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker_engine import PODMAN, DockerUnderTest, running_engine
from runtime_houses import DockerHouse

from coursia_genai_lab.cli.checks import docker
from coursia_genai_lab.errors import RuntimeUnavailable
from coursia_genai_lab.runtimes.docker_limits import facts, facts_of

DOCKER: dict[str, Any] = {
    "Version": "26.1.5",
    "ApiVersion": "1.45",
    "Components": [{"Name": "Engine"}],
}
WHOLE: dict[str, Any] = {
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "CgroupDriver": "systemd",
    "SecurityOptions": ["name=seccomp,profile=builtin", "name=cgroupns"],
}


def test_an_engine_that_keeps_all_limits_is_told_without_a_word_more() -> None:
    found = facts(DOCKER, WHOLE)
    assert (found.name, found.ignores) == ("Docker 26.1.5", [])


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("MemoryLimit", "limit memory"),
        ("SwapLimit", "limit swap"),
        ("PidsLimit", "how many processes"),
        ("CpuCfsQuota", "limit processors"),
    ],
)
def test_a_limit_that_is_not_kept_is_told(field: str, word: str) -> None:
    (sentence,) = facts(DOCKER, {**WHOLE, field: False}).ignores
    assert word in sentence


def test_a_rootless_engine_without_control_groups_keeps_none_of_them() -> None:
    rootless = {
        **WHOLE,
        "CgroupDriver": "none",
        "MemoryLimit": False,
        "SecurityOptions": ["name=seccomp,profile=default", "name=rootless"],
    }
    found = facts(DOCKER, rootless)
    assert found.name == "Docker 26.1.5, rootless"
    assert len(found.ignores) == 1
    assert "control groups" in found.ignores[0]


def test_an_engine_without_a_filter_of_system_calls_is_told() -> None:
    (sentence,) = facts(DOCKER, {**WHOLE, "SecurityOptions": []}).ignores
    assert "seccomp" in sentence


def test_an_engine_that_is_too_old_is_told() -> None:
    (sentence,) = facts({**DOCKER, "ApiVersion": "1.39"}, WHOLE).ignores
    assert "1.39" in sentence


@pytest.mark.docker
def test_the_engine_at_hand_tells_what_it_is(docker_engine: DockerUnderTest) -> None:
    found = facts_of(docker_engine.client)
    assert found.name.startswith("Docker ")


@pytest.mark.docker
@pytest.mark.skipif(PODMAN is None, reason="needs podman (Debian: podman catatonit)")
async def test_podman_is_asked_for_no_gpu_that_it_would_silently_leave_out(
    podman_engine: DockerUnderTest, podman_demo_image: str, tmp_path: Any
) -> None:
    assert any("GPU" in sentence for sentence in facts_of(podman_engine.client).ignores)
    async with DockerHouse(tmp_path, podman_engine, podman_demo_image) as house:
        with pytest.raises(RuntimeUnavailable) as failure:
            await house.start(house.runtime(), house.spec(gpu={"vram_mib": 1}))
        assert failure.value.error_code == "gpu_runtime_missing"
        assert house.remains() == []


@pytest.mark.docker
def test_doctor_tells_the_engine_and_its_small_disk() -> None:
    with running_engine(disk_mib=48) as engine:
        found = {finding.name: finding for finding in docker(engine.host)}
    assert (found["docker"].state, found["docker disk"].state) == ("ok", "note")
    assert found["docker disk"].command == "docker system df"


def test_doctor_tells_an_engine_that_is_not_there(tmp_path: Path) -> None:
    (finding,) = docker(f"unix://{tmp_path}/none.sock")
    assert (finding.name, finding.state) == ("docker", "note")
    assert finding.remedy
