"""The revision: every change counts it up, is told once, and wakes whoever waits."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Literal

from ..wire.problems import Problem
from ..wire.services import LabEvent, ServiceState


class Changes:
    """Count changes of one Lab's life, tell them through `emit`, and let callers wait for them."""

    def __init__(self, emit: Callable[[LabEvent], None]) -> None:
        self.instance = uuid.uuid4().hex
        self.revision = 0
        self.warnings: list[Problem] = []
        self._emit = emit
        self._happened = asyncio.Event()

    def tell(
        self,
        kind: Literal["service", "launch", "mode", "warning"],
        *,
        service: str | None = None,
        state: ServiceState | None = None,
        phase: str | None = None,
        percent: float | None = None,
    ) -> None:
        """Count a change and tell it."""
        self.revision += 1
        self.wake()
        self._emit(
            LabEvent(
                instance=self.instance,
                revision=self.revision,
                kind=kind,
                service=service,
                state=state,
                phase=phase,
                percent=percent,
            )
        )

    def warn(self, problem: Problem) -> None:
        """Keep a warning for the panel, once a code."""
        if all(known.code != problem.code for known in self.warnings):
            self.warnings.append(problem)
            self.tell("warning")

    def take_back(self, code: str) -> None:
        """Show the warnings with a code no longer."""
        kept = [known for known in self.warnings if known.code != code]
        if len(kept) != len(self.warnings):
            self.warnings[:] = kept
            self.tell("warning")

    def wake(self) -> None:
        """Wake every waiter."""
        self._happened.set()
        self._happened = asyncio.Event()

    async def wait(self, since: int, timeout: float) -> int:
        """Return the revision, at once when it is newer than `since`, else after a change.

        Waits at most `timeout` seconds.
        """
        if self.revision <= since and timeout > 0:
            # Not `wait_for`, which before Python 3.12 loses a cancellation at that moment.
            happened = asyncio.ensure_future(self._happened.wait())
            try:
                await asyncio.wait([happened], timeout=timeout)
            finally:
                happened.cancel()
        return self.revision


class Telling:
    """What somebody who has changes to tell lets others know of them."""

    changes: Changes

    @property
    def instance(self) -> str:
        """Return the id of this life; it changes at each start."""
        return self.changes.instance

    @property
    def revision(self) -> int:
        """Return the number of the last change."""
        return self.changes.revision

    async def wait_for_change(self, since: int, timeout: float) -> int:
        """Return the revision, at once when it is newer than `since`, else after a change."""
        return await self.changes.wait(since, timeout)

    def announce(self, kind: Literal["service", "launch", "mode", "warning"]) -> None:
        """Tell everybody that something of this kind changed."""
        self.changes.tell(kind)
