"""The work behind one order: picture after picture, with events for those who watch."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from typing import Any

from PIL import Image

from .jobs import Job
from .marks import encode
from .openai_order import Order
from .previews import partial
from .studio import Studio

Event = tuple[str, dict[str, Any]]


class Work:
    """Makes the pictures of one order; `pictures` are finished files."""

    def __init__(self, order: Order, studio: Studio) -> None:
        self.pictures: list[bytes] = []
        self._order, self._studio = order, studio
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    async def run(self, job: Job) -> None:
        """Make all pictures; the job of the queue."""
        for index in range(self._order.count):
            await self._make(job, index)

    async def events(self, job: Job) -> AsyncIterator[Event]:
        """Yield (kind, data) as the work goes on, until the job is over.

        Kinds are progress, partial_image and completed; `b64_json` holds plain bytes here.
        """
        over = asyncio.ensure_future(job.done.wait())
        try:
            while not (over.done() and self._events.empty()):
                coming = asyncio.ensure_future(self._events.get())
                await asyncio.wait((coming, over), return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    yield coming.result()
                else:
                    coming.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await coming
        finally:
            over.cancel()

    async def _make(self, job: Job, index: int) -> None:
        recipe = self._order.recipe.nth(index)
        picture = await self._studio.draw(recipe)
        job.check()
        wanted = self._order.partial_images if self._order.stream else 0
        due = [math.ceil((i + 1) * recipe.steps / (wanted + 1)) for i in range(wanted)]

        async def on_step(step: int) -> None:
            if self._order.progress:
                seen = {"step": step, "steps": recipe.steps, "image_index": index}
                self._events.put_nowait(("progress", seen))
            for number, at in enumerate(due):
                if at == step:
                    await self._partial(picture, number, (number + 1) / (wanted + 1))

        await self._studio.sample(job, recipe.steps, on_step)
        kind, quality = self._order.output_format, self._order.compression
        data = job.spoilt(await self._studio.call(encode, picture, kind, quality))
        self.pictures.append(data)
        if self._order.stream:
            seen = {"b64_json": data, **self._order.origin(index)}
            self._events.put_nowait(("completed", seen))

    async def _partial(self, picture: Image.Image, number: int, done: float) -> None:
        early = await self._studio.call(partial, picture, done)
        data = await self._studio.call(
            encode, early, self._order.output_format, self._order.compression
        )
        seen = {"b64_json": data, "partial_image_index": number}
        self._events.put_nowait(("partial_image", seen))
