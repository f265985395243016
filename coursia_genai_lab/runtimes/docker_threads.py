"""A few threads for blocking calls that must never hold up the end of the server."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")
_Work = tuple[Callable[[], Any], "Future[Any]"]


class DaemonThreads:
    """Run functions in at most `count` threads, made when first needed.

    Not concurrent.futures.ThreadPoolExecutor: the interpreter joins the threads of that one at
    its end, so one hanging engine would keep a server alive that was told to stop.
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Queue the function; the future is cancellable until a thread takes it.

        Raises:
            RuntimeError: after `close`.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                raise RuntimeError(f"the threads of {self._name} have ended")
            self._work.put((function, future))
            if self._idle:
                self._idle -= 1
            elif len(self._threads) < self._count:
                thread = threading.Thread(
                    target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
        return future

    def close(self) -> None:
        """Tell every thread to end after what it does now; does not wait."""
        with self._lock:
            self._closed = True
            for _ in self._threads:
                self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            function, future = work
            if future.set_running_or_notify_cancel():
                try:
                    result = function()
                except BaseException as error:  # noqa: BLE001 -- it belongs to who waits for it
                    future.set_exception(error)
                else:
                    future.set_result(result)
            # A waiting thread must not keep the last result alive.
            del work, function, future
            with self._lock:
                self._idle += 1
