"""`coursia-genai plan`: which services fit here, which together, what a class would wait."""

from __future__ import annotations

import asyncio

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..config import LabSettings
from ..gpu.reader import COMMAND
from ..gpu.reading import Reading
from ..gpu.sampler import Sampler
from ..lab.plan import MOST_PEOPLE, PEOPLE
from ..wire.plan import ClassWait, Fit, PlannedService, PlanView
from .find import as_json as json_option
from .find import find_lab, where
from .offline import look
from .settings import host_path
from .shown import console, plain, print_json, told
from .status import print_problem

FITS: dict[Fit, tuple[str, str]] = {
    "fits": ("fits", "green"),
    "after_freeing": ("once others give memory back", "yellow"),
    "never": ("does not fit here", "red"),
    "needs_no_gpu": ("needs no GPU", "green"),
    "unknown": ("not known", "yellow"),
}


@click.command(short_help="Say what fits here, and what a class would wait.")
@click.option(
    "--people",
    type=click.IntRange(1, MOST_PEOPLE),
    default=PEOPLE,
    show_default=True,
    help="How many would ask for a picture at once.",
)
@where
@json_option
def plan(people: int, url: str, token: str, as_json: bool) -> None:
    """Say before class what runs here, what runs together, and how long people would wait.

    The running Lab is asked; without one, this machine. Waits come from past pictures on this
    machine; where there were none, none is told.
    """
    with told(as_json):
        found = find_lab(url, token)
        if found is None:
            view = _of_this_machine(people)
        else:
            with found.client() as lab:
                view = lab.plan(people)
        if as_json:
            print_json(view.model_dump(mode="json"))
        else:
            _print(view)


def _of_this_machine(people: int) -> PlanView:
    from ..lab.planning import plan_of_host
    from ..lab.read_past import place_of_past, read_past

    outlook = look()
    expected_start, usual_job = read_past(outlook.catalog, place_of_past(host_path()))

    async def ask() -> PlanView:
        return await plan_of_host(
            outlook.catalog,
            outlook.problems,
            outlook.settings,
            reading=await _reading(outlook.settings),
            expected_start=expected_start,
            usual_job=usual_job,
            people=people,
        )

    return asyncio.run(ask())


async def _reading(settings: LabSettings) -> Reading:
    sampler = Sampler(settings.gpu_reader or COMMAND)
    try:
        return await sampler.fresh()
    finally:
        await sampler.close()


def _print(view: PlanView) -> None:
    screen = console()
    names = {one.service: one.title for one in view.services}
    _print_services(screen, view)
    together = [" + ".join(one) for one in view.together if len(one) > 1]
    _print_sets(screen, "These run together:", together)
    _print_sets(screen, "These take turns:", _rivals(view.apart))
    if view.waits:
        people = view.waits[0].people
        screen.print(plain(f"\nIf {people} people ask for a picture at once:"))
        for wait in view.waits:
            screen.print(plain(f"  {names.get(wait.service, wait.service)}: {_wait(wait)}"))
    for note in view.notes:
        screen.print()
        print_problem(screen, note)


def _print_services(screen: Console, view: PlanView) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("service", "here", "GPU memory", "memory", "first"):
        table.add_column(name, overflow="fold")
    for one in view.services:
        word, style = FITS[one.fit]
        table.add_row(
            plain(one.service),
            plain(word, style),
            plain(_mib(one.vram_mib)),
            plain(_mib(one.memory_mib)),
            _first(one),
        )
    screen.print(table)


def _first(one: PlannedService) -> Text:
    if one.problem is None:
        return plain("")
    command = f"\n{one.problem.command}" if one.problem.command else ""
    return plain(f"{one.problem.message}{command}")


def _rivals(apart: list[list[str]]) -> list[str]:
    """Return one line a service, with those beside which it cannot run, in place of all pairs."""
    found: dict[str, list[str]] = {}
    for one, *others in apart:
        found.setdefault(one, []).extend(others)
    return [f"{one}: not beside {', '.join(others)}" for one, others in found.items()]


def _print_sets(screen: Console, title: str, lines: list[str]) -> None:
    if lines:
        screen.print(plain(f"\n{title}"))
        for line in lines:
            screen.print(plain(f"  {line}"))


def _mib(amount: int | None) -> str:
    return "–" if amount is None else f"{amount / 1024:.1f} GiB"


def _wait(wait: ClassWait) -> str:
    if wait.seconds_per_image is None:
        return "not known yet; make one picture with it, then ask again"
    rests = f"{wait.images} past picture{'' if wait.images == 1 else 's'}"
    each = f"{_seconds(wait.seconds_per_image)} a picture, from {rests}"
    if wait.median_seconds is None or wait.last_seconds is None:
        return f"{each}; how long it takes to start is not known yet"
    half, last = _seconds(wait.median_seconds), _seconds(wait.last_seconds)
    return f"half of them wait up to {half}, the last one {last} ({each})"


def _seconds(value: float) -> str:
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 100 else f"{value / 60:.0f} min"
