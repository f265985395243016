"""What engines tell, put into the words of the OpenAI API: events, partial pictures, answers."""

from __future__ import annotations

import asyncio
import base64
import json
import math
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..engines.orders import Event, Notice, Phase, Picture, Preview, Step
from .openai_order import Wish

NO_USAGE = {
    "input_tokens": 0,
    "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
    "output_tokens": 0,
    "total_tokens": 0,
}
"""Engines that run here count no tokens; the SDK's types want the fields."""


class Telling:
    """Hear an engine's events and give those that the caller asked for.

    `prefix` is `image_generation` or `image_edit`; `extra` is our field `coursia`.
    """

    def __init__(self, wish: Wish, prefix: str, extra: Mapping[str, Any]) -> None:
        self._wish = wish
        self._prefix = prefix
        self._extra = dict(extra)
        self._notices = [str(extra["warning"])] if extra.get("warning") else []
        if wish.transparent:
            self.notice("The background is opaque: local models draw no transparent one.")
        self._step: tuple[int, int] = (0, 1)
        self._shown: Counter[int] = Counter()
        self._told: Counter[int] = Counter()

    def notice(self, text: str) -> None:
        """Add a sentence to the warning that goes with every event and answer."""
        if text not in self._notices:
            self._notices.append(text)
        self._extra["warning"] = " ".join(self._notices)

    def wanted(self, event: Event) -> bool:
        """Say whether an event is to be told; steps are counted on the way."""
        if isinstance(event, Notice):
            self.notice(event.text)
            return False
        if isinstance(event, Step):
            self._step = (event.step, event.steps)
        if isinstance(event, Preview):
            return self._due(event.index)
        return isinstance(event, Picture) or self._wish.progress

    async def words(self, event: Event) -> tuple[str, dict[str, Any]]:
        """Return name and data of a server-sent event."""
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
        assert isinstance(event, Picture)
        made, size = await self._made(event)
        about = {**self._wish.about, "size": size}
        return self._event("completed", {**made, "created_at": _now(), **about, "usage": NO_USAGE})

    async def answer(self, pictures: list[Picture]) -> dict[str, Any]:
        """Return the body of an answer in one piece."""
        made = [await self._made(picture) for picture in pictures]
        size = made[0][1] if made else "auto"
        return {
            "coursia": self._extra,
            "created": _now(),
            "data": [item for item, _ in made],
            **self._wish.about,
            "size": size,
            "usage": NO_USAGE,
        }

    async def _made(self, picture: Picture) -> tuple[dict[str, Any], str]:
        # Pillow is loaded by the first picture, not with the door.
        from .openai_pictures import as_text

        wish = self._wish
        text, size = await asyncio.to_thread(
            as_text, picture.data, wish.output_format, wish.compression
        )
        return {"b64_json": text, "model": wish.order.model, "seed": picture.seed}, size

    def _event(self, kind: str, data: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        name = f"{self._prefix}.{kind}"
        return name, {"coursia": self._extra, "type": name, **data}

    def _due(self, index: int) -> bool:
        """Say whether it is time for another partial picture: they lie at even distances."""
        wanted, shown = self._wish.partial_images, self._shown[index]
        if shown >= wanted:
            return False
        step, steps = self._step
        if step < math.ceil((shown + 1) * steps / (wanted + 1)):
            return False
        self._shown[index] += 1
        return True


def as_event(name: str, data: Mapping[str, Any]) -> bytes:
    """Return a server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _now() -> int:
    return int(time.time())
