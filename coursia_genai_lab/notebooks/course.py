"""A course at a glance: which notebooks of a folder need what, and what of it cannot run here."""

from __future__ import annotations

import asyncio
import logging
import os
import posixpath
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from ..detection.folders import Bounds, FolderWalk
from ..errors import NotAllowed, NotFound, TooManyRequests
from ..lab.lab import Lab
from ..wire.notebooks import FolderIndex, IndexTotals, NotebookType, Profile
from ..wire.policy import Mode
from ..wire.problems import Problem

log = logging.getLogger(__name__)

READERS = 2
"""Threads that read folders: a stuck disk must not take the threads of other requests."""
MOST_READINGS = 8
KEPT_SECONDS = 10.0
"""How long the outcome of a reading is kept for a page that asks again and has not seen it."""


class Profiles(Protocol):
    """The part of the profile cache that an index uses; safe from several threads."""

    def get(self, path: Path, *, api_path: str = "") -> Profile:
        """Return the profile of a notebook; never raises for what is in it."""


class _Reading:
    """One walk over a folder, in a thread; `found` grows while it runs."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.found: list[Profile] = []
        self.truncated = False
        self.ended: float | None = None
        """Monotonic time of its end."""
        self.delivered = False
        self.stopped = threading.Event()
        self.task: asyncio.Future[None] | None = None

    @property
    def over(self) -> bool:
        """Whether it has ended and a new request begins a new one."""
        if self.ended is None:
            return False
        return self.delivered or time.monotonic() - self.ended > KEPT_SECONDS


class CourseIndex:
    """Index folders below the server's root. Requests for one folder share one reading."""

    def __init__(
        self, profiles: Profiles, lab: Lab, *, root: Path, bounds: Bounds | None = None
    ) -> None:
        self._profiles = profiles
        self._lab = lab
        self._root = root
        self._bounds = bounds or Bounds()
        self._readings: dict[str, _Reading] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._looking: asyncio.Task[None] | None = None

    async def index(self, folder: str, *, wait: float) -> FolderIndex:
        """Return what is known of a folder when it is read, at the latest after `wait` seconds.

        `folder` is an API path without `..`. Whoever stops waiting does not stop the reading, and
        asks again to see the rest.

        Raises:
            NotFound: there is no such folder below the root.
            TooManyRequests: too many folders are being read.
        """
        reading, looking = self._reading(folder), self._look_around()
        assert reading.task is not None
        await asyncio.wait({reading.task, looking}, timeout=wait)
        complete = reading.task.done() and looking.done()
        if reading.task.done() and reading.task.exception() is not None:
            reading.delivered = True
            reading.task.result()
        reading.delivered = reading.delivered or complete
        notebooks = list(reading.found)
        here = _Here(self._lab)
        return FolderIndex(
            folder=reading.folder,
            notebooks=notebooks,
            unavailable=here.unavailable(notebooks),
            stand_ins=here.stand_ins(notebooks),
            totals=_totals(notebooks, here),
            truncated=reading.truncated,
            complete=complete,
        )

    async def close(self) -> None:
        """End every reading. Idempotent."""
        for reading in self._readings.values():
            reading.stopped.set()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _reading(self, folder: str) -> _Reading:
        plain = posixpath.normpath(folder.strip("/") or ".")
        folder = "" if plain == "." else plain
        for name in [name for name, reading in self._readings.items() if reading.over]:
            del self._readings[name]
        if folder in self._readings:
            return self._readings[folder]
        if len(self._readings) >= MOST_READINGS:
            raise TooManyRequests(
                "Too many folders are being read at this moment.", "Ask again in a few seconds."
            )
        if self._threads is None:
            self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="genai-course")
        reading = self._readings[folder] = _Reading(folder)
        reading.task = asyncio.get_running_loop().run_in_executor(
            self._threads, self._read, reading
        )
        reading.task.add_done_callback(_look_at)
        return reading

    def _read(self, reading: _Reading) -> None:
        """Fill a reading; runs in a thread."""
        try:
            top = self._folder(reading.folder)
            walk = FolderWalk(top, bounds=self._bounds, stop=reading.stopped.is_set)
            for path in walk:
                if reading.stopped.is_set():
                    return
                api_path = f"{reading.folder}/{path.relative_to(top).as_posix()}".lstrip("/")
                # A link inside the root is a notebook to people; the cache refuses one outside.
                # Not Path.is_symlink: it raises in a folder that may be listed and not entered.
                is_link = os.path.islink(path)  # noqa: PTH114 - see above
                real = Path(os.path.realpath(path)) if is_link else path
                reading.found.append(self._profiles.get(real, api_path=api_path))
            reading.truncated = walk.truncated
        finally:
            reading.ended = time.monotonic()

    def _folder(self, folder: str) -> Path:
        missing = NotFound(f"There is no folder {folder!r}.", "Refresh the file browser.")
        try:
            root = Path(os.path.realpath(self._root))
            top = Path(os.path.realpath(self._root / folder))
            if not top.is_relative_to(root) or not top.is_dir():
                raise missing
        except (OSError, ValueError):
            raise missing from None
        return top

    def _look_around(self) -> asyncio.Task[None]:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._lab.look_around(), name="genai-course-look")
            self._looking.add_done_callback(_look_at)
        return self._looking


