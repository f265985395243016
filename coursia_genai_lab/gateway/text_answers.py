"""Answers to text calls on their way: passed on as they come, their usage read in passing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from ..engines.calls import Reply
from ..engines.cloud_asking import Asking
from ..engines.cloud_verdict import Failed, cut_off, wrong_answer
from ..engines.event_stream import events
from ..engines.prices import MOST_TOKENS
from ..engines.text_prices import TextPrice, told_cost
from ..lab.charge import MICROUSD_A_CENT
from .answers import begin
from .headers import COST, GUARDS
from .text_order import TextOrder

MOST_BYTES = 32 * 2**20
"""Of an answer: embeddings of a thousand texts."""
MOST_EVENT = 4 * 2**20
MOST_STREAMED = 64 * 2**20
DONE = b"[DONE]"
_ENDS = ("response.completed", "response.incomplete", "response.failed")

SpentOf = Callable[[Mapping[str, Any]], "int | None"]
"""The `usage` of an answer -> microusd; None: it does not tell."""


class CallerLeft(Exception):
    """Whoever asked does not listen any more: nothing is wrong with the provider."""


class TextReading:
    """Pass the answer to one call on to whoever asked."""

    def __init__(
        self,
        request: web.BaseRequest,
        order: TextOrder,
        asking: Asking,
        spent_of: SpentOf,
    ) -> None:
        self.microusd: int | None = None
        """What it cost, once that is told."""
        self._request, self._order, self._asking = request, order, asking
        self._spent_of = spent_of
        self._title = asking.provider.title

    async def read(self, reply: Reply) -> web.StreamResponse:
        """Return the answer once all of it has gone on.

        Raises:
            Failed: there is none of use, or it broke off.
            CallerLeft: nobody takes it.
        """
        if self._order.stream and reply.kind == "text/event-stream":
            return await self._stream(reply)
        answer = await reply.whole(MOST_BYTES)
        table = await asyncio.to_thread(lambda: answer.table)
        self._asking.refuse_error(table, self._order.texts)
        if not table:
            raise Failed(wrong_answer(self._title, "answered with no JSON object"))
        self._hear(table.get("usage"))
        headers = {**GUARDS, "Content-Type": "application/json"}
        if self.microusd is not None:
            headers[COST] = f"{self.microusd / MICROUSD_A_CENT:g}"
        return web.Response(body=reply.redacted(answer.body), headers=headers)

    async def _stream(self, reply: Reply) -> web.StreamResponse:
        response: web.StreamResponse | None = None
        size, ended = 0, False
        async for name, data in events(reply.pieces(), most=MOST_EVENT):
            size += len(data)
            if size > MOST_STREAMED:
                raise Failed(wrong_answer(self._title, "does not stop answering"))
            table = _table(data)
            if response is None:
                # Once a word is out, the answer's status cannot tell of an error any more.
                self._asking.refuse_error(table, self._order.texts)
                response = await self._begun()
            ended = ended or data == DONE or table.get("type") in _ENDS
            if self._passes(table):
                await self._write(response, name, reply.redacted(data))
        if response is None or not ended:
            raise Failed(cut_off(self._title))
        await self._guarded(response.write_eof())
        return response

    def _passes(self, table: Mapping[str, Any]) -> bool:
        """Hear an event, and say whether it goes on: the usage only to who asked for it."""
        inner = table.get("response")
        usage = inner.get("usage") if isinstance(inner, Mapping) else table.get("usage")
        self._hear(usage)
        forced = self._order.kind == "chat" and not self._order.wants_usage
        return not (forced and usage and table.get("choices") == [])

    def _hear(self, usage: object) -> None:
        if isinstance(usage, Mapping):
            found = self._spent_of(usage)
            self.microusd = self.microusd if found is None else found

    async def _begun(self) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={**GUARDS, "Content-Type": "text/event-stream; charset=utf-8"}
        )
        await self._guarded(begin(response, self._request))
        return response

    async def _write(self, response: web.StreamResponse, name: str, data: bytes) -> None:
        head = f"event: {name}\n".encode() if name else b""
        lines = b"".join(b"data: " + line + b"\n" for line in data.split(b"\n"))
        await self._guarded(response.write(head + lines + b"\n"))

    async def _guarded(self, writing: Any) -> None:
        try:
            await writing
        except (ConnectionError, RuntimeError) as error:
            raise CallerLeft from error


def spent_by(price: TextPrice, *, routed: bool) -> SpentOf:
    """Return what reads a cost out of a usage: as the provider tells it, else by its tokens."""

    def spent(usage: Mapping[str, Any]) -> int | None:
        if routed and (told := told_cost(usage)) is not None:
            return told
        taken = _count(usage, "prompt_tokens", "input_tokens")
        given = _count(usage, "completion_tokens", "output_tokens")
        if not taken or (given is None and price.output):
            return None
        details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
        cached = _count(details, "cached_tokens") if isinstance(details, Mapping) else 0
        return price.spent(taken, cached or 0, given or 0)

    return spent


def _count(usage: Mapping[str, Any], *names: str) -> int | None:
    """Return a number of tokens under the first of its names that is told; None: it is none."""
    value = next((usage[name] for name in names if usage.get(name) is not None), None)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST_TOKENS else None


def _table(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
