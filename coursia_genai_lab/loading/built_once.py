"""Something that is built once, beside what else a server does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class BuiltOnce(Generic[T]):
    """Build a value at its first use, and let everybody who comes meanwhile wait for it.

    `build` runs once, on the loop of whoever comes first; where it fails `failed` hears why, and
    the value stays away.
    """

    def __init__(
        self, build: Callable[[], Coroutine[Any, Any, T]], *, failed: Callable[[Exception], None]
    ) -> None:
        self.value: T | None = None
        """The value once it is there."""
        self.failure: Exception | None = None
        """Why it will never be there."""
        self._build = build
        self._failed = failed
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    def at_once(self, build: Callable[[], T]) -> None:
        """Build the value now, by other means; where that fails it stays away, too."""
        try:
            self.value = build()
        except Exception as error:  # noqa: BLE001 -- as in `_run`
            self._fail(error)

    async def within(self, seconds: float | None) -> T | None:
        """Return the value; None: it failed, this is closed, or the time is up.

        `seconds` None waits for whichever of the others comes.
        """
        if self.value is None and self.failure is None and not self._closed:
            if self._task is None:
                self._task = asyncio.get_running_loop().create_task(self._run())
            await asyncio.wait({self._task}, timeout=seconds)
        return self.value

    async def close(self) -> None:
        """Build no more, and let go whoever waits. Idempotent."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            self.value = await self._build()
        except Exception as error:  # noqa: BLE001 -- told to those who wait; it ends no server
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self._failed(error)
