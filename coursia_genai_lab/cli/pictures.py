"""The pictures that paths on the command line mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".webp"})


def pictures_below(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files as they are given, and of folders the pictures below, by name, in their order.

    Not entered: hidden folders, and links to folders, so that a loop of links ends.
    """
    for path in paths:
        if path.is_dir():
            yield from _below(path)
        else:
            yield path


def _below(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_dir():
            if not entry.is_symlink() and not entry.name.startswith("."):
                yield from _below(entry)
        elif entry.suffix.lower() in ENDINGS and entry.is_file():
            yield entry
