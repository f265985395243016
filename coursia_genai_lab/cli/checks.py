"""What `coursia-genai doctor` looks at: the installation, and this machine."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ..catalog.load import Catalog
from ..errors import RuntimeUnavailable
from ..gpu.reader import COMMAND
from ..gpu.reading import Reading
from ..gpu.sampler import Sampler
from ..wire.problems import Problem
from .ports import holder, is_free

OLDEST_PYTHON = (3, 10)
ENGINE_SECONDS = 3.0
PACKAGE_FOLDER = Path(__file__).parents[1]
REINSTALL = "python -m pip install --force-reinstall coursia-genai-lab"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    ok: as it should be. note: something that works less well, or not at all, without it.
    missing: without it nothing works. `on_road`: a step to take before the next ones, on the way
    to a service of this machine's own.
    """

    name: str
    state: Literal["ok", "note", "missing"]
    sentence: str
    remedy: str = ""
    command: str | None = None
    on_road: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)


def python() -> Finding:
    """Look at the version of Python."""
    sentence = f"Python {platform.python_version()}"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("python", "ok", sentence)
    return Finding(
        "python", "missing", f"{sentence} is too old.", "Install Python 3.10 or a later one."
    )


def distribution(name: str, distribution: str) -> Finding:
    """Look whether a Python package that we need is installed."""
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return Finding(
            name,
            "missing",
            f"{distribution} is not installed.",
            "Install it in the environment of this command.",
            f"python -m pip install {distribution}",
        )
    return Finding(name, "ok", f"{distribution} {version}")


def server_extension() -> Finding:
    """Look whether Jupyter Server loads our extension."""
    from jupyter_core.paths import jupyter_config_path
    from jupyter_server.extension.config import ExtensionConfigManager

    manager: Any = ExtensionConfigManager(read_config_path=jupyter_config_path())
    if manager.get_jpserver_extensions().get("coursia_genai_lab"):
        return Finding("server extension", "ok", "the server extension is enabled")
    return Finding(
        "server extension",
        "missing",
        "Jupyter Server does not load the extension.",
        "Enable it, then restart the server.",
        "jupyter server extension enable coursia_genai_lab",
    )


def lab_extension() -> Finding:
    """Look whether JupyterLab finds our side panel."""
    from jupyter_core.paths import jupyter_path

    for folder in jupyter_path("labextensions"):
        if (Path(folder) / "coursia-genai-lab" / "package.json").exists():
            return Finding("side panel", "ok", f"the side panel is installed in {folder}")
    return Finding(
        "side panel",
        "missing",
        "JupyterLab does not find the side panel.",
        "Build it: this is a source checkout." if is_checkout() else "Install the package again.",
        "make lab" if is_checkout() else REINSTALL,
    )


def node() -> Finding | None:
    """Look for Node where it is needed: to build a source checkout; None elsewhere."""
    if not is_checkout():
        return None
    if shutil.which("node"):
        return Finding("node", "ok", "Node is installed; it builds this source checkout")
    return Finding(
        "node",
        "note",
        "Node is not installed; changes to this source checkout cannot be built.",
        "Install Node 20 or a later one.",
        "sudo apt-get install -y nodejs" if shutil.which("apt-get") else None,
    )


def is_checkout() -> bool:
    """Return whether this is a source checkout, not an installed package."""
    return (PACKAGE_FOLDER.parent / "tsconfig.json").exists()


def docker(host: str | None = None) -> list[Finding]:
    """Ask the Docker engine what it is, and what of a container's limits it does not keep.

    Bounded; a silent engine is told as such. `host` None takes the environment's.
    """
    from ..runtimes.docker_disk import RESERVE_BYTES
    from ..runtimes.docker_engine import DockerEngine
    from ..runtimes.docker_limits import EngineFacts, facts_of

    async def ask() -> EngineFacts:
        engine = DockerEngine(host)
        try:
            return await engine.call(facts_of, seconds=ENGINE_SECONDS)
        finally:
            engine.close()

    try:
        facts = asyncio.run(ask())
    except RuntimeUnavailable as error:
        return [Finding("docker", "note", error.message, error.remedy, error.command)]
    remedy = "Services run all the same; on a shared machine use an engine that keeps its limits."
    found = [Finding("docker limits", "note", said, remedy) for said in facts.ignores]
    if facts.free_bytes is not None and facts.free_bytes < RESERVE_BYTES:
        said = f"Docker's disk has {facts.free_bytes / 1e9:.1f} GB free: no image is fetched."
        room = "Remove images that nobody uses, or give Docker a larger disk."
        found.append(Finding("docker disk", "note", said, room, "docker system df"))
    return [Finding("docker", "ok", facts.name), *found]


