"""Something that is built once while others wait for it."""

from __future__ import annotations

import asyncio

from coursia_genai_lab.loading.built_once import BuiltOnce

PATIENCE = 60.0


class Works:
    """A build that ends when it is told to, and counts how often it began."""

    def __init__(self) -> None:
        self.begun = 0
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()
        self.failures: list[Exception] = []

    async def build(self) -> str:
        self.begun += 1
        self.began.set()
        await self.may_end.wait()
        return "built"

    def once(self) -> BuiltOnce[str]:
        return BuiltOnce(self.build, failed=self.failures.append)


async def test_it_is_built_once_for_everybody_who_comes_meanwhile() -> None:
    works = Works()
    once = works.once()
    assert works.begun == 0
    waiting = [asyncio.create_task(once.within(PATIENCE)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    works.may_end.set()
    assert await asyncio.gather(*waiting, once.within(None)) == ["built"] * 4
    assert await once.within(0) == once.value == "built"
    assert works.begun == 1


async def test_who_cannot_wait_longer_goes_without_and_the_others_still_get_it() -> None:
    works = Works()
    once = works.once()
    assert await once.within(0) is None
    impatient = asyncio.create_task(once.within(PATIENCE))
    await asyncio.sleep(0)
    impatient.cancel()
    works.may_end.set()
    assert await once.within(PATIENCE) == "built"
    assert works.failures == []


async def test_a_failure_is_told_once_and_nobody_builds_again() -> None:
    begun: list[int] = []
    told: list[Exception] = []
    wrong = OSError(5, "Input/output error")

    async def build() -> str:
        begun.append(1)
        raise wrong

    once = BuiltOnce(build, failed=told.append)
    assert [await once.within(PATIENCE), await once.within(PATIENCE)] == [None, None]
    assert (begun, told, once.failure) == ([1], [wrong], wrong)


async def test_closing_lets_those_go_who_wait_and_builds_no_more() -> None:
    works = Works()
    once = works.once()
    waiting = asyncio.create_task(once.within(None))
    await asyncio.wait_for(works.began.wait(), PATIENCE)
    await once.close()
    assert await asyncio.wait_for(waiting, PATIENCE) is None
    works.may_end.set()
    assert await once.within(PATIENCE) is None
    assert (once.value, works.failures, works.begun) == (None, [], 1)
    await once.close()


async def test_what_was_never_asked_for_is_never_built() -> None:
    works = Works()
    once = works.once()
    await once.close()
    assert await once.within(None) is None
    assert works.begun == 0


async def test_what_is_there_already_is_not_built() -> None:
    works = Works()
    once = works.once()
    once.at_once(lambda: "given")
    assert await once.within(0) == "given"
    assert works.begun == 0


async def test_what_fails_at_once_is_told_and_not_built_again() -> None:
    works = Works()
    once = works.once()
    wrong = OSError(5, "Input/output error")

    def build() -> str:
        raise wrong

    once.at_once(build)
    assert await once.within(None) is None
    assert (works.begun, works.failures, once.failure) == (0, [wrong], wrong)
    await once.close()
