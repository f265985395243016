"""The ledger on one store: nothing is used that no limit leaves, and all that is used counts."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from ledger_harness import CENT, PERSON, left, opened, pictures, spending

from coursia_genai_lab.errors import QuotaExceeded, StoreError
from coursia_genai_lab.lab.charge import Amount, Limit
from coursia_genai_lab.lab.store.place import Place, file_place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return file_place(tmp_path / "store.sqlite3")


async def test_what_is_set_aside_and_what_was_used_leave_so_much_less(place: Place) -> None:
    async with opened(place, pictures(10)) as ledger:
        assert await left(ledger) == 10
        first, second = await ledger.reserve([spending(pictures=3), spending(pictures=4)])
        assert await left(ledger) == 3
        first.settle(Amount(pictures=1))
        second.refund()
        assert await left(ledger) == 9
        assert await left(ledger, "grace") == 10


async def test_a_limit_that_leaves_too_little_refuses_the_whole_call_and_says_until_when(
    place: Place,
) -> None:
    async with opened(place, pictures(5, window="day")) as ledger:
        await ledger.reserve([spending(pictures=4)])
        with pytest.raises(QuotaExceeded) as refusal:
            await ledger.reserve([spending(), spending()])
        assert "4 of 5 pictures" in refusal.value.message
        assert "today" in refusal.value.message
        assert "00:00" in refusal.value.remedy
        assert 1 <= refusal.value.retry_after <= 25 * 3600
        assert await left(ledger) == 1
        await ledger.reserve([spending()])


async def test_more_than_was_set_aside_is_counted_as_well(place: Place) -> None:
    limit = pictures(10, gpu_seconds=60.0)
    async with opened(place, limit) as ledger:
        (charge,) = await ledger.reserve([spending(seconds=10)])
        charge.settle(Amount(pictures=2, gpu_seconds=59.5))
        (found,) = await ledger.left(PERSON)
        assert (found.pictures_left, found.gpu_seconds_left) == (8, 0.5)
        with pytest.raises(QuotaExceeded, match="60 of 60 seconds of the GPU"):
            await ledger.reserve([spending(seconds=1)])
        # Work that needs no GPU is not refused for want of it.
        await ledger.reserve([spending()])


async def test_only_the_first_end_of_a_charge_counts(place: Place) -> None:
    async with opened(place, pictures(10)) as ledger:
        (charge,) = await ledger.reserve([spending(pictures=2)])
        charge.refund()
        charge.settle(Amount(pictures=2))
        charge.unknown()
        assert await left(ledger) == 10


async def test_what_is_sent_and_never_heard_of_again_counts_at_its_worst(place: Place) -> None:
    cap = Limit("provider", "acme", "day", microusd=10 * CENT)
    async with opened(place, cap) as ledger:
        (charge,) = await ledger.reserve([spending(cents=6)])
        await charge.sent()
        charge.unknown()
        with pytest.raises(QuotaExceeded, match=r"acme for today .* 0\.06 of 0\.10 US dollars"):
            await ledger.reserve([spending(cents=5)])
        await ledger.reserve([spending(cents=4)])


async def test_the_cap_of_a_provider_that_may_be_paid_is_told_beside_the_quotas(
    place: Place,
) -> None:
    caps = [Limit("provider", name, "day", microusd=10 * CENT) for name in ("acme", "other")]
    async with opened(place, pictures(10), *caps, providers=lambda: ["acme"]) as ledger:
        await ledger.reserve([spending(cents=6)])
        found = [(one.scope, one.name, one.cents_left) for one in await ledger.left(PERSON)]
        assert found == [("provider", "acme", 4.0), ("person", PERSON, None)]


async def test_what_is_left_is_told_without_the_dust_of_binary_fractions(place: Place) -> None:
    cap = Limit("provider", "acme", "day", microusd=30 * CENT)
    async with opened(place, pictures(10), cap, providers=lambda: ["acme"]) as ledger:
        for _ in range(2):
            await ledger.reserve([spending(cents=3.005)])
        [left] = [one.cents_left for one in await ledger.left(PERSON) if one.scope == "provider"]
        assert left == 23.99


async def test_a_limit_that_is_new_counts_what_was_used_before(place: Place) -> None:
    async with opened(place, groups=["blue"]) as ledger:
        for charge in await ledger.reserve([spending(pictures=2), spending("grace", pictures=3)]):
            charge.settle(Amount(pictures=2))
    group = Limit("group", "blue", "month", pictures=5)
    async with opened(place, pictures(3), group, groups=["blue", "Blue"]) as ledger:
        assert [one.pictures_left for one in await ledger.left(PERSON)] == [1, 1]
        await ledger.reserve([spending()])
        with pytest.raises(QuotaExceeded, match="the group blue"):
            await ledger.reserve([spending("grace")])


@pytest.mark.parametrize("name", ["b" * 300, "blue\nteam", "blue\0team", "bl\udce9"])
async def test_a_group_of_any_name_is_held_to_its_quota(place: Place, name: str) -> None:
    group = Limit("group", name, "course", pictures=2)
    async with opened(place, group, groups=[name]) as ledger:
        await ledger.reserve([spending()])
        await ledger.reserve([spending("grace")])
        with pytest.raises(QuotaExceeded, match="the group"):
            await ledger.reserve([spending()])
    async with opened(place, replace(group, window="month"), groups=[name]) as ledger:
        assert await left(ledger) == 2


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e300, -5.0])
@pytest.mark.parametrize("microusd", [10**30, 2**63, -7])
async def test_an_absurd_amount_is_kept_within_bounds_and_breaks_no_account(
    place: Place, seconds: float, microusd: int
) -> None:
    cap = Limit("provider", "acme", "day", microusd=10 * CENT)
    async with opened(place, pictures(10), cap) as ledger:
        (first,) = await ledger.reserve([spending(cents=5)])
        await first.sent()
        first.settle(Amount(1, seconds, microusd))
        assert await left(ledger) == 9 or microusd > 0
        (row,) = await ledger.charges(None, state="settled")
        assert (row.cents > 5) == (microusd > 0)
        if microusd > 0:
            with pytest.raises(QuotaExceeded, match="acme"):
                await ledger.reserve([spending(cents=1)])
        with pytest.raises(QuotaExceeded, match="acme"):
            await ledger.reserve([spending(cents=microusd if microusd > 0 else 11)])


async def test_fifty_at_once_get_the_ten_that_there_is_room_for(place: Place) -> None:
    course = Limit("course", "", "course", pictures=10)
    async with opened(place, course) as ledger:
        answers = await asyncio.gather(
            *(ledger.reserve([spending(f"person {n}")]) for n in range(50)), return_exceptions=True
        )
        refused = [one for one in answers if isinstance(one, QuotaExceeded)]
        assert (len(answers), len(refused)) == (50, 40)
        assert await left(ledger) == 0


async def test_a_quota_outlasts_the_server(place: Place) -> None:
    async with opened(place, pictures(10)) as ledger:
        for charge in await ledger.reserve([spending(pictures=2), spending(pictures=5)]):
            charge.settle(Amount(pictures=2))
    async with opened(place, pictures(10)) as ledger:
        assert await left(ledger) == 6


async def test_a_cancelled_reservation_leaves_nothing_behind(place: Place) -> None:
    async with opened(place, pictures(10)) as ledger:
        tasks = [asyncio.create_task(ledger.reserve([spending()])) for _ in range(10)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        kept = [task for task in tasks if not task.cancelled()]
        assert await left(ledger) == 10 - len(kept)


async def test_work_that_nobody_pays_or_limits_waits_for_no_store_and_is_counted(
    place: Place,
) -> None:
    async with opened(place) as ledger:
        asked = ledger.reserve([spending(pictures=2)])
        with pytest.raises(StopIteration) as done:
            asked.send(None)
        (charge,) = done.value.value
        charge.settle(Amount(pictures=2))
    async with opened(place, pictures(10)) as ledger:
        assert await left(ledger) == 8


async def test_without_its_store_nothing_is_bought_and_a_little_free_work_goes_on(
    tmp_path: Path,
) -> None:
    (tmp_path / "no folder").write_text("")
    place = file_place(tmp_path / "no folder" / "store.sqlite3")
    async with opened(place, pictures(1000)) as ledger:
        with pytest.raises(StoreError, match="Nothing is bought"):
            await ledger.reserve([spending(cents=1)])
        for _ in range(3):
            await ledger.reserve([spending(pictures=10)])
        with pytest.raises(StoreError, match="30 pictures an hour") as refusal:
            await ledger.reserve([spending()])
        assert refusal.value.error_code == "ledger_away"
        await ledger.reserve([spending("grace")])
        assert await left(ledger) == 0


async def test_free_work_that_went_on_without_the_store_is_counted_when_it_is_back(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "folder"
    folder.write_text("")
    async with opened(file_place(folder / "store.sqlite3"), pictures(100)) as ledger:
        (charge,) = await ledger.reserve([spending(pictures=7)])
        charge.settle(Amount(pictures=7))
        folder.unlink()
        folder.mkdir()
        for _ in range(6000):
            if await left(ledger) == 93:
                return
            await asyncio.sleep(0.01)
        pytest.fail("it was not counted")


async def test_a_provider_is_not_asked_where_that_cannot_be_written_down(place: Place) -> None:
    async with opened(place, pictures(10)) as ledger:
        first, second = await ledger.reserve([spending(cents=5), spending(cents=5)])
        assert place.path is not None
        database = sqlite3.connect(place.path, isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="Nothing is bought") as refusal:
            await first.sent()
        assert (refusal.value.error_code, refusal.value.may_have_billed) == ("ledger_away", False)
        first.refund()
        database.close()
        for _ in range(6000):
            if await left(ledger) == 9:
                break
            await asyncio.sleep(0.01)
        await second.sent()
        second.settle(Amount(pictures=1, microusd=CENT))
        account = await ledger.account(PERSON, 0)
        assert (account.cents, account.unknown) == (1, 0)


async def test_a_store_deleted_under_the_ledger_is_filled_with_what_it_remembers(
    place: Place,
) -> None:
    async with opened(place, pictures(10)) as ledger:
        settled, waiting, lost = await ledger.reserve([spending(cents=2) for _ in range(3)])
        for charge in (settled, lost):
            await charge.sent()
        settled.settle(Amount(pictures=1, microusd=2 * CENT))
        assert await left(ledger) == 7
        assert place.path is not None
        for suffix in ("", "-wal", "-shm"):
            place.path.with_name(place.path.name + suffix).unlink(missing_ok=True)
        with pytest.raises(QuotaExceeded):
            await ledger.reserve([spending(cents=1, pictures=8)])
        assert await left(ledger) == 7
        lost.unknown()
        waiting.refund()
        assert await left(ledger) == 8
        account = await ledger.account(PERSON, 0)
        assert (account.cents, account.unknown) == (4, 1)
