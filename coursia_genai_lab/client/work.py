"""Work in a thread of its own, with its own event loop, that can be cancelled from any other."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any


class Work:
    """Runs one coroutine beside the kernel's main thread, so that a form stays alive meanwhile.

    A thread, for the kernel's own loop stands still while a cell runs; a loop in it, for a task can
    be cancelled wherever it waits: for a connection, for an answer, between two tries. `done` is
    called in that thread at the end, and told whether the work was cancelled.
    """

    def __init__(self, what: Coroutine[Any, Any, None], done: Callable[[bool], None]) -> None:
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(what)
        self._done = done
        self._lock = threading.Lock()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="genai-panel", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop wherever it is; does nothing when it is over."""
        with self._lock:
            if not self._over:
                self._loop.call_soon_threadsafe(self._task.cancel)

    def join(self, seconds: float | None) -> bool:
        """Wait until it is over, at most `seconds`; return whether it is."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
        finally:
            with self._lock:
                self._over = True
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()
            self._done(self._task.cancelled())
