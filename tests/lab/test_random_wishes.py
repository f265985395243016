"""Whatever is wished in whatever order: the last wish wins, what is kept stays, nothing is left."""

from __future__ import annotations

import asyncio
import math
import tempfile
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from simulated_clock import SimulatedClock

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import Conflict, GenAIError, NotAllowed, ServiceDied
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.leases import Lease
from coursia_genai_lab.lab.service import BRIEF_FAILURE_SECONDS
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.runtimes.base import Exit, Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime, FakeWorld
from coursia_genai_lab.wire.policy import ModeChange

T = TypeVar("T")
SERVICES = ("comfyui", "forge-turbo")
PATIENCE = 60.0
WHILE_SECONDS = 16 * 60
"""Long enough for a pin of ten minutes or a kernel to end or fall dormant, and the countdown."""
names = st.sampled_from(SERVICES)


async def at_once(spec: ServiceSpec, instance: Instance) -> None:
    """Take every instance for one that answers."""


class Expected:
    """What the model believes of one service."""

    def __init__(self) -> None:
        self.wanted = False
        self.ours: bool | None = False
        """Whether the Lab may stop it when nobody holds it; None: it depends on the moment."""
        self.failed = False
        """Whether it died twice in a row, so that no mere request starts it again."""
        self.died = -math.inf
        self.pinned = False
        self.pin_ends = False
        self.kernels: list[Lease] = []
        self.jobs: list[Lease] = []
        self.kernels_work = False

    @property
    def protected(self) -> bool:
        return self.pinned or bool(self.jobs)

    @property
    def held(self) -> bool:
        return self.protected or (self.kernels_work and bool(self.kernels))

    @property
    def leased(self) -> bool:
        return self.protected or bool(self.kernels)


