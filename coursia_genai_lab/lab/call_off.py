"""End tasks for certain."""

from __future__ import annotations

import asyncio
from typing import Any

CALL_AGAIN_SECONDS = 0.2


async def call_off(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks until they have ended: some do not hear it the first time.

    Before Python 3.12 `asyncio.wait_for` loses a cancellation that comes with its result.
    """
    deaf = set(tasks)
    while deaf:
        for task in deaf:
            task.cancel()
        _, deaf = await asyncio.wait(deaf, timeout=CALL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
