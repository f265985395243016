"""Model names that notebooks still ask for although nobody serves them any more."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from ..catalog.retired import Retired, retired, utc_today

_SIZE = re.compile(r"(?<!\d)(\d{2,5})-?x-?(\d{2,5})(?!\d)")
_QUALITIES = frozenset({"hd", "standard", "low", "medium", "high", "auto"})
"""What routers put before a name and a slash: `hd/1024-x-1792/dall-e-3`."""


@dataclass(frozen=True)
class OldName:
    """What a name meant: the retired model, and the size that was part of it."""

    retired: Retired
    size: str | None


def read_old_name(name: str, today: date | None = None) -> OldName | None:
    """Return what a dead name meant, with or without provider, quality, size or date around it.

    None for any other name, and for one that lives on this day; None of a day is the present one.
    """
    *around, last = name.lower().split("/")
    sizes = [match for part in (*around, last) if (match := _SIZE.search(part))]
    if any(
        part not in _QUALITIES and part not in ("openai", "azure") and not _SIZE.fullmatch(part)
        for part in around
    ):
        return None
    plain = re.sub(r"-\d{4}-\d{2}-\d{2}$", "", _SIZE.sub("", last).rstrip("-_"))
    gone = retired(plain, today or utc_today())
    if gone is None:
        return None
    return OldName(gone, f"{sizes[0][1]}x{sizes[0][2]}" if sizes else None)
