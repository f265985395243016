"""Put the Lab's changes on the event bus, at most two a second for one service's progress."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_events import EventLogger

if TYPE_CHECKING:
    from ..wire.services import LabEvent

log = logging.getLogger(__name__)

SCHEMA_ID = "https://schema.coursia-genai-lab.org/lab/v1"
SCHEMA_PATH = Path(__file__).parent / "lab.yaml"
QUIET_SECONDS = 0.5
"""Between two events of a service that differ only in progress: at most two a second."""


class Publisher:
    """Emit events on the loop's thread; a change of state goes at once, mere progress waits.

    The schema must be registered before the first client connects, for a socket listens only to
    the schemas that it found (seen with jupyter_events 0.12).
    """

    def __init__(self, logger: EventLogger, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._logger = logger
        self._quiet_seconds = quiet_seconds
        self._last: dict[str, tuple[float, str | None]] = {}
        self._waiting: dict[str, tuple[LabEvent, asyncio.TimerHandle]] = {}

    def register(self) -> None:
        """Make the schema known, once a server."""
        if SCHEMA_ID not in self._logger.schemas:
            self._logger.register_event_schema(SCHEMA_PATH)

    def publish(self, event: LabEvent) -> None:
        """Emit the event now, or the newest of its kind when the quiet time has passed."""
        if event.service is None:
            self._emit(event)
            return
        loop = asyncio.get_running_loop()
        waiting = self._waiting.pop(event.service, None)
        if waiting is not None:
            waiting[1].cancel()
        at, state = self._last.get(event.service, (float("-inf"), None))
        left = at + self._quiet_seconds - loop.time()
        if state != event.state or left <= 0:
            self._send(event, loop.time)
        else:
            timer = loop.call_later(left, self._send, event, loop.time)
            self._waiting[event.service] = (event, timer)

    def close(self) -> None:
        """Forget what still waits."""
        for _, timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _send(self, event: LabEvent, now: Callable[[], float]) -> None:
        if event.service is not None:
            self._waiting.pop(event.service, None)
            self._last[event.service] = (now(), event.state)
        self._emit(event)

    def _emit(self, event: LabEvent) -> None:
        self._logger.emit(schema_id=SCHEMA_ID, data=event.model_dump())
