"""Any server of the OpenAI Images API: one picture a call, as a stream where it has one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import GenAIError, GenerationError, ServiceError
from ..wire.services import Dialect
from .base import Engine, ended
from .calls import ANSWER_SECONDS, MOST_BYTES, Answer, Reply
from .event_stream import events
from .openai_images_answer import failed, picture_of, recipe_of, refused, seed_of
from .openai_images_call import OPTIONAL, call_of, left_out, refuse_impossible, refused_field
from .orders import Event, Notice, Order, Phase, Picture, Preview, Report, Step, unheard

if TYPE_CHECKING:
    from aiohttp import ClientSession

ABOUT = "/v1/coursia/engine"
"""Where a server of ours says what it takes beyond OpenAI's fields, and how much it has to do."""
ABOUT_SECONDS = 30.0
CANCEL_SECONDS = 15.0
LONGEST_PHASE = 100
SMALL_BYTES = 2**16
"""What is larger is read in a thread."""


class OpenAIImages(Engine):
    """Ask a server by `/v1/images/generations` and `/v1/images/edits`.

    What a server takes beyond OpenAI's fields only it can say, and only ours does; to others
    seed, steps, guidance and negative prompt are not sent, and the caller hears of it.
    """

    dialect: ClassVar[Dialect] = "openai_images"

    def __init__(self, url: str, headers: Mapping[str, str], session: ClientSession) -> None:
        super().__init__(url, headers, session)
        self._takes: frozenset[str] | None = None
        self._refused: frozenset[str] = frozenset()

    @classmethod
    def check(cls, order: Order) -> None:
        """Look at mask and number of pictures; models and sizes are known to the server alone."""
        refuse_impossible(order)

    async def generate(self, order: Order, report: Report = unheard) -> list[Picture]:
        """Make the pictures, one call a picture; a call that is cut is all the server hears of it.

        Nothing is sent twice but a call that was refused for an optional field.
        """
        self.check(order)
        pictures = []
        for index in range(order.count):
            pictures.append(await self._watched(order, index, report))
            report(pictures[-1])
        return pictures

    async def busy(self) -> bool:
        """Say whether something runs or waits; False for a server that does not tell."""
        try:
            about = await self._about(ANSWER_SECONDS)
        except ServiceError:
            raise
        except GenAIError as error:
            raise ServiceError(error.message, error.remedy, code=error.error_code) from error
        remaining = about.get("remaining")
        return isinstance(remaining, int) and remaining > 0

    async def free(self) -> None:
        """Do nothing: the API has no such call, and only a stop gives memory back."""

    async def _about(self, seconds: float) -> dict[str, Any]:
        """Return what a server of ours says of itself; an empty object from any other."""
        answer = await self._calls.ask("GET", ABOUT, seconds=seconds)
        about = answer.table if answer.status == 200 else {}
        about = about if isinstance(about.get("takes"), list) else {}
        if answer.status < 500:
            # Else it is not well, and another time it may tell more.
            self._takes = frozenset(one for one in about.get("takes", ()) if isinstance(one, str))
        return about

    async def _watched(self, order: Order, index: int, report: Report) -> Picture:
        """Return one picture; ends the call after too long a silence."""
        progress = _Progress(index, order.silence_seconds, report)
        call = asyncio.create_task(
            self._made(order, index, progress), name="genai-openai-images-job"
        )
        try:
            await progress.until_done(call)
            return call.result()
        finally:
            if not call.done():
                call.cancel()
                await ended(_over(call), CANCEL_SECONDS, self._calls.session)
            elif not call.cancelled():
                # Whoever waited may have been cancelled in the same moment.
                call.exception()

    async def _made(self, order: Order, index: int, progress: _Progress) -> Picture:
        if self._takes is None:
            # Some answer 401 where they have nothing; the call itself shows who is let in.
            with suppress(GenerationError):
                await self._about(ABOUT_SECONDS)
        takes = self._takes or frozenset()
        if index == 0:
            for sentence in left_out(order, takes):
                progress.tell(Notice(sentence))
        try:
            return await self._answered(order, index, takes, progress)
        except ServiceError as error:
            if error.error_code == "no_answer":
                await self._refuse_dead(ABOUT)
            raise

    async def _answered(
        self, order: Order, index: int, takes: frozenset[str], progress: _Progress
    ) -> Picture:
        for _ in range(len(OPTIONAL) + 1):
            call = await asyncio.to_thread(call_of, order, index, takes, self._refused)
            async with self._calls.sent("POST", call.path, call.body, call.kind) as reply:
                progress.moved()
                if reply.status == 200 and reply.kind == "text/event-stream":
                    return await self._streamed(reply, order, index, progress)
                answer = await reply.whole()
            item = _item(await _read(answer.body)) if answer.status == 200 else None
            if item is not None:
                return await _picture(item, order, index, reply.request_id)
            optional = refused_field(answer, call.optional)
            if optional is None:
                raise refused(answer, (order.prompt, order.negative))
            self._refused |= {optional}
        raise GenerationError("The server refuses every form of the call.", code="engine_refused")

    async def _streamed(
        self, reply: Reply, order: Order, index: int, progress: _Progress
    ) -> Picture:
        async for name, data in events(reply.pieces(), most=MOST_BYTES):
            event = await _read(data)
            kind = str(event.get("type") or name).rpartition(".")[2]
            if "error" in event or kind == "error":
                error = json.loads(reply.redacted(json.dumps(event).encode()))
                told = error.get("error")
                told = told if isinstance(told, dict) else {"message": told or error.get("message")}
                raise failed(told, 502, (order.prompt, order.negative))
            if kind == "completed":
                return await _picture(event, order, index, reply.request_id)
            if kind == "progress":
                progress.step(event)
            elif kind == "partial_image":
                await progress.preview(event, wanted=order.previews)
        raise ServiceError(
            "The server ended its answer before the picture was there.",
            "Send the request again; the log of the server may say more.",
            code="no_answer",
        )


