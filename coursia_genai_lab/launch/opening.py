"""The doors that one launch needs, opened side by side; and what is shown of a launch at first."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from ..errors import GenAIError
from ..gateway.doors import Doors
from ..wire.launches import LaunchView
from .orders import LaunchOrder
from .variables import Plan

log = logging.getLogger(__name__)

DOOR_SECONDS = 2.0
"""How long a launch waits to learn that its doors do open: milliseconds, but the first loads a
library. On a busy machine that takes longer, and the kernel gets the addresses all the same."""


async def open_doors(doors: Doors, drawn: Plan) -> tuple[dict[str, str], str]:
    """Return the doors that are open or about to be, and the OpenAI door or an empty string."""
    asked: list[tuple[Callable[[], Awaitable[str]], Callable[[], str | None]]] = [
        (partial(doors.open, name), partial(doors.address, name)) for name in drawn.doors
    ]
    if drawn.openai_door:
        asked.append((doors.open_openai, doors.openai_address))
    opened = await asyncio.gather(*(_opened(*one) for one in asked))
    openai = opened.pop() if drawn.openai_door else ""
    return {name: url for name, url in zip(drawn.doors, opened, strict=True) if url}, openai


async def _opened(opening: Callable[[], Awaitable[str]], address: Callable[[], str | None]) -> str:
    task = asyncio.ensure_future(opening())
    try:
        await asyncio.wait([task], timeout=DOOR_SECONDS)
        return task.result() if task.done() else address() or ""
    except (GenAIError, OSError, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and not task.cancelled():
            raise  # The launch's own deadline.
        log.warning("A door did not open: %s", str(error) or "it closed")
        return ""
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def first_view(order: LaunchOrder, *, reason: str, skipped: Mapping[str, str]) -> LaunchView:
    return LaunchView(
        launch_id=order.launch_id,
        kernel_id=order.kernel_id,
        path=order.path,
        type=order.profile.type,
        services=order.profile.services,
        skipped=dict(skipped),
        reason=reason,
        since=time.time(),
    )


def why_nothing(drawn: Plan, refused: Mapping[str, str]) -> str:
    if drawn.external:
        return "The addresses of its services are set by you, so they are left as they are."
    return " ".join(dict.fromkeys(refused.values())) or "No service of the catalogue is needed."
