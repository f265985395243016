"""An order as OpenAI itself takes it: sizes and qualities that its models know, or no call."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Any

from ..errors import InvalidRequest
from .limits import png_size
from .openai_images_call import PREVIEWS, form_of, left_out
from .orders import Order
from .prices import TokenPrice

STEP = 16
LEAST_PIXELS = 655_360
MOST_PIXELS = 3840 * 2160
MOST_SIDE = 3840
MOST_RATIO = 3.0
USUAL_PIXELS = 1024**2
OLD_QUALITIES = {"standard": "medium", "hd": "high"}
"""What retired models called them."""


@dataclass(frozen=True)
class Fitted:
    """An order whose size and quality the model makes, and what had to be changed for that."""

    order: Order
    notices: tuple[str, ...]


def fitted(order: Order, price: TokenPrice | None) -> Fitted:
    """Return an order as the model can carry it out; its price is known by its size.

    Raises:
        InvalidRequest: it cannot; the sentence says what it can.
    """
    notices = list(left_out(order, frozenset()))
    quality = OLD_QUALITIES.get(order.quality or "", order.quality)
    if price is not None and price.qualities and quality not in (None, "auto", *price.qualities):
        raise InvalidRequest(
            f"'quality' of this model is auto or one of {', '.join(price.qualities)}; "
            f"{str(quality)[:40]} was asked for.",
            code="invalid_value",
            param="quality",
        )
    order = replace(order, quality=quality)
    if price is None:
        return Fitted(order, tuple(notices))
    width, height = _size(order, price)
    if order.width is not None and (width, height) != (order.width, order.height):
        notices.append(
            f"The model does not make {order.width}x{order.height}: it was asked for "
            f"{width}x{height}."
        )
    return Fitted(replace(order, width=width, height=height), tuple(notices))


def call_of(order: Order, model: str) -> tuple[str, bytes, str]:
    """Return path, body and content type of the call for one picture; work for a thread."""
    fields: dict[str, Any] = {"model": model, "prompt": order.prompt, "n": 1}
    if order.width is not None and order.height is not None:
        fields["size"] = f"{order.width}x{order.height}"
    for name, value in (
        ("quality", order.quality),
        ("background", order.background),
        ("safety_identifier", order.user or None),
    ):
        if value is not None:
            fields[name] = value
    fields["output_format"] = "png"
    if order.previews:
        fields.update(stream=True, partial_images=PREVIEWS)
    if not order.images:
        return "/v1/images/generations", json.dumps(fields).encode(), "application/json"
    body, kind = form_of(fields, order)
    return "/v1/images/edits", body, kind


def _size(order: Order, price: TokenPrice) -> tuple[int, int]:
    if order.width is not None and order.height is not None:
        wide, high = order.width, order.height
    elif order.images:
        wide, high = _like(order.images[0])
    else:
        wide, high = 1024, 1024
    if not price.free_sizes:
        return min(_sizes(price), key=lambda one: abs(math.log(one[0] * high / one[1] / wide)))
    ratio = wide / high
    if not 1 / MOST_RATIO <= ratio <= MOST_RATIO:
        if order.width is not None:
            raise InvalidRequest(
                f"This model makes pictures at most {MOST_RATIO:g} times as long as wide; "
                f"{wide}x{high} was asked for.",
                code="invalid_value",
                param="size",
            )
        ratio = min(MOST_RATIO, max(1 / MOST_RATIO, ratio))
    if _is_made(wide, high):
        return wide, high
    return _near(ratio, wide * high)


def _sizes(price: TokenPrice) -> list[tuple[int, int]]:
    found = [one.split("x") for one in price.sizes]
    return [(int(wide), int(high)) for wide, high in found] or [(1024, 1024)]


def _like(picture: bytes) -> tuple[int, int]:
    """Return the shape of a picture at the size that models are made for."""
    wide, high = png_size(picture)
    by = math.sqrt(USUAL_PIXELS / (wide * high))
    return max(1, round(wide * by)), max(1, round(high * by))


def _is_made(wide: int, high: int) -> bool:
    return (
        wide % STEP == 0
        and high % STEP == 0
        and max(wide, high) <= MOST_SIDE
        and LEAST_PIXELS <= wide * high <= MOST_PIXELS
        and max(wide, high) <= MOST_RATIO * min(wide, high)
    )


def _near(ratio: float, pixels: int) -> tuple[int, int]:
    """Return the size that is made whose shape and number of pixels are nearest."""
    pixels = min(MOST_PIXELS, max(LEAST_PIXELS, pixels))
    wide = math.sqrt(pixels * ratio)
    around = [
        (a * STEP, b * STEP)
        for a in range(int(wide / STEP) - 2, int(wide / STEP) + 4)
        for b in range(int(wide / ratio / STEP) - 2, int(wide / ratio / STEP) + 4)
        if a > 0 and b > 0 and _is_made(a * STEP, b * STEP)
    ]
    return min(
        around,
        key=lambda one: (
            abs(math.log(one[0] / one[1] / ratio)) + abs(math.log(one[0] * one[1] / pixels))
        ),
    )
