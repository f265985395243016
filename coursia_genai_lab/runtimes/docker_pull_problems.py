"""Why an image did not come, in words that help.

The engine gives one status to many causes, so its texts are matched; they were read off Docker
20.10 and 26.1, and Podman 4.3.
"""

from __future__ import annotations

from ..catalog.spec import ServiceSpec
from ..errors import ImageMissing, ServiceError
from .docker_disk import disk_full
from .docker_reference import registry_of

_AGAIN = "See whether this machine is online; then start the service again."
_RATE = ("toomanyrequests", "rate limit", "429 too many")
_CLOSED = (
    "unauthorized",
    "authentication required",
    "no basic auth credentials",
    "pull access denied",
    "denied",
    "401 ",
    "403 ",
)
_UNKNOWN = ("manifest unknown", "name unknown", "not found", "manifest for", "name invalid")
_UNTRUSTED = ("x509", "certificate", "server gave http response to https client")
_BROKEN = (
    "unexpected eof",
    "connection reset",
    "filesystem layer verification failed",
    "digest mismatch",
    "did not match",
    "short read",
)
_AWAY = (
    "dial tcp",
    "no such host",
    "connection refused",
    "timeout",
    "network is unreachable",
    "request canceled",
    "deadline exceeded",
    "unexpected http status",
    "server misbehaving",
    "eof",
)


def not_fetched(spec: ServiceSpec, said: str) -> ServiceError:
    """Return what the engine's words about a failed pull mean."""
    low = said.lower()
    image = spec.container.image if spec.container else ""
    registry = registry_of(image) or "Docker Hub"
    if "no space left" in low:
        return disk_full(spec)
    if any(sign in low for sign in _RATE):
        return ServiceError(
            f"{registry} gives no more images for now: too many were asked for.",
            "Wait an hour, or log in, which allows more; then start the service again.",
            code="registry_rate_limited",
            command=_login(image),
        )
    if "no matching manifest" in low:
        return ServiceError(
            f"The image {image} of {spec.title} is not made for this kind of machine.",
            "Name another image in its service file.",
            code="image_other_platform",
        )
    if any(sign in low for sign in _UNTRUSTED):
        return ServiceError(
            f"The Docker engine does not trust the registry {registry}.",
            "Give the engine the registry's certificate, then restart Docker.",
            code="registry_untrusted",
        )
    # Before "denied": a registry says so also of what it does not have.
    if any(sign in low for sign in _CLOSED):
        return ServiceError(
            f"{registry} does not give out the image {image} of {spec.title}: it wants a login, "
            "or has no such image.",
            "Log in as the user of this server, or correct the image in its service file.",
            code="registry_unauthorized",
            command=_login(image),
        )
    if any(sign in low for sign in _BROKEN):
        return pull_broke_off(spec)
    if any(sign in low for sign in _AWAY) and not any(sign in low for sign in _UNKNOWN[:2]):
        return registry_away(spec)
    if any(sign in low for sign in _UNKNOWN):
        return ImageMissing(
            f"{registry} has no image {image}, which {spec.title} needs.",
            spec.install or "Correct the image in its service file.",
            code="image_unknown",
            command=spec.install_command,
        )
    return ServiceError(
        f"The image {image} of {spec.title} cannot be fetched: {said.strip()[:300]}",
        spec.troubleshooting or "Correct the image in its service file.",
        code="pull_failed",
    )


def registry_away(spec: ServiceSpec) -> ServiceError:
    """Return the error of a registry that does not answer."""
    image = spec.container.image if spec.container else ""
    return ServiceError(
        f"{registry_of(image) or 'Docker Hub'} does not answer, so the image {image} of "
        f"{spec.title} cannot be fetched.",
        "See whether this machine is online, and whether Docker needs a proxy; then start the "
        "service again.",
        code="registry_away",
    )


def pull_broke_off(spec: ServiceSpec) -> ServiceError:
    """Return the error of a download that ended in the middle."""
    image = spec.container.image if spec.container else ""
    return ServiceError(
        f"The download of the image {image} of {spec.title} broke off.",
        _AGAIN,
        code="pull_interrupted",
    )


def _login(image: str) -> str:
    registry = registry_of(image)
    return f"docker login {registry}" if registry else "docker login"
