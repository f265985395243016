"""Profiles by file, kept while the file stays the same."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path

from ..wire.notebooks import Profile
from .dotenv import Consulted, unchanged
from .profile import Detector

_Stamp = tuple[int, int, int]
_Kept = tuple[_Stamp, Profile, tuple[Consulted, ...]]


class ProfileCache:
    """Remember profiles by (mtime_ns, size, inode); bounded; safe from several threads.

    A profile also rests on the `.env` files that its notebook would read: it holds as long as
    every place where one was looked for stays as it was.
    """

    def __init__(self, detector: Detector, *, root: Path | None, size: int = 2000) -> None:
        self._detector = detector
        self._root = root
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def get(self, path: Path, *, api_path: str = "") -> Profile:
        """Return the profile, examining the file if it is new or has changed.

        Blocks for the reading: from an event loop, ask `peek` first and call this in a thread.
        """
        known = self.peek(path)
        if known is None:
            stamp = _stamp(path)
            known, beside = self._detector.examine_file(path, root=self._root, api_path=api_path)
            # A file that changes while it is read must be read again next time.
            if stamp is not None and stamp == _stamp(path):
                self._keep(str(path), (stamp, known, beside))
        if api_path and known.path != api_path:
            return known.model_copy(update={"path": api_path})
        return known

    def peek(self, path: Path) -> Profile | None:
        """Return the profile if it is known and still true.

        Costs one stat for a classic notebook, and one more for each place of a `.env`.
        """
        key = str(path)
        with self._lock:
            kept = self._kept.get(key)
        if kept is None or kept[0] != _stamp(path) or not unchanged(kept[2]):
            return None
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
        return kept[1]

    def _keep(self, key: str, kept: _Kept) -> None:
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


def _stamp(path: Path) -> _Stamp | None:
    try:
        info = os.lstat(path)
    except (OSError, ValueError):
        return None
    return info.st_mtime_ns, info.st_size, info.st_ino
