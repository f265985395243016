"""`coursia-genai gpus`: what the GPUs do, and who holds their memory."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import click
from rich.table import Table
from rich.text import Text

from ..gpu.reader import COMMAND
from ..gpu.sampler import Sampler
from ..gpu.view import gpus_view
from ..wire.gpu import GPUsView, GPUUser, GPUView
from .find import as_json as json_option
from .find import find_lab, where
from .settings import operator_settings
from .shown import console, plain, print_json, told
from .status import print_problem

BAR = 20


@click.command()
@where
@json_option
def gpus(url: str, token: str, as_json: bool) -> None:
    """Show GPUs, their memory, and who holds it.

    The running Lab is asked, which knows its services; without one, the driver.
    """
    with told(as_json):
        found = find_lab(url, token)
        if found is None:
            view = asyncio.run(look(operator_settings().gpu_reader or COMMAND))
        else:
            with found.client() as lab:
                view = lab.gpus()
        if as_json:
            print_json(view.model_dump(mode="json"))
        else:
            _print(view)


async def look(command: Sequence[str]) -> GPUsView:
    """Return one reading of this machine, taken by a process of our own."""
    sampler = Sampler(command)
    try:
        reading = await sampler.fresh()
        return gpus_view(sampler, reading, services={}, claims={}, whole=True)
    finally:
        await sampler.close()


def _print(view: GPUsView) -> None:
    screen = console()
    if view.driver:
        screen.print(plain(f"driver {view.driver}, CUDA {view.cuda or 'unknown'}"))
    if view.problem is not None:
        print_problem(screen, view.problem)
    if not view.gpus:
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("gpu", "memory", "busy", "heat", "power", "held by"):
        table.add_column(heading, overflow="fold")
    for gpu in view.gpus:
        table.add_row(
            _name(gpu),
            _memory(gpu),
            plain(_figure(gpu.busy_percent, "%")),
            plain(_figure(gpu.temperature_celsius, "°C")),
            plain(_figure(gpu.power_watts, "W")),
            plain("\n".join(map(_holder, gpu.users)) or "nobody"),
        )
    screen.print(table)


def _name(gpu: GPUView) -> Text:
    name = f"  instance {gpu.index}" if gpu.parent else f"{gpu.index} {gpu.name}"
    if gpu.mig == "on" and gpu.parent is None:
        name += " (split)"
    return plain(f"{name} LOST", "bold red") if gpu.state == "lost" else plain(name)


def _memory(gpu: GPUView) -> Text:
    if gpu.used_mib is None or not gpu.total_mib:
        return plain("unknown", "dim")
    full = min(BAR, round(BAR * gpu.used_mib / gpu.total_mib))
    bar = "#" * full + "." * (BAR - full)
    return plain(f"{bar} {gpu.used_mib} of {gpu.total_mib} MiB")


def _figure(value: float | None, unit: str) -> str:
    return "–" if value is None else f"{value:.0f} {unit}"


def _holder(user: GPUUser) -> str:
    owner = f", {user.owner}" if user.owner and user.service is None else ""
    pid = f", pid {user.pid}" if user.pid is not None else ""
    held = "unknown" if user.used_mib is None else f"{user.used_mib} MiB"
    return f"{user.label}{owner}{pid}: {held}"
