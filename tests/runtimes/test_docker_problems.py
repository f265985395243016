"""The engine's words, as Docker 20.10, 26.1 and Podman 4.3 say them, in ours."""

from __future__ import annotations

import docker.errors
import pytest
import requests
import urllib3.exceptions

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ImageMissing
from coursia_genai_lab.runtimes import docker_problems

SPEC = ServiceSpec.model_validate(
    {
        "name": "one",
        "title": "One",
        "dialect": "comfyui",
        "container": {"image": "one:1", "port": 8188},
        "troubleshooting": "Look into its file.",
    }
)


def said(text: str, status: int = 500) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    return docker.errors.APIError("refused", response=response, explanation=text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('could not select device driver "" with capabilities: [[gpu]]', "gpu_runtime_missing"),
        ("Unknown runtime specified nvidia", "gpu_runtime_missing"),
        ("CDI device injection failed: unresolvable CDI devices x", "gpu_runtime_missing"),
        ("Bind for 127.0.0.1:8188 failed: port is already allocated", "port_taken"),
        ("listen tcp4 127.0.0.1:1: bind: address already in use", "port_taken"),
        ("write /var/lib/docker/x: no space left on device", "disk_full"),
        ("Minimum memory limit allowed is 6MB", "docker_refused"),
    ],
)
def test_a_refusal_has_a_code_and_a_remedy(text: str, code: str) -> None:
    error = docker_problems.refused(SPEC, said(text))
    assert error.error_code == code
    assert error.remedy


def test_an_unknown_refusal_is_quoted() -> None:
    error = docker_problems.refused(SPEC, said("Minimum memory limit allowed is 6MB", 400))
    assert "Minimum memory limit" in error.message
    assert error.remedy == "Look into its file."


def test_an_image_that_vanished_meanwhile_is_missing() -> None:
    error = docker_problems.refused(SPEC, docker.errors.ImageNotFound("No such image: one:1"))
    assert isinstance(error, ImageMissing)


@pytest.mark.parametrize(
    "text",
    [
        'Conflict. The container name "/x" is already in use by container "1".',
        'the container name "x" is already in use by "1".',
    ],
)
def test_a_taken_name_is_known_from_both_engines(text: str) -> None:
    assert docker_problems.name_taken(said(text))
    assert not docker_problems.name_taken(said("something else"))


def test_a_removal_that_goes_on_is_no_failure() -> None:
    text = "removal of container x is already in progress"
    assert docker_problems.already_going(said(text, 409))
    assert not docker_problems.already_going(said("container is paused", 409))


def broken(cause: BaseException) -> requests.exceptions.ConnectionError:
    return requests.exceptions.ConnectionError(
        urllib3.exceptions.ProtocolError("Connection aborted.", cause)
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (broken(PermissionError(13, "Permission denied")), "docker_forbidden"),
        (broken(FileNotFoundError(2, "No such file or directory")), "docker_absent"),
        (broken(ConnectionRefusedError(111, "Connection refused")), "docker_not_running"),
        (broken(ConnectionResetError(104, "reset")), "docker_away"),
        (requests.exceptions.ReadTimeout("Read timed out."), "docker_hangs"),
        (said("a proxy says no", 403), "docker_forbidden"),
    ],
)
def test_a_broken_connection_is_told_by_its_cause(error: Exception, code: str) -> None:
    problem = docker_problems.away(error)
    assert problem.error_code == code
    assert problem.remedy


def test_a_cause_that_names_itself_does_not_trap_us() -> None:
    one = OSError("round")
    one.__cause__ = OSError("and round")
    one.__cause__.__cause__ = one
    assert docker_problems.away(one).error_code == "docker_away"


def test_what_cannot_be_removed_or_read_is_told() -> None:
    assert docker_problems.stays("one", said("device or resource busy")).error_code == (
        "container_stays"
    )
    assert "configured logging driver" in (
        docker_problems.no_log("one", said("configured logging driver")).message
    )
