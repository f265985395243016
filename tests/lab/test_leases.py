"""Claims that keep services alive."""

from __future__ import annotations

import asyncio

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
    leases.close()


async def test_a_lapsed_claim_cannot_be_confirmed_any_more() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    lease = leases.take("kernel", ["a"], label="x", person="p", pending_seconds=1)
    clock.now += 2
    leases.confirm(lease.id)
    assert not leases.live(lease.id)
    leases.close()


async def test_lapsing_is_told_even_when_other_changes_come_between() -> None:
    gone = asyncio.Event()
    leases: Leases

    def changed(services: tuple[str, ...]) -> None:
        if services == ("a",) and not leases.standing():
            gone.set()

    leases = Leases(changed)
    leases.take("kernel", ["a"], label="x", person="p", pending_seconds=0.01)
    other = leases.take("job", ["b"], label="y", person="p")
    leases.drop(other.id)
    await asyncio.wait_for(gone.wait(), 5)
    leases.close()


async def test_a_suspended_claim_survives_a_restart_that_confirms_it() -> None:
    clock = Clock()
    leases = Leases(clock=clock)
    lease = leases.take("kernel", ["a"], label="x", person="p")
    leases.suspend(lease.id, 60)
    leases.confirm(lease.id)
    clock.now += 100
    assert leases.live(lease.id)
    leases.close()
