"""Why an image was not built, in words that help."""

from __future__ import annotations

from ..catalog.spec import ServiceSpec
from ..errors import RuntimeUnavailable, ServiceError
from .docker_disk import disk_full

_NO_SPACE = "no space left"


def build_command(spec: ServiceSpec) -> str:
    """Return the command line that builds the service's image."""
    return f"coursia-genai build {spec.name}"


def build_failed(spec: ServiceSpec, step: str, said: str, last: list[str]) -> ServiceError:
    """Return what a step that failed means; `last` are the last lines of the build's output."""
    text = "\n".join([said, *last]).lower()
    if _NO_SPACE in text:
        return build_disk_full(spec)
    if step.partition(": ")[2].upper().startswith("FROM "):
        return base_missing(spec, said)
    where = f" at {step}" if step else ""
    told = next((line for line in reversed(last) if line.strip()), "")
    words = f" Its last line: {told.strip()[:200]}" if told else ""
    return ServiceError(
        f"Building the image of {spec.title} failed{where[:200]}: "
        f"{said.strip().rstrip('.')[:300]}.{words}",
        "Read the log, mend the cause, then build it again.",
        code="build_failed",
        command=build_command(spec),
    )


def build_disk_full(
    spec: ServiceSpec, free: int | None = None, wanted: int | None = None
) -> ServiceError:
    """Return the error of a disk without room for the build, sizes in bytes."""
    error = disk_full(spec, free, wanted)
    return ServiceError(
        error.message,
        "Remove images that nobody uses, or give Docker a larger disk; then build it again.",
        code="build_disk_full",
        command="docker system df",
    )


def base_missing(spec: ServiceSpec, said: str, base: str = "") -> ServiceError:
    """Return the error of a base image that is neither here nor to be had."""
    named = f" {base}" if base else ""
    return ServiceError(
        f"The base image{named} of {spec.title} is not here and cannot be fetched: "
        f"{said.strip().rstrip('.')[:300]}.",
        "See whether this machine is online, or bring the base image with `docker load` and name "
        "it with --base; then build it again.",
        code="build_base_missing",
        command=build_command(spec),
    )


def build_stalled(spec: ServiceSpec, seconds: float) -> ServiceError:
    """Return the error of a build of which nothing was heard for too long."""
    return ServiceError(
        f"Building the image of {spec.title} was ended: it had not got on for "
        f"{seconds / 60:.0f} minutes.",
        "See whether this machine is online; then build it again.",
        code="build_stalled",
        command=build_command(spec),
    )


def build_cancelled(spec: ServiceSpec) -> ServiceError:
    """Return the error of a build that somebody cancelled."""
    return ServiceError(
        f"The build of the image of {spec.title} was cancelled; nothing of it was kept.",
        "Build it again when you want the service.",
        code="build_cancelled",
        command=build_command(spec),
    )


def build_engine_away(spec: ServiceSpec) -> RuntimeUnavailable:
    """Return the error of an engine that went away in the middle."""
    return RuntimeUnavailable(
        f"The Docker engine went away while it built the image of {spec.title}.",
        "See whether it runs; then build the image again.",
        code="docker_away",
        command="sudo systemctl status docker",
    )
