"""`coursia-genai doctor`: what is here, what is missing, the one next command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import Console

from ..config import LabSettings
from ..errors import ConfigurationError, GenAIError
from ..gpu.reader import COMMAND
from . import checks, road
from .built_images import images_of_today
from .checks import Finding
from .find import HOW_TO_RUN, FoundLab, find_lab, where
from .find import as_json as json_option
from .offline import look
from .policy_findings import policy_findings
from .record import record
from .secret_findings import secret_findings
from .settings import operator_settings
from .shown import console, plain, print_json

MARKS = {"ok": ("ok     ", "green"), "note": ("note   ", "yellow"), "missing": ("MISSING", "red")}
TO_MEND = ("driver_not_loaded", "driver_mismatch")
"""What is wrong with a driver that a service of this machine has to wait for."""


@click.command()
@where
@json_option
def doctor(url: str, token: str, as_json: bool) -> None:
    """Say what is here, what is missing, and the one next command.

    Follow its commands one after the other, and a service of this machine runs. The exit status
    is 0 when pictures can be made (with the demo engine at least), else 1.
    """
    findings = _findings(url, token)
    usable = not any(finding.state == "missing" for finding in findings)
    step = _next(findings)
    if as_json:
        steps = [
            {"step": number, **finding.to_dict()} for number, finding in enumerate(findings, 1)
        ]
        print_json(
            {
                "usable": usable,
                "next_command": step.command if step else None,
                "next_step": step.name if step else None,
                "findings": steps,
            }
        )
    else:
        _print(findings, usable, step)
    raise SystemExit(0 if usable else 1)


def _findings(url: str, token: str) -> list[Finding]:
    """Return everything that was looked at, in the order in which it is to be mended."""
    lab, running = _running(url, token)
    try:
        settings = operator_settings()
    except ConfigurationError as error:
        wrong = Finding("settings", "missing", error.message, error.remedy, error.command)
        return [*_installation(), wrong, running]
    mine = [checks.state_folder(Path(settings.state_path)), record(settings)]
    mine += [*secret_findings(settings), *policy_findings(settings)]
    return [*_installation(), *mine, *_machine(settings, lab, running)]


def _installation() -> list[Finding]:
    found = [
        checks.python(),
        checks.distribution("jupyter server", "jupyter_server"),
        checks.distribution("jupyterlab", "jupyterlab"),
        checks.server_extension(),
        checks.lab_extension(),
        checks.node(),
    ]
    return [finding for finding in found if finding is not None]


def _machine(settings: LabSettings, lab: FoundLab | None, running: Finding) -> list[Finding]:
    outlook = look()
    reading, problem = checks.read_gpus(settings.gpu_reader or COMMAND)
    host = settings.docker_host or None
    views = None if lab is None else {view.name: view for view in lab.status.services}
    way = road.find_road(outlook, reading, views or {})
    mend = problem is not None and problem.code in TO_MEND
    of_gpu = checks.gpu_findings(reading, problem)
    missing = [name for name, here in outlook.models.items() if here.problem is not None]
    found = [
        checks.demo(outlook.problems),
        *(_stepped(checks.docker(host), "docker") if way.wanted else checks.docker(host)),
        *(_stepped(of_gpu, "gpu") if mend else of_gpu),
        road.gpu_hardware(reading),
        road.toolkit(checks.engine_info(host), reading),
        *(checks.service_file(wrong) for wrong in outlook.catalog.problems),
        *road.model_roots(settings, way, missing),
        *road.services(outlook, way),
        *images_of_today(outlook.catalog.values(), host),
        *checks.doors(outlook.catalog, _doors_of(lab)),
        running,
        road.start(way, views),
    ]
    return [finding for finding in found if finding is not None]


def _stepped(findings: Sequence[Finding], name: str) -> list[Finding]:
    """Return findings of which the one of this name is a step to take."""
    return [replace(one, on_road=one.name == name and one.state != "ok") for one in findings]


def _doors_of(lab: FoundLab | None) -> dict[int, str]:
    services = lab.status.services if lab is not None else []
    ports = {urlsplit(view.door).port: view.name for view in services if view.door}
    return {port: name for port, name in ports.items() if port is not None}


def _running(url: str, token: str) -> tuple[FoundLab | None, Finding]:
    try:
        lab = find_lab(url, token)
    except GenAIError as error:
        return None, Finding("lab", "note", error.message, error.remedy, error.command)
    if lab is None:
        sentence = "no Lab is running for this user"
        return None, Finding("lab", "note", sentence, "Start JupyterLab.", HOW_TO_RUN, on_road=True)
    mode = lab.status.mode.effective
    return lab, Finding("lab", "ok", f"a Lab runs at {lab.address.url}, mode {mode}")


def _next(findings: Sequence[Finding]) -> Finding | None:
    """Return what is to be done first: what nothing works without, then the road, in order."""
    first = [finding for finding in findings if finding.state == "missing"]
    steps = first or [finding for finding in findings if finding.on_road]
    return next((one for one in steps if one.command), steps[0] if steps else None)


def _print(findings: Sequence[Finding], usable: bool, step: Finding | None) -> None:
    screen = console()
    for number, finding in enumerate(findings, 1):
        mark, style = MARKS[finding.state]
        line = plain(f"{number:2}. ", "dim")
        line.append_text(plain(mark, style))
        line.append("  ")
        line.append_text(plain(finding.sentence))
        screen.print(line)
        if finding.state != "ok" and finding.remedy:
            screen.print(plain(f"             {finding.remedy}", "dim"))
    _print_end(screen, usable, step)


def _print_end(screen: Console, usable: bool, step: Finding | None) -> None:
    screen.print()
    if usable:
        screen.print("Pictures can be made here.")
    else:
        screen.print(plain("Pictures cannot be made here yet.", "bold red"))
    if step is not None:
        screen.print(plain(f"Next: {step.command or step.remedy}", "bold"))
