"""Which counters a charge is counted in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...wire.policy import Scope, Window
from ..charge import Limit
from .row import ChargeRow, kept_name, whose
from .windows import WINDOWS, period


@dataclass(frozen=True)
class Counter:
    """What one scope has used in one window."""

    scope: Scope
    name: str
    """Of the group or provider; of a person what `whose` makes of the name."""
    window: Window
    period: str

    @property
    def id(self) -> str:
        """Return its name in the store."""
        return f"{self.scope} {self.window} {self.period} {self.name}"


def counter_of(limit: Limit, hour: str) -> Counter:
    """Return the counter that a limit looks at in the window of an hour."""
    name = "" if limit.scope == "course" else kept_name(limit.name)
    if limit.scope == "person":
        name = whose(limit.name)
    return Counter(limit.scope, name, limit.window, period(limit.window, hour))


def counters_of(row: ChargeRow) -> list[Counter]:
    """Return every counter that a charge may be counted in, of all windows."""
    scopes: list[tuple[Scope, str]] = [("person", row.whose), ("course", "")]
    scopes += [("group", name) for name in row.groups]
    if row.provider:
        scopes.append(("provider", row.provider))
    return [
        Counter(scope, name, window, name_of_window)
        for window, name_of_window in _periods(row.local_hour)
        for scope, name in scopes
    ]


def _periods(hour: str) -> Iterable[tuple[Window, str]]:
    return [(window, period(window, hour)) for window in WINDOWS]