class Wishes(RuleBasedStateMachine):
    """Two services, whatever may be asked of them, and a model of what must come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.world = FakeWorld()
        self.clock = SimulatedClock()
        self.notes: list[TimelineNote] = []
        self.off = False
        self.expected = {name: Expected() for name in SERVICES}
        self.lab = Lab(
            catalog=load_catalog(),
            settings=LabSettings(state_path=self.folder.name, runtime="fake", idle_minutes=5),
            runtimes=lambda: {"fake": FakeRuntime(world=self.world)},
            answers=at_once,
            record=self.notes.append,
            clock=self.clock,
        )

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(asyncio.wait_for(step, PATIENCE))

    async def call(self, name: str, /, *arguments: Any, **more: Any) -> GenAIError | None:
        """Call the Lab on its loop and return what it refused."""
        try:
            getattr(self.lab, name)(*arguments, **more)
        except GenAIError as error:
            return error
        return None

    @initialize()
    def open(self) -> None:
        async def opened() -> None:
            await self.lab.open()
            await self.lab.opened(PATIENCE)

        self.run(opened())

    # -- wishes --------------------------------------------------------------------------------

    def _started(self, name: str) -> None:
        one = self.expected[name]
        if not one.wanted:
            one.ours = one.ours if one.leased else False
        one.wanted, one.failed = True, False

    @rule(name=names)
    def start(self, name: str) -> None:
        refusal = self.run(self.call("start", name, by="ada"))
        assert isinstance(refusal, NotAllowed) is self.off
        if not self.off:
            self._started(name)

    @rule(name=names, force=st.booleans())
    def stop(self, name: str, force: bool) -> None:
        one = self.expected[name]
        refusal = self.run(self.call("stop", name, by="ada", force=force))
        assert isinstance(refusal, Conflict) is (one.held and not force)
        if refusal is None:
            one.wanted = False
            one.pinned = one.pinned and not force

    @rule(name=names)
    def restart(self, name: str) -> None:
        one = self.expected[name]
        refusal = self.run(self.call("restart", name, by="ada", force=True))
        assert isinstance(refusal, NotAllowed) is self.off
        if not self.off:
            if not one.wanted and not one.leased:
                one.ours = None
            one.wanted, one.failed = True, False

    @rule(name=names, ends=st.booleans())
    def pin(self, name: str, ends: bool) -> None:
        refusal = self.run(self.call("pin", name, minutes=10 if ends else None, by="ada"))
        assert isinstance(refusal, NotAllowed) is self.off
        if not self.off:
            self._started(name)
            one = self.expected[name]
            one.pinned, one.pin_ends, one.ours = True, ends, True

    @rule(name=names)
    def unpin(self, name: str) -> None:
        assert self.run(self.call("unpin", name, by="ada")) is None
        self.expected[name].pinned = False

    @rule(name=names)
    def request(self, name: str) -> None:
        one = self.expected[name]

        async def ask() -> GenAIError | None:
            try:
                await self.lab.endpoint(name, timeout=PATIENCE)
            except GenAIError as error:
                return error
            return None

        refusal = self.run(ask())
        if self.off:
            assert isinstance(refusal, NotAllowed)
        elif one.failed:
            assert isinstance(refusal, ServiceDied)
        else:
            assert refusal is None
            one.wanted, one.ours = True, True

    # -- claims --------------------------------------------------------------------------------

    @rule(name=names, kind=st.sampled_from(("kernel", "job")))
    def take(self, name: str, kind: Any) -> None:
        one = self.expected[name]

        async def taken() -> Lease:
            number = f"k{len(self.notes)}-{len(one.kernels)}"
            return self.lab.leases.take(
                kind, [name], label="a.ipynb", person="ada", kernel_id=f"{name}-{number}"
            )

        lease = self.run(taken())
        (one.kernels if kind == "kernel" else one.jobs).append(lease)
        if kind == "kernel":
            # The others may be dormant: they work again, so that the model stays a small one.
            self.run(self._beats(name, busy=False, again=True))
            one.kernels_work = True
        if not self.off:
            one.ours = True

    @rule(name=names, kind=st.sampled_from(("kernels", "jobs")))
    def drop(self, name: str, kind: str) -> None:
        one = self.expected[name]
        claims: list[Lease] = getattr(one, kind)
        if claims:
            self.run(self._drop(claims.pop()))
            if self.off and not one.jobs:
                one.wanted = False

    async def _drop(self, lease: Lease) -> None:
        self.lab.leases.drop(lease.id)

    async def _beats(self, name: str, *, busy: bool, again: bool = False) -> None:
        for lease in self.expected[name].kernels:
            self.lab.kernel_busy(lease.kernel_id or "", busy)
            if again:
                self.lab.leases.touch(lease.id)

    # -- fate ----------------------------------------------------------------------------------

    @rule(name=names)
    def die(self, name: str) -> None:
        self.settle()
        one = self.expected[name]
        if one.wanted:
            self.run(self.world.end(name, Exit(137, "killed: out of memory")))
            died, one.died = one.died, time.monotonic()
            one.wanted, one.failed = False, one.died - died < BRIEF_FAILURE_SECONDS
            self.settle()
            assert self.lab.service(name).state == "failed"

    @rule(off=st.booleans())
    def switch(self, off: bool) -> None:
        self.settle()

        async def change() -> None:
            self.lab.policy.change(ModeChange(value="off" if off else None), by="ada")

        self.run(change())
        self.off = off
        for one in self.expected.values():
            if off and not one.jobs:
                one.wanted = False

    @rule()
    def a_while_passes_idly(self) -> None:
        self.settle()
        self.run(self._pass(busy=False))
        for one in self.expected.values():
            one.kernels_work = False
            one.pinned = one.pinned and not one.pin_ends
        self._let_go()

    @rule()
    def a_while_passes_with_work(self) -> None:
        self.settle()
        self.run(self._pass(busy=True))
        for one in self.expected.values():
            one.kernels_work = bool(one.kernels)
            one.pinned = one.pinned and not one.pin_ends
        self._let_go()

    async def _pass(self, *, busy: bool) -> None:
        for second in range(WHILE_SECONDS):
            if busy and second % 5 == 0:
                for name in SERVICES:
                    await self._beats(name, busy=True)
            self.clock.advance(1)
            if second % 60 == 0:
                for one in self.expected.values():
                    for job in one.jobs:
                        self.lab.leases.progress(job.id)
        if not busy:
            for name in SERVICES:
                await self._beats(name, busy=False)

    def _let_go(self) -> None:
        for name, one in self.expected.items():
            if one.ours is None and not one.held:
                one.wanted = self.lab.service(name).wanted
            elif one.ours and not one.held and not self.off:
                one.wanted = False

    @precondition(lambda self: True)
    @rule()
    def settle(self) -> None:
        self.run(self._settled())
        for name, one in self.expected.items():
            cell = self.lab.service(name)
            assert (cell.instance is not None) == one.wanted, (name, cell.state, self.notes[-6:])
            shown = {lease.kind for lease in self.lab.holders(name)}
            assert ("pin" in shown) == one.pinned
            assert ("job" in shown) == bool(one.jobs)
            assert ("kernel" in shown) == bool(one.kernels)

    async def _settled(self) -> None:
        while any(
            self.lab.service(name).wanted != (self.lab.service(name).instance is not None)
            or self.lab.service(name).state in ("starting", "stopping")
            for name in SERVICES
        ):
            await self.lab.wait_for_change(self.lab.revision, 1)

    @invariant()
    def nothing_runs_twice(self) -> None:
        running = [served.instance.service for served in self.world.served.values()]
        assert len(running) == len(set(running))

    def teardown(self) -> None:
        try:
            self.run(self.lab.close())
            assert self.world.served == {}
            assert list(Path(self.folder.name).iterdir()) == []
            self._the_record_is_whole()
        finally:
            self.run(self.loop.shutdown_asyncgens())
            self.loop.close()
            self.folder.cleanup()

    def _the_record_is_whole(self) -> None:
        for name in SERVICES:
            told = [note.event for note in self.notes if note.service == name]
            assert told.count("started") == sum(told.count(end) for end in ("stopped", "failed")), (
                told
            )


TestWishes = Wishes.TestCase
