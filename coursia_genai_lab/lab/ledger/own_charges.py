"""The charges of this server, in memory: those that are open, and the last that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .row import OPEN, ChargeRow, Counted

MOST_REMEMBERED = 2000
"""For a store that is lost, or away."""


class OwnCharges:
    """Remember what this server set aside and what became of it."""

    def __init__(self) -> None:
        self.open: dict[str, ChargeRow] = {}
        """What somebody here still holds, by id."""
        self._last: dict[str, ChargeRow] = {}

    def keep(self, row: ChargeRow) -> None:
        """Take a charge as the store has it now, open."""
        self.open[row.id] = row

    def end(self, row: ChargeRow) -> ChargeRow | None:
        """Take the end of a charge; return it as the store has it, None: it has not."""
        before = self.open.pop(row.id, None)
        if before is not None or row.state != "refunded":
            self._last.pop(row.id, None)
            self._last[row.id] = row
            while len(self._last) > MOST_REMEMBERED:
                del self._last[next(iter(self._last))]
        return before

    def resolved(self, row: ChargeRow) -> None:
        """Take what somebody found out about a charge."""
        if row.id in self._last:
            self._last[row.id] = row

    def last_word(self, row: ChargeRow) -> ChargeRow:
        """Return what became of a charge that the store takes for open."""
        return self._last.get(row.id) or given_up(row)

    def forget(self, person: str) -> None:
        """Take a person's name away."""
        for rows in (self.open, self._last):
            for row in [row for row in rows.values() if row.person == person]:
                rows[row.id] = replace(row, person="")

    def all(self) -> Sequence[ChargeRow]:
        """Return all that is remembered; also for other threads."""
        return [*list(self._last.values()), *list(self.open.values())]


def given_up(row: ChargeRow) -> ChargeRow:
    """Return a charge that nobody will end any more: what was sent may be billed."""
    assert row.state in OPEN
    if row.state == "sent":
        return row.become("unknown", row.counted)
    return row.become("refunded", Counted())
