"""Models that their provider has withdrawn, or will: since when, and what takes their place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timezone

Today = Callable[[], date]
"""The day by which names live or are gone."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def utc_today() -> date:
    """Return the day in Greenwich."""
    return datetime.now(timezone.utc).date()


@dataclass(frozen=True)
class Retired:
    """A name that is gone from a day on: by whom, and what takes its place."""

    name: str
    by: str
    service: str
    """Of the provider, in the catalogue; others may go on offering a model of that name."""
    on: date
    successor: str

    @property
    def sentence(self) -> str:
        """What happened to it, without a full stop."""
        day = f"{self.on.day} {_MONTHS[self.on.month - 1]} {self.on.year}"
        return f"{self.by} retired {self.name} on {day}"


def _by_openai(name: str, on: date) -> Retired:
    return Retired(name, "OpenAI", "openai", on, "gpt-image-2")


RETIRED = (
    _by_openai("dall-e-2", date(2026, 5, 12)),
    _by_openai("dall-e-3", date(2026, 5, 12)),
    _by_openai("gpt-image-1", date(2026, 10, 23)),
    _by_openai("gpt-image-1.5", date(2026, 12, 1)),
    _by_openai("gpt-image-1-mini", date(2026, 12, 1)),
)


def retired(name: str, today: date) -> Retired | None:
    """Return what a plain name was; None for one that lives on this day, and for any other."""
    return next((one for one in RETIRED if one.name == name and one.on <= today), None)
