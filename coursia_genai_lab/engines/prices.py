"""Published prices of models that are paid by the token, with the day on which they were read."""

from __future__ import annotations

import datetime
import functools
import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..catalog.spec import ServiceSpec
from .openai_images_call import PREVIEWS
from .orders import Order, Spent

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MICROUSD_A_CENT = 10_000
PUBLISHED = Path(__file__).with_name("prices.toml")
OVERHEAD_TOKENS = 64
"""Of text that a provider adds to every prompt, and then some."""
MOST_TOKENS = 10**8
"""What an answer counts beyond that it does not count right."""
PREVIEW_TOKENS = 100
"""Of output, for each picture in the making that is sent."""
_LIKELY_SIZES = ((1024, 1024), (1536, 1024), (1024, 1536), (1280, 720), (2048, 2048))
_MOST_SIDE = 3840
_MOST_PIXELS = 3840 * 2160
_SNAPSHOT = re.compile(r"-20\d\d-\d\d-\d\d$")


@dataclass(frozen=True)
class TokenPrice:
    """What one model costs: US dollars for a million tokens, and tokens of a picture."""

    source: str
    dated: datetime.date
    text_in: float
    image_in: float
    image_out: float
    text_out: float
    input_picture: int | None = None
    extra_text: int = 0
    free_sizes: bool = False
    """Whether any size is made, within bounds, or just those of `sizes`."""
    retires: datetime.date | None = None
    axis: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def qualities(self) -> tuple[str, ...]:
        """The qualities that it knows, the lowest first; empty: nobody wrote them down."""
        return tuple(self.axis) or tuple(next(iter(self.sizes.values()), ()))

    def most_output_tokens(self, size: tuple[int, int] | None, quality: str | None) -> int | None:
        """Return the output tokens of one picture at most; None of size or quality is any of them.

        None: nobody knows.
        """
        if self.axis:
            found = self.axis.values() if quality is None else [self.axis.get(quality)]
            wanted = _worst_sizes() if size is None else (size,)
            return _most(
                None if one is None else _by_axis(one, *shape) for one in found for shape in wanted
            )
        tables = self.sizes.values() if size is None else [self.sizes.get(f"{size[0]}x{size[1]}")]
        return _most(
            tokens
            for table in tables
            for tokens in (
                [None]
                if table is None
                else table.values()
                if quality is None
                else [table.get(quality)]
            )
        )


class Prices:
    """The published table, and prices that somebody who administers a server has set.

    `own` is the provider's name of a model -> microusd of one picture at most; it goes before
    everything else. `table` None takes the published one.
    """

    def __init__(
        self, table: Mapping[str, TokenPrice] | None = None, own: Mapping[str, int] | None = None
    ) -> None:
        self._table = table
        self._own = dict(own or {})

    def own(self, model: str) -> int | None:
        """Return the price that was set here for one picture of a model; None where none was."""
        return self._own.get(model)

    def of(self, model: str) -> TokenPrice | None:
        """Return the published price of a model, of its dated snapshots too; None: unknown.

        The first call reads a small file.
        """
        table = published() if self._table is None else self._table
        name = model.removeprefix("openai/")
        return table.get(name) or table.get(_SNAPSHOT.sub("", name))

    def worst(self, model: str, order: Order) -> int | None:
        """Return what one picture of an order costs at most, in microusd; None: unknown."""
        own, price = self.own(model), self.of(model)
        if own is not None or price is None:
            return own
        output = price.most_output_tokens(_size(order), _quality(order))
        pictures = self.most_input_tokens(model, order)
        if output is None or pictures is None:
            return None
        previews = PREVIEWS * PREVIEW_TOKENS if order.previews else 0
        usd = (
            prompt_tokens(order) * price.text_in
            + pictures * price.image_in
            + (output + previews) * price.image_out
            + price.extra_text * price.text_out
        )
        # Dollars for a million tokens are microdollars for one.
        return math.ceil(usd - 1e-9)

    def most_output_tokens(self, model: str, order: Order, pixels: int | None) -> int | None:
        """Return the tokens of a picture of about so many pixels in any shape; None: unknown."""
        price = self.of(model)
        if price is None:
            return None
        side = None if pixels is None else math.isqrt(pixels)
        # A square has the most tokens of all shapes, where a model has sizes at will.
        square = (side, side) if side is not None and price.axis else None
        return price.most_output_tokens(square, _quality(order))

    def most_input_tokens(self, model: str, order: Order) -> int | None:
        """Return the tokens of the pictures that are sent, at most; None: unknown."""
        if not order.images:
            return 0
        price = self.of(model)
        if price is None or price.input_picture is None:
            return None
        # A mask is a picture like the others.
        return price.input_picture * (len(order.images) + (order.mask is not None))

    def spent(self, model: str, usage: Mapping[str, Any]) -> Spent:
        """Return what an answer's `usage` costs, as OpenAI tells it in tokens.

        A price that was set here goes before that: who set it knows better than the table. Of a
        usage that lacks a count the price is unknown.
        """
        taken, given = _count(usage, "input_tokens"), _count(usage, "output_tokens")
        own, price = self.own(model), self.of(model)
        if own is not None or price is None or not (taken and given):
            return Spent(own, taken, given)
        into, out = (
            _details(usage, "input_tokens_details"),
            _details(usage, "output_tokens_details"),
        )
        # What is not told apart counts as the dearer kind.
        texts_in = min(taken, _count(into, "text_tokens"))
        texts_out = min(given, _count(out, "text_tokens"))
        usd = (
            texts_in * price.text_in
            + (taken - texts_in) * price.image_in
            + texts_out * price.text_out
            + (given - texts_out) * price.image_out
        )
        return Spent(math.ceil(usd - 1e-9), taken, given)


