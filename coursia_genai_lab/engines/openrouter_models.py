"""What OpenRouter offers: its picture models, what each endpoint takes, and what it costs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from ..errors import ModelUnknown
from .cloud_asking import Asking

FRESH_SECONDS = 300.0
"""Models and prices change by the week; who opens a list should not wait for them each time."""
MOST_KEPT = 200


@dataclass(frozen=True)
class Taken:
    """What a model takes for one field: some values, a range, or anything."""

    values: tuple[str, ...] | None = None
    least: float = -math.inf
    most: float = math.inf

    def takes(self, value: object) -> bool:
        """Say whether a value may be sent."""
        if self.values is not None:
            return str(value) in self.values
        return not isinstance(value, (int, float)) or self.least <= value <= self.most


Takes = Mapping[str, Taken]


@dataclass(frozen=True)
class PriceLine:
    """One line of a price list: US dollars for one unit of something."""

    billable: str
    """output_image, input_image, input_reference, input_text, input_font."""
    unit: str
    """image, megapixel, token."""
    usd: float
    variant: str = ""


@dataclass(frozen=True)
class Offer:
    """One provider behind the router that runs a model."""

    tag: str
    """The name by which it is asked for; empty: it cannot be."""
    title: str
    takes: Takes = field(repr=False)
    streams: bool
    prices: tuple[PriceLine, ...]


@dataclass(frozen=True)
class Offered:
    """A model, as the lists tell of it."""

    id: str
    title: str
    edits: bool
    by: Literal["images", "chat"]
    """Which road it is reached by."""
    pricing: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Of a chat model: US dollars as texts."""
    writes: bool = False
    """Whether it gives text as well."""


class OpenRouterModels:
    """Ask the lists of models, and remember them for some minutes."""

    def __init__(self, asking: Asking, clock: Callable[[], float] = time.monotonic) -> None:
        self._asking, self._clock = asking, clock
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}

    async def all(self) -> list[Offered]:
        """Return the models of the Image API, then those that only the chat road reaches.

        Raises:
            ServiceError, GenerationError: as `Asking.get`.
        """
        images = [_offered(row) for row in _rows(await self._get("/v1/images/models"))]
        known = {one.id for one in images}
        chat = [
            _chat_model(row)
            for row in _rows(await self._get("/v1/models?output_modalities=image"))
            if row.get("id") not in known and "image" in _modalities(row, "output")
        ]
        return images + chat

    async def find(self, model: str) -> Offered:
        """Return one model by the provider's own name.

        Raises:
            ModelUnknown: it has none of that name, or no more.
            ServiceError, GenerationError: as `Asking.get`.
        """
        images = [_offered(row) for row in _rows(await self._get("/v1/images/models"))]
        for one in images:
            if one.id == model:
                return one
        for one in await self.all():
            if one.id == model:
                return one
        raise ModelUnknown(f"OpenRouter offers no picture model '{model[:100]}'.", param="model")

    async def offers(self, model: str) -> list[Offer]:
        """Return who runs a model of the Image API, with what it takes and costs there.

        Raises:
            ModelUnknown: it is gone.
            ServiceError, GenerationError: as `Asking.get`.
        """
        path = f"/v1/images/models/{quote(model, safe='/')}/endpoints"
        rows = (await self._get(path)).get("endpoints")
        found = _offers_in(rows)
        if not found:
            raise ModelUnknown(
                f"Nobody runs '{model[:100]}' at OpenRouter at the moment.", param="model"
            )
        return found

    async def _get(self, path: str) -> dict[str, Any]:
        known = self._kept.get(path)
        if known is not None and self._clock() - known[0] < FRESH_SECONDS:
            return known[1]
        table = await self._asking.get(path)
        while len(self._kept) >= MOST_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[path] = self._clock(), table
        return table


# -- reading of what strangers send ----------------------------------------------------------------


def _offers_in(rows: object) -> list[Offer]:
    return [_offer(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _rows(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = table.get("data")
    rows = data if isinstance(data, list) else []
    return [one for one in rows if isinstance(one, dict) and isinstance(one.get("id"), str)]


def _modalities(row: Mapping[str, Any], which: str) -> list[str]:
    about = row.get("architecture")
    found = about.get(f"{which}_modalities") if isinstance(about, Mapping) else None
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _offered(row: Mapping[str, Any]) -> Offered:
    title = row.get("name")
    return Offered(
        row["id"],
        title[:200] if isinstance(title, str) else row["id"],
        "image" in _modalities(row, "input"),
        "images",
    )


def _chat_model(row: Mapping[str, Any]) -> Offered:
    title, pricing = row.get("name"), row.get("pricing")
    return Offered(
        row["id"],
        title[:200] if isinstance(title, str) else row["id"],
        "image" in _modalities(row, "input"),
        "chat",
        pricing if isinstance(pricing, dict) else {},
        "text" in _modalities(row, "output"),
    )


def _offer(row: Mapping[str, Any]) -> Offer:
    tag, takes = row.get("provider_tag"), row.get("supported_parameters")
    prices = row.get("pricing")
    return Offer(
        tag if isinstance(tag, str) else "",
        str(row.get("provider_name") or row.get("provider_slug") or "a provider")[:100],
        _takes(takes if isinstance(takes, Mapping) else {}),
        row.get("supports_streaming") is True,
        tuple(_price_line(one) for one in prices if isinstance(one, dict))
        if isinstance(prices, list)
        else (),
    )


def _takes(told: Mapping[str, Any]) -> Takes:
    found = {}
    for name, one in told.items():
        about = one if isinstance(one, Mapping) else {}
        if about.get("type") == "enum" and isinstance(about.get("values"), list):
            found[name] = Taken(tuple(str(value) for value in about["values"]))
        elif about.get("type") == "range":
            found[name] = Taken(
                None,
                _number(about.get("min"), -math.inf),
                _number(about.get("max"), math.inf),
            )
        else:
            found[name] = Taken()
    return found


def _price_line(row: Mapping[str, Any]) -> PriceLine:
    # What is no number is a price that nobody knows.
    return PriceLine(
        str(row.get("billable")),
        str(row.get("unit")),
        _number(row.get("cost_usd"), math.nan),
        str(row.get("variant") or "").lower(),
    )


def _number(value: object, otherwise: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return otherwise
    try:
        return float(value)
    except OverflowError:
        return otherwise
