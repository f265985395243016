"""Blocking work in a thread, and callers that are called off more than once."""

from __future__ import annotations

import asyncio
import threading

import pytest
from waiting import until

from coursia_genai_lab.weights.off_loop import in_thread


async def test_a_caller_who_is_called_off_again_and_again_waits_for_the_thread() -> None:
    at_work, may_end, order = threading.Event(), threading.Event(), []

    def work() -> None:
        at_work.set()
        may_end.wait(60)
        order.append("the thread has let go")

    async def caller() -> None:
        try:
            await in_thread(work)
        finally:
            order.append("the caller has cleaned up")

    task = asyncio.create_task(caller())
    await until(at_work.is_set)
    for _ in range(3):
        task.cancel()
        await asyncio.wait({task}, timeout=0.05)
    assert order == []
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert order == ["the thread has let go", "the caller has cleaned up"]


async def test_long_work_is_told_to_end_when_its_caller_is_called_off() -> None:
    at_work, ended = threading.Event(), threading.Event()

    def work() -> None:
        at_work.set()
        ended.wait(60)

    task = asyncio.create_task(in_thread(work, stop=ended.set))
    await until(at_work.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
