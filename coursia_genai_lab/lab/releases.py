"""How services end that nobody needs, and those whose jobs hang."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .engine_work import Busy, EngineWork, Free
from .holders import Holders
from .hung import HungJobs, hung
from .idle import IdleStops
from .leases import Lease, Leases
from .routing import Routing
from .service import Service
from .terms import Terms
from .timeline_note import Record


class Releases:
    """Stop what is idle once its engine does not work, and end jobs that get no further."""

    def __init__(
        self,
        *,
        services: Mapping[str, Service],
        holders: Holders,
        leases: Leases,
        idle: IdleStops,
        routing: Routing,
        terms: Terms,
        record: Record,
        clock: Callable[[], float],
        busy: Busy | None,
        free: Free | None,
    ) -> None:
        self._services = services
        self._holders = holders
        self._idle = idle
        self._routing = routing
        self.engines = EngineWork(
            busy=busy, free=free, holders=holders, put_off=self._put_off, record=record
        )
        self._hung = HungJobs(leases, deadline=terms.job_seconds, fail=self._fail_hung, clock=clock)

    def stop_idle(self, name: str) -> None:
        """Begin to stop a service whose countdown is over."""
        service = self._services[name]
        forbidden = self._routing.forbidden(service.spec)
        if service.state == "starting" and not forbidden:
            # It rested, and whoever wants it again waits for its GPU memory, which may take long.
            self._put_off(name)
        else:
            self.engines.begin(service, forbidden=forbidden)

    def sweep(self) -> None:
        """Look at every job."""
        self._hung.sweep()

    async def close(self) -> None:
        """Look no more, and end the remedies that are under way."""
        await self.engines.close()
        await self._hung.close()

    def _put_off(self, name: str) -> None:
        self._idle.claim(name)
        self._holders.reconsider(name)

    def _fail_hung(self, lease: Lease) -> None:
        for name in {self._routing.backend(service) for service in lease.services}:
            cell = self._services.get(name)
            if cell is not None and cell.instance is not None:
                cell.condemn(hung(cell.spec), by="the Lab")
