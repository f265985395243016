"""The road from an installed package to a running service: what stands on it, in order."""

from __future__ import annotations

import os
import shlex
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..catalog.load import load_catalog
from ..catalog.spec import ServiceSpec
from ..config import LabSettings
from ..errors import ImageMissing
from ..gpu.reading import Reading
from ..lab.plan import Candidate, plan
from ..lab.planning import host_of
from ..wire.plan import Fit
from ..wire.problems import Problem
from ..wire.services import ServiceView
from .checks import Finding
from .offline import Outlook

LOOK_SECONDS = 3.0
PCI = Path("/sys/bus/pci/devices")
_NVIDIA, _DISPLAY = "0x10de", "0x03"
_CONFIGURE = "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker"
_MODELS = ("models_missing", "models_unreadable")
_RUNS = ("ready", "starting", "pulling")


@dataclass(frozen=True)
class Road:
    """Where the road leads on this machine."""

    aim: ServiceSpec | None = None
    """The service that is nearest to running; None: the demo engine is all that runs here."""
    problem: Problem | None = None
    """What stands before it."""
    wanted: bool = False
    """Whether anything but the demo engine could ever run here, so that Docker is of use."""


def find_road(outlook: Outlook, reading: Reading, running: Mapping[str, ServiceView]) -> Road:
    """Return the road to the service that needs fewest steps, an operator's own before others.

    It is the same service at each step: what is done for it brings it nearer than the others.
    """
    fits = _fits(outlook, reading)
    able = [outlook.catalog[name] for name, fit in fits.items() if fit != "never"]
    built_in = load_catalog()

    def steps(spec: ServiceSpec) -> tuple[int, bool, int, str]:
        own = built_in.get(spec.name) != spec
        vram = spec.gpu.vram_mib if spec.gpu is not None else 0
        stage = _stage(outlook.problems.get(spec.name), running.get(spec.name))
        return stage, not own, vram, spec.name

    ready = [spec for spec in able if _can_go_on(outlook.problems.get(spec.name))]
    aim = min(ready, key=steps, default=None)
    if aim is None:
        return Road(wanted=bool(able))
    return Road(aim, outlook.problems.get(aim.name), wanted=True)


def _fits(outlook: Outlook, reading: Reading) -> dict[str, Fit]:
    local = [
        spec for spec in outlook.catalog.values() if spec.kind == "local" and spec.name != "demo"
    ]
    known = [Candidate(spec, elsewhere=spec.address is not None) for spec in local]
    planned = plan(known, host_of(reading, outlook.settings), people=1)
    return {one.service: one.fit for one in planned.services}


def _stage(problem: Problem | None, view: ServiceView | None) -> int:
    if view is not None and view.state in _RUNS and view.stand_in is None:
        return 0
    if problem is None:
        return 1
    return 2 if problem.code in _MODELS else 3


def _can_go_on(problem: Problem | None) -> bool:
    steps = (ImageMissing.code, *_MODELS)
    return problem is None or (problem.code in steps and problem.command is not None)


def gpu_hardware(reading: Reading) -> Finding | None:
    """Tell of an NVIDIA card in a machine without its driver; None where there is none."""
    if reading.fault is None or reading.fault.code != "no_driver" or not _cards():
        return None
    command = None
    if shutil.which("ubuntu-drivers"):
        command = "sudo ubuntu-drivers install"
    elif _is_debian():
        command = "sudo apt-get install -y nvidia-driver"
    return Finding(
        "gpu driver",
        "note",
        "An NVIDIA GPU is in this machine, and no driver for it.",
        "Install the driver, then start the machine again. On Debian it comes from the section "
        "non-free of the package sources.",
        command,
        on_road=True,
    )


def _cards() -> bool:
    try:
        return any(
            (one / "vendor").read_text().strip() == _NVIDIA
            and (one / "class").read_text().startswith(_DISPLAY)
            for one in PCI.iterdir()
        )
    except OSError:
        return False


def _is_debian() -> bool:
    try:
        return "\nID=debian" in "\n" + Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return False


