"""`coursia-genai detect`: what notebooks need, and why we think so."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ..detection.profile import Detector
from ..wire.notebooks import Profile
from .detect_totals import print_totals
from .detect_words import service_words
from .examine import examine
from .explain import explain
from .find import as_json as json_option
from .shown import console, plain, print_json, told
from .walk import catalog_with, notebooks, services_path

FIELDS = ("path", "type", "needs_image_service", "services")
EVIDENCE = ("service", "cell", "line", "rule", "excerpt")
MORE = (
    "optional",
    "widened",
    "remote",
    "remote_services",
    "resources",
    "sections",
    "mode",
    "fallback",
    "unreadable",
)
"""Printed after what the contract names."""
LEAST_WHY = 20


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--explain", "explained", is_flag=True, help="Show the deciding lines of each.")
@click.option("--needing", is_flag=True, help="List only those that need an image service.")
@services_path
@json_option
def detect(
    paths: tuple[Path, ...],
    explained: bool,
    needing: bool,
    services_path: Path | None,
    as_json: bool,
) -> None:
    """Say which image services notebooks need, and why.

    PATHS are notebooks, or folders that are walked for them. A notebook that cannot be read is
    listed with the reason; the exit status is 0 all the same.
    """
    catalog = catalog_with(services_path)
    files = list(notebooks(paths))
    if explained:
        explain(files, Detector(catalog), catalog, as_json=as_json, needing=needing)
        return
    # Lines that scroll past would tear the progress apart.
    profiles = examine(files, catalog, quiet=as_json and sys.stdout.isatty())
    with told(as_json):
        if as_json:
            for profile in profiles:
                if profile.needs_image_service or not needing:
                    print_json(_line(profile))
            return
        found = list(profiles)
    _print_table([item for item in found if item.needs_image_service or not needing])
    print_totals(found, catalog)


def _line(profile: Profile) -> dict[str, Any]:
    said = profile.model_dump(mode="json")
    evidence = [{name: item[name] for name in EVIDENCE} for item in said["evidence"]]
    first = {name: said[name] for name in FIELDS}
    more = {name: said[name] for name in MORE}
    return {**first, "evidence": evidence, "note": said["note"], **more}


def _print_table(profiles: Sequence[Profile]) -> None:
    if not profiles:
        return
    rows = [
        (item.path, item.type, ", ".join(service_words(item)) or "–", _why(item))
        for item in profiles
    ]
    screen = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("notebook", "type", "services"):
        table.add_column(name, overflow="fold", no_wrap=name == "type")
    # On a narrow terminal the reason is cut, where a fold would make six lines of one.
    others = sum(max(len(row[column]) for row in rows) + 2 for column in range(3))
    room = max(screen.width - others - 1, LEAST_WHY) if sys.stdout.isatty() else None
    table.add_column(
        "why", overflow="ellipsis" if room else "fold", max_width=room, no_wrap=room is not None
    )
    for profile, (path, kind, services, why) in zip(profiles, rows, strict=True):
        style = "" if profile.needs_image_service else "dim"
        table.add_row(plain(path), plain(kind, style), plain(services), plain(why, "dim"))
    screen.print(table)


def _why(profile: Profile) -> str:
    if profile.note or not profile.evidence:
        return profile.note
    first = profile.evidence[0]
    place = "metadata" if first.cell < 0 else f"cell {first.cell + 1}, line {first.line}"
    more = len(profile.evidence) - 1
    return f"{place}: {first.excerpt.strip()}" + (f" (and {more} more)" if more else "")
