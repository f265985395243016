"""Blocking work beside the event loop, that a cancelled caller does not leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, stop: Callable[[], None] | None = None) -> T:
    """Run blocking work in a thread; when cancelled, wait until the thread has let go.

    `stop` tells long work to end soon.
    """
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if stop is not None:
            stop()
        with suppress(Exception, asyncio.CancelledError):
            await task
        raise
