"""What one picture of OpenRouter costs at most, from its own price list."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .cloud import Quote
from .limits import png_size
from .openrouter_models import Offer, PriceLine
from .openrouter_plan import TIERS, Plan
from .orders import Order, Spent
from .prices import MOST_TOKENS, Prices, dollars, prompt_tokens

MICRO = 1_000_000
MOST_USD = 10_000.0
"""What is more is no price of a picture."""
_TIERS = frozenset(tier.lower() for tier in TIERS)


def quote_of(order: Order, model: str, plan: Plan, prices: Prices) -> Quote:
    """Return the price of the dearest provider that may be chosen; None where one is unknown."""
    worst = 0.0
    for offer in plan.offers:
        usd = _offer_usd(order, model, plan, offer, prices)
        if usd is None:
            return Quote(None, f"OpenRouter names no price for {model} that a limit can be kept by")
        worst = max(worst, usd)
    microusd = math.ceil(worst * MICRO - 1e-6)
    return Quote(microusd, f"at most {dollars(microusd)} a picture, by OpenRouter's own price list")


def _offer_usd(order: Order, model: str, plan: Plan, offer: Offer, prices: Prices) -> float | None:
    """Return US dollars; None where a line cannot be reckoned, or there is none for pictures."""
    if not any(line.billable == "output_image" for line in offer.prices):
        return None
    total = 0.0
    for billable, lines in _by_billable(offer.prices).items():
        one = _billable_usd(billable, lines, order, model, plan, prices)
        if one is None:
            return None
        total += one
    return total


def _by_billable(lines: Iterable[PriceLine]) -> dict[str, list[PriceLine]]:
    found: dict[str, list[PriceLine]] = {}
    for line in lines:
        found.setdefault(line.billable, []).append(line)
    return found


def _billable_usd(
    billable: str, lines: list[PriceLine], order: Order, model: str, plan: Plan, prices: Prices
) -> float | None:
    if billable == "input_font" or (
        billable in ("input_image", "input_reference") and not order.images
    ):
        # None is sent.
        return 0.0
    dearest = 0.0
    for line in _of_tier(lines, plan.tier):
        units = _units(billable, line.unit, order, model, plan, prices)
        usd = math.nan if units is None else units * line.usd
        if not 0 <= usd <= MOST_USD:
            return None
        dearest = max(dearest, usd)
    return dearest


def _of_tier(lines: list[PriceLine], tier: str | None) -> list[PriceLine]:
    """Return the lines that may count: those for the tier, else those that are for no tier."""
    if tier is None:
        return lines
    exact = [line for line in lines if line.variant == tier.lower()]
    return exact or [line for line in lines if line.variant not in _TIERS] or lines


def _units(
    billable: str, unit: str, order: Order, model: str, plan: Plan, prices: Prices
) -> float | None:
    """Return how many units a picture may be charged; None where nobody can say."""
    if billable == "output_image":
        if unit == "image":
            return 1
        if unit == "megapixel":
            return None if plan.pixels is None else _megapixels(plan.pixels)
        return prices.most_output_tokens(model, order, plan.pixels) if unit == "token" else None
    if billable == "input_text":
        if unit == "token":
            return prompt_tokens(order)
        return 1 if unit == "image" else None
    if billable in ("input_image", "input_reference"):
        if unit == "image":
            return len(order.images)
        if unit == "megapixel":
            sizes = (png_size(one) for one in order.images)
            return sum(_megapixels(width * height) for width, height in sizes)
        return prices.most_input_tokens(model, order) if unit == "token" else None
    return None


def _megapixels(pixels: int) -> int:
    """Return started megapixels: providers round up."""
    return math.ceil(pixels / 1_000_000)


def spent_of(usage: Mapping[str, Any]) -> Spent:
    """Return what OpenRouter's `usage` says: dollars, and tokens."""
    cost, microusd = usage.get("cost"), None
    if isinstance(cost, (int, float)) and not isinstance(cost, bool):
        microusd = math.ceil(cost * MICRO - 1e-6) if 0 <= cost <= MOST_USD else None
    return Spent(microusd, _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 < value < MOST_TOKENS else 0
