"""`coursia-genai status`: what the Lab does now, or what this machine could do."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from ..wire.launches import OUTSIDE_KERNELS, LaunchView
from ..wire.problems import Problem
from ..wire.services import ServiceView, StatusView
from .find import HOW_TO_RUN, FoundLab, find_lab, where
from .find import as_json as json_option
from .offline import Outlook, look
from .shown import console, plain, print_json, state_text, told


@click.command(short_help="Show mode, services, and what is wrong.")
@where
@json_option
def status(url: str, token: str, as_json: bool) -> None:
    """Show mode, services, and what is wrong; without a Lab, what this machine offers."""
    with told(as_json):
        found = find_lab(url, token)
        if found is None:
            _show_outlook(look(), as_json)
        elif as_json:
            snapshot = found.status.model_dump(mode="json")
            print_json({"running": True, "url": found.address.url, **snapshot})
        else:
            _show(found)


def _show(found: FoundLab) -> None:
    screen, snapshot = console(), found.status
    screen.print(plain(f"Lab {snapshot.version} at {found.address.url}"))
    screen.print(plain(f"mode {snapshot.mode.effective}, this {snapshot.mode.scope}"))
    table = _table("service", "state", "now", "used by")
    for service in snapshot.services:
        users = ", ".join(holder.label for holder in service.holders)
        table.add_row(
            plain(service.name),
            state_text(service.state),
            plain(_now(service)),
            plain(users or "–"),
        )
    screen.print(table)
    for launch in snapshot.launches:
        screen.print(plain(f"{_who(launch)}: {', '.join(launch.services) or 'nothing'}"))
    _print_problems(screen, snapshot)


def _who(launch: LaunchView) -> str:
    outside = launch.kernel_id.startswith(OUTSIDE_KERNELS)
    return f"command {launch.path}" if outside else f"kernel of {launch.path}"


def _now(service: ServiceView) -> str:
    if service.phase:
        return (
            service.phase if service.percent is None else f"{service.phase} {service.percent:.0f} %"
        )
    if service.stand_in:
        why = service.stand_in_reason
        return f"{service.stand_in} stands in" + (f": {why.message}" if why else "")
    if service.problem:
        return service.problem.message
    return service.door or ""


def _print_problems(screen: Console, snapshot: StatusView) -> None:
    failed = [s.problem for s in snapshot.services if s.problem and s.state == "failed"]
    for problem in [*snapshot.warnings, *failed]:
        print_problem(screen, problem)


def print_problem(screen: Console, problem: Problem) -> None:
    """Print what is wrong and what to do about it."""
    screen.print(plain(f"! {problem.message}", "yellow"))
    screen.print(plain(f"  {problem.remedy}"))
    if problem.command:
        screen.print(plain(f"  {problem.command}", "bold"))


def _show_outlook(outlook: Outlook, as_json: bool) -> None:
    if as_json:
        services = [
            {
                "name": spec.name,
                "title": spec.title,
                "kind": spec.kind,
                "can_start": outlook.problems.get(spec.name) is None,
                "problem": problem.model_dump()
                if (problem := outlook.problems.get(spec.name))
                else None,
            }
            for spec in outlook.catalog.values()
        ]
        print_json({"running": False, "services": services})
        return
    screen = console()
    screen.print("No Lab is running for this user. This machine could run:")
    table = _table("service", "here", "why not")
    for spec in outlook.catalog.values():
        problem = outlook.problems.get(spec.name)
        here = plain("yes", "green") if problem is None else plain("no", "dim")
        table.add_row(plain(spec.name), here, plain(problem.message if problem else ""))
    screen.print(table)
    screen.print(plain(f"Start a Lab with: {HOW_TO_RUN}"))


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    return table
