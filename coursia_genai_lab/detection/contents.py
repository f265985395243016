"""Profiles of notebooks that lie on no disk of ours: the server's contents manager has them."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any

from ..wire.notebooks import Profile
from .odd import strict_json
from .profile import Detector

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 2.0
"""The longest that the manager may take for one notebook; a kernel's start waits for it."""
MOST_AT_ONCE = 2
"""Questions that a manager is asked at a time; one that hangs holds no more threads than these."""

_Stamp = tuple[str, str, str]


def lies_on_disk(manager: Any) -> bool:
    """Return whether a contents manager keeps its files below its `root_dir`."""
    from jupyter_server.services.contents.fileio import FileManagerMixin

    return isinstance(manager, FileManagerMixin)


class ContentsProfiles:
    """Examine notebooks through a contents manager, which may be sync or async; bounded.

    Profiles are kept while the manager's `last_modified`, `size` and `hash` stay the same; where
    it tells none of them, nothing is kept. A sync manager is asked in a thread.
    """

    def __init__(
        self,
        manager: Any,
        detector: Detector,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        size: int = 500,
    ) -> None:
        self._manager = manager
        self._detector = detector
        self._patience_seconds = patience_seconds
        self._size = size
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._kept: OrderedDict[str, tuple[_Stamp, Profile]] = OrderedDict()

    async def get(self, api_path: str) -> Profile:
        """Return the profile of a notebook; CLASSIC with a note if it cannot be had.

        Never raises, but for being cancelled.
        """
        try:
            return await asyncio.wait_for(self._profile(api_path), self._patience_seconds)
        except asyncio.TimeoutError:
            note = "The server's contents manager took too long to give it."
        except Exception as error:
            # A boundary: the manager is somebody else's, and "not there" is an exception of it.
            log.debug("the contents manager gave no %s", api_path, exc_info=error)
            note = "The server's contents manager could not give it."
        return Profile(path=api_path, note=note, unreadable=True)

    async def _profile(self, api_path: str) -> Profile:
        stamp = _stamp(await self._model(api_path, content=False))
        kept = self._kept.get(api_path)
        if kept is not None and kept[0] == stamp:
            self._kept.move_to_end(api_path)
            return kept[1]
        model = await self._model(api_path, content=True)
        profile = await asyncio.to_thread(self._examine, model.get("content"), api_path)
        # What was saved between the two questions is examined again at the next.
        if any(stamp) and stamp == _stamp(model):
            self._kept[api_path] = (stamp, profile)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return profile

    def _examine(self, content: Any, api_path: str) -> Profile:
        if not isinstance(content, dict):
            return Profile(path=api_path, note="It is no notebook.", unreadable=True)
        return self._detector.profile_bytes(strict_json(content), path=api_path)

    async def _model(self, api_path: str, *, content: bool) -> dict[str, Any]:
        get = self._manager.get
        ask = partial(get, api_path, content=content, type="notebook")
        if inspect.iscoroutinefunction(get):
            async with self._turns:
                model = await ask()
        else:
            model = await self._in_thread(ask)
            if inspect.isawaitable(model):
                model = await model
        return model if isinstance(model, dict) else {}

    async def _in_thread(self, ask: Callable[[], Any]) -> Any:
        await self._turns.acquire()
        asked = asyncio.get_running_loop().run_in_executor(None, ask)
        # Whoever gives up waiting frees no thread, so the turn ends with the thread.
        asked.add_done_callback(lambda _: self._turns.release())
        return await asyncio.shield(asked)


def _stamp(model: dict[str, Any]) -> _Stamp:
    values = [model.get(name) for name in ("last_modified", "size", "hash")]
    modified, size, digest = ("" if value is None else str(value) for value in values)
    return modified, size, digest
