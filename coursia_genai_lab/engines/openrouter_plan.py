"""An order as OpenRouter's Image API takes it: fitted to what the model can, or refused unpaid."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequest
from .limits import refuse_texts
from .openrouter_models import Offer, Taken, Takes
from .orders import Order

MOST_REFERENCES = 16
TIERS = {
    "512": 512**2,
    "768": 768**2,
    "1K": 1024**2,
    "1.5K": 1536**2,
    "2K": 2048**2,
    "4K": 4096**2,
}
"""Pixels of a square picture of each tier; other shapes have about as many."""
USUAL_TIER = "1K"
SEEDS = 2**31
"""What every provider counts to."""


@dataclass(frozen=True)
class Plan:
    """What is sent for one picture, who may carry it out, and what could not be had."""

    fields: dict[str, Any] = field(repr=False)
    offers: tuple[Offer, ...]
    """Those that the router may choose among; the dearest counts."""
    notices: tuple[str, ...]
    streams: bool
    pixels: int | None
    """Of the picture; None: the model decides."""
    tier: str | None


@dataclass(frozen=True)
class _Fit:
    fields: dict[str, Any]
    notices: tuple[str, ...]
    pixels: int | None
    tier: str | None


def refuse_impossible(order: Order) -> None:
    """Raise InvalidRequest for what no model takes that is reached this way."""
    refuse_texts(order)
    if order.mask is not None:
        raise InvalidRequest(
            "Models at OpenRouter take no mask.",
            "Say in words what is to change, or use a local model or one of OpenAI's own.",
            code="invalid_value",
            param="mask",
        )
    if len(order.images) > MOST_REFERENCES:
        raise InvalidRequest(
            f"At most {MOST_REFERENCES} pictures can be sent, not {len(order.images)}.",
            code="too_many_images",
            param="image",
        )


def plan_of(order: Order, offers: Sequence[Offer]) -> Plan:
    """Return how a picture is asked for: by those that do most of what is wanted.

    Raises:
        InvalidRequest: nobody who runs the model can do it.
    """
    fits: list[tuple[Offer, _Fit]] = []
    refusal: InvalidRequest | None = None
    for offer in offers:
        try:
            fits.append((offer, _fit(order, offer.takes)))
        except InvalidRequest as error:
            refusal = refusal or error
    if not fits:
        raise refusal or InvalidRequest("Nobody runs this model.", param="model")
    best = min((fit for _, fit in fits), key=lambda fit: len(fit.notices))
    chosen = tuple(offer for offer, fit in fits if fit.fields == best.fields)
    fields = dict(best.fields)
    if len(chosen) < len(offers) and all(offer.tag for offer in chosen):
        fields["provider"] = {"only": sorted({offer.tag for offer in chosen})}
    else:
        # The router cannot be told whom to leave out, so any price of theirs may come.
        chosen = tuple(offers)
    return Plan(
        fields,
        chosen,
        best.notices,
        all(offer.streams for offer in chosen),
        best.pixels,
        best.tier,
    )


def seed_sent(order: Order, index: int) -> int:
    """Return the seed of one picture, within what is counted to."""
    return order.seed_of(index) % SEEDS


def body_of(order: Order, model: str, plan: Plan, seed: int) -> bytes:
    """Return the JSON that is posted; work for a thread where pictures are sent."""
    body: dict[str, Any] = {"model": model, "prompt": order.prompt, **plan.fields}
    if "seed" in body:
        body["seed"] = seed
    if order.images:
        body["input_references"] = references(order)
    if order.previews and plan.streams:
        body["stream"] = True
    if order.user:
        body["user"] = order.user
    return json.dumps(body).encode()


def references(order: Order) -> list[dict[str, Any]]:
    """Return the pictures of an order as data URLs, the way that both roads take them."""
    return [
        {
            "type": "image_url",
            "image_url": {"url": "data:image/png;base64," + base64.b64encode(one).decode()},
        }
        for one in order.images
    ]


def _fit(order: Order, takes: Takes) -> _Fit:
    fields: dict[str, Any] = {}
    notices: list[str] = []
    _fit_pictures(order, takes)
    pixels, tier = _fit_size(order, takes, fields, notices)
    _fit_look(order, takes, fields, notices)
    if "seed" in takes:
        fields["seed"] = 0
    else:
        notices.append("The model takes no seed: the same picture cannot be made again.")
    for name, said in (
        ("negative_prompt", order.negative),
        ("steps", order.steps),
        ("guidance", order.guidance),
    ):
        if said not in ("", None):
            notices.append(f"{name} was left out: OpenRouter does not take it.")
    return _Fit(fields, tuple(notices), pixels, tier)


def _fit_pictures(order: Order, takes: Takes) -> None:
    if not order.images:
        return
    able = takes.get("input_references")
    if able is None:
        raise InvalidRequest(
            "This model takes no pictures to change.",
            "Choose one that edits; the list of models says which.",
            code="invalid_value",
            param="image",
        )
    if len(order.images) > able.most:
        raise InvalidRequest(
            f"This model takes {able.most:g} pictures, not {len(order.images)}.",
            code="too_many_images",
            param="image",
        )


def _fit_look(order: Order, takes: Takes, fields: dict[str, Any], notices: list[str]) -> None:
    if order.quality not in (None, "auto"):
        if "quality" not in takes:
            notices.append("quality was left out: the model has only one.")
        else:
            fields["quality"] = _one_of("quality", order.quality, takes["quality"])
    if order.background == "transparent":
        if "background" not in takes:
            raise InvalidRequest(
                "This model makes no transparent background.",
                code="invalid_value",
                param="background",
            )
        fields["background"] = _one_of("background", order.background, takes["background"])
    elif order.background == "opaque" and "background" in takes:
        fields["background"] = _one_of("background", order.background, takes["background"])
    formats = takes.get("output_format")
    if formats is not None and formats.takes("png"):
        fields["output_format"] = "png"


def _one_of(name: str, value: str | None, able: Taken) -> str:
    if not able.takes(value):
        can = ", ".join(able.values or ())
        raise InvalidRequest(
            f"'{name}' of this model is one of {can}; {str(value)[:40]} was asked for.",
            code="invalid_value",
            param=name,
        )
    return str(value)


# -- sizes -----------------------------------------------------------------------------------------


def _fit_size(
    order: Order, takes: Takes, fields: dict[str, Any], notices: list[str]
) -> tuple[int | None, str | None]:
    """Fill in the size; return its pixels and its tier, where they are known."""
    tiers = _known_tiers(takes)
    if order.width is None or order.height is None:
        if not tiers:
            return None, None
        # Said rather than left open, so that the price is known before.
        tier = min(tiers, key=lambda one: abs(math.log(TIERS[one] / TIERS[USUAL_TIER])))
        fields["resolution"] = tier
        return TIERS[tier], tier
    exact = f"{order.width}x{order.height}"
    if "size" in takes and takes["size"].takes(exact):
        fields["size"] = exact
        return order.width * order.height, _tier_near(order.width * order.height, tuple(TIERS))
    return _fit_near(order.width, order.height, tiers, takes, fields, notices)


def _fit_near(
    width: int,
    height: int,
    tiers: tuple[str, ...],
    takes: Takes,
    fields: dict[str, Any],
    notices: list[str],
) -> tuple[int | None, str | None]:
    wanted, tier = f"{width}x{height}", None
    ratio = _ratio_near(width / height, takes.get("aspect_ratio"))
    if ratio is not None:
        fields["aspect_ratio"] = ratio
    if tiers:
        tier = fields["resolution"] = _tier_near(width * height, tiers)
    said = " at ".join(one for one in (ratio, tier) if one)
    if not said:
        notices.append(f"The size {wanted} was left out: the model has a size of its own.")
    elif not _same(width, height, ratio, tier):
        notices.append(f"The model does not make {wanted}: it was asked for {said}.")
    return (TIERS[tier] if tier else None), tier


def _known_tiers(takes: Takes) -> tuple[str, ...]:
    able = takes.get("resolution")
    values = able.values if able is not None else ()
    return tuple(one for one in (tuple(TIERS) if values is None else values) if one in TIERS)


def _tier_near(pixels: int, tiers: tuple[str, ...]) -> str:
    return min(tiers, key=lambda one: abs(math.log(TIERS[one] / pixels)))


def _ratio_near(ratio: float, able: Taken | None) -> str | None:
    known = [one for one in (able.values or ()) if _ratio(one)] if able is not None else []
    return min(known, key=lambda one: abs(math.log(_ratio(one) / ratio)), default=None)


def _ratio(text: str) -> float:
    wide, _, high = text.partition(":")
    try:
        return float(wide) / float(high)
    except (ValueError, ZeroDivisionError):
        return 0.0


def _same(width: int, height: int, ratio: str | None, tier: str | None) -> bool:
    """Say whether ratio and tier mean about the size that was asked for."""
    shape = ratio is not None and abs(math.log(_ratio(ratio) * height / width)) < 0.02
    return shape and tier is not None and abs(math.log(TIERS[tier] / (width * height))) < 0.1
