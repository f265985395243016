"""The one account of all Labs on a store: what is set aside, what was used, what is left."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ...errors import Conflict, NotFound, StoreError
from ...wire.usage import Allowance, ChargeState, ChargeView
from ..charge import MICROUSD_A_CENT, Charge, Limit, Spending
from ..clock import Clock
from ..metrics import families
from ..store.kept_text import kept_text
from ..store.part import Write
from ..store.store import Store
from .account import Account, account_in, account_of, charges_of
from .caretaker import Caretaker
from .counting import counter_of
from .kept_charge import KeptCharge
from .limits import Demand, Refusal, allowance, own, tightness
from .own_charges import OwnCharges, given_up
from .row import LONGEST_NAME, ChargeRow, Counted, reserved
from .small_caps import PICTURES_AN_HOUR, SmallCaps, nothing_bought
from .transactions import (
    ending,
    leaving,
    pruning,
    putting,
    reservation,
    resolution,
    sending,
    standing,
)
from .windows import local_hour
from .writer import Watch, new_writer

if TYPE_CHECKING:
    from sqlalchemy import Connection

WATCH_SECONDS = 30.0
DAYS = 365.0
MOST_KEPT = 200_000
PRUNE_EVERY = 500
COUNTER_DAYS = 60
"""So long counters stay after their window; a month, and room for a clock that went back."""

Limits = Callable[[str, str], Sequence[Limit]]
Groups = Callable[[str], Collection[str]]


def _no_limits(person: str, provider: str) -> Sequence[Limit]:
    return ()


def _no_groups(person: str) -> Collection[str]:
    return ()


class Ledger:
    """Keep the account in a store; implements `Charges`.

    `limits` says what concerns a person's work with a provider, `groups` what they are in,
    `providers` who may be paid, for what is left of their caps;
    charges that have ended are kept for so many `days`.
    """

    def __init__(
        self,
        store: Store,
        *,
        limits: Limits = _no_limits,
        groups: Groups = _no_groups,
        providers: Callable[[], Iterable[str]] = tuple,
        clock: Clock | None = None,
        days: float = DAYS,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self._store = store
        self._limits = limits
        self._groups = groups
        self._providers = providers
        self._clock = clock or Clock()
        self._days = days
        self._kept = 0
        self._writer = new_writer()
        self._known_in = ""
        self._caps = SmallCaps(self._clock.monotonic)
        self._own = OwnCharges()
        self._caretaker = Caretaker(
            store,
            self._writer,
            Watch(self._clock.monotonic),
            open_rows=self._own.open,
            last_word=self._own.last_word,
            seconds=watch_seconds,
        )
        store.carry(self)

    # -- lifetime ------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to look after charges whose Lab died; the store must be open. Idempotent."""
        self._caretaker.open()

    async def close(self) -> None:
        """End what nobody ended; the store, which closes after this, writes it. Idempotent."""
        await self._caretaker.close()
        for row in list(self._own.open.values()):
            self._ended(given_up(row))
        if self._known_in:
            self._store.write(leaving(self._writer))
            self._known_in = ""

    # -- charges -------------------------------------------------------------------------------

    async def reserve(self, spending: Sequence[Spending]) -> list[Charge]:
        """Set aside the worst case of each job of a call, of all or of none, in their order.

        Where nobody is paid and no limit applies, nothing is waited for.

        Raises:
            QuotaExceeded: a limit leaves too little; the sentence says which and until when.
            StoreError: the store is away, and money, or more than a few pictures, is at stake.
        """
        limits = [tuple(self._limits(one.person, one.provider)) for one in spending]
        rows = [self._row(one, some) for one, some in zip(spending, limits, strict=True)]
        demand = Demand(rows, limits)
        paid = any(one.provider for one in spending)
        if paid or demand.is_limited:
            try:
                await self._set_aside(demand)
            except StoreError as error:
                self._take_back(demand.rows)
                if paid:
                    raise nothing_bought(error) from error
                self._caps.take(spending)
            except asyncio.CancelledError:
                self._take_back(demand.rows)
                raise
        return [KeptCharge(row, send=self._send, end=self._ended) for row in demand.rows]

    async def left(self, person: str) -> list[Allowance]:
        """Return what the limits that concern a person still give, the tightest first.

        While the store is away: what is made for a person without it.
        """
        now = self._clock.wall()
        limits = [
            own(limit, person)
            for provider in ("", *self._providers())
            for limit in self._limits(person, provider)
        ]
        if not limits:
            return []
        counters = {limit: counter_of(limit, local_hour(now)) for limit in limits}
        try:
            used = await self._store.read(standing(set(counters.values())))
        except StoreError:
            left = Counted(pictures=PICTURES_AN_HOUR - self._caps.left(person))
            cap = Limit("person", person, "hour", pictures=PICTURES_AN_HOUR)
            return [allowance(cap, left, now)]
        found = [allowance(limit, used[counter], now) for limit, counter in counters.items()]
        return sorted(found, key=tightness)

    async def account(self, person: str | None, since: float) -> Account:
        """Return what was spent since a Unix time, by a person or for None by everybody.

        Without a store: what this server remembers of it.
        """
        try:
            return await self._store.read(account_of(person, since))
        except StoreError:
            return account_in(self._own.all(), person, since)

    async def charges(
        self, person: str | None, *, state: ChargeState | None = None, limit: int = 100
    ) -> list[ChargeView]:
        """Return the newest charges, of a state, or those that were bought or have not ended.

        Raises:
            StoreError: the store is away.
        """
        return await self._store.read(charges_of(person, state, limit))

    async def resolve(self, charge: str, cents: float | None) -> ChargeView:
        """Say what became of a job's charge whose end nobody heard; None: it cost nothing.

        Raises:
            NotFound: there is no such charge.
            Conflict: its end is known.
            StoreError: the store is away.
        """
        spent = None if cents is None else round(cents * MICROUSD_A_CENT)
        row, done = await self._store.transact(resolution(charge, spent))
        if row is None:
            raise NotFound(
                "The ledger knows no such charge.",
                "Run `coursia-genai ledger` to see the charges whose end nobody heard.",
                code="charge_unknown",
            )
        if not done:
            raise Conflict(
                f"This charge is {row.state}: its end is known.",
                "Run `coursia-genai ledger` to see the charges whose end nobody heard.",
                code="charge_ended",
            )
        self._own.resolved(row)
        return row.view()

    def forget(self, person: str) -> None:
        """Take a person's name from what this server remembers; not from the store."""
        self._own.forget(kept_text(person, LONGEST_NAME))

    async def look_after(self) -> int:
        """Show that we live, end what dead Labs left open, and return how many charges that were.

        Raises:
            StoreError: the store is away.
        """
        return await self._caretaker.look_after()

    # -- how -----------------------------------------------------------------------------------

    def _row(self, one: Spending, limits: Sequence[Limit]) -> ChargeRow:
        limited = {limit.name for limit in limits if limit.scope == "group"}
        return reserved(
            one,
            name=uuid.uuid4().hex,
            writer=self._writer.id,
            groups=limited | set(self._groups(one.person)),
        )

    async def _set_aside(self, demand: Demand) -> None:
        refusal = await self._reserved(demand)
        if refusal is not None:
            with suppress(StoreError):
                if await self._caretaker.look_after():
                    refusal = await self._reserved(demand)
        if refusal is not None:
            raise refusal.error(self._clock.wall())
        for row in demand.rows:
            self._own.keep(row)

    async def _reserved(self, demand: Demand) -> Refusal | None:
        known = self._known_in != "" and self._known_in == self._store.uuid
        refusal = await self._store.transact(reservation(demand, None if known else self._writer))
        if refusal is None:
            self._known_in = self._store.uuid
        return refusal

    def _take_back(self, rows: Sequence[ChargeRow]) -> None:
        """Refund what may have been kept though nobody told us so."""
        for row in rows:
            self._store.write(putting(row.become("refunded", Counted()), only_known=True))

    async def _send(self, row: ChargeRow) -> None:
        limits = self._limits(row.person, row.provider)
        sent = row.become("sent", row.counted)
        try:
            refusal = await self._store.transact(sending(row, Demand([row], [limits])))
        except StoreError as error:
            raise nothing_bought(error) from error
        except asyncio.CancelledError:
            # It may have been kept; whoever holds the charge ends it.
            self._own.keep(sent)
            raise
        if refusal is not None:
            raise refusal.error(self._clock.wall())
        self._own.keep(sent)

    def _ended(self, row: ChargeRow) -> None:
        before = self._own.end(row)
        if before is not None:
            self._store.write(ending(before, row))
        elif row.state != "refunded":
            self._store.write(putting(row))
        else:
            return
        self._count(row)

    def _count(self, row: ChargeRow) -> None:
        families().charges.labels(row.state).inc()
        if row.provider and row.state != "refunded":
            families().spent.labels(row.provider).inc(row.microusd / 1e6)
        self._kept += 1
        if self._kept % PRUNE_EVERY == 1:
            past = local_hour(self._clock.wall() - COUNTER_DAYS * 86400)
            self._store.write(pruning(self._days, MOST_KEPT, past))

    # -- what the store asks -------------------------------------------------------------------

    def load(self, connection: Connection) -> None:
        """Read nothing: the store itself is asked at every reservation."""

    def adopt(self, loaded: None) -> None:
        """Take nothing."""

    def rewrite(self) -> Sequence[Write]:
        """Return what puts our charges into a new store."""
        return [putting(row) for row in self._own.all()]
