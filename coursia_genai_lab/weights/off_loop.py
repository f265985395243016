"""Blocking work beside the event loop, that a cancelled caller does not leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, stop: Callable[[], None] | None = None) -> T:
    """Run blocking work in a thread; when cancelled, wait until the thread has let go.

    Also when cancelled again meanwhile: a caller that went on would close files that the thread
    still writes to, and their numbers would be somebody else's by then. `stop` tells long work to
    end soon.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            # Not by awaiting the task itself, which would be cancelled too.
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            if stop is not None:
                stop()
            cancelled = cancelled or error
    if cancelled is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # seen: the caller is told of its own end
    raise cancelled
