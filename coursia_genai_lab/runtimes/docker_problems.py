"""What goes wrong with Docker, in words that help.

The engine's own texts are matched, because it gives one status to many causes; they were read
off Docker 20.10 and 26.1.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import docker.errors
import requests.exceptions
import urllib3.exceptions

from ..catalog.spec import ServiceSpec
from ..errors import ImageMissing, PortTaken, RuntimeUnavailable, ServiceError
from .docker_address import docker_absent, docker_forbidden, docker_hangs, docker_stopped

AWAY = (
    docker.errors.DockerException,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
)
"""What the SDK raises when the engine does not answer; APIError, an answer, is among them."""

_CHAIN_LIMIT = 12


def away(error: BaseException) -> RuntimeUnavailable:
    """Return what a failed connection means."""
    causes = list(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return docker_forbidden()
    if any(isinstance(cause, FileNotFoundError) for cause in causes):
        return docker_absent()
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return docker_stopped()
    silent = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    if any(isinstance(cause, silent) for cause in causes):
        return docker_hangs()
    if any(
        isinstance(cause, docker.errors.APIError) and cause.status_code == 403 for cause in causes
    ):
        return docker_forbidden()
    return RuntimeUnavailable(
        f"The Docker engine went away ({type(causes[-1]).__name__}).",
        "See whether it runs, then try again.",
        code="docker_away",
        command="sudo systemctl status docker",
    )


def image_missing(spec: ServiceSpec) -> ImageMissing:
    """Return the error of a service whose image is not on this machine."""
    image = spec.container.image if spec.container else ""
    if spec.build is not None:
        return ImageMissing(
            f"The image {image} of {spec.title} has not been built on this machine.",
            "Build it, which takes minutes to an hour and needs the network; then start the "
            "service.",
            command=f"coursia-genai build {spec.name}",
        )
    never = spec.container is not None and spec.container.pull is False
    return ImageMissing(
        f"The image {image} of {spec.title} is not on this machine.",
        spec.install or "Fetch it, then start the service again.",
        command=spec.install_command or (None if never else f"docker pull {image}"),
    )


def refused(spec: ServiceSpec, error: docker.errors.APIError) -> ServiceError:
    """Return what the engine's refusal to make or start a container means."""
    text = error.explanation or str(error)
    low = text.lower()
    if isinstance(error, docker.errors.ImageNotFound):
        return image_missing(spec)
    if any(
        sign in low
        for sign in ("could not select device driver", "runtime specified nvidia", "cdi device")
    ):
        return RuntimeUnavailable(
            f"{spec.title} needs a GPU, and Docker cannot give it one.",
            "Install the NVIDIA driver and the NVIDIA Container Toolkit, then restart Docker.",
            code="gpu_runtime_missing",
            command="sudo nvidia-ctk runtime configure --runtime=docker "
            "&& sudo systemctl restart docker",
        )
    if "port is already allocated" in low or "address already in use" in low:
        return PortTaken(f"Docker found no free port for {spec.title}.", "Start the service again.")
    if "no space left" in low:
        return ServiceError(
            f"The disk is full, so Docker cannot start {spec.title}.",
            "Free some space, then start the service again.",
            code="disk_full",
            command="docker system df",
        )
    if "container-init binary not found" in low:
        return RuntimeUnavailable(
            f"Podman cannot start {spec.title}: it lacks the program that ends containers well.",
            "Install catatonit, then start the service again.",
            code="podman_init_missing",
            command="sudo apt-get install -y catatonit" if shutil.which("apt-get") else None,
        )
    if "bind source path does not exist" in low:
        return ServiceError(
            f"A folder that {spec.title} needs is gone: {text.strip()[-200:]}",
            "Bring it back, or correct GenAILab.model_roots; then start the service again.",
            code="mount_missing",
        )
    return ServiceError(
        f"Docker refuses to start {spec.title}: {text.strip()[:300]}",
        spec.troubleshooting or "Correct its service file.",
        code="docker_refused",
    )


def no_gpu_by_podman(spec: ServiceSpec) -> RuntimeUnavailable:
    """Return the error of a service that would run without its GPU, and not say so."""
    return RuntimeUnavailable(
        f"{spec.title} needs a GPU, and Podman gives none to what is asked for by Docker's API.",
        "Use Docker for it, or run it yourself and name its address in its service file.",
        code="gpu_runtime_missing",
    )


def stays(service: str, error: docker.errors.APIError) -> ServiceError:
    """Return the error of a container that the engine does not remove."""
    return ServiceError(
        f"Docker does not remove the container of {service}: {error.explanation or error}",
        "See `docker ps -a`; restarting Docker often helps.",
        code="container_stays",
    )


def no_log(service: str, error: docker.errors.APIError) -> ServiceError:
    """Return the error of a log that the engine does not hand out."""
    return ServiceError(
        f"Docker does not tell the log of {service}: {error.explanation or error}",
        "See `docker ps -a`.",
        code="docker_refused",
    )


def name_taken(error: docker.errors.APIError) -> bool:
    """Say whether the container name is in use; Podman says so with status 500."""
    return "already in use" in (error.explanation or str(error)).lower()


def already_going(error: docker.errors.APIError) -> bool:
    """Say whether somebody else is removing the container at this moment."""
    return error.status_code == 409 and "in progress" in str(error.explanation)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Go down to the root: the libraries hide it in causes, arguments and reasons."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting and len(seen) < _CHAIN_LIMIT:
        one = waiting.pop(0)
        if one in seen:
            continue
        seen.append(one)
        yield one
        inner = [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
        waiting += [each for each in inner if isinstance(each, BaseException)]
