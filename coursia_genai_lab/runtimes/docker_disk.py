"""Room on the disk that holds the engine's images."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ..catalog.spec import ServiceSpec
from ..errors import ServiceError

RESERVE_BYTES = 1 << 30
"""What stays free on the engine's disk: a full one stops every container, not ours alone."""


def free_bytes(info: Mapping[str, Any]) -> int | None:
    """Return what is free where the engine keeps its images; None where that cannot be seen.

    `info` is the answer of `docker info`. An engine in a virtual machine names a folder of that.
    """
    root = str(info.get("DockerRootDir") or "")
    if not root or not hasattr(os, "statvfs") or "Desktop" in str(info.get("OperatingSystem")):
        return None
    try:
        found = os.statvfs(root)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize


def disk_full(
    spec: ServiceSpec, free: int | None = None, wanted: int | None = None
) -> ServiceError:
    """Return the error of a disk without room for the service's image, sizes in bytes."""
    image = spec.container.image if spec.container else ""
    known = f": {_gigabytes(free)} are free" if free is not None else ""
    needs = f", and at least {_gigabytes(wanted)} are needed" if known and wanted else ""
    return ServiceError(
        f"The disk of Docker has no room for the image {image} of {spec.title}{known}{needs}.",
        "Remove images that nobody uses, or give Docker a larger disk; then start it again.",
        code="disk_full",
        command="docker system df",
    )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
