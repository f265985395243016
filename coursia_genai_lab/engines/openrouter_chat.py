"""OpenRouter's older road: pictures as part of a chat, for models that the Image API lacks."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
from collections.abc import Mapping
from typing import Any

from ..errors import InvalidRequest
from .calls import Reply
from .cloud import Quote
from .cloud_asking import Asking
from .cloud_pictures import PictureReading
from .cloud_verdict import Failed, wrong_answer
from .openrouter_models import Offered
from .openrouter_plan import TIERS, references
from .openrouter_price import MOST_USD, spent_of
from .orders import Order, Picture, unheard
from .prices import dollars, prompt_tokens

MOST_TOKENS = 8192
"""Of an answer: pictures take one to three thousand, and it bounds what one call can cost."""
OTHER_PRICES = ("image", "request", "image_output", "image_token", "internal_reasoning")
PER_TOKEN_USD = 0.001
"""The list says that `image_output` is for a picture, and for some models it is for a token:
nobody sells a picture for less than this, or a token for more."""
RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
MOST_IMAGE_SIZE = "2K"


class ChatRoad:
    """Ask `POST /v1/chat/completions` for one picture."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def refuse(self, order: Order, model: Offered) -> None:
        """Raise InvalidRequest for what the model cannot do."""
        if order.images and not model.edits:
            raise InvalidRequest(
                "This model takes no pictures to change.",
                "Choose one that edits; the list of models says which.",
                code="invalid_value",
                param="image",
            )
        if order.background == "transparent":
            raise InvalidRequest(
                "This model makes no transparent background.",
                code="invalid_value",
                param="background",
            )

    def notices(self, order: Order, model: Offered) -> list[str]:
        """Return a sentence for each thing of an order that is left out or only nearly kept.

        Raises:
            InvalidRequest: as `refuse`.
        """
        self.refuse(order, model)
        told = ["The model takes no seed: the same picture cannot be made again."]
        if order.width is not None and order.height is not None:
            ratio, tier = _near(order.width, order.height)
            told.append(
                f"The model does not make {order.width}x{order.height}: it was asked for {ratio} "
                f"at {tier}."
            )
        for name, said in (
            ("negative_prompt", order.negative),
            ("steps", order.steps),
            ("guidance", order.guidance),
            ("quality", order.quality if order.quality != "auto" else None),
        ):
            if said not in ("", None):
                told.append(f"{name} was left out: the model does not take it.")
        return told

    def quote(self, order: Order, model: Offered) -> Quote:
        """Return the price of an answer as long as it may be; None where a part is unknown."""
        usd = _worst_usd(order, model.pricing)
        if usd is None:
            return Quote(None, f"OpenRouter names no price for {model.id} that is all of it")
        microusd = math.ceil(usd * 1_000_000 - 1e-6)
        return Quote(
            microusd,
            f"at most {dollars(microusd)} a picture, for an answer of {MOST_TOKENS:,} tokens",
        )

    async def made(self, order: Order, model: Offered, index: int) -> Picture:
        """Return one picture; raises as `Asking.send`."""
        reading = PictureReading(
            self._asking, order, index, order.seed_of(index), unheard, spent_of
        )

        async def read(reply: Reply) -> Picture:
            answer = await reply.whole()
            table = await asyncio.to_thread(lambda: answer.table)
            self._asking.refuse_error(table, (order.prompt, order.negative))
            return await reading.picture(self._item(table), table.get("usage"), reply)

        body = await asyncio.to_thread(_body, order, model)
        return await self._asking.send(
            "POST",
            "/v1/chat/completions",
            body,
            "application/json",
            read,
            seconds=self._asking.picture_seconds,
            hidden=(order.prompt, order.negative),
        )

    def _item(self, table: Mapping[str, Any]) -> dict[str, Any]:
        """Return the first picture of an answer, in the form of the Image API."""
        title = self._asking.provider.title
        choices = table.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, dict):
            raise Failed(wrong_answer(title, "answered without a picture"))
        self._asking.refuse_error(choice)
        message = choice.get("message")
        images = message.get("images") if isinstance(message, dict) else None
        first = images[0] if isinstance(images, list) and images else None
        place = first.get("image_url") if isinstance(first, dict) else None
        url = place.get("url") if isinstance(place, dict) else None
        if not isinstance(url, str):
            raise Failed(wrong_answer(title, "answered in words, without a picture"))
        head, comma, data = url.partition(",")
        if not (comma and head.startswith("data:") and head.endswith(";base64")):
            raise Failed(wrong_answer(title, "answered with an address, which is not fetched"))
        try:
            base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            raise Failed(wrong_answer(title, "sent something that is no picture")) from None
        return {"b64_json": data, "media_type": head[5:-7]}


def _body(order: Order, model: Offered) -> bytes:
    content: list[dict[str, Any]] = [{"type": "text", "text": order.prompt}, *references(order)]
    body: dict[str, Any] = {
        "model": model.id,
        "messages": [{"role": "user", "content": content}],
        "modalities": ["image", "text"] if model.writes else ["image"],
        "max_tokens": MOST_TOKENS,
        "stream": False,
    }
    if order.width is not None and order.height is not None:
        ratio, tier = _near(order.width, order.height)
        body["image_config"] = {"aspect_ratio": ratio, "image_size": tier}
    if order.user:
        body["user"] = order.user
    return json.dumps(body).encode()


def _near(width: int, height: int) -> tuple[str, str]:
    def ratio(text: str) -> float:
        wide, _, high = text.partition(":")
        return abs(math.log(float(wide) / float(high) * height / width))

    tiers = ("1K", MOST_IMAGE_SIZE)
    return min(RATIOS, key=ratio), min(
        tiers, key=lambda one: abs(math.log(TIERS[one] / (width * height)))
    )


def _worst_usd(order: Order, prices: Mapping[str, Any]) -> float | None:
    """Return US dollars of one picture; None where a part of the price is unknown."""
    if prices.get("overrides"):
        return None
    into, out = _usd(prices, "prompt"), _usd(prices, "completion")
    others = [_usd(prices, name, otherwise=0.0) for name in OTHER_PRICES]
    if into is None or out is None or None in others:
        return None
    image, request, drawn, token, thought = (one or 0.0 for one in others)
    if drawn < PER_TOKEN_USD:
        token, drawn = max(token, drawn), 0.0
    return (
        into * (prompt_tokens(order) + MOST_TOKENS * len(order.images))
        + image * len(order.images)
        + request
        + drawn
        + MOST_TOKENS * max(out, token, thought)
    )


def _usd(prices: Mapping[str, Any], name: str, otherwise: float | None = None) -> float | None:
    told = prices.get(name)
    if told is None:
        return otherwise
    try:
        usd = float(told)
    except (TypeError, ValueError, OverflowError):
        return None
    return usd if 0 <= usd <= MOST_USD else None
