"""What engines and the line tell, put into the words of the OpenAI API: events and answers."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..engines.orders import Event, Notice, Phase, Preview, Spent, Step
from ..wire.usage import Allowance
from .openai_bill import Bill, cents
from .openai_made import Made
from .openai_order import Wish
from .queue import Place

NO_USAGE = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}
"""Engines that run here count no tokens; the SDK's types want the fields."""
IN_LINE = "waiting in line"


@dataclass(frozen=True)
class Waiting:
    """A picture has not had its turn yet; `index` numbers it from 0."""

    place: Place
    index: int = 0


Heard = Event | Waiting | Made


class Telling:
    """Hear events and give those that the caller asked for.

    `prefix` is `image_generation` or `image_edit`; `extra` is our field `coursia`.
    """

    def __init__(self, wish: Wish, prefix: str, extra: Mapping[str, Any]) -> None:
        self._wish = wish
        self._prefix = prefix
        self._extra = dict(extra)
        self._notices = [str(extra["warning"])] if extra.get("warning") else []
        for text in wish.notices:
            self.notice(text)
        self._cents = 0.0
        self._receipt = ""
        self._tokens = Spent()
        self._steps: dict[int, tuple[int, int]] = {}
        self._shown: Counter[int] = Counter()
        self._told: Counter[int] = Counter()

    def notice(self, text: str) -> None:
        """Add a sentence to the warning that goes with every event and answer."""
        if text not in self._notices:
            self._notices.append(text)
        self._extra["warning"] = " ".join(self._notices)

    def asks(self, bill: Bill) -> None:
        """Tell from the next event on that a provider draws, and why."""
        why = bill.detour.cause
        self._extra |= {"provider": bill.detour.cloud.service, "cost_cents": self._cents}
        if why is not None:
            told = {"code": why.code, "sentence": why.problem.message}
            self._extra["fallback"] = {"from": self._extra.get("service"), **told}

    def paid(self, bill: Bill, microusd: int, spent: Spent | None) -> None:
        """Add what a provider's picture came to."""
        self._cents = round(self._cents + cents(microusd), 4)
        self._extra["cost_cents"] = self._cents
        if bill.detour.cause is not None:
            self._notices = [one for one in self._notices if one != self._receipt]
            self._receipt = bill.sentence(self._cents)
            self.notice(self._receipt)
        if spent is not None:
            self._tokens = Spent(
                input_tokens=self._tokens.input_tokens + spent.input_tokens,
                output_tokens=self._tokens.output_tokens + spent.output_tokens,
            )

    def left(self, allowances: Sequence[Allowance]) -> None:
        """Tell what the caller's quotas still give; nothing where there are none."""
        if allowances:
            self._extra["left"] = [one.model_dump() for one in allowances]

    @property
    def _usage(self) -> dict[str, Any]:
        took, gave = self._tokens.input_tokens, self._tokens.output_tokens
        told = {"input_tokens": took, "output_tokens": gave, "total_tokens": took + gave}
        return {**NO_USAGE, **told}

    def wanted(self, event: Heard) -> bool:
        """Say whether an event is to be told; steps are counted on the way."""
        if isinstance(event, Notice):
            self.notice(event.text)
            return False
        if isinstance(event, Step):
            self._steps[event.index] = (event.step, event.steps)
        if not self._wish.stream:
            return False
        if isinstance(event, Preview):
            return self._due(event.index)
        return isinstance(event, Made) or self._wish.progress

    async def words(self, event: Heard) -> tuple[str, dict[str, Any]]:
        """Return name and data of a server-sent event."""
        if isinstance(event, Waiting):
            place = event.place
            said = {"phase": IN_LINE, "position": place.position, "seconds": place.seconds}
            return self._event("progress", {**said, "image_index": event.index})
        if isinstance(event, Phase):
            return self._event("progress", {"phase": event.name, "image_index": event.index})
        if isinstance(event, Step):
            return self._event(
                "progress",
                {"step": event.step, "steps": event.steps, "image_index": event.index},
            )
        if isinstance(event, Preview):
            text = await asyncio.to_thread(base64.b64encode, event.data)
            number = self._told[event.index]
            self._told[event.index] += 1
            kind = "png" if event.data.startswith(b"\x89PNG") else "jpeg"
            seen = {"b64_json": text.decode("ascii"), "partial_image_index": number}
            about = {**self._wish.about, "output_format": kind, "size": "auto"}
            return self._event("partial_image", {**seen, "created_at": _now(), **about})
        assert isinstance(event, Made)
        made = await asyncio.to_thread(self._item, event)
        about = {**self._wish.about, "size": event.size}
        return self._event(
            "completed", {**made, "created_at": _now(), **about, "usage": self._usage}
        )

    async def answer(self, pictures: list[Made]) -> bytes:
        """Return the body of an answer in one piece."""
        return await asyncio.to_thread(self._answer, pictures)

    def _answer(self, pictures: list[Made]) -> bytes:
        body = {
            "coursia": self._extra,
            "created": _now(),
            "data": [self._item(one) for one in pictures],
            **self._wish.about,
            "size": pictures[0].size if pictures else "auto",
            "usage": self._usage,
        }
        return json.dumps(body).encode()

    def _item(self, made: Made) -> dict[str, Any]:
        text = base64.b64encode(made.data).decode("ascii")
        item = {
            "b64_json": text,
            "model": made.facts.model,
            "seed": made.facts.seed,
            "provenance": made.facts.model_dump(),
        }
        if self._wish.as_url:
            item["url"] = f"data:image/{self._wish.output_format};base64,{text}"
        return item

    def _event(self, kind: str, data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        name = f"{self._prefix}.{kind}"
        return name, {"coursia": self._extra, "type": name, **data}

    def _due(self, index: int) -> bool:
        """Say whether it is time for another partial picture: they lie at even distances."""
        wanted, shown = self._wish.partial_images, self._shown[index]
        if shown >= wanted:
            return False
        # A server that tells no steps has spread its partial pictures itself.
        step, steps = self._steps.get(index, (1, 0))
        if step < math.ceil((shown + 1) * steps / (wanted + 1)):
            return False
        self._shown[index] += 1
        return True


def numbered(event: Notice | Phase | Step | Preview, index: int) -> Heard:
    """Return an event of a one-picture order as one of the call's."""
    return event if isinstance(event, Notice) else replace(event, index=index)


def as_event(name: str, data: Mapping[str, Any]) -> bytes:
    """Return a server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _now() -> int:
    return int(time.time())