def toolkit(info: Mapping[str, object] | None, reading: Reading) -> Finding | None:
    """Tell whether the engine can give containers a GPU; None where either is not there.

    `info` is the engine's own: it names the NVIDIA runtime, or devices by CDI. The toolkit's hook
    is enough too, and only seen on this machine.
    """
    if info is None or not any(device.takes_work for device in reading.devices):
        return None
    named = "nvidia" in str(info.get("Runtimes") or "") or bool(info.get("DiscoveredDevices"))
    path = os.environ.get("PATH", "") + ":/usr/bin:/usr/sbin"
    if named or shutil.which("nvidia-container-runtime-hook", path=path):
        return Finding("gpu toolkit", "ok", "Docker can give containers a GPU")
    here = shutil.which("nvidia-ctk", path=path)
    install = "sudo apt-get install -y nvidia-container-toolkit"
    return Finding(
        "gpu toolkit",
        "note",
        "Docker cannot give containers a GPU: the NVIDIA Container Toolkit is not set up.",
        "Set it up and restart Docker."
        if here
        else "Install it from NVIDIA's package repository for this system, then ask again.",
        _CONFIGURE if here else install if shutil.which("apt-get") else None,
        on_road=True,
    )


def model_roots(settings: LabSettings, road: Road, missing: Sequence[str]) -> list[Finding]:
    """Tell whether the folders for model files are set, there and writable. Bounded."""
    if not settings.model_roots:
        if not missing:
            return []
        from jupyter_core.paths import jupyter_data_dir

        folder = Path(jupyter_data_dir()) / "coursia-genai" / "models"
        needed = road.aim is not None and road.aim.name in missing
        return [
            Finding(
                "model folder",
                "note",
                "No folder for model files is set (GenAILab.model_roots).",
                "Name one on a disk with room for tens of gigabytes; this command makes one in "
                "your home, another path does as well.",
                f"coursia-genai setup --models {shlex.quote(str(folder))}",
                on_road=needed,
            )
        ]
    return [_model_root(Path(root), on_road=bool(missing)) for root in settings.model_roots]


def _model_root(root: Path, *, on_road: bool) -> Finding:
    seen: list[str] = []

    def look() -> None:
        if not root.is_dir():
            seen.append("missing")
        else:
            seen.append("ok" if os.access(root, os.W_OK | os.X_OK) else "read-only")

    # A network file system may never answer; the thread is left to it.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(LOOK_SECONDS)
    name, shown = "model folder", shlex.quote(str(root))
    if not seen:
        said = f"{root} gives no answer."
        return Finding(name, "note", said, "See whether its network file system is there.")
    if seen[0] == "missing":
        said = f"{root}, which GenAILab.model_roots names, is not there."
        remedy = "Make it, or correct the setting."
        return Finding(name, "note", said, remedy, f"mkdir -p {shown}", on_road=on_road)
    if seen[0] == "read-only":
        said = f"{root} cannot be written by you: models are used from it and not fetched to it."
        remedy = "Fetch models as its owner; nothing to do where they are all there."
        return Finding(name, "note", said, remedy, f"ls -ld {shown}")
    return Finding(name, "ok", f"model files lie in {root}")


def services(outlook: Outlook, road: Road) -> list[Finding]:
    """Tell of each service whether its image and its models are here."""
    found = []
    for spec in outlook.catalog.values():
        problem, aimed = outlook.problems.get(spec.name), road.aim is spec
        if spec.kind != "local" or spec.container is None:
            continue
        if problem is None:
            found.append(Finding(f"image {spec.name}", "ok", f"{spec.title} can start here"))
        elif problem.code == ImageMissing.code:
            found.append(_step(f"image {spec.name}", problem, aimed))
        elif problem.code in _MODELS:
            found.append(_step(f"models {spec.name}", problem, aimed))
    return found


def _step(name: str, problem: Problem, aimed: bool) -> Finding:
    return Finding(name, "note", problem.message, problem.remedy, problem.command, on_road=aimed)


def start(road: Road, running: Mapping[str, ServiceView] | None) -> Finding | None:
    """Tell of the service at the end of the road whether it runs; None without a Lab, or a road."""
    if running is None or road.aim is None or road.problem is not None:
        return None
    view = running.get(road.aim.name)
    name, title = f"service {road.aim.name}", road.aim.title
    if view is not None and view.state == "ready" and view.stand_in is None:
        return Finding(name, "ok", f"{title} runs")
    if view is not None and view.state in _RUNS and view.stand_in is None:
        return Finding(name, "ok", f"{title} is starting: {view.phase or view.state}")
    if view is None or view.stand_in_reason is not None or view.state == "unavailable":
        return Finding(
            name,
            "note",
            f"{title} can start here, but the running Lab does not know it yet.",
            "Start JupyterLab again: it reads its settings and services when it starts.",
        )
    failed = view.problem if view.state == "failed" else None
    return Finding(
        name,
        "note",
        failed.message if failed else f"{title} can start, and nobody has asked for it.",
        failed.remedy if failed else "It also starts by itself with a notebook that needs it.",
        (failed.command if failed else None) or f"coursia-genai start {road.aim.name}",
        on_road=True,
    )
