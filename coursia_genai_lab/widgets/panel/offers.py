"""What the form says of models and of money, before and after."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...wire.images import ModelInfo
from ..showing import money
from ..words import Words

if TYPE_CHECKING:
    from ...wire.usage import Allowance, UsageView
    from ..pictures import GeneratedImage

WINDOWS = {
    "hour": "this hour",
    "day": "today",
    "week": "this week",
    "month": "this month",
    "course": "in this course",
}
SCOPES = {"group": "your group", "course": "the whole course", "provider": "everybody"}


def title(model: ModelInfo, words: Words) -> str:
    """Return a model's line in the list: what it is, where it runs, what it costs."""
    if not model.available:
        return words("{title} (not available)", title=model.title)
    if model.demo:
        return words("{title} (demo)", title=model.title)
    if not model.cloud:
        return words("{title} (local)", title=model.title)
    if model.price_cents is None:
        return words("{title} (cloud)", title=model.title)
    return words(
        "{title} (cloud, {price} a picture)", title=model.title, price=money(model.price_cents)
    )


def note(model: ModelInfo | None, number: int, words: Words) -> str:
    """Return what to know before `number` pictures are asked of a model; None: of the best."""
    if model is None:
        return words("The best that may be used for free is taken.")
    if not model.available:
        return words(model.reason) or words("This model is not available.")
    if model.demo:
        return words("The demo engine draws stand-in pictures and marks each of them DEMO.")
    if not model.cloud:
        return words("It runs here: no provider sees what you ask for.")
    sent = words(
        "Prompts and pictures leave this machine: {service} makes them.", service=model.service
    )
    if model.price_cents is None:
        return f"{sent} {words('Its price is not known yet.')}"
    price = words(
        "At most {price} for {number}.", price=money(model.price_cents * number), number=number
    )
    return f"{sent} {price}"


def receipt(pictures: Iterable[GeneratedImage], words: Words) -> str:
    """Return what pictures have cost; empty where nobody charged."""
    costs = [picture.cost_cents for picture in pictures if picture.cost_cents is not None]
    return words("Cost: {price}.", price=money(sum(costs))) if costs else ""


def left(usage: UsageView, words: Words) -> str:
    """Return what the quotas still give, the tightest first; empty without quotas."""
    lines = [line for allowance in usage.left for line in _left(allowance, words)]
    return " · ".join(dict.fromkeys(lines))


def renewals(usage: UsageView, words: Words) -> str:
    """Return when used-up quotas begin anew; empty where none is, or none ever does."""
    moments = [
        allowance.renews_at
        for allowance in usage.left
        if allowance.renews_at is not None and _used_up(allowance)
    ]
    # All that are used up must have begun anew before a picture can be made again.
    return words("It begins anew at {time}.", time=_moment(max(moments))) if moments else ""


def _used_up(allowance: Allowance) -> bool:
    figures = (allowance.pictures_left, allowance.gpu_seconds_left, allowance.cents_left)
    return any(figure is not None and figure <= 0 for figure in figures)


def _left(allowance: Allowance, words: Words) -> list[str]:
    when = words(WINDOWS[allowance.window])
    whose = SCOPES.get(allowance.scope)
    for_whom = f" ({words(whose)})" if whose is not None else ""
    told = []
    if allowance.pictures is not None and allowance.pictures_left is not None:
        figures = {"left": max(0, allowance.pictures_left), "all": allowance.pictures}
        told.append(words("{left} of {all} pictures left {when}", when=when, **figures))
    if allowance.gpu_seconds is not None and allowance.gpu_seconds_left is not None:
        seconds = max(0, round(allowance.gpu_seconds_left))
        figures = {"left": seconds, "all": round(allowance.gpu_seconds)}
        told.append(words("{left} of {all} s of GPU time left {when}", when=when, **figures))
    if allowance.cents is not None and allowance.cents_left is not None:
        sums = {"left": money(max(0.0, allowance.cents_left)), "all": money(allowance.cents)}
        told.append(words("{left} of {all} left {when}", when=when, **sums))
    return [line + for_whom for line in told]


def _moment(unix: float) -> str:
    at, now = time.localtime(unix), time.localtime()
    return time.strftime("%H:%M" if at[:3] == now[:3] else "%Y-%m-%d %H:%M", at)
