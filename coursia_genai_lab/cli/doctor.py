"""`coursia-genai doctor`: what is here, what is missing, the one next command."""

from __future__ import annotations

from urllib.parse import urlsplit

import click
from rich.console import Console

from ..errors import GenAIError
from . import checks
from .checks import Finding
from .find import HOW_TO_RUN, FoundLab, find_lab, where
from .find import as_json as json_option
from .offline import look
from .shown import console, plain, print_json

MARKS = {"ok": ("ok     ", "green"), "note": ("note   ", "yellow"), "missing": ("MISSING", "red")}


@click.command()
@where
@json_option
def doctor(url: str, token: str, as_json: bool) -> None:
    """Say what is here, what is missing, and the one next command.

    The exit status is 0 when pictures can be made (with the demo engine at least), else 1.
    """
    lab, running = _running(url, token)
    findings = [*_installation(), *_machine(lab), running]
    usable = not any(finding.state == "missing" for finding in findings)
    command = _next(findings, lab)
    if as_json:
        print_json(
            {
                "usable": usable,
                "next_command": command,
                "findings": [finding.to_dict() for finding in findings],
            }
        )
    else:
        _print(findings, usable, command)
    raise SystemExit(0 if usable else 1)


def _installation() -> list[Finding]:
    found = [
        checks.python(),
        checks.distribution("jupyter server", "jupyter_server"),
        checks.distribution("jupyterlab", "jupyterlab"),
        checks.server_extension(),
        checks.lab_extension(),
        checks.node(),
        checks.state_folder(),
    ]
    return [finding for finding in found if finding is not None]


def _machine(lab: FoundLab | None) -> list[Finding]:
    outlook = look()
    return [
        checks.demo(outlook.problems),
        *checks.docker(),
        *checks.images(outlook.catalog, outlook.problems),
        *checks.gpu(),
        *checks.doors(outlook.catalog, _doors_of(lab)),
    ]


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
        return None, Finding("lab", "note", sentence, "Start JupyterLab.", HOW_TO_RUN)
    mode = lab.status.mode.effective
    return lab, Finding("lab", "ok", f"a Lab runs at {lab.address.url}, mode {mode}")


def _next(findings: list[Finding], lab: FoundLab | None) -> str | None:
    for finding in findings:
        if finding.state == "missing" and finding.command:
            return finding.command
    return None if lab is not None else HOW_TO_RUN


def _print(findings: list[Finding], usable: bool, command: str | None) -> None:
    screen = console()
    for finding in findings:
        mark, style = MARKS[finding.state]
        line = plain(mark, style)
        line.append("  ")
        line.append_text(plain(finding.sentence))
        screen.print(line)
        if finding.state != "ok" and finding.remedy:
            screen.print(plain(f"         {finding.remedy}", "dim"))
    _print_end(screen, usable, command)


def _print_end(screen: Console, usable: bool, command: str | None) -> None:
    screen.print()
    if usable:
        screen.print("Pictures can be made here.")
    else:
        screen.print(plain("Pictures cannot be made here yet.", "bold red"))
    if command:
        screen.print(plain(f"Next: {command}", "bold"))
