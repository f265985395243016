"""Find the notebooks below a folder: bounded, and past what no course is made of."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NO_COURSE = frozenset({"node_modules", "site-packages", "__pycache__"})
"""Folders of installed software; hidden ones, as .git and .venv, are skipped by their dot."""
SOFTWARE_MARKS = frozenset({"pyvenv.cfg", "conda-meta"})
"""What only an environment holds, whatever its folder is called."""


@dataclass(frozen=True)
class Bounds:
    """Where a walk ends, so that a home folder or a shared disk is not read for nothing."""

    notebooks: int = 2000
    folders: int = 20_000
    entries: int = 400_000
    depth: int = 24
    seconds: float = 60.0


class FolderWalk:
    """Iterate over the notebooks below a folder, by name, those of a folder before its folders'.

    Folders behind links are not entered, so nothing leads out or round in a circle; a link to a
    notebook is yielded. What may not be read is passed over. `stop` is asked now and then.
    """

    def __init__(
        self,
        top: Path,
        *,
        bounds: Bounds | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.truncated = False
        """Whether a bound ended the walk, or cut off a part of it."""
        self._top = top
        self._bounds = bounds or Bounds()
        self._stop = stop
        self._entries = 0

    def __iter__(self) -> Iterator[Path]:
        bounds = self._bounds
        until = time.monotonic() + bounds.seconds
        waiting: list[tuple[Path, int]] = [(self._top, 0)]
        found = looked = 0
        while waiting and not self._stop():
            here, depth = waiting.pop()
            looked += 1
            late = time.monotonic() > until
            if late or looked > bounds.folders or self._entries > bounds.entries:
                self.truncated = True
                return
            notebooks, folders = self._look(here, is_top=depth == 0)
            for name in notebooks:
                if found >= bounds.notebooks or time.monotonic() > until:
                    self.truncated = True
                    return
                found += 1
                yield here / name
            if folders and depth >= bounds.depth:
                self.truncated = True
            else:
                waiting += [(here / name, depth + 1) for name in reversed(folders)]

    def _look(self, here: Path, *, is_top: bool) -> tuple[list[str], list[str]]:
        """Return the names of a folder's notebooks and of the folders to enter, both sorted."""
        notebooks: list[str] = []
        folders: list[str] = []
        marked = False
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    self._entries += 1
                    if self._entries > self._bounds.entries:
                        self.truncated = True
                        break
                    marked = marked or entry.name in SOFTWARE_MARKS
                    if entry.name.startswith(".") or entry.name in NO_COURSE:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif entry.name.endswith(".ipynb") and not _leads_to_folder(entry):
                        notebooks.append(entry.name)
        except OSError:
            # A folder that is closed to us or has just gone holds no notebooks for us.
            return [], []
        if marked and not is_top:
            return [], []
        return sorted(notebooks), sorted(folders)


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link in a circle, or into what is closed to us: whoever opens it is told.
        return False
