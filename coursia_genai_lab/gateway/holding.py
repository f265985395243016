"""Holding a request while its service starts, until it answers, the time is up or we close."""

from __future__ import annotations

import asyncio

from ..errors import ServiceNotReady
from ..lab.endpoint import Endpoint
from ..wire.policy import Mode
from .needs import LabView

PROBE_SECONDS = 2.0
"""How long a call that only asks "are you up?" is held: real probes give up after 5 s."""


class Holding:
    """Wait for endpoints. One for all doors, so that closing ends every wait at once."""

    def __init__(self, lab: LabView) -> None:
        self._lab = lab
        self.closing = asyncio.Event()

    def seconds(self, *, probe: bool = False) -> float:
        """Return how long a request may be held."""
        most = self._lab.settings.hold_seconds
        return min(most, PROBE_SECONDS) if probe else most

    async def endpoint(self, service: str, seconds: float, mode: Mode | None) -> Endpoint:
        """Return where a service answers, waiting at most `seconds` while it starts.

        Cancelling the wait does not cancel the start.

        Raises:
            NotAllowed, ServiceNotReady, ServiceError: as the Lab says.
            ServiceNotReady: the gateway closes.
        """
        try:
            return await self._lab.endpoint(service, timeout=0, notebook_mode=mode)
        except ServiceNotReady as error:
            if error.error_code != ServiceNotReady.code or seconds <= 0:
                raise
        waiting = asyncio.ensure_future(
            self._lab.endpoint(service, timeout=seconds, notebook_mode=mode)
        )
        waiting.add_done_callback(_look_at)
        closing = asyncio.ensure_future(self.closing.wait())
        try:
            await asyncio.wait({waiting, closing}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            raise ServiceNotReady(
                "The server is stopping.", "Start it again.", code="server_stopping"
            )
        finally:
            waiting.cancel()
            closing.cancel()

    def may_pass_as_starting(self, service: str, mode: Mode | None) -> bool:
        """Say whether the next held call will probably see the service ready."""
        estimate = self._lab.estimate(self._lab.backend(service, mode))
        hold = self._lab.settings.hold_seconds
        return hold > 0 and (estimate is None or estimate <= hold)


def _look_at(task: asyncio.Future[Endpoint]) -> None:
    # Who waited may be gone when the start fails; asyncio would log that nobody looked.
    if not task.cancelled():
        task.exception()
