"""Wait on a condition, with a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_LOOKS = 6000
_PAUSE = 0.01


async def until(happened: Callable[[], bool]) -> None:
    """Return when `happened()` is true; fail after about a minute."""
    for _ in range(_LOOKS):
        if happened():
            return
        await asyncio.sleep(_PAUSE)
    raise AssertionError("it did not happen")
