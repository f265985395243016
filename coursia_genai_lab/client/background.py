"""Calls that go on in a thread of their own, so that whoever made them may do other things."""

from __future__ import annotations

import queue
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from ..errors import GenerationCancelled
from .access import PATIENT, Access, Timeouts
from .aio_door import AsyncDoor
from .batches import AT_ONCE, Outcome, Told, outcomes
from .events import Event, Picture
from .images import Asked
from .patience import WAIT_SECONDS
from .work import Work

T = TypeVar("T")

END_SECONDS = 10.0
"""How long a cancelled call may take to hang up; its thread ends with the program anyway."""


class _Over:
    """The mark that nothing more comes: why, or None for a good end."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class _Handed(Generic[T]):
    """Runs `make(put)` in a thread and hands over what it puts, in order, and how it ended."""

    def __init__(self, make: Callable[[Callable[[T], None]], Coroutine[Any, Any, None]]) -> None:
        self._items: queue.SimpleQueue[T | _Over] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._work = Work(self._run(make(self._items.put)), self._over)
        self._work.start()

    def __iter__(self) -> Iterator[T]:
        while True:
            item = self._items.get()
            if isinstance(item, _Over):
                # Whoever asks again is told the same.
                self._items.put(item)
                if item.error is not None:
                    raise item.error
                return
            yield item

    def cancel(self) -> None:
        self._work.cancel()

    def join(self, seconds: float | None) -> bool:
        return self._work.join(seconds)

    async def _run(self, job: Coroutine[Any, Any, None]) -> None:
        try:
            await job
        except Exception as error:  # noqa: BLE001 -- whoever waits must learn of it, whatever it is
            self._error = error

    def _over(self, cancelled: bool) -> None:
        gone = GenerationCancelled("The generation was cancelled.") if cancelled else None
        self._items.put(_Over(self._error or gone))


class Generation:
    """A call that is under way: iterate over it for its events, ask for its `result`, `cancel` it.

    Iterating yields what `Door.stream` yields and raises what it raises; GenerationCancelled after
    `cancel`. One thread iterates or waits, any may cancel.
    """

    def __init__(
        self,
        access: Access,
        asked: Asked,
        *,
        wait: float = WAIT_SECONDS,
        timeouts: Timeouts = PATIENT,
    ) -> None:
        async def follow(put: Callable[[Event], None]) -> None:
            async with (
                AsyncDoor(access, wait=wait, timeouts=timeouts) as door,
                aclosing(door.stream(asked)) as events,
            ):
                async for event in events:
                    put(event)

        self._pictures: list[Picture] = []
        self._handed = _Handed(follow)

    def __iter__(self) -> Iterator[Event]:
        for event in self._handed:
            if isinstance(event, Picture):
                self._pictures.append(event)
            yield event

    @property
    def running(self) -> bool:
        """Whether it is still under way."""
        return not self._handed.join(0)

    def cancel(self) -> None:
        """End it, at the server too; does nothing when it is over."""
        self._handed.cancel()

    def result(self, timeout: float | None = None) -> list[Picture]:
        """Return the pictures once they are finished; waits at most `timeout` seconds.

        Raises:
            GenAIError: what went wrong, or GenerationCancelled.
            TimeoutError: they are not finished yet; the call goes on.
        """
        if not self._handed.join(timeout):
            raise TimeoutError("The picture is not finished yet.")
        for _ in self:
            pass
        return list(self._pictures)


def batch(
    access: Access,
    asked: Iterable[Asked],
    *,
    at_once: int = AT_ONCE,
    told: Told | None = None,
    wait: float = WAIT_SECONDS,
    timeouts: Timeouts = PATIENT,
) -> Generator[Outcome, None, None]:
    """Yield what becomes of each request, as it comes, `at_once` (1 to 16) of them at a time.

    `told` hears the number of a request and each of its events, on the caller's thread. Closing
    the generator, or interrupting the program, cancels what still runs.
    """

    async def follow(put: Callable[[Outcome | tuple[int, Event]], None]) -> None:
        def hear(index: int, event: Event) -> None:
            if told is not None:
                put((index, event))

        async with (
            AsyncDoor(access, wait=wait, timeouts=timeouts) as door,
            aclosing(outcomes(door, asked, at_once=at_once, told=hear)) as found,
        ):
            async for outcome in found:
                put(outcome)

    handed = _Handed(follow)
    try:
        for item in handed:
            if isinstance(item, Outcome):
                yield item
            elif told is not None:
                told(*item)
    finally:
        handed.cancel()
        handed.join(END_SECONDS)
