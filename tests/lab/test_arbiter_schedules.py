"""In whatever order things happen: never overbooked, never stuck, no running job stopped."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

from gpu_bench import Bench, bench, gpu_service
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from memory_gpus import MemoryGPUs
from simulated_clock import SimulatedClock

from coursia_genai_lab.errors import Conflict, GenAIError
from coursia_genai_lab.lab.leases import Lease
from coursia_genai_lab.runtimes.base import Exit
from coursia_genai_lab.runtimes.fake import FakeWorld

T = TypeVar("T")
PATIENCE = 60
SPECS = (
    gpu_service("small", 6_000),
    gpu_service("large", 14_000),
    gpu_service("first", 16_000, ids=["0"]),
    gpu_service("alone", 3_000, exclusive=True),
    gpu_service("wide", 5_000, count=2),
)
NAMES = tuple(spec.name for spec in SPECS)
LONGEST_WAIT = 120.0
"""`start_timeout_seconds` of every service here."""
TURNS = 12
"""How many starts may end one after the other, each after its whole wait."""
STEPS_TO_CLAIM = 5
"""How many steps of the loop lie between a service's answer and the claim of who waited for it."""
MOST_ASKED = 4
STRANGER = 999
"""Process id of what is nobody's."""
labs = st.integers(0, 1)
names = st.sampled_from(NAMES)