class _Progress:
    """What a server tells on the way, passed on where it is new, and when it last was."""

    def __init__(self, index: int, silence_seconds: float | None, report: Report) -> None:
        self._index, self._silence_seconds, self._report = index, silence_seconds, report
        self._clock: Callable[[], float] = asyncio.get_running_loop().time
        self._moved_at = self._clock()
        self._seen: object = None

    def moved(self) -> None:
        """Begin to count the silence anew."""
        self._moved_at = self._clock()

    def tell(self, event: Event) -> None:
        """Pass an event on."""
        self._report(event)

    def step(self, event: Mapping[str, Any]) -> None:
        """Pass on a step or a phase, unless it is the one that was told last."""
        step, steps, phase = event.get("step"), event.get("steps"), event.get("phase")
        seen = (step, steps, phase)
        if seen == self._seen:
            return
        if type(step) is int and type(steps) is int and 0 < step <= steps:
            self._report(Step(step, steps, self._index))
        elif isinstance(phase, str) and phase:
            self._report(Phase(phase[:LONGEST_PHASE], self._index))
        else:
            return
        self._seen = seen
        self.moved()

    async def preview(self, event: Mapping[str, Any], *, wanted: bool) -> None:
        """Pass on a partial picture; one that is none is left out, for the whole may still come."""
        self.moved()
        if not wanted:
            return
        try:
            data = await asyncio.to_thread(picture_of, event)
        except GenerationError:
            return
        self._report(Preview(data, self._index))

    async def until_done(self, call: asyncio.Task[Picture]) -> None:
        """Return when the call is done; raises GenerationError after too long a silence."""
        limit = self._silence_seconds
        while not call.done():
            left = None if limit is None else self._moved_at + limit - self._clock()
            if left is not None and left <= 0:
                raise GenerationError(
                    f"The job showed no progress for {limit:g} seconds and was ended.",
                    "Look at the log of the server; restart it when it hangs.",
                    code="no_progress",
                )
            await asyncio.wait([call], timeout=left)


async def _over(call: asyncio.Task[Picture]) -> None:
    await asyncio.gather(call, return_exceptions=True)


async def _read(data: bytes) -> dict[str, Any]:
    """Return the JSON object of an event; an empty one for anything else."""
    answer = Answer(200, data)
    if len(data) < SMALL_BYTES:
        return answer.table
    return await asyncio.to_thread(lambda: answer.table)


def _item(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the first picture of an answer in one piece; None where it is no such answer."""
    data = body.get("data")
    if "error" in body or not isinstance(data, list):
        return None
    return data[0] if data and isinstance(data[0], dict) else {}


async def _picture(
    item: Mapping[str, Any], order: Order, index: int, request_id: str | None
) -> Picture:
    data = await asyncio.to_thread(picture_of, item)
    recipe = recipe_of(item, request_id)
    return Picture(data, seed_of(item, order.seed_of(index)), index, recipe)
