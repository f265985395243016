"""`coursia-genai detect`: what notebooks need, and why we think so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ..catalog import load_catalog
from ..detection.profile import Detector
from ..wire.notebooks import Profile
from .find import as_json as json_option
from .shown import console, plain, print_json

FIELDS = ("path", "type", "needs_image_service", "services")
EVIDENCE = ("service", "cell", "line", "rule", "excerpt")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@json_option
def detect(paths: tuple[Path, ...], as_json: bool) -> None:
    """Say which image services notebooks need, and why.

    PATHS are notebooks, or folders that are walked for them. A notebook that cannot be read is
    listed with the reason; the exit status is 0 all the same.
    """
    detector = Detector(load_catalog())
    profiles = (detector.profile_file(path) for path in _notebooks(paths))
    if as_json:
        for profile in profiles:
            print_json(_line(profile))
    else:
        _print_table(list(profiles))


def _notebooks(paths: tuple[Path, ...]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for here, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if name.endswith(".ipynb"):
                    yield Path(here) / name


def _line(profile: Profile) -> dict[str, Any]:
    said = profile.model_dump(mode="json")
    evidence = [{name: item[name] for name in EVIDENCE} for item in said["evidence"]]
    return {**{name: said[name] for name in FIELDS}, "evidence": evidence, "note": said["note"]}


def _print_table(profiles: list[Profile]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("notebook", "type", "services", "why"):
        table.add_column(name, overflow="fold")
    for profile in profiles:
        table.add_row(
            plain(profile.path),
            plain(profile.type, "" if profile.needs_image_service else "dim"),
            plain(", ".join(profile.services) or "–"),
            plain(_why(profile), "dim"),
        )
    needing = sum(profile.needs_image_service for profile in profiles)
    screen = console()
    screen.print(table)
    screen.print(f"{len(profiles)} notebooks, {needing} need an image service.")


def _why(profile: Profile) -> str:
    if not profile.evidence:
        return profile.note
    first = profile.evidence[0]
    place = "metadata" if first.cell < 0 else f"cell {first.cell}, line {first.line}"
    more = len(profile.evidence) - 1
    return f"{place}: {first.excerpt.strip()}" + (f" (and {more} more)" if more else "")
