"""Reads what is asked of the OpenAI door into one checked order.

OpenAI's own parameters, and ours beside them: `seed`, `steps`, `guidance`, `negative_prompt` and,
with `stream`, `progress: true`. What no engine here can do is left out and said so; `user` and
`moderation` change no picture and are taken in silence.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..engines.limits import refuse_texts
from ..engines.orders import Order
from ..errors import InvalidRequest

MAX_PICTURES = 10
MAX_STEPS = 150
MAX_GUIDANCE = 30
MAX_SEED = 2**63 - 1
MAX_PARTIAL = 3
NEW_SEEDS = 2**32
"""Seeds that are made here survive every front end's and every engine's arithmetic."""
Format = Literal["png", "jpeg", "webp"]
FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp")
QUALITIES = ("auto", "low", "medium", "high", "xhigh", "max", "standard", "hd")
BACKGROUNDS = ("auto", "opaque", "transparent")
OURS = frozenset({"seed", "steps", "guidance", "negative_prompt", "progress", "workflow"})
OPENAIS = frozenset(
    {
        *("model", "prompt", "n", "size", "stream", "partial_images", "background"),
        *("output_format", "output_compression", "quality", "style", "response_format"),
        *("moderation", "user", "safety_identifier", "input_fidelity"),
    }
)
MOST_TOLD = 5
"""Unknown fields that a warning names."""


@dataclass(frozen=True)
class Wish:
    """An order for an engine, and how the caller wants to be answered."""

    order: Order
    output_format: Format
    compression: int
    stream: bool
    partial_images: int
    progress: bool
    as_url: bool
    """Whether each picture is to come as a `data:` address, too."""
    notices: tuple[str, ...] = ()
    """What of the call has no effect, a sentence each."""
    digests: tuple[str, ...] = ()
    """`sha256:…` of the pictures as they were sent, then of the mask."""
    about: Mapping[str, str] = field(default_factory=dict)
    """What every answer repeats of the call; the size is added once it is known."""


def read_wish(
    given: Mapping[str, Any],
    model: str,
    *,
    images: tuple[bytes, ...] = (),
    mask: bytes | None = None,
    silence_seconds: float | None,
    paid: bool = False,
) -> Wish:
    """Return what a call asks for; JSON brings types, a form brings texts.

    `paid` says that a provider draws, who knows more of OpenAI's parameters than engines here.

    Raises:
        InvalidRequest: 400, with the field that is wrong.
    """
    fields = _Fields(given)
    width, height = _size(fields.text("size", "auto"))
    output_format = fields.choice("output_format", FORMATS, "png")
    seed = fields.whole("seed", None, 0, MAX_SEED)
    stream = fields.flag("stream")
    partial = fields.whole("partial_images", 0, 0, MAX_PARTIAL) or 0
    order = Order(
        model=model,
        prompt=fields.text("prompt", "", most=None),
        seed=secrets.randbelow(NEW_SEEDS) if seed is None else seed,
        negative=fields.text("negative_prompt", "", most=None),
        width=width,
        height=height,
        steps=fields.whole("steps", None, 1, MAX_STEPS),
        guidance=fields.number("guidance", None, 0, MAX_GUIDANCE),
        count=fields.whole("n", 1, 1, MAX_PICTURES) or 1,
        images=images,
        mask=mask,
        previews=stream and partial > 0,
        silence_seconds=silence_seconds,
        quality=_told(fields, "quality", QUALITIES),
        background=_told(fields, "background", BACKGROUNDS),
    )
    refuse_texts(order)
    about = {"quality": "auto", "background": "opaque", "output_format": output_format}
    return Wish(
        order=order,
        output_format=output_format,
        compression=fields.whole("output_compression", 90, 0, 100) or 0,
        stream=stream,
        partial_images=partial if stream else 0,
        progress=fields.flag("progress"),
        as_url=fields.choice("response_format", ("b64_json", "url"), "b64_json") == "url",
        notices=tuple(_left_out(fields, paid=paid)),
        about=about,
    )


def _told(fields: _Fields, name: str, allowed: tuple[str, ...]) -> str | None:
    told = fields.choice(name, allowed, "auto")
    return None if told == "auto" else str(told)


def _left_out(fields: _Fields, *, paid: bool) -> Iterator[str]:
    """Give a sentence for each thing that is asked for and has no effect."""
    if _told(fields, "background", BACKGROUNDS) == "transparent" and not paid:
        yield "The background is opaque: local models draw no transparent one."
    if _told(fields, "quality", QUALITIES) not in (None, "standard") and not paid:
        yield "quality has no effect: ask for more or fewer steps."
    if fields.choice("style", ("vivid", "natural", ""), ""):
        yield "style has no effect: say it in the prompt."
    if fields.choice("input_fidelity", ("high", "low", ""), ""):
        yield "input_fidelity has no effect."
    if fields.choice("response_format", ("b64_json", "url"), "b64_json") == "url":
        yield "Pictures are kept nowhere: url is a data: address that holds the picture itself."
    unknown = sorted(str(name)[:40] for name in fields.names() - OPENAIS - OURS)
    if unknown:
        more = " and others" if len(unknown) > MOST_TOLD else ""
        named = ", ".join(repr(name) for name in unknown[:MOST_TOLD])
        yield f"Unknown and left out: {named}{more}."


def _size(text: str) -> tuple[int | None, int | None]:
    if text == "auto":
        return None, None
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise InvalidRequest(
            "'size' must be auto or WIDTHxHEIGHT.",
            "Write it as 1024x768, in pixels.",
            code="invalid_value",
            param="size",
        )
    return int(match[1]), int(match[2])


class _Fields:
    """Reads typed values; an empty text of a form counts as left out."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def names(self) -> frozenset[str]:
        return frozenset(self._given)

    def text(self, name: str, otherwise: str, *, most: int | None = 200) -> str:
        value = self._get(name)
        if value is None:
            return otherwise
        if not isinstance(value, str):
            raise _wrong(name, "must be a text", "invalid_type")
        if most is not None and len(value) > most:
            raise _wrong(name, f"is longer than {most} characters", "string_above_max_length")
        return value

    def choice(self, name: str, allowed: tuple[Any, ...], otherwise: Any) -> Any:
        value = self.text(name, otherwise)
        if value not in allowed:
            named = ", ".join(one for one in allowed if one)
            raise _wrong(name, f"must be one of {named}", "invalid_value")
        return value

    def whole(self, name: str, otherwise: int | None, low: int, high: int) -> int | None:
        value = self._get(name)
        try:
            if isinstance(value, (bool, float)):
                raise TypeError
            number = otherwise if value is None else int(value)
        except (TypeError, ValueError):
            raise _wrong(name, "must be an integer", "invalid_type") from None
        self._refuse_beyond(name, number, low, high)
        return number

    def number(self, name: str, otherwise: float | None, low: float, high: float) -> float | None:
        value = self._get(name)
        try:
            if isinstance(value, bool):
                raise TypeError
            number = otherwise if value is None else float(value)
        except (TypeError, ValueError, OverflowError):
            raise _wrong(name, "must be a number", "invalid_type") from None
        self._refuse_beyond(name, number, low, high)
        return number

    def flag(self, name: str) -> bool:
        value = self._get(name)
        if value in (None, False, "false", "False", "0"):
            return False
        if value in (True, "true", "True", "1"):
            return True
        raise _wrong(name, "must be true or false", "invalid_type")

    def _get(self, name: str) -> Any:
        value = self._given.get(name)
        return None if value == "" else value

    def _refuse_beyond(self, name: str, value: float | None, low: float, high: float) -> None:
        # Not "value < low or value > high": that lets "not a number" pass.
        if value is not None and not low <= value <= high:
            remedy = (
                "Send several calls for more pictures."
                if name == "n"
                else "Leave it out to get what is usual for the model."
            )
            what = f"must be between {low:,} and {high:,}"
            raise _wrong(name, what, "invalid_value", remedy)


def _wrong(name: str, what: str, code: str, remedy: str | None = None) -> InvalidRequest:
    return InvalidRequest(f"'{name}' {what}.", remedy, code=code, param=name)
