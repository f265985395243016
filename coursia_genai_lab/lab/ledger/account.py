"""What the ledger holds of a person, or of everybody, as others read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...wire.usage import ChargeState, ChargeView
from ..charge import MICROUSD_A_CENT
from .row import OPEN, ChargeRow

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_SHOWN = 50


@dataclass(frozen=True)
class Account:
    """Money that was spent since a time, and the newest charges of interest."""

    cents: float
    unknown: int
    charges: list[ChargeView]


def account_of(person: str | None, since: float) -> Callable[[Connection], Account]:
    """Return the question for an account."""

    def ask(connection: Connection) -> Account:
        from ..store.charge_rows import money, newest

        spent, unknown = money(connection, person, since)
        rows = newest(connection, person, since=since, limit=MOST_SHOWN)
        return Account(spent / MICROUSD_A_CENT, unknown, [row.view() for row in rows])

    return ask


def account_in(rows: Iterable[ChargeRow], person: str | None, since: float) -> Account:
    """Return the account that the charges of one server's memory make."""
    own = [row for row in rows if person in (None, row.person) and row.at >= since]
    spent = sum(row.microusd for row in own if row.state in ("settled", "unknown"))
    unknown = sum(row.state == "unknown" for row in own)
    shown = [
        row
        for row in own
        if row.state in (*OPEN, "unknown") or (row.provider and row.state == "settled")
    ]
    newest = sorted(shown, key=lambda row: row.at, reverse=True)[:MOST_SHOWN]
    return Account(spent / MICROUSD_A_CENT, unknown, [row.view() for row in newest])


def charges_of(
    person: str | None, state: ChargeState | None, limit: int
) -> Callable[[Connection], list[ChargeView]]:
    """Return the question for the newest charges; None: of any state that is of interest."""

    def ask(connection: Connection) -> list[ChargeView]:
        from ..store.charge_rows import newest

        states = () if state is None else (state,)
        return [row.view() for row in newest(connection, person, states=states, limit=limit)]

    return ask