def prices_of(spec: ServiceSpec) -> Prices:
    """Return the published prices, and before them those that the service's file sets."""
    own: dict[str, int] = {}
    for model in spec.models:
        if model.price_cents is not None:
            microusd = math.ceil(model.price_cents * MICROUSD_A_CENT)
            # Callers say `openrouter/<author>/<model>`, the provider leaves itself out.
            own[model.id] = own[model.id.removeprefix(f"{spec.name}/")] = microusd
    return Prices(own=own)


@functools.cache
def published() -> Mapping[str, TokenPrice]:
    """Return the table of the package; it is a small file, read once."""
    with PUBLISHED.open("rb") as file:
        models = tomllib.load(file)["models"]
    return {name: TokenPrice(**row) for name, row in models.items()}


def prompt_tokens(order: Order) -> int:
    """Return a bound on the tokens of the text: none is shorter than a byte."""
    return len(order.prompt.encode("utf-8", "replace")) + OVERHEAD_TOKENS


def dollars(microusd: int) -> str:
    """Return an amount for people: `0.04 USD`, with as many digits as it needs."""
    digits = 2 if microusd >= 1_000_000 else 4
    return f"{math.ceil(microusd / 10 ** (6 - digits)) / 10**digits:.{digits}f} USD"


def _size(order: Order) -> tuple[int, int] | None:
    if order.width is None or order.height is None:
        return None
    return order.width, order.height


def _quality(order: Order) -> str | None:
    return None if order.quality in (None, "auto") else order.quality


def _by_axis(axis: int, width: int, height: int) -> int:
    """Return the tokens of one picture; rounded as the provider does, half up and then up."""
    short, long = min(width, height), max(width, height)
    across = (2 * axis * short + long) // (2 * long)
    return -(-axis * across * (2_000_000 + width * height) // 4_000_000)


def _worst_sizes() -> Iterable[tuple[int, int]]:
    """Give the sizes among which a model that chooses itself finds none that is dearer."""
    side = math.isqrt(_MOST_PIXELS) // 16 * 16
    return (*_LIKELY_SIZES, (side, side), (_MOST_SIDE, _MOST_PIXELS // _MOST_SIDE))


def _most(found: Iterable[int | None]) -> int | None:
    tokens = list(found)
    if not tokens or None in tokens:
        return None
    return max(one for one in tokens if one is not None)


def _count(table: Mapping[str, Any], name: str) -> int:
    value = table.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 < value < MOST_TOKENS else 0


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = usage.get(name)
    return found if isinstance(found, Mapping) else {}
