"""Holding a request while its service starts, until it answers, the time is up or we close."""

from __future__ import annotations

import asyncio

from ..errors import Conflict, ConsentMissing, ServiceNotReady
from ..lab.endpoint import Endpoint
from ..lab.metrics import held
from ..wire.policy import Mode
from .needs import LabView
from .start_cap import StartCap
from .tokens import Grant

PROBE_SECONDS = 2.0
"""How long a call that only asks "are you up?" is held: real probes give up after 5 s."""


class Holding:
    """Wait for endpoints. One for all doors, so that closing ends every wait at once."""

    def __init__(self, lab: LabView) -> None:
        self._lab = lab
        self._starts = StartCap()
        self.closing = asyncio.Event()

    def seconds(self, *, probe: bool = False) -> float:
        """Return how long a request may be held."""
        most = self._lab.settings.hold_seconds
        return min(most, PROBE_SECONDS) if probe else most

    async def endpoint(self, service: str, seconds: float, grant: Grant) -> Endpoint:
        """Return where a service answers, waiting at most `seconds` while it starts.

        Every door comes through here, so here a service that waits for a consent is withheld.
        Cancelling the wait does not cancel the start.

        Raises:
            ConsentMissing: it would have to be started, and its person has not confirmed that.
            TooManyRequests: this person's calls have caused many starts lately.
            NotAllowed, ServiceNotReady, ServiceError: as the Lab says.
            ServiceNotReady: the gateway closes.
        """
        try:
            return await self._ask(service, 0, grant)
        except ServiceNotReady as error:
            if error.error_code != ServiceNotReady.code or seconds <= 0:
                raise
        waiting = asyncio.ensure_future(self._ask(service, seconds, grant))
        waiting.add_done_callback(_look_at)
        closing = asyncio.ensure_future(self.closing.wait())
        try:
            with held():
                await asyncio.wait({waiting, closing}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            raise ServiceNotReady(
                "The server is stopping.", "Start it again.", code="server_stopping"
            )
        finally:
            waiting.cancel()
            closing.cancel()

    async def again(self, endpoint: Endpoint, grant: Grant) -> Endpoint:
        """Return where a service answers by now, for a job that has waited and holds its lease.

        It may have moved since, or have given its GPU memory away, which it must have again.

        Raises:
            Conflict: another service stands in by now.
            NotAllowed, ServiceNotReady, ServiceError: as `endpoint`.
        """
        seconds = self._lab.catalog[endpoint.backend].start_timeout_seconds
        found = await self.endpoint(endpoint.service, seconds, grant)
        if found.backend != endpoint.backend:
            raise Conflict(
                "Another service stands in here since the job was sent.",
                "Send the job again.",
                code="service_changed",
            )
        return found

    def refuse_unconfirmed(self, service: str, grant: Grant) -> None:
        """Raise ConsentMissing where a service waits for a consent and does not run anyway."""
        backend = self._lab.backend(service, grant.mode)
        if grant.withholds(service) and not self._lab.service(backend).wanted:
            title = self._lab.catalog[service].title
            raise ConsentMissing(
                f"Only the notebook's metadata asks for {title}, so it starts after you allow it."
            )

    async def _ask(self, service: str, seconds: float, grant: Grant) -> Endpoint:
        # No await lies between this look and the Lab's own start, so that none slips through.
        self.refuse_unconfirmed(service, grant)
        self._count_start(service, grant)
        with self._lab.leases.waiting(grant.lease_id):
            return await self._lab.endpoint(service, timeout=seconds, notebook_mode=grant.mode)

    def _count_start(self, service: str, grant: Grant) -> None:
        asked = self._lab.service(self._lab.backend(service, grant.mode))
        if not asked.wanted and asked.state in ("absent", "stopped", "stopping"):
            self._starts.count(grant.person)

    def may_pass_as_starting(self, service: str, mode: Mode | None) -> bool:
        """Say whether the next held call will probably see the service ready."""
        estimate = self._lab.estimate(self._lab.backend(service, mode))
        hold = self._lab.settings.hold_seconds
        return hold > 0 and (estimate is None or estimate <= hold)


def _look_at(task: asyncio.Future[Endpoint]) -> None:
    # Who waited may be gone when the start fails; asyncio would log that nobody looked.
    if not task.cancelled():
        task.exception()
