"""The engine's words, as Docker 20.10, 26.1 and Podman 4.3 say them, in ours."""

from __future__ import annotations

import docker.errors
import pytest
import requests
import urllib3.exceptions

from coursia_genai_lab.catalog.spec import ContainerSpec, ServiceSpec
from coursia_genai_lab.errors import ImageMissing
from coursia_genai_lab.runtimes import docker_problems
from coursia_genai_lab.runtimes.docker_pull_problems import not_fetched
from coursia_genai_lab.runtimes.docker_reference import may_be_fetched, split_reference

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
        ("container-init binary not found on the host: stat x", "podman_init_missing"),
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


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("unauthorized: authentication required", "registry_unauthorized"),
        ("no basic auth credentials", "registry_unauthorized"),
        (
            "pull access denied for x/y, repository does not exist or may require 'docker login'",
            "registry_unauthorized",
        ),
        ("toomanyrequests: You have reached your pull rate limit.", "registry_rate_limited"),
        ("manifest for x/y:1 not found: manifest unknown: manifest unknown", "image_unknown"),
        ("repository x/y not found: name unknown: name unknown", "image_unknown"),
        ("dial tcp: lookup x.invalid on 10.0.0.1:53: no such host", "registry_away"),
        ("dial tcp 127.0.0.1:1: connect: connection refused", "registry_away"),
        ("net/http: TLS handshake timeout", "registry_away"),
        ("dial tcp 1.2.3.4:443: connect: network is unreachable", "registry_away"),
        ("received unexpected HTTP status: 502 Bad Gateway", "registry_away"),
        ("x509: certificate signed by unknown authority", "registry_untrusted"),
        ("http: server gave HTTP response to HTTPS client", "registry_untrusted"),
        ("no matching manifest for linux/arm64/v8 in the manifest list", "image_other_platform"),
        ("unexpected EOF", "pull_interrupted"),
        ("filesystem layer verification failed for digest sha256:1", "pull_interrupted"),
        ("write /data/tmp/GetImageBlob1: no space left on device", "disk_full"),
        ("something new", "pull_failed"),
    ],
)
def test_an_image_that_did_not_come_is_told_by_its_cause(text: str, code: str) -> None:
    problem = not_fetched(SPEC, text)
    assert problem.error_code == code
    assert problem.remedy
    assert "one:1" in problem.message or "Docker Hub" in problem.message


def test_the_login_names_the_registry_of_the_image() -> None:
    assert SPEC.container is not None
    container = SPEC.container.model_copy(update={"image": "ghcr.io/lab/one:1"})
    spec = SPEC.model_copy(update={"container": container})
    assert not_fetched(spec, "denied").command == "docker login ghcr.io"


@pytest.mark.parametrize(
    ("image", "pull", "fetched"),
    [
        ("ghcr.io/lab/one:1", None, True),
        ("127.0.0.1:5000/one", None, True),
        ("localhost/one", None, True),
        ("lab/one:1", None, False),
        ("one", None, False),
        ("lab/one:1", True, True),
        ("ghcr.io/lab/one:1", False, False),
    ],
)
def test_only_what_names_its_registry_is_fetched_unasked(
    image: str, pull: bool | None, fetched: bool
) -> None:
    assert may_be_fetched(ContainerSpec(image=image, port=1, pull=pull)) is fetched


def test_a_reference_without_tag_means_the_latest_and_not_every_image() -> None:
    assert split_reference("127.0.0.1:5000/one") == ("127.0.0.1:5000/one", "latest")
    assert split_reference("ghcr.io/lab/one:2") == ("ghcr.io/lab/one", "2")
    assert split_reference("ghcr.io/one@sha256:ab") == ("ghcr.io/one", "sha256:ab")


def test_a_folder_that_vanished_is_told_as_such() -> None:
    text = 'invalid mount config for type "bind": bind source path does not exist: /models/x'
    problem = docker_problems.refused(SPEC, said(text, 400))
    assert problem.error_code == "mount_missing"
    assert "/models/x" in problem.message


def test_an_image_that_is_never_to_be_fetched_comes_without_a_command_to_fetch_it() -> None:
    assert SPEC.container is not None
    container = SPEC.container.model_copy(update={"pull": False})
    assert docker_problems.image_missing(SPEC).command == "docker pull one:1"
    ours = SPEC.model_copy(update={"container": container})
    assert docker_problems.image_missing(ours).command is None


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
