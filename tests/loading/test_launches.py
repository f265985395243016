"""Kernels that start before there is a launcher."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, MutableMapping

import pytest

from coursia_genai_lab.launch.kernels import Kernel, KernelsInHand
from coursia_genai_lab.loading.built_once import BuiltOnce
from coursia_genai_lab.loading.launches import AwaitedLauncher
from coursia_genai_lab.wire.problems import Problem

PATIENCE = 60.0
KERNEL = Kernel("k1", {"HOME": "/home/ada"}, {})
FAR = Problem(code="kernels_elsewhere", message="Far.", remedy="Near.")


class Known:
    """A launcher that gives one variable and notes what it hears."""

    kernels_are_elsewhere = False

    def __init__(self) -> None:
        self.heard: list[object] = []

    @property
    def launcher(self) -> Known:
        return self

    def warn(self, problem: Problem, /) -> None:
        self.heard.append(problem)

    def clear_keys(self, environment: MutableMapping[str, str]) -> None:
        environment.pop("OPENAI_API_KEY", None)

    async def before(self, kernel: Kernel) -> Mapping[str, str | None]:
        self.heard.append(kernel)
        return {"GENAI_MODE": "demo"}

    async def started(self, kernel_id: str) -> None:
        self.heard.append(("started", kernel_id))

    async def ended(self, kernel_id: str, *, restart: bool) -> None:
        self.heard.append(("ended", kernel_id, restart))


class Loading:
    """A launcher that is built when `may_end` is set, and what stands before it."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.known = Known()
        self.table: set[str] = set()
        self.in_hand = KernelsInHand(self.table)
        self.built: BuiltOnce[Known] = BuiltOnce(self._build, failed=lambda error: None)
        self.awaited = AwaitedLauncher(self.built, kernels=self.table, in_hand=self.in_hand)

    async def _build(self) -> Known:
        await self.may_end.wait()
        return self.known


async def test_a_kernel_waits_and_gets_what_the_launcher_gives() -> None:
    loading = Loading()
    waiting = asyncio.create_task(loading.awaited.before(KERNEL))
    await asyncio.sleep(0)
    assert not waiting.done()
    loading.may_end.set()
    assert await asyncio.wait_for(waiting, PATIENCE) == {"GENAI_MODE": "demo"}
    await loading.awaited.started("k1")
    await loading.awaited.ended("k1", restart=True)
    assert loading.known.heard == [KERNEL, ("started", "k1"), ("ended", "k1", True)]
    assert loading.awaited.missed == 0


async def test_a_kernel_starts_unchanged_where_there_will_be_no_launcher(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def build() -> Known:
        raise OSError(5, "Input/output error")

    built = BuiltOnce(build, failed=lambda error: None)
    awaited = AwaitedLauncher(built, kernels=None, in_hand=KernelsInHand())
    with caplog.at_level(logging.WARNING):
        assert await awaited.before(KERNEL) == {}
    assert awaited.missed == 1
    assert "kernel k1 starts without it" in caplog.text
    environment = {"OPENAI_API_KEY": "a key"}
    awaited.clear_keys(environment)
    assert environment == {"OPENAI_API_KEY": "a key"}


async def test_a_kernel_of_another_thread_does_not_wait() -> None:
    loading = Loading()
    found = await asyncio.to_thread(lambda: asyncio.run(loading.awaited.before(KERNEL)))
    assert found == {}
    assert loading.awaited.missed == 0
    await asyncio.wait_for(loading.awaited.close(), PATIENCE)


async def test_closing_waits_until_jupyter_knows_the_kernel_that_it_let_go() -> None:
    loading = Loading()
    waiting = asyncio.create_task(loading.awaited.before(KERNEL))
    await asyncio.sleep(0)
    await loading.built.close()
    assert await asyncio.wait_for(waiting, PATIENCE) == {}
    closing = asyncio.create_task(loading.awaited.close())
    await asyncio.sleep(0)
    await loading.awaited.started("k1")
    assert not closing.done()
    loading.table.add("k1")
    await asyncio.wait_for(closing, PATIENCE)
    assert loading.known.heard == []


async def test_a_problem_is_kept_for_the_panel_until_there_is_one() -> None:
    loading = Loading()
    loading.awaited.warn(FAR)
    assert loading.awaited.problems == [FAR]
    loading.may_end.set()
    await loading.built.within(PATIENCE)
    loading.awaited.warn(FAR)
    assert loading.known.heard == loading.awaited.problems == [FAR]
