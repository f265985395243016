"""How GPU memory is counted, and who gets which GPU."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gpu_bench import gpu_service

from coursia_genai_lab.lab.gpu_memory import HEADROOM_MIB, Device, Hold, User, count, strangers
from coursia_genai_lab.lab.gpu_placement import (
    Full,
    GiveWay,
    Never,
    Placed,
    Returning,
    Step,
    Wish,
    next_step,
)
from coursia_genai_lab.lab.gpu_problems import never

CARD = Device("GPU-a", 0, total_mib=24_000, used_mib=0)
SECOND = Device("GPU-b", 1, total_mib=24_000, used_mib=0)


def hold(service: str, mib: int, *devices: str, **more: object) -> Hold:
    return Hold(service, service, devices or ("GPU-a",), mib, **more)  # type: ignore[arg-type]


def card(used_mib: int, *users: User, **more: object) -> Device:
    table: dict[str, object] = {"total_mib": 24_000, "used_mib": used_mib, "users": users}
    return Device("GPU-a", 0, **(table | more))  # type: ignore[arg-type]


def step(wish: Wish, *holds: Hold, devices: tuple[Device, ...] = (CARD,), **more: object) -> Step:
    return next_step(devices, holds, wish, **more)  # type: ignore[arg-type]


def test_declared_memory_is_taken_although_nothing_is_used_yet() -> None:
    assert count(CARD, [hold("flux", 16_000)]).taken() == 16_000


def test_what_a_service_uses_beyond_its_word_is_taken_too() -> None:
    busy = card(20_000, User("python", 20_000, key="flux"))
    assert count(busy, [hold("flux", 16_000)]).taken() == 20_000


def test_what_belongs_to_nobody_comes_on_top() -> None:
    shared = card(9_000, User("python", 5_000, key="flux"), User("blender", 4_000))
    assert count(shared, [hold("flux", 16_000)]).taken() == 20_000


def test_without_names_what_is_used_passes_for_the_holders_own() -> None:
    nameless = card(15_000, users_known=False)
    assert count(nameless, [hold("flux", 16_000)]).taken() == 16_000
    assert count(nameless, [hold("forge", 6_000)]).taken() == 15_000


def test_a_service_that_gave_its_memory_back_keeps_what_it_is_seen_to_use() -> None:
    freed = card(500, User("python", 500, key="flux"))
    assert count(freed, [hold("flux", 16_000, state="resting")]).taken() == 500


def test_the_memory_of_what_ended_counts_for_as_long_as_it_is_seen() -> None:
    ended = hold("flux#1", 16_000, state="ended")
    assert count(card(9_000, User("python", 9_000)), [ended]).amounts == {"flux#1": 9_000}
    assert count(CARD, [ended]).taken() == 0


def test_a_service_gets_the_gpu_on_which_it_is_alone() -> None:
    placed = step(Wish("forge", 6_000), hold("flux", 8_000), devices=(CARD, SECOND))
    assert placed == Placed(("GPU-b",), {"GPU-b": 24_000})


def test_two_services_share_a_gpu_where_both_fit_with_something_to_spare() -> None:
    most = 24_000 - 16_000 - HEADROOM_MIB
    assert isinstance(step(Wish("forge", most), hold("flux", 16_000)), Placed)
    assert isinstance(step(Wish("forge", most + 1), hold("flux", 16_000)), Full)


def test_a_service_may_fill_a_gpu_of_its_own() -> None:
    assert isinstance(step(Wish("flux", 24_000)), Placed)


@pytest.mark.parametrize("named", ["GPU-b", "1"])
def test_the_operator_may_name_a_gpu_by_id_or_number(named: str) -> None:
    placed = step(Wish("forge", 6_000, ids=(named,)), devices=(CARD, SECOND))
    assert isinstance(placed, Placed)
    assert placed.devices == ("GPU-b",)


def test_a_named_gpu_is_not_exchanged_for_another() -> None:
    wish = Wish("forge", 10_000, ids=("0",))
    assert isinstance(step(wish, hold("flux", 16_000), devices=(CARD, SECOND)), Full)


def test_an_exclusive_service_gets_a_gpu_that_nobody_holds_and_keeps_it() -> None:
    wish = Wish("train", 1_000, exclusive=True)
    placed = step(wish, hold("flux", 1_000), devices=(CARD, SECOND))
    assert isinstance(placed, Placed)
    assert placed.devices == ("GPU-b",)
    assert isinstance(step(Wish("forge", 10), hold("train", 10, exclusive=True)), Full)


def test_several_gpus_are_given_at_once_or_not_at_all() -> None:
    wish = Wish("big", 20_000, count=2)
    placed = step(wish, devices=(CARD, SECOND))
    assert isinstance(placed, Placed)
    assert placed.devices == ("GPU-a", "GPU-b")
    assert isinstance(step(wish, hold("flux", 8_000), devices=(CARD, SECOND)), Full)


def test_who_was_used_longest_ago_gives_way_first() -> None:
    way = step(
        Wish("flux", 16_000),
        hold("forge", 7_000, spare=True, used_at=5.0),
        hold("sd35", 9_000, spare=True, used_at=1.0),
    )
    assert way == GiveWay(("sd35",))


def test_who_need_not_give_way_is_spared() -> None:
    way = step(
        Wish("flux", 16_000),
        hold("tiny", 500, spare=True, used_at=1.0),
        hold("forge", 14_000, spare=True, used_at=2.0),
        hold("sd35", 6_000, spare=True, used_at=3.0),
    )
    assert way == GiveWay(("forge",))


def test_who_works_never_gives_way() -> None:
    full = step(Wish("flux", 16_000), hold("forge", 14_000), hold("sd35", 6_000, spare=True))
    assert isinstance(full, Full)
    assert {one.service for one in full.holds} == {"forge", "sd35"}


def test_memory_that_is_about_to_come_back_is_awaited_before_anybody_is_stopped() -> None:
    waits = step(
        Wish("flux", 16_000),
        hold("forge#1", 14_000, state="ended", returning=True),
        hold("sd35", 6_000, spare=True),
        devices=(card(14_000, User("python", 14_000)),),
    )
    assert waits == Returning(("forge#1",))


def test_a_gpu_for_which_somebody_waits_longer_is_left_to_them() -> None:
    full = step(Wish("forge", 1_000), barred={"GPU-a"})
    assert full == Full(queued=True)
    elsewhere = step(Wish("forge", 1_000), barred={"GPU-a"}, devices=(CARD, SECOND))
    assert isinstance(elsewhere, Placed)
    assert elsewhere.devices == ("GPU-b",)


def test_programs_of_strangers_are_named() -> None:
    blender = User("blender", 20_000, pid=4711)
    full = step(Wish("flux", 16_000), devices=(card(20_000, blender),))
    assert isinstance(full, Full)
    assert full.strangers == ((card(20_000, blender), 20_000, (blender,)),)


@pytest.mark.parametrize(
    ("wish", "devices", "why"),
    [
        (Wish("flux", 1), (), Never("no_gpu")),
        (Wish("flux", 1, ids=("7",)), (CARD,), Never("gpu_absent", ("7",))),
        (Wish("flux", 1, ids=("0",)), (card(0, lost=True),), Never("gpu_lost", ("0",))),
        (Wish("flux", 1), (card(0, lost=True),), Never("gpu_lost")),
        (Wish("flux", 24_001), (CARD,), Never("gpu_too_small", biggest_mib=24_000)),
        (Wish("flux", 9, count=2), (CARD,), Never("gpu_too_small", biggest_mib=24_000)),
        (Wish("flux", 24_001, ids=("0",)), (CARD,), Never("gpu_too_small", biggest_mib=24_000)),
    ],
)
def test_what_can_never_fit_is_told_at_once(
    wish: Wish, devices: tuple[Device, ...], why: Never
) -> None:
    assert step(wish, devices=devices) == why


def test_a_lost_gpu_is_given_to_nobody() -> None:
    placed = step(Wish("flux", 1_000), devices=(card(0, lost=True), SECOND))
    assert isinstance(placed, Placed)
    assert placed.devices == ("GPU-b",)


def test_a_split_gpu_is_given_in_parts_only() -> None:
    part = Device("MIG-1", 0, total_mib=10_000, used_mib=0, parent="GPU-a")
    chosen = step(Wish("forge", 6_000), devices=(CARD, part))
    assert isinstance(chosen, Placed)
    assert chosen.devices == ("MIG-1",)
    assert step(Wish("forge", 1, ids=("0",)), devices=(CARD, part)) == Never("gpu_absent", ("0",))
    named = step(Wish("forge", 1, ids=("0:0",)), devices=(CARD, part))
    assert isinstance(named, Placed)
    assert named.devices == ("MIG-1",)


def test_a_gpu_of_unknown_size_is_shared_but_for_exclusive_services() -> None:
    blind = Device("0", -1)
    both = step(Wish("forge", 9_000, ids=("0",)), hold("flux", 20_000, "0"), devices=(blind,))
    assert both == Placed(("0",))
    alone = Wish("forge", 9_000, ids=("0",), exclusive=True)
    assert isinstance(step(alone, hold("flux", 1, "0"), devices=(blind,)), Full)


def test_too_few_gpus_are_not_told_as_too_small_ones() -> None:
    spec = gpu_service("wide", 8_000, count=2)
    assert spec.gpu is not None
    why = step(Wish("wide", 8_000, count=2))
    assert isinstance(why, Never)
    told = never(spec, spec.gpu, why, [CARD])
    assert told.error_code == "gpu_too_small"
    assert told.message == (
        "Wide needs 2 GPUs with 8000 MiB of memory each, and this machine has 1 of that size."
    )
    assert "count" in told.remedy
    larger = gpu_service("wide", 30_000, count=2)
    assert larger.gpu is not None
    told = never(larger, larger.gpu, why, [CARD])
    assert "the largest GPU that it may use here has 24000 MiB" in told.message


def test_without_names_what_strangers_used_before_stays_theirs_while_so_much_is_in_use() -> None:
    here = [hold("flux", 16_000)]
    before = strangers(card(5_000, users_known=False), [], before=0)
    assert before == 5_000
    loaded = card(5_300, users_known=False)
    assert strangers(loaded, here, before=before) == 5_000
    assert strangers(card(2_000, users_known=False), here, before=before) == 2_000
    assert strangers(card(23_000, users_known=False), here, before=before) == 7_000
    assert count(replace(loaded, strangers_mib=5_000), here).taken() == 21_000


def test_with_names_nothing_is_remembered_of_strangers() -> None:
    named = card(9_000, User("blender", 9_000))
    assert strangers(named, [], before=4_000) == 0
    assert count(replace(named, strangers_mib=4_000), []).foreign == 9_000


def test_what_only_falls_passes_for_no_more_than_it_was_seen_to_use() -> None:
    nameless = card(20_000, users_known=False)
    rests = hold("flux", 16_000, state="resting", most_mib={"GPU-a": 300})
    assert strangers(nameless, [rests], before=0) == 19_700
    assert count(nameless, [rests]).amounts == {"flux": 300}
    assert count(nameless, [rests]).foreign == 19_700
