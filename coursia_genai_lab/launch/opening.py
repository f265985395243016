"""The doors that one launch needs, opened side by side; and what is shown of a launch at first."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping

from ..errors import GenAIError
from ..gateway.doors import Doors
from ..wire.launches import LaunchView
from .orders import LaunchOrder
from .variables import Plan

log = logging.getLogger(__name__)

DOOR_SECONDS = 5.0
"""How long a launch waits for its doors: milliseconds, but the first loads a library."""


async def open_doors(doors: Doors, drawn: Plan) -> tuple[dict[str, str], str]:
    """Return the doors that opened in time, and the OpenAI door or an empty string."""
    names = drawn.doors
    waits = [doors.open(name) for name in names]
    if drawn.openai_door:
        waits.append(doors.open_openai())
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        if tasks:
            await asyncio.wait(tasks, timeout=DOOR_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    opened: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, (GenAIError, OSError, asyncio.CancelledError)):
            log.warning("A door did not open: %s", str(outcome) or "it took too long")
        elif isinstance(outcome, BaseException):
            raise outcome
        opened.append("" if isinstance(outcome, BaseException) else outcome)
    openai = opened.pop() if drawn.openai_door else ""
    return {name: url for name, url in zip(names, opened, strict=True) if url}, openai


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
