"""How a service stands at the moment: what callers are shown, and how each change is told."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError
from ..runtimes.base import Instance, Progress, Runtime
from ..wire.problems import Problem
from ..wire.services import ServiceState
from ..wire.timeline import TimelineEvent
from .timeline_note import Record, TimelineNote


class Standing:
    """State, phase and figures of one service; `changed` is called after every change."""

    def __init__(self, spec: ServiceSpec, *, changed: Callable[[], None], record: Record) -> None:
        self.spec = spec
        self.state: ServiceState = "stopped"
        self.wanted = False
        self.phase: str | None = None
        self.percent: float | None = None
        self.done_bytes: int | None = None
        self.total_bytes: int | None = None
        self.problem: Problem | None = None
        self.failure: GenAIError | None = None
        self.instance: Instance | None = None
        self.runtime: Runtime | None = None
        self.started_by: str | None = None
        self.since = time.time()
        self.last_lines: list[str] = []
        """The end of the output of the last instance that ended by itself."""
        self._changed = changed
        self._record = record

    def show_cloud(self, problem: Problem | None) -> None:
        """Show whether a provider can be asked: nothing of it is started or stopped here."""
        state: ServiceState = "ready" if problem is None else "unavailable"
        if (state, problem) != (self.state, self.problem):
            self.problem = problem
            self._become(state)

    def _report(self, progress: Progress) -> None:
        self.percent = progress.percent
        self.done_bytes, self.total_bytes = progress.done_bytes, progress.total_bytes
        self._become(progress.state, progress.phase, keep_percent=True)

    def _note(
        self,
        event: TimelineEvent,
        *,
        by: str = "",
        reason: str = "",
        code: str | None = None,
        seconds: float | None = None,
    ) -> None:
        self._record(TimelineNote(self.spec.name, event, by, reason, code, seconds))

    def _become(
        self, state: ServiceState, phase: str | None = None, *, keep_percent: bool = False
    ) -> None:
        if state != self.state:
            self.since = time.time()
        self.state, self.phase = state, phase
        if not keep_percent:
            self.percent = self.done_bytes = self.total_bytes = None
        self._changed()
