"""Claims that keep services alive."""

from __future__ import annotations

from coursia_genai_lab.lab.leases import Leases


class Clock:
    """Monotonic seconds that move when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def test_a_live_claim_stands_until_it_is_dropped() -> None:
    changes: list[tuple[str, ...]] = []
    leases = Leases(changes.append)
    lease = leases.take("kernel", ["comfyui"], label="a.ipynb", person="ada", kernel_id="k1")
    assert leases.live(lease.id)
    assert leases.of_kernel("k1") == lease
    leases.drop(lease.id)
    leases.drop(lease.id)
    assert not leases.live(lease.id)
    assert changes == [("comfyui",), ("comfyui",)]


async def test_a_pending_claim_lapses_unless_it_is_confirmed() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    lost = leases.take("kernel", ["a"], label="x", person="p", pending_seconds=60)
    kept = leases.take("kernel", ["a"], label="y", person="p", pending_seconds=60)
    leases.confirm(kept.id)
    clock.now += 61
    assert not leases.live(lost.id)
    assert leases.live(kept.id)


async def test_a_lapsed_claim_cannot_be_confirmed_any_more() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    lease = leases.take("kernel", ["a"], label="x", person="p", pending_seconds=1)
    clock.now += 2
    leases.confirm(lease.id)
    assert not leases.live(lease.id)


async def test_lapsing_is_told_even_when_other_changes_come_between() -> None:
    clock = Clock()
    told: list[tuple[str, ...]] = []
    leases = Leases(told.append, clock=clock)
    leases.take("kernel", ["a"], label="x", person="p", pending_seconds=1)
    leases.drop(leases.take("job", ["b"], label="y", person="p").id)
    clock.now += 2
    leases.sweep()
    assert told[-1] == ("a",)
    assert leases.standing() == []


async def test_a_suspended_claim_survives_a_restart_that_confirms_it() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    lease = leases.take("kernel", ["a"], label="x", person="p")
    leases.suspend(lease.id, 60)
    leases.confirm(lease.id)
    clock.now += 100
    assert leases.live(lease.id)


async def test_a_kernel_that_works_is_active_however_long_it_takes() -> None:
    clock = Clock()
    leases = Leases(clock=clock, active_seconds=lambda lease: 600)
    lease = leases.take("kernel", ["a"], label="x", person="p", kernel_id="k")
    for _ in range(1800):
        clock.now += 1
        leases.beat("k", busy=True)
        leases.sweep()
    assert leases.strength(lease) == "active"
    leases.beat("k", busy=False)
    clock.now += 599
    leases.beat("k", busy=False)
    assert leases.strength(lease) == "active"
    clock.now += 2
    assert leases.strength(lease) == "dormant"


async def test_a_dormant_kernel_that_uses_a_door_or_waits_is_active_again() -> None:
    clock = Clock()
    told: list[tuple[str, ...]] = []
    leases = Leases(told.append, clock=clock, active_seconds=lambda lease: 60)
    lease = leases.take("kernel", ["a"], label="x", person="p")
    clock.now += 61
    leases.sweep()
    assert leases.strength(lease) == "dormant"
    leases.touch(lease.id)
    assert leases.strength(lease) == "active"
    clock.now += 61
    leases.sweep()
    with leases.waiting(lease.id):
        clock.now += 3600
        leases.sweep()
        assert leases.strength(lease) == "active"
    assert leases.strength(lease) == "active"
    assert len(told) == 5


async def test_silence_suspends_a_claim_and_a_later_beat_revives_it() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    lease = leases.take("kernel", ["a"], label="x", person="p", kernel_id="k")
    leases.beat("k", busy=True)
    clock.now += 11
    leases.sweep()
    assert leases.strength(lease) == "suspended"
    assert leases.live(lease.id)
    leases.beat("k", busy=True)
    assert leases.strength(lease) == "active"


async def test_silence_proves_nothing_while_time_is_not_steady() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    lease = leases.take("kernel", ["a"], label="x", person="p", kernel_id="k")
    pin = leases.take("pin", ["a"], label="p", person="p", ends_after_seconds=60)
    leases.beat("k", busy=True)
    clock.now += 3600
    leases.sweep(steady=False)
    assert leases.strength(lease) == "active"
    assert leases.live(pin.id)


async def test_a_claim_that_never_beat_is_not_suspended_for_its_silence() -> None:
    clock = Clock()
    leases = Leases(clock=clock, active_seconds=lambda lease: 10_000)
    lease = leases.take("kernel", ["a"], label="x", person="p")
    clock.now += 3600
    leases.sweep()
    assert leases.strength(lease) == "active"


async def test_jobs_and_pins_are_protected_and_a_pin_ends_by_itself() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    job = leases.take("job", ["a"], label="x", person="p")
    pin = leases.take("pin", ["a"], label="p", person="p", ends_after_seconds=60)
    assert pin.ends_at == pin.since + 60
    clock.now += 59
    leases.sweep()
    assert [leases.strength(lease) for lease in (job, pin)] == ["protected", "protected"]
    clock.now += 1
    leases.sweep()
    assert not leases.live(pin.id)
    assert leases.live(job.id)
