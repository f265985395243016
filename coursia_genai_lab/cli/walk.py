"""The notebooks that paths on the command line mean."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from ..catalog import Catalog, load_catalog
from ..detection.folders import Bounds, FolderWalk
from .shown import console, plain

# Who names a folder means all of it, however large; Ctrl-C ends it.
ALL = Bounds(notebooks=10**9, folders=10**9, entries=10**9, depth=10**4, seconds=math.inf)


def notebooks(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files as they are given, and of folders the notebooks below, each once.

    Not entered: hidden folders, those of Python environments and packages, and links to folders
    (so that a loop of links ends). A folder that is named itself is entered whatever it is; one
    that cannot be read is told on the error stream.
    """
    seen: set[str] = set()
    for path in paths:
        for found in _below(path) if path.is_dir() else (path,):
            place = os.path.abspath(found)  # noqa: PTH100 - resolve() would follow links
            if place not in seen:
                seen.add(place)
                yield found


def _below(folder: Path) -> Iterator[Path]:
    if not os.access(folder, os.R_OK | os.X_OK):
        tell = f"{shown_path(folder)} cannot be read."
        console(stderr=True).print(plain(tell, "yellow"))
    yield from FolderWalk(folder, bounds=ALL)


def shown_path(path: str | Path) -> str:
    """Return a path as valid text; names that are no UTF-8 show a sign for what is not."""
    return os.fsencode(path).decode("utf-8", errors="replace")


def catalog_with(folder: Path | None) -> Catalog:
    """Return the services, with the operator's; what is wrong with a file is told."""
    catalog = load_catalog(folder)
    for problem in catalog.problems:
        console(stderr=True).print(plain(f"{problem.message} {problem.remedy}", "yellow"))
    return catalog


services_path = click.option(
    "--services-path",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of your own service files, as in GenAILab.services_path.",
)