class _Here:
    """What can run here at this moment; asks each question once."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._known: dict[tuple[str, Mode | None], Problem | None] = {}

    def needed(self, profile: Profile) -> list[str]:
        """Return the services that must run here: not the hosted ones, none where it says off."""
        if profile.mode == "off":
            return []
        return [name for name in profile.services if not self._hosted(name, profile)]

    def problem(self, service: str, mode: Mode | None) -> Problem | None:
        """Return why neither a service nor a stand-in can answer, for a notebook of this mode."""
        key = (service, mode)
        if key not in self._known:
            self._known[key] = self._problem(service, mode)
        return self._known[key]

    def unavailable(self, notebooks: Sequence[Profile]) -> dict[str, Problem]:
        """Return the services that some notebook needs here, and that cannot run."""
        found: dict[str, Problem] = {}
        for profile in notebooks:
            for service in self.needed(profile):
                problem = self.problem(service, profile.mode)
                if problem is not None:
                    found.setdefault(service, problem)
        return dict(sorted(found.items()))

    def stand_ins(self, notebooks: Sequence[Profile]) -> dict[str, str]:
        """Return who answers in place of a service that some notebook needs here."""
        services = sorted({name for profile in notebooks for name in self.needed(profile)})
        answering = {name: self._lab.backend(name) for name in services}
        return {name: other for name, other in answering.items() if other != name}

    def blocks(self, profile: Profile) -> bool:
        """Say whether a notebook needs a required service that cannot run."""
        required = (name for name in self.needed(profile) if name not in profile.optional)
        return any(self.problem(name, profile.mode) is not None for name in required)

    def _hosted(self, service: str, profile: Profile) -> bool:
        spec = self._lab.catalog.get(service)
        local = spec is not None and spec.kind == "local"
        return local and (profile.remote or service in profile.remote_services)

    def _problem(self, service: str, mode: Mode | None) -> Problem | None:
        backend = self._lab.backend(service, mode)
        spec = self._lab.catalog.get(backend)
        if spec is None:
            return None
        try:
            self._lab.routing.refuse(spec, mode)
        except NotAllowed as error:
            return Problem(**error.to_dict())
        if self._lab.service(backend).state == "ready":
            return None
        return self._lab.survey.problems.get(backend)


def _totals(notebooks: Sequence[Profile], here: _Here) -> IndexTotals:
    by_type: Counter[NotebookType] = Counter(profile.type for profile in notebooks)
    by_service = Counter(name for profile in notebooks for name in profile.services)
    return IndexTotals(
        notebooks=len(notebooks),
        needing=sum(profile.needs_image_service for profile in notebooks),
        blocked=sum(here.blocks(profile) for profile in notebooks),
        unreadable=sum(profile.unreadable for profile in notebooks),
        by_type=dict(by_type),
        by_service=dict(sorted(by_service.items())),
    )


def _look_at(task: asyncio.Future[None]) -> None:
    # Who asked may have gone; asyncio would log that nobody looked.
    if not task.cancelled() and (error := task.exception()) and not isinstance(error, NotFound):
        log.warning("A folder could not be indexed: %s", error)
