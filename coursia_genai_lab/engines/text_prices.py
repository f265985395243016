"""What text costs: a dated table for OpenAI, the provider's own list for OpenRouter."""

from __future__ import annotations

import datetime
import functools
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PUBLISHED = Path(__file__).with_name("text_prices.toml")
LONG_TOKENS = 272_000
"""Of input, above which models that take so much cost more than the table says."""
PICTURE_TOKENS = 60_000
"""More than any model has counted for one picture in a message."""
MICRO = 1_000_000
MOST_USD = 10_000.0
"""What is more is no price of a call, and no cost of one."""
_SNAPSHOT = re.compile(r"-20\d\d-\d\d-\d\d$")
_TOKENS = {"prompt", "completion", "input_cache_read", "input_cache_write", "internal_reasoning"}
_NOT_SENT = {"audio", "input_audio", "input_audio_cache", "image_output", "audio_output"}
"""Prices of a list for what no call through the doors sends or asks for."""
_OTHER = {"image", "image_token", "discount"}


@dataclass(frozen=True)
class TextPrice:
    """US dollars for a million tokens, and for a call."""

    input: float
    output: float
    cached: float | None = None
    """Of input that was kept from an earlier call; None: as `input`."""
    cache_write: float | None = None
    """Of input that is kept for the next one, where that is more than `input`."""
    call: float = 0.0
    dated: datetime.date | None = None
    """The day of the table; None: it was just read from the provider's list."""

    @property
    def dearest_input(self) -> float:
        """What a token of input costs at most."""
        return max(self.input, self.cache_write or 0.0)

    def worst(self, input_tokens: int, output_tokens: int) -> int | None:
        """Return microusd of a call at most; None: it has so much input that nobody knows."""
        if input_tokens > LONG_TOKENS:
            return None
        usd = self.dearest_input * input_tokens + self.output * output_tokens
        # Dollars for a million tokens are microdollars for one.
        return math.ceil(usd + self.call * MICRO - 1e-9)

    def spent(self, input_tokens: int, cached_tokens: int, output_tokens: int) -> int:
        """Return microusd of a call by its counts."""
        cached = min(input_tokens, cached_tokens)
        rate = self.input if self.cached is None else self.cached
        usd = self.dearest_input * (input_tokens - cached) + rate * cached
        return math.ceil(usd + self.output * output_tokens + self.call * MICRO - 1e-9)


@functools.cache
def published() -> Mapping[str, TextPrice]:
    """Return OpenAI's table; it is a small file, read once, which blocks."""
    with PUBLISHED.open("rb") as file:
        models = tomllib.load(file)["models"]
    return {name: TextPrice(**row) for name, row in models.items()}


def openai_price(model: str) -> TextPrice | None:
    """Return the price of a model of OpenAI, of its dated snapshots too; None: unknown."""
    return published().get(model) or published().get(_SNAPSHOT.sub("", model))


def listed_price(row: Mapping[str, Any]) -> TextPrice | None:
    """Return the price that a row of OpenRouter's list tells; None where it is not to be reckoned.

    The list tells dollars for one token, as texts; -1 says that it depends.
    """
    told = row.get("pricing")
    if not isinstance(told, Mapping):
        return None
    known: dict[str, float] = {}
    for name, value in told.items():
        if name in _NOT_SENT | _OTHER or isinstance(value, (list, Mapping)):
            continue
        usd = _usd(value)
        if usd is None or usd < 0:
            return None
        known[name] = usd
    if not {"prompt", "completion"} <= known.keys():
        return None
    return TextPrice(
        input=known["prompt"] * MICRO,
        output=max(known["completion"], known.get("internal_reasoning", 0.0)) * MICRO,
        cached=_million(known.get("input_cache_read")),
        cache_write=_million(known.get("input_cache_write")),
        # Whatever else it names (a request, a search) may come once.
        call=sum(usd for name, usd in known.items() if name not in _TOKENS),
    )


def told_cost(usage: Mapping[str, Any]) -> int | None:
    """Return the microusd that OpenRouter's `usage` tells; None: it tells none."""
    usd = _usd(usage.get("cost"))
    return None if usd is None or usd < 0 else math.ceil(usd * MICRO - 1e-9)


def _usd(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    # Also what is no number at all is not within these bounds.
    return found if -MOST_USD <= found <= MOST_USD else None


def _million(usd: float | None) -> float | None:
    return None if usd is None else usd * MICRO
