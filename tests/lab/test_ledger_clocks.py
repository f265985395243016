"""Clocks that jump, summer time, laptops that slept, Labs that only seemed dead."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from ledger_harness import left, of, opened, opened_store, pictures, spending
from simulated_clock import SimulatedClock

from coursia_genai_lab.errors import QuotaExceeded
from coursia_genai_lab.lab.charge import Amount
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.ledger.windows import WINDOWS, local_hour, period, renews_at
from coursia_genai_lab.lab.ledger.writer import SILENT_SECONDS, Watch, Writer, machine, new_writer
from coursia_genai_lab.lab.store.place import Place, file_place

DAY = 86400.0
NOW = datetime(2026, 11, 21, 14, 30).astimezone().timestamp()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return file_place(tmp_path / "store.sqlite3")


@pytest.fixture
def in_zone() -> Iterator[Callable[[str], None]]:
    """Move this process to another zone, and back."""
    before = os.environ.get("TZ")

    def move(zone: str | None) -> None:
        if zone is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = zone
        time.tzset()

    yield move
    move(before)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


class MovedClock(SimulatedClock):
    """A clock that somebody sets."""

    def __init__(self, wall: float = NOW) -> None:
        super().__init__()
        self.set_to = wall

    def wall(self) -> float:
        return self.set_to


def test_windows_bear_the_local_names_of_their_time() -> None:
    hour = local_hour(NOW)
    assert [period(window, hour) for window in WINDOWS] == [
        "2026-11-21T14",
        "2026-11-21",
        "2026-11-16",
        "2026-11",
        "",
    ]


def test_windows_begin_anew_at_local_midnight_and_never_for_a_course() -> None:
    hour = local_hour(NOW)
    anew = [renews_at(window, hour) for window in WINDOWS]
    assert anew[-1] is None
    names = [time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(one)) for one in anew[:-1]]
    assert names == [
        "2026-11-21T15:00:00",
        "2026-11-22T00:00:00",
        "2026-11-23T00:00:00",
        "2026-12-01T00:00:00",
    ]
    last = local_hour(datetime(2026, 12, 31, 23, 59).astimezone().timestamp())
    year = {renews_at(window, last) for window in ("hour", "day", "month")}
    assert year == {datetime(2027, 1, 1).astimezone().timestamp()}


def test_the_hour_that_the_end_of_summer_time_repeats_is_one_window(
    in_zone: Callable[[str], None],
) -> None:
    in_zone("Europe/Paris")
    first, second = at("2026-10-25T02:30+02:00"), at("2026-10-25T02:30+01:00")
    assert second - first == 3600
    assert local_hour(first) == local_hour(second) == "2026-10-25T02"
    assert renews_at("hour", local_hour(first)) == at("2026-10-25T03:00+01:00")
    # The day has 25 hours, and its quota is that of one day.
    assert renews_at("day", local_hour(first)) == at("2026-10-26T00:00+01:00")


def test_the_hour_that_summer_time_leaves_out_delays_nothing(
    in_zone: Callable[[str], None],
) -> None:
    in_zone("Europe/Paris")
    before = at("2026-03-29T01:30+01:00")
    assert renews_at("hour", local_hour(before)) == at("2026-03-29T03:00+02:00")
    assert renews_at("day", local_hour(before)) == at("2026-03-30T00:00+02:00")


async def test_a_clock_set_back_into_the_same_window_grants_nothing_twice(place: Place) -> None:
    clock = MovedClock()
    async with opened(place, pictures(10, window="day"), clock=clock) as ledger:
        await ledger.reserve([spending(pictures=10, at=NOW)])
        for moved in (-3600, 0, +3600):
            clock.set_to = NOW + moved
            with pytest.raises(QuotaExceeded):
                await ledger.reserve([spending(at=NOW + moved)])


async def test_a_clock_that_ran_ahead_locks_nobody_out_when_it_is_set_right(place: Place) -> None:
    clock = MovedClock(NOW + 400 * DAY)
    async with opened(place, pictures(10, window="day"), clock=clock) as ledger:
        for charge in await ledger.reserve([spending(pictures=10, at=clock.set_to)]):
            charge.settle(Amount(pictures=10))
        clock.set_to = NOW
        assert await left(ledger) == 10
        await ledger.reserve([spending(pictures=10, at=NOW)])
        clock.set_to = NOW + DAY
        assert await left(ledger) == 10


def test_a_process_that_ended_is_dead_at_once_and_a_reused_id_misleads_nobody() -> None:
    watch, own = Watch(SimulatedClock().monotonic), new_writer()
    ended = Writer("ended", machine(), 2**22 + 1, "1")
    reused = Writer("reused", machine(), own.pid, "1")
    elsewhere = Writer("elsewhere", "another machine", own.pid, "1")
    assert watch.dead([own, ended, reused, elsewhere]) == [ended, reused]


def test_a_writer_elsewhere_is_dead_once_its_beat_stood_still_while_we_watched() -> None:
    clock = SimulatedClock()
    watch = Watch(clock.monotonic)
    still, beating = Writer("still", "elsewhere", 1, "1"), Writer("beating", "elsewhere", 2, "1")
    for beat in range(5):
        assert watch.dead([still, Writer("beating", "elsewhere", 2, "1", beat)]) == []
        clock.advance(SILENT_SECONDS / 5)
    clock.advance(1)
    assert watch.dead([still, Writer("beating", "elsewhere", 2, "1", 5)]) == [still]
    assert beating.beat == 0


async def test_a_laptop_that_slept_settles_what_others_took_for_lost(place: Place) -> None:
    clock = SimulatedClock()
    async with (
        opened(place, pictures(10)) as slept,
        opened(place, pictures(10), clock=clock) as lab,
    ):
        kept, lost, paid = await slept.reserve([spending(), spending(), spending(cents=5)])
        await paid.sent()
        assert await lab.look_after() == 0
        clock.advance(SILENT_SECONDS + 1)
        assert await lab.look_after() == 3
        assert await left(lab) == 9
        # It wakes up.
        kept.settle(Amount(pictures=1))
        lost.refund()
        paid.settle(Amount(pictures=1, microusd=20_000))
        assert await left(slept) == await left(lab) == 8
        account = await lab.account(None, 0)
        assert (account.cents, account.unknown) == (2, 0)


async def test_what_was_given_away_meanwhile_is_asked_for_anew_before_money_is_spent(
    place: Place,
) -> None:
    clock = SimulatedClock()
    async with opened(place, pictures(2)) as slept, opened(place, pictures(2), clock=clock) as lab:
        first, second = await slept.reserve([spending(cents=1), spending(cents=1)])
        await lab.look_after()
        clock.advance(SILENT_SECONDS + 1)
        assert await lab.look_after() == 2
        (taken,) = await lab.reserve([spending()])
        await first.sent()
        with pytest.raises(QuotaExceeded):
            await second.sent()
        second.refund()
        taken.refund()
        assert await left(lab) == 1


async def test_a_lab_that_beats_is_left_alone_however_long_its_work_takes(place: Place) -> None:
    clock = SimulatedClock()
    async with opened(place, pictures(10)) as busy, opened(place, pictures(10), clock=clock) as lab:
        await busy.reserve([spending()])
        for _ in range(3):
            # By itself it does so every half minute.
            assert await busy.look_after() == 0
            assert await left(busy) == 9
            assert await lab.look_after() == 0
            clock.advance(SILENT_SECONDS - 1)
        assert await left(lab) == 9


async def test_a_lab_looks_after_the_dead_by_itself(place: Place) -> None:
    async with opened(place, pictures(10), watch_seconds=0.01) as lab:
        async with opened_store(place) as store:
            dead = Ledger(store, limits=of(pictures(10)))
            await dead.reserve([spending()])
        forge_end(place)
        lab.open()
        for _ in range(6000):
            if await left(lab) == 10:
                return
            await asyncio.sleep(0.01)
        pytest.fail("nobody looked after it")


async def test_a_woken_lab_that_everybody_forgot_is_still_buried_when_it_dies(place: Place) -> None:
    clock = SimulatedClock()
    async with opened_store(place) as store, opened(place, pictures(10), clock=clock) as lab:
        slept = Ledger(store, limits=of(pictures(10)))
        await slept.reserve([spending()])
        await lab.look_after()
        clock.advance(SILENT_SECONDS + 1)
        assert await lab.look_after() == 1
        await slept.reserve([spending(pictures=4)])
        # From here on it does nothing any more: it neither beats nor closes.
        assert await lab.look_after() == 0
        clock.advance(SILENT_SECONDS + 1)
        assert await lab.look_after() == 1
        assert await left(lab) == 10


async def test_an_end_that_never_reached_the_store_is_written_again(place: Place) -> None:
    async with opened(place, pictures(10), watch_seconds=0.01) as lab:
        held, ended = await lab.reserve([spending(pictures=2), spending(pictures=3)])
        ended.refund()
        assert await left(lab) == 8
        forge_loss(place)
        assert await left(lab) == 5
        lab.open()
        for _ in range(6000):
            if await left(lab) == 8:
                break
            await asyncio.sleep(0.01)
        # What somebody holds is no stray.
        assert [one.pictures for one in await lab.charges(None, state="reserved")] == [2]
        held.refund()
        assert await left(lab) == 10


def forge_end(place: Place) -> None:
    """Let the Labs on a store have been processes that began long ago under the same ids."""
    assert place.path is not None
    database = sqlite3.connect(place.path)
    with database:
        database.execute("UPDATE genai_writers SET began = '1'")
    database.close()


def forge_loss(place: Place) -> None:
    """Let the end of the refunded charge, of three pictures, be lost on its way to the store."""
    assert place.path is not None
    database = sqlite3.connect(place.path)
    with database:
        changed = (
            "UPDATE genai_charges SET state = 'reserved', pictures = 3 WHERE state = 'refunded'"
        )
        database.execute(changed)
        database.execute("UPDATE genai_counters SET pictures = pictures + 3")
    database.close()
