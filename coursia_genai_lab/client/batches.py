"""Many requests, a few at a time; each ends in pictures or in its own error, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from ..errors import GenAIError
from .aio_door import AsyncDoor
from .events import Event, Picture
from .images import Asked

AT_ONCE = 4
"""Above what one engine works on, so that it never waits for the network; far below the calls that
a token may have open."""
MOST_AT_ONCE = 16

Told = Callable[[int, Event], None]
"""Hears the number of a request, from 0, and what happens to it."""


@dataclass(frozen=True)
class Outcome:
    """What became of one request of a batch: `pictures`, or the `error` that ended it."""

    index: int
    """Its number in the batch, from 0."""
    asked: Asked
    pictures: tuple[Picture, ...] = ()
    error: GenAIError | None = None


async def outcomes(
    door: AsyncDoor,
    asked: Iterable[Asked],
    *,
    at_once: int = AT_ONCE,
    told: Told | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Yield what becomes of each request, as it comes; use it in `contextlib.aclosing`.

    `at_once` is 1 to 16. `told` hears places in line, steps and previews of all of them. Closing
    the generator, or cancelling who waits for it, cancels what still runs; what has not begun
    never does.
    """
    waiting = enumerate(asked)
    done: asyncio.Queue[Outcome | None] = asyncio.Queue()
    workers = [
        asyncio.ensure_future(_work(door, waiting, done, told))
        for _ in range(min(MOST_AT_ONCE, max(1, at_once)))
    ]
    for worker in workers:
        worker.add_done_callback(lambda _: done.put_nowait(None))
    left = len(workers)
    try:
        while left:
            outcome = await done.get()
            if outcome is not None:
                yield outcome
                continue
            left -= 1
            for worker in workers:
                # An outcome is never an exception: that is the caller's own, of `told` or `asked`.
                if worker.done():
                    worker.result()
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.wait(workers)


async def _work(
    door: AsyncDoor,
    waiting: Iterator[tuple[int, Asked]],
    done: asyncio.Queue[Outcome | None],
    told: Told | None,
) -> None:
    # One iterator for all workers: on one event loop no two of them ask it at a time.
    for index, asked in waiting:
        done.put_nowait(await _outcome(door, index, asked, told))


async def _outcome(door: AsyncDoor, index: int, asked: Asked, told: Told | None) -> Outcome:
    pictures: list[Picture] = []
    try:
        async with aclosing(door.stream(asked)) as events:
            async for event in events:
                if isinstance(event, Picture):
                    pictures.append(event)
                if told is not None:
                    told(index, event)
    except GenAIError as error:
        return Outcome(index, asked, tuple(pictures), error)
    return Outcome(index, asked, tuple(pictures))
