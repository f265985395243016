"""What engines that run here can be asked for: sizes, steps and texts, told with what they can."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from .orders import Order

LEAST_SIDE = 64
MOST_SIDE = 2048
LONGEST_TEXT = 32_000
"""Characters; a model reads some hundred words, and a longer text is none of a prompt."""


def refuse_texts(order: Order) -> None:
    """Return where prompt and negative prompt are texts that an engine can read.

    Raises:
        InvalidRequest: the prompt is blank; one of them is too long, or no valid Unicode.
    """
    if not order.prompt.strip():
        raise InvalidRequest(
            "The prompt is empty.",
            "Say in some words what the picture is to show.",
            code="missing_required_parameter",
            param="prompt",
        )
    for name, text in (("prompt", order.prompt), ("negative_prompt", order.negative)):
        if len(text) > LONGEST_TEXT:
            raise InvalidRequest(
                f"'{name}' has {len(text):,} characters; an engine takes {LONGEST_TEXT:,}.",
                "Shorten it; models read some hundred words.",
                code="string_above_max_length",
                param=name,
            )
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            # One half of a pair, as when an emoji is cut by its length: no engine can store it.
            raise InvalidRequest(
                f"'{name}' holds half a character.",
                "Write the text anew; something has cut an emoji in two.",
                code="invalid_value",
                param=name,
            ) from None


def refuse_number(
    name: str,
    value: float,
    title: str,
    *,
    least: float | None,
    most: float | None,
    usual: float | None = None,
) -> None:
    """Return where a number lies within what a model takes.

    `usual` is the model's own value, for the remedy.

    Raises:
        InvalidRequest: it does not; the sentence says what the model can do.
    """
    low = float("-inf") if least is None else least
    high = float("inf") if most is None else most
    # Not "value < low or value > high": that lets "not a number" pass.
    if low <= value <= high:
        return
    raise InvalidRequest(
        f"'{name}' of {title} must be between {low:g} and {high:g}; {value:g} was asked for.",
        None if usual is None else f"Leave it out to get the model's own, {usual:g}.",
        code="invalid_value",
        param=name,
    )


def size_of(
    order: Order, title: str, *, side: int, multiple: int, usual: tuple[int, int] | None = None
) -> tuple[int, int]:
    """Return width and height in pixels: those of the order, else near those of its picture.

    Without a picture `usual` counts, by default a square of `side`, which the model was made for.

    Raises:
        InvalidRequest: the model makes no such size; the sentence says which it makes.
    """
    if order.width is None or order.height is None:
        if not order.images:
            return usual or (side, side)
        # Models draw well at the size that they were made for, in whatever shape.
        width, height = png_size(order.images[0])
        by = (side**2 / (width * height)) ** 0.5
        return near_side(width * by, multiple), near_side(height * by, multiple)
    near = near_side(order.width, multiple), near_side(order.height, multiple)
    if near != (order.width, order.height):
        raise InvalidRequest(
            f"{title} makes pictures from {LEAST_SIDE}x{LEAST_SIDE} to {MOST_SIDE}x{MOST_SIDE} "
            f"whose sides are multiples of {multiple}; {order.width}x{order.height} was asked for.",
            f"Ask for {near[0]}x{near[1]}; it was made for {side}x{side}.",
            code="invalid_value",
            param="size",
        )
    return near


def near_side(side: float, multiple: int) -> int:
    """Return the multiple next to `side` among the sides that are taken."""
    least, most = -(-LEAST_SIDE // multiple), MOST_SIDE // multiple
    return min(most, max(least, round(side / multiple))) * multiple


def png_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a PNG; raises InvalidRequest for anything else."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or len(data) < 24:
        raise InvalidRequest("The picture is no PNG.", code="invalid_image", param="image")
    width, height = struct.unpack(">II", data[16:24])
    if not width or not height:
        raise InvalidRequest("The picture is damaged.", code="invalid_image", param="image")
    return width, height
