"""What limits leave, and the words for one that leaves too little."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import QuotaExceeded
from ...wire.policy import Window
from ...wire.usage import Allowance
from ..charge import MICROUSD_A_CENT, Limit
from .counting import Counter, counter_of, counters_of
from .row import ChargeRow, Counted
from .windows import local_hour, renews_at

_SPANS: Mapping[Window, str] = {
    "hour": "this hour",
    "day": "today",
    "week": "this week",
    "month": "this month",
    "course": "the whole course",
}


@dataclass(frozen=True)
class Refusal:
    """A limit that leaves too little, and when it begins anew."""

    message: str
    renews: float | None

    def error(self, now: float) -> QuotaExceeded:
        """Return the words for whoever is refused."""
        if self.renews is None:
            return QuotaExceeded(self.message, "Ask your teacher for more.")
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.renews))
        error = QuotaExceeded(
            self.message, f"It begins anew at {until}; wait until then, or ask your teacher."
        )
        error.retry_after = max(1.0, self.renews - now)
        return error


class Demand:
    """What the jobs of one call ask of the limits that concern each of them."""

    def __init__(self, rows: Sequence[ChargeRow], limits: Sequence[Sequence[Limit]]) -> None:
        self.rows = rows
        self._limits = dict.fromkeys(
            (own(limit, row.person), row.local_hour)
            for row, concerning in zip(rows, limits, strict=True)
            for limit in concerning
        )

    @property
    def is_limited(self) -> bool:
        """Whether any limit concerns it."""
        return bool(self._limits)

    def counters(self) -> set[Counter]:
        """Return what must be known before it can be granted."""
        return {counter_of(limit, hour) for limit, hour in self._limits}

    def refusal(self, used: Mapping[Counter, Counted]) -> Refusal | None:
        """Return the first limit that leaves too little; None: all is granted."""
        wanted: dict[Counter, Counted] = {}
        for row in self.rows:
            for counter in counters_of(row):
                wanted[counter] = wanted.get(counter, Counted()) + row.counted
        for limit, hour in self._limits:
            counter = counter_of(limit, hour)
            short = _short(limit, used[counter], wanted.get(counter, Counted()))
            if short:
                return Refusal(_words(limit, short), renews_at(limit.window, hour))
        return None


def own(limit: Limit, person: str) -> Limit:
    """Return a limit as it concerns a person: a limit of persons is that of this one."""
    return replace(limit, name=person) if limit.scope == "person" else limit


def allowance(limit: Limit, used: Counted, at: float) -> Allowance:
    """Return what a limit still gives at a Unix time."""
    seconds, cents = used.gpu_ms / 1000, used.microusd / MICROUSD_A_CENT
    most_cents = None if limit.microusd is None else limit.microusd / MICROUSD_A_CENT
    pictures_left = None if limit.pictures is None else max(0, limit.pictures - used.pictures)
    return Allowance(
        scope=limit.scope,
        name=limit.name,
        window=limit.window,
        renews_at=renews_at(limit.window, local_hour(at)),
        pictures=limit.pictures,
        pictures_left=pictures_left,
        gpu_seconds=limit.gpu_seconds,
        gpu_seconds_left=_left(limit.gpu_seconds, seconds),
        cents=most_cents,
        cents_left=_left(most_cents, cents),
    )


def tightness(one: Allowance) -> float:
    """Return the smallest share that is left of an allowance, to sort by."""
    pairs = (
        (one.pictures, one.pictures_left),
        (one.gpu_seconds, one.gpu_seconds_left),
        (one.cents, one.cents_left),
    )
    shares = [left / most if most else 0.0 for most, left in pairs if left is not None]
    return min(shares, default=1.0)


def _left(most: float | None, used: float) -> float | None:
    # Sums of decimal fractions are not quite decimal: nobody is to read 23.990000000000002.
    return None if most is None else max(0.0, round(most - used, 4))


def _short(limit: Limit, used: Counted, wanted: Counted) -> str:
    """Say how much of what is used; empty: enough is left.

    What costs nothing in one currency is not refused because that is used up.
    """
    seconds = None if limit.gpu_seconds is None else round(limit.gpu_seconds * 1000)
    if _exceeds(limit.pictures, used.pictures, wanted.pictures):
        return f"{used.pictures} of {limit.pictures} pictures"
    if _exceeds(limit.microusd, used.microusd, wanted.microusd):
        return f"{_dollars(used.microusd)} of {_dollars(limit.microusd or 0)} US dollars"
    if _exceeds(seconds, used.gpu_ms, wanted.gpu_ms):
        return f"{used.gpu_ms / 1000:.0f} of {limit.gpu_seconds:.0f} seconds of the GPU"
    return ""


def _exceeds(most: int | None, used: int, wanted: int) -> bool:
    return most is not None and wanted > 0 and used + wanted > most


def _words(limit: Limit, short: str) -> str:
    whose = {
        "person": "Your quota",
        "group": f"The quota of the group {limit.name}",
        "course": "The quota of the course",
        "provider": f"What may be spent on {limit.name}",
    }[limit.scope]
    return (
        f"{whose} for {_SPANS[limit.window]} leaves too little: {short} are used, or set aside for "
        "what runs now."
    )


def _dollars(microusd: int) -> str:
    return f"{microusd / 1_000_000:.2f}" if microusd % 10_000 == 0 else f"{microusd / 1e6:.4f}"
