"""Whether this machine evidently has no GPU, told without asking a driver."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ..catalog.spec import ServiceSpec
from ..config import LabSettings
from ..gpu.reading import Fault
from ..wire.problems import Problem
from .gpu_problems import no_gpu

SIGNS = (
    "/proc/driver/nvidia",
    "/dev/nvidiactl",
    "/dev/nvidia0",
    "/dev/dxg",
    "/dev/nvhost-ctrl",
    "/dev/nvgpu",
)
"""What a driver leaves in the system: NVIDIA's own, that of WSL 2, and that of its small boards."""
CONTAINERS = ("/.dockerenv", "/run/.containerenv")
"""In a container the devices of the machine are not seen, and its engine may have them all."""
_HERE = ("", "localhost", "127.0.0.1", "::1")


def is_elsewhere(settings: LabSettings) -> bool:
    """Say whether the engine is on another machine, whose GPUs and memory nobody here sees."""
    address = settings.docker_host or os.environ.get("DOCKER_HOST", "")
    parts = urlsplit(address)
    return parts.scheme in ("tcp", "ssh", "http", "https") and (parts.hostname or "") not in _HERE


def reads_what_services_get(settings: LabSettings) -> bool:
    """Say whether the GPUs that are read here are those that services get.

    They are not where the engine is on another machine, unless the operator's own reader asks
    that one.
    """
    return bool(settings.gpu_reader) or not is_elsewhere(settings)


def evidently_no_gpu(
    spec: ServiceSpec,
    settings: LabSettings,
    *,
    signs: Sequence[str | Path] = SIGNS,
    containers: Sequence[str | Path] = CONTAINERS,
) -> Problem | None:
    """Return why a service cannot have its GPU here; None where it may, or wants none.

    So that nobody builds an image for an hour on a machine that has no GPU. In doubt it may: the
    arbiter asks the driver at the start.
    """
    if spec.gpu is None or settings.gpu_reader or is_elsewhere(settings):
        return None
    seen = any(Path(sign).exists() for sign in (*signs, *containers))
    if seen or not sys.platform.startswith("linux"):
        return None
    return Problem(**no_gpu(spec, Fault("no_driver")).to_dict())
