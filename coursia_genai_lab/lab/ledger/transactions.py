"""What the ledger does in the store, each in one transaction; run on the store's thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...wire.usage import ChargeState
from ..store.part import Write
from .counting import Counter
from .limits import Demand, Refusal
from .row import ChargeRow, Counted
from .writer import Writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

MOST_AT_ONCE = 500
"""Charges of one dead Lab that are settled in one transaction."""


def reservation(demand: Demand, writer: Writer | None) -> Callable[[Connection], Refusal | None]:
    """Look at the limits and set aside, or answer which limit refuses it.

    `writer` is made known with it; None: it is known.
    """

    def work(connection: Connection) -> Refusal | None:
        from ..store import charge_rows, counter_rows, writer_rows

        counter_rows.lock(connection, lasting=False)
        used = counter_rows.values(connection, demand.counters(), keep=True)
        refusal = demand.refusal(used)
        if refusal is None:
            if writer is not None:
                writer_rows.keep(connection, writer)
            charge_rows.add(connection, demand.rows)
        return refusal

    return work


def sending(row: ChargeRow, demand: Demand) -> Callable[[Connection], Refusal | None]:
    """Write down that a provider is about to be asked.

    Another Lab may have taken us for dead and refunded it; then the limits are asked anew.
    """

    def work(connection: Connection) -> Refusal | None:
        from ..store import charge_rows, counter_rows

        if charge_rows.send(connection, row):
            return None
        counter_rows.lock(connection)
        known = charge_rows.by_id(connection, row.id)
        if known is None or known.state == "refunded":
            used = counter_rows.values(connection, demand.counters(), keep=True)
            refusal = demand.refusal(used)
            if refusal is not None:
                return refusal
        charge_rows.put(connection, row.become("sent", row.counted))
        return None

    return work


def putting(row: ChargeRow, *, only_known: bool = False) -> Write:
    """Let the store hold a charge as it is now."""

    def write(connection: Connection) -> None:
        from ..store.charge_rows import put

        put(connection, row, only_known=only_known)

    return write


def ending(before: ChargeRow, row: ChargeRow) -> Write:
    """Let the store hold the end of a charge, which it should have as it was `before`."""

    def write(connection: Connection) -> None:
        from ..store.charge_rows import end

        end(connection, before, row)

    return write


def beating(writer: Writer) -> Write:
    """Show that a writer lives."""

    def write(connection: Connection) -> None:
        from ..store.writer_rows import beat, keep

        keep(connection, writer)
        beat(connection, writer)

    return write


def leaving(writer: Writer) -> Write:
    """Forget a writer that has nothing open any more."""

    def write(connection: Connection) -> None:
        from ..store.writer_rows import forget

        forget(connection, writer.id)

    return write


def looking(writer: Writer) -> Callable[[Connection], tuple[list[Writer], list[ChargeRow]]]:
    """Return the other writers, and what the store holds open for `writer`.

    Others may have charges open and be forgotten, when they were taken for dead and woke up.
    """

    def ask(connection: Connection) -> tuple[list[Writer], list[ChargeRow]]:
        from ..store import charge_rows, writer_rows

        known = {one.id: one for one in writer_rows.known(connection)}
        for name in charge_rows.open_writers(connection):
            known.setdefault(name, Writer(name, "", 0, ""))
        known.pop(writer.id, None)
        return list(known.values()), charge_rows.open_of(connection, writer.id, MOST_AT_ONCE)

    return ask


def burial(dead: Sequence[Writer]) -> Callable[[Connection], list[ChargeRow]]:
    """End what dead writers left open, and return it as it was.

    What was only set aside is refunded. What a provider was asked for may be billed, so the worst
    goes on counting, until somebody has looked it up.
    """

    def work(connection: Connection) -> list[ChargeRow]:
        from ..store import charge_rows, counter_rows, writer_rows

        counter_rows.lock(connection)
        ended = []
        for writer in dead:
            rows = charge_rows.open_of(connection, writer.id, MOST_AT_ONCE)
            for row in rows:
                is_sent = row.state == "sent"
                left = row.counted if is_sent else Counted()
                # One that is sent at this very moment is found at the next look.
                if charge_rows.change(connection, row, "unknown" if is_sent else "refunded", left):
                    ended.append(row)
            if len(rows) < MOST_AT_ONCE:
                writer_rows.forget(connection, writer.id)
        return ended

    return work


def resolution(
    charge: str, resolved: int | None
) -> Callable[[Connection], tuple[ChargeRow | None, bool]]:
    """End the oldest unknown charge of a job at so many millionths of a dollar; None refunds it.

    Answers with the charge, or one that is not unknown, or None; and whether it was changed.
    """

    def work(connection: Connection) -> tuple[ChargeRow | None, bool]:
        from ..store import charge_rows, counter_rows

        counter_rows.lock(connection)
        rows = charge_rows.of_job(connection, charge)
        for row in rows:
            if row.state == "unknown":
                state: ChargeState = "refunded" if resolved is None else "settled"
                amount = Counted()
                if resolved is not None:
                    amount = replace(row.counted, microusd=resolved)
                ended = row.become(state, amount)
                charge_rows.change(connection, row, ended.state, ended.counted)
                return ended, True
        return (rows[-1] if rows else None), False

    return work


def pruning(days: float, most: int, before: str) -> Write:
    """Forget old charges, and counters of windows that ended before a local hour."""

    def write(connection: Connection) -> None:
        from ..store import charge_rows, counter_rows

        counter_rows.lock(connection)
        charge_rows.prune(connection, days=days, most=most)
        counter_rows.prune(connection, before)

    return write


def standing(asked: set[Counter]) -> Callable[[Connection], dict[Counter, Counted]]:
    """Look at counters."""

    def ask(connection: Connection) -> dict[Counter, Counted]:
        from ..store.counter_rows import values

        return values(connection, asked)

    return ask
