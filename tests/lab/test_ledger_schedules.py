"""In whatever order charges begin, end and get lost: the account is what a model says."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from ledger_harness import CENT, of, opened_store, spending
from simulated_clock import SimulatedClock

from coursia_genai_lab.errors import QuotaExceeded
from coursia_genai_lab.lab.charge import Amount, Charge, Limit
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.ledger.writer import SILENT_SECONDS
from coursia_genai_lab.lab.store.place import file_place
from coursia_genai_lab.lab.store.store import Store

T = TypeVar("T")
PEOPLE = ("ada", "grace")
GROUPS = {"ada": ["blue"], "grace": ["blue", "red"]}
PICTURES, GROUP_PICTURES, CENTS = 12, 15, 40
LIMITS = (
    Limit("person", "*", "course", pictures=PICTURES),
    Limit("provider", "acme", "course", microusd=CENTS * CENT),
)
GROUP_LIMIT = Limit("group", "blue", "course", pictures=GROUP_PICTURES)
people = st.sampled_from(PEOPLE)
labs = st.integers(0, 1)
places = st.integers(0, 1000)
small = st.integers(0, 5)


@dataclass
class Known:
    """A charge as the model knows it."""

    charge: Charge
    lab: int
    job: str
    person: str
    pictures: int
    cents: int
    paid: bool
    state: str = "reserved"
    is_held: bool = True
    """Whether the Lab that holds it lives; else nobody can end it."""


class Schedules(RuleBasedStateMachine):
    """Two Labs on one store, each of which may die; a limit that comes in the middle."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.clock = SimulatedClock()
        self.limits = list(LIMITS)
        self.known: list[Known] = []
        place = file_place(self.folder / "store.sqlite3")
        self.stores = [self._await(self._enter(place)) for _ in range(2)]
        self.labs = [self._new(store) for store in self.stores]
        self._await(self.labs[0].look_after())

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self._await(self.stack.aclose())
            self.loop.close()

    @rule(lab=labs, person=people, many=st.integers(1, 3), pictures=small, cents=small)
    def reserve(self, lab: int, person: str, many: int, pictures: int, cents: int) -> None:
        jobs = [spending(person, pictures=pictures, cents=cents) for _ in range(many)]
        fits = self._fits(person, many * pictures, many * cents)
        try:
            charges = self._await(self.labs[lab].reserve(jobs))
        except QuotaExceeded:
            assert not fits
            return
        assert fits
        for job, charge in zip(jobs, charges, strict=True):
            paid = bool(job.provider)
            self.known.append(Known(charge, lab, job.id, person, pictures, cents, paid))

    @rule(which=places)
    def send(self, which: int) -> None:
        if one := self._pick(which, "reserved"):
            self._await(one.charge.sent())
            one.state = "sent" if one.paid else "reserved"

    @rule(which=places, pictures=small, cents=small)
    def settle(self, which: int, pictures: int, cents: int) -> None:
        if one := self._pick(which, "reserved", "sent"):
            one.charge.settle(Amount(pictures=pictures, microusd=cents * CENT))
            one.state, one.pictures, one.cents = "settled", pictures, cents

    @rule(which=places)
    def refund(self, which: int) -> None:
        if one := self._pick(which, "reserved", "sent"):
            one.charge.refund()
            one.state, one.pictures, one.cents = "refunded", 0, 0

    @rule(which=places)
    def lose(self, which: int) -> None:
        if one := self._pick(which, "reserved", "sent"):
            one.charge.unknown()
            one.state = "unknown" if one.paid else "settled"

    @rule(which=places)
    def end_again(self, which: int) -> None:
        one = self._pick(which, "settled", "refunded")
        if one and one.is_held:
            one.charge.settle(Amount(pictures=7, microusd=7 * CENT))
            one.charge.refund()

    @rule(which=places, cents=st.one_of(st.none(), small))
    def resolve(self, which: int, cents: int | None) -> None:
        if one := self._pick(which, "unknown"):
            self._await(self.labs[0].resolve(one.job, cents))
            one.state = "refunded" if cents is None else "settled"
            one.pictures, one.cents = (0, 0) if cents is None else (one.pictures, cents)

    @rule(lab=labs)
    def die(self, lab: int) -> None:
        """One Lab is gone without a word; another of the same store takes its place."""
        other = self.labs[1 - lab]
        mine = [one for one in self.known if one.lab == lab and one.state in ("reserved", "sent")]
        self.labs[lab] = self._new(self.stores[lab])
        self._await(other.look_after())
        self.clock.advance(SILENT_SECONDS + 1)
        self._await(other.look_after())
        for one in mine:
            one.is_held = False
            if one.state == "sent":
                one.state = "unknown"
            else:
                one.state, one.pictures, one.cents = "refunded", 0, 0

    @rule()
    def limit_groups(self) -> None:
        if GROUP_LIMIT not in self.limits:
            self.limits.append(GROUP_LIMIT)

    @invariant()
    def the_account_is_right(self) -> None:
        if not hasattr(self, "loop"):
            return
        for lab in self.labs:
            # An end is written behind: who asks the same Lab sees it, another one soon.
            self._await(lab.account(None, 0))
        for lab in self.labs:
            for person in PEOPLE:
                left = {one.scope: one for one in self._await(lab.left(person))}
                own, group, _ = self._used(person)
                assert left["person"].pictures_left == max(0, PICTURES - own)
                if "group" in left:
                    assert left["group"].pictures_left == max(0, GROUP_PICTURES - group)
            account = self._await(lab.account(None, 0))
            assert account.cents == sum(
                one.cents for one in self.known if one.state in ("settled", "unknown")
            )
            assert account.unknown == sum(one.state == "unknown" for one in self.known)

    # -- how ----------------------------------------------------------------------------------

    def _await(self, work: Coroutine[Any, Any, T]) -> T:
        async def bounded() -> T:
            return await asyncio.wait_for(work, 60)

        return self.loop.run_until_complete(bounded())

    async def _enter(self, place: Any) -> Store:
        return await self.stack.enter_async_context(opened_store(place))

    def _new(self, store: Store) -> Ledger:
        return Ledger(
            store,
            limits=lambda person, provider: of(*self.limits)(person, provider),
            groups=lambda person: GROUPS[person],
            clock=self.clock,
        )

    def _pick(self, which: int, *states: str) -> Known | None:
        found = [one for one in self.known if one.state in states]
        return found[which % len(found)] if found else None

    def _used(self, person: str) -> tuple[int, int, int]:
        own = sum(one.pictures for one in self.known if one.person == person)
        return own, sum(one.pictures for one in self.known), sum(o.cents for o in self.known)

    def _fits(self, person: str, pictures: int, cents: int) -> bool:
        own, group, spent = self._used(person)
        if pictures and own + pictures > PICTURES:
            return False
        if pictures and GROUP_LIMIT in self.limits and group + pictures > GROUP_PICTURES:
            return False
        return not cents or spent + cents <= CENTS


TestSchedules = Schedules.TestCase
TestSchedules.settings = settings(stateful_step_count=12)
