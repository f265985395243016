"""`coursia-genai health`: how the whole is, for people and for whoever watches servers."""

from __future__ import annotations

import sys
from datetime import datetime

import click
from rich.table import Table

from ..wire.health import HealthReason, HealthView, ServiceHealth
from .find import as_json as json_option
from .find import need_lab, where
from .shown import console, plain, print_json, told

_STYLES = {"healthy": "green", "degraded": "yellow", "unhealthy": "red"}


@click.command()
@where
@json_option
def health(url: str, token: str, as_json: bool) -> None:
    """Show how the running Lab is, and how its day went.

    The status is 1 where no image can be made, so that a script can ask.
    """
    with told(as_json), need_lab(url, token).client() as lab:
        view = lab.health()
        if as_json:
            print_json(view.model_dump(mode="json"))
        else:
            _print(view)
    if view.overall_status == "unhealthy":
        sys.exit(1)


def _print(view: HealthView) -> None:
    screen, metrics = console(), view.metrics
    screen.print(plain(view.overall_status, _STYLES[view.overall_status]))
    for reason in view.reasons:
        screen.print(plain(_reason(reason), "yellow"))
    whose = " (your own)" if metrics.own else ""
    began = datetime.fromtimestamp(view.window_began).astimezone()
    screen.print(
        plain(
            f"Since {began:%Y-%m-%d %H:%M}{whose}: {metrics.pictures} pictures, "
            f"{metrics.failed_pictures} failed jobs, {metrics.engine_seconds:.0f} s of engines, "
            f"{metrics.errors} failures of services"
        )
    )
    screen.print(
        plain(
            f"Kernel starts{whose}: {metrics.classic_executions} classic, "
            f"{metrics.genai_executions} genai, {metrics.hybrid_executions} hybrid, "
            f"{metrics.fallback_executions} of them with a stand-in"
        )
    )
    screen.print(plain(f"Jobs{whose}: {metrics.working} at work, {metrics.waiting} waiting"))
    table = Table(box=None, pad_edge=False)
    for heading in ("service", "state", "up"):
        table.add_column(heading, overflow="fold")
    length = max(1.0, view.at - view.window_began)
    for name, service in view.services.items():
        share = 100 * service.up_seconds / length
        table.add_row(plain(name), plain(_state(service)), plain(f"{share:.1f} %"))
    screen.print(table)


def _reason(reason: HealthReason) -> str:
    place = f"{reason.service}: " if reason.service else ""
    return f"! {place}{reason.message} {reason.remedy}".rstrip()


def _state(service: ServiceHealth) -> str:
    return service.state if service.stand_in is None else f"{service.state} ({service.stand_in})"
