"""Answers of providers read: a picture, what it cost, and the previews on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..errors import GenerationError
from .calls import MOST_BYTES, Answer, Reply
from .cloud_asking import Asking
from .cloud_verdict import Failed, billed, cut_off, wrong_answer
from .event_stream import events
from .openai_images_answer import picture_of, recipe_of, seed_of
from .orders import Order, Picture, Preview, Report, Spent

SVG = "image/svg+xml"
DONE = b"[DONE]"
SpentOf = Callable[[Mapping[str, Any]], Spent]
"""What the `usage` object of an answer says of the price."""


class PictureReading:
    """Read the answer to one call for picture number `index`, in one piece or as a stream."""

    def __init__(
        self,
        asking: Asking,
        order: Order,
        index: int,
        seed: int,
        report: Report,
        spent_of: SpentOf,
    ) -> None:
        self._asking, self._order, self._index, self._seed = asking, order, index, seed
        self._report, self._spent_of = report, spent_of
        self._title = asking.provider.title
        self._hidden = (order.prompt, order.negative)

    async def read(self, reply: Reply) -> Picture:
        """Return the picture; raises Failed where there is none of use."""
        if reply.kind == "text/event-stream":
            return await self._streamed(reply)
        table = await self._table((await reply.whole()).body)
        self._asking.refuse_error(table, self._hidden)
        data = table.get("data")
        item = data[0] if isinstance(data, list) and data else None
        if not isinstance(item, dict):
            raise self._useless("answered without a picture")
        return await self.picture(item, table.get("usage"), reply)

    async def picture(self, item: Mapping[str, Any], usage: object, reply: Reply) -> Picture:
        """Return the picture of one item with a `b64_json`."""
        if str(item.get("media_type") or "").partition(";")[0].strip().lower() == SVG:
            raise self._useless("sent a drawing in SVG, which may hold programs and is not shown")
        try:
            data = await asyncio.to_thread(picture_of, item)
        except GenerationError as error:
            raise self._useless("sent something that is no whole picture") from error
        return Picture(
            data,
            seed_of(item, self._seed),
            self._index,
            recipe_of(item, reply.request_id),
            self._spent_of(usage if isinstance(usage, dict) else {}),
        )

    async def _streamed(self, reply: Reply) -> Picture:
        async for name, data in events(reply.pieces(), most=MOST_BYTES):
            if data == DONE:
                break
            event = await self._table(data)
            kind = str(event.get("type") or name).rpartition(".")[2]
            if kind == "error" or event.get("error"):
                raise self._broken_off(event)
            if kind == "completed":
                return await self.picture(event, event.get("usage"), reply)
            if kind == "partial_image" and self._order.previews:
                # One that is none is left out, for the whole may still come.
                with suppress(GenerationError):
                    self._report(Preview(await asyncio.to_thread(picture_of, event), self._index))
        raise Failed(cut_off(self._title))

    def _broken_off(self, event: Mapping[str, Any]) -> Failed:
        told = event.get("error")
        error = told if isinstance(told, Mapping) else {"message": event.get("message")}
        verdict = self._asking.verdict(error, 200, self._hidden)
        if not self._asking.provider.free_failures:
            # It had begun to draw, and nobody promises that this is free.
            verdict = replace(verdict, error=billed(verdict.error), again=0)
        return Failed(verdict)

    def _useless(self, what: str) -> Failed:
        return Failed(wrong_answer(self._title, what))

    async def _table(self, data: bytes) -> dict[str, Any]:
        return await asyncio.to_thread(lambda: Answer(200, data).table)
