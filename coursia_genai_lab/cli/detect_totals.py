"""What the notebooks of a course come to: the lines below the table of `detect`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

from rich.table import Table

from ..catalog import ServiceSpec
from ..wire.notebooks import NotebookType, Profile
from .detect_words import wants
from .shown import console, plain

TYPES: tuple[NotebookType, ...] = get_args(NotebookType)


def print_totals(profiles: Sequence[Profile], specs: Mapping[str, ServiceSpec]) -> None:
    """Print how many notebooks are what, who needs which service, and what the largest wants."""
    screen = console()
    needing = [profile for profile in profiles if profile.needs_image_service]
    screen.print(plain(f"{_counted(len(profiles))}, {len(needing)} need an image service."))
    if len(profiles) < 2:
        return
    by_type = Counter(profile.type for profile in profiles)
    screen.print(plain(", ".join(f"{by_type[kind]} {kind}" for kind in TYPES if by_type[kind])))
    if needing:
        screen.print(_services_table(needing, specs))
    largest = max(needing, key=_weight, default=None)
    if largest is not None and _weight(largest) > (0, 0, 0):
        screen.print(plain(f"The most at one time: {wants(largest.resources)} ({largest.path})"))
    unreadable = sum(profile.unreadable for profile in profiles)
    if unreadable:
        screen.print(plain(f"{unreadable} could not be read; the list says why.", "yellow"))


def _counted(number: int) -> str:
    return "1 notebook" if number == 1 else f"{number} notebooks"


def _weight(profile: Profile) -> tuple[int, int, int]:
    needs = profile.resources
    return needs.vram_mib, needs.memory_mib, needs.gpus


def _services_table(needing: Sequence[Profile], specs: Mapping[str, ServiceSpec]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("service")
    for name in ("needed by", "optional in", "hosted in"):
        table.add_column(name, justify="right")
    table.add_column("runs")
    needed = Counter(
        name for profile in needing for name in profile.services if name not in profile.optional
    )
    optional = Counter(name for profile in needing for name in profile.optional)
    hosted = Counter(name for profile in needing for name in profile.remote_services)
    for name in sorted({*needed, *optional}, key=lambda n: (-needed[n], -optional[n], n)):
        counts = [plain(str(found[name] or "–")) for found in (needed, optional, hosted)]
        kind = specs[name].kind if name in specs else ""
        table.add_row(plain(name), *counts, "in a cloud" if kind == "cloud" else "here")
    return table