def engine_info(host: str | None = None) -> Mapping[str, object] | None:
    """Return what the Docker engine says of itself; None where it gives no answer. Bounded."""
    from ..runtimes.docker_engine import DockerEngine

    async def ask() -> Mapping[str, object]:
        engine = DockerEngine(host)
        try:
            return await engine.call(lambda client: dict(client.info()), seconds=ENGINE_SECONDS)
        finally:
            engine.close()

    try:
        return asyncio.run(ask())
    except RuntimeUnavailable:
        return None


def service_file(wrong: Problem) -> Finding:
    """Tell of a service file that is left out."""
    return Finding("service file", "note", wrong.message, wrong.remedy, wrong.command)


def demo(problems: Mapping[str, Problem | None]) -> Finding:
    """Tell whether the demo engine could start."""
    problem = problems.get("demo")
    if problem is None:
        return Finding("demo engine", "ok", "the demo engine can start here")
    return Finding("demo engine", "missing", problem.message, problem.remedy, problem.command)


def gpu(command: Sequence[str] = COMMAND) -> list[Finding]:
    """Ask the NVIDIA driver for the GPUs, bounded; none is no failure.

    `command` reads them, as `GenAILab.gpu_reader`.
    """

    return gpu_findings(*read_gpus(command))


def read_gpus(command: Sequence[str] = COMMAND) -> tuple[Reading, Problem | None]:
    """Ask the NVIDIA driver, bounded; with what is wrong, if anything is."""

    async def ask() -> tuple[Reading, Problem | None]:
        sampler = Sampler(command)
        try:
            return await sampler.fresh(), sampler.problem
        finally:
            await sampler.close()

    return asyncio.run(ask())


def gpu_findings(reading: Reading, problem: Problem | None) -> list[Finding]:
    """Tell what the driver said."""
    found = []
    if problem is not None:
        found.append(Finding("gpu", "note", problem.message, problem.remedy, problem.command))
    working = [device for device in reading.devices if device.takes_work]
    names = [f"{device.name}, {device.total_mib or '?'} MiB" for device in working]
    if names:
        found.append(Finding("gpu", "ok", f"driver {reading.driver}: {'; '.join(names)}"))
    elif problem is None:
        found.append(
            Finding(
                "gpu",
                "note",
                "Every GPU here is in MIG mode and has no instance.",
                "Make instances, or switch MIG mode off.",
                "nvidia-smi mig -lgip",
            )
        )
    return found


def doors(catalog: Catalog, ours: Mapping[int, str]) -> list[Finding]:
    """Tell which preferred door ports somebody else holds; `ours` are the running Lab's."""
    taken = []
    for spec in catalog.values():
        port = spec.door_port
        if port is None or port in ours or is_free(port):
            continue
        who = holder(port) or "another program"
        taken.append(
            Finding(
                f"door {port}",
                "note",
                f"Port {port} of {spec.name} is held by {who}.",
                "Nothing to do: another port is taken, and kernels are told. Only notebooks with "
                "a literal address need this one.",
            )
        )
    return taken or [Finding("doors", "ok", "the preferred ports of the doors are free")]


def state_folder(folder: Path) -> Finding:
    """Look whether the folder for ownership and credentials can be written."""
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("state folder", "ok", f"{folder} can be written")
    return Finding(
        "state folder",
        "missing",
        f"{nearest} cannot be written, so {folder} cannot be used.",
        "Free or correct the folder, or set GenAILab.state_path to a private one.",
        f"ls -ld {nearest}",
    )
