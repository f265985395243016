"""Waiting for the next change."""

from __future__ import annotations

import asyncio

from coursia_genai_lab.lab.changes import Changes


async def test_who_waits_for_a_change_can_be_called_off_at_the_moment_that_it_comes() -> None:
    changes = Changes(lambda event: None)
    for ticks in range(6):
        waiting = asyncio.create_task(changes.wait(changes.revision, 10))
        for _ in range(3):
            await asyncio.sleep(0)
        changes.tell("service")
        for _ in range(ticks):
            await asyncio.sleep(0)
        if waiting.cancel():
            await asyncio.wait([waiting])
            assert waiting.cancelled()
        else:
            assert waiting.result() == changes.revision