class Schedules(RuleBasedStateMachine):
    """One Lab or two, five services each, up to three GPUs, and what may happen to them."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.world = FakeWorld()
        self.clock = SimulatedClock()
        self.benches: list[Bench] = []
        self.jobs: dict[tuple[int, str], tuple[Lease, str]] = {}
        self.asked: list[asyncio.Task[None]] = []

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(step, PATIENCE))

    @initialize(
        cards=st.integers(1, 3),
        release_seconds=st.sampled_from((0.0, 1.0, 8.0, None)),
        named=st.booleans(),
        alone=st.booleans(),
    )
    def open(self, cards: int, release_seconds: float | None, named: bool, alone: bool) -> None:
        self.gpus = MemoryGPUs(self.clock, **{f"GPU-{n}": 24_000 for n in range(cards)})
        self.gpus.names_users = named

        async def opened() -> None:
            for owner in ("ada",) if alone else ("ada", "ben"):
                one = bench(
                    Path(self.folder.name) / owner,
                    self.gpus,
                    *SPECS,
                    world=self.world,
                    release_seconds=release_seconds,
                )
                self.benches.append(await self.stack.enter_async_context(one))

        self.run(opened())

    # -- wishes --------------------------------------------------------------------------------

    @rule(wanted=st.lists(st.tuples(labs, names), min_size=1, max_size=4), awaited=st.booleans())
    def start(self, wanted: list[tuple[int, str]], awaited: bool) -> None:
        async def asked() -> None:
            for lab, name in wanted:
                self.benches[lab % len(self.benches)].lab.start(name, by="somebody")
            if awaited:
                await self._pass(3)

        self.run(asked())

    @rule(lab=labs)
    def work_with_all_that_runs(self, lab: int) -> None:
        lab %= len(self.benches)
        for name in NAMES:
            self.send_a_job(lab, name)

    @rule(lab=labs, name=names)
    def stop(self, lab: int, name: str) -> None:
        lab %= len(self.benches)

        async def asked() -> None:
            try:
                self.benches[lab].lab.stop(name, by="somebody", force=False)
            except Conflict:
                assert (lab, name) in self.jobs

        self.run(asked())

    @rule(lab=labs, name=names)
    def send_a_job(self, lab: int, name: str) -> None:
        lab %= len(self.benches)
        service = self.benches[lab].lab.service(name)
        if service.state == "ready" and service.wanted and not service.resting:
            self.run(self._sent(lab, name, patience=0))

    @rule(lab=labs, name=names)
    def send_a_job_that_waits_for_its_service(self, lab: int, name: str) -> None:
        lab %= len(self.benches)
        if sum(not one.done() for one in self.asked) < MOST_ASKED:
            self.asked.append(self.loop.create_task(self._sent(lab, name, patience=PATIENCE)))
            self.run(self._settle())

    async def _sent(self, lab: int, name: str, *, patience: float) -> None:
        """Take the door's road: ask for the service, and claim it a few steps of the loop later."""
        try:
            await self.benches[lab].lab.endpoint(name, timeout=patience)
        except GenAIError:
            return
        for _ in range(STEPS_TO_CLAIM):
            await asyncio.sleep(0)
        service = self.benches[lab].lab.service(name)
        if service.instance is None or service.state != "ready" or not service.wanted:
            return
        identifier = service.instance.identifier
        served = self.world.served.get(identifier)
        # Whoever asked may have been overtaken by an end, a stop, or a job that came before.
        if served is not None and not served.ended.done() and (lab, name) not in self.jobs:
            self.jobs[lab, name] = (self.benches[lab].job(name), identifier)

    @rule(lab=labs, name=names)
    def finish_a_job(self, lab: int, name: str) -> None:
        lab %= len(self.benches)
        if (lab, name) in self.jobs:
            self.run(self._finish(lab, name))

    async def _finish(self, lab: int, name: str) -> None:
        lease, _ = self.jobs.pop((lab, name))
        self.benches[lab].lab.leases.drop(lease.id)

    # -- fate ----------------------------------------------------------------------------------

    @rule(lab=labs, name=names)
    def an_engine_works_for_somebody_unknown(self, lab: int, name: str) -> None:
        lab %= len(self.benches)
        self.benches[lab].working ^= {name}

    @rule(lab=labs, frees=st.booleans())
    def engines_give_memory_back_or_not(self, lab: int, frees: bool) -> None:
        lab %= len(self.benches)
        self.benches[lab].frees = frees

    @rule(card=st.integers(0, 2), mib=st.integers(0, 24_000))
    def a_stranger_takes_what_nobody_claims(self, card: int, mib: int) -> None:
        name = f"GPU-{card}"
        starting = any(b.state(n) == "starting" for b in self.benches for n in NAMES)
        if name not in self.gpus.totals or starting:
            return
        self.gpus.free(name, pid=STRANGER)
        if self.gpus.names_users or self._is_the_labs_to_know(name):
            self.gpus.use(name, max(0, min(mib, 24_000 - self._claimed(name))), pid=STRANGER)

    def _is_the_labs_to_know(self, card: str) -> bool:
        """Say whether what is in use now must be a stranger's, though the driver names nobody.

        What comes beside a service may be what that loads; what comes beside another Lab's, too.
        """
        empty = not self.gpus.used_mib(card)
        nobody = all(card not in order.device_ids for order, _ in self._running())
        return len(self.benches) == 1 and nobody and empty

    @rule(lab=labs, name=names)
    def die(self, lab: int, name: str) -> None:
        lab %= len(self.benches)

        async def ended() -> None:
            instance = self.benches[lab].lab.service(name).instance
            served = self.world.served.get(instance.identifier) if instance else None
            if served is not None and not served.ended.done():
                served.ended.set_result(Exit(137, "killed: out of memory"))
                await served.runner.cleanup()
            if (lab, name) in self.jobs:
                await self._finish(lab, name)

        self.run(ended())

    @rule(seconds=st.sampled_from((0, 1, 5, 30)))
    def time_passes(self, seconds: int) -> None:
        self.run(self._pass(seconds))

    async def _pass(self, seconds: float) -> None:
        await self._settle()
        for _ in range(int(seconds * 2)):
            self.clock.advance(0.5)
            for lease, _instance in self.jobs.values():
                for one in self.benches:
                    one.lab.leases.progress(lease.id)
            await self._settle()

    async def _settle(self) -> None:
        for _ in range(12):
            await asyncio.sleep(0)
        await asyncio.sleep(0.0005)

    # -- what must hold ------------------------------------------------------------------------

    def _running(self) -> Iterator[tuple[Any, bool]]:
        """Yield what runs, with whether it rests."""
        for served in self.world.served.values():
            instance = served.instance
            resting = any(
                service.resting
                and service.instance is not None
                and service.instance.identifier == instance.identifier
                for one in self.benches
                for service in [one.lab.service(instance.service)]
            )
            yield served.order, resting

    def _claimed(self, card: str) -> int:
        """Return what is declared or really used of a card, whichever is more."""
        declared: int = sum(
            order.spec.gpu.vram_mib
            for order, resting in self._running()
            if card in order.device_ids and not resting
        )
        return declared + self.gpus.used_mib(card)

    @invariant()
    def nothing_is_overbooked(self) -> None:
        for card, total in getattr(self, "gpus", MemoryGPUs(self.clock)).totals.items():
            here = [(o, r) for o, r in self._running() if card in o.device_ids]
            declared = sum(order.spec.gpu.vram_mib for order, resting in here if not resting)
            assert declared <= total, (card, [(o.spec.name, r) for o, r in here])
            assert self.gpus.used_mib(card) <= total, (card, here)
            if any(order.spec.gpu.exclusive for order, _ in here):
                assert len(here) == 1, (card, [order.spec.name for order, _ in here])

    @invariant()
    def every_job_runs_on(self) -> None:
        for (lab, name), (_, identifier) in self.jobs.items():
            service = self.benches[lab].lab.service(name)
            assert service.instance is not None
            assert service.instance.identifier == identifier
            assert service.state == "ready"
            assert not service.resting

    def teardown(self) -> None:
        try:
            if self.benches:
                self.run(self._let_all_come_to_rest())
        finally:
            self.run(self._ask_no_more())
            self.run(self.stack.aclose())
            self.run(self.world.close())
            self.run(self.loop.shutdown_asyncgens())
            self.loop.close()
            self.folder.cleanup()

    async def _ask_no_more(self) -> None:
        for one in self.asked:
            one.cancel()
        for outcome in await asyncio.gather(*self.asked, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome

    async def _let_all_come_to_rest(self) -> None:
        """Let every wait end, by memory or by its bound, though nobody helps."""
        for _ in range(TURNS):
            if not any(b.state(n) in ("starting", "stopping") for b in self.benches for n in NAMES):
                return
            await self._pass(LONGEST_WAIT / 4)
        states = {n: [b.state(n) for b in self.benches] for n in NAMES}
        raise AssertionError(f"they wait for ever: {states}")


TestSchedules = Schedules.TestCase
# A schedule takes a hundred times what other properties take.
TestSchedules.settings = settings(
    max_examples=settings().max_examples // 4, stateful_step_count=25, deadline=None
)
