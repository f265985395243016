"""Examine many notebooks: on several cores, with the progress on a terminal."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..catalog import Catalog
from ..detection.profile import Detector
from ..errors import GenAIError
from ..wire.notebooks import Profile
from .shown import console
from .walk import shown_path

LEAST_SHOWN = 50
"""Notebooks from which on a terminal shows the progress."""
LEAST_SHARED = 200
"""Notebooks from which on a second process earns its start."""
MOST_PROCESSES = 4
FILES_AT_ONCE = 16

_detector: Detector | None = None


def examine(files: Sequence[Path], catalog: Catalog, *, quiet: bool) -> Iterator[Profile]:
    """Yield the profile of each file, in order; `quiet` shows no progress.

    Raises:
        GenAIError: the system ended one of our processes.
    """
    if len(files) < LEAST_SHARED or _processes() < 2:
        detector = Detector(catalog)
        found = (detector.profile_file(path, api_path=shown_path(path)) for path in files)
        yield from _followed(found, len(files), quiet)
        return
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    # The processes are copied off before the progress starts its thread.
    pool = ProcessPoolExecutor(
        _processes(), multiprocessing.get_context("fork"), _start_worker, (catalog,)
    )
    try:
        shared = pool.map(_examined, files, chunksize=FILES_AT_ONCE)
        yield from _followed(shared, len(files), quiet)
    except BrokenProcessPool:
        raise GenAIError(
            "The system ended a process that examined notebooks.",
            "The memory may be full: name fewer notebooks at a time.",
            code="process_ended",
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _processes() -> int:
    # Elsewhere starting a process costs about what it saves, or copying one is not safe.
    if not sys.platform.startswith("linux"):
        return 1
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)


def _start_worker(catalog: Catalog) -> None:
    global _detector
    # Ctrl-C reaches all of them; the first one decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _detector = Detector(catalog)


def _examined(path: Path) -> Profile:
    assert _detector is not None
    return _detector.profile_file(path, api_path=shown_path(path))


def _followed(profiles: Iterable[Profile], count: int, quiet: bool) -> Iterator[Profile]:
    if quiet or count < LEAST_SHOWN or not sys.stderr.isatty():
        yield from profiles
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("Examining"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        yield from progress.track(profiles, total=count)
