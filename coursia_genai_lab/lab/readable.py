"""What is read of the Lab at any moment: states, claims, estimates, output."""

from __future__ import annotations

from collections.abc import Sequence

from ..wire.policy import Mode
from ..wire.problems import Problem
from .changes import Telling
from .commands import Commands
from .hindrance import hindrance
from .holders import Holders
from .leases import Lease
from .routing import Routing
from .service import Service
from .survey import Survey
from .timeline_note import ExpectedSeconds


class Readable(Telling):
    """The reading side of a Lab; nothing here changes anything."""

    routing: Routing
    survey: Survey
    _commands: Commands
    _holders: Holders
    _expected: ExpectedSeconds

    def service(self, name: str) -> Service:
        """Return a service's state; NotFound when the catalogue has no such name."""
        return self._commands.cell(name)

    def backend(self, service: str, notebook_mode: Mode | None = None) -> str:
        """Return who answers for a service: itself, or the demo engine in its place."""
        return self.routing.backend(service, notebook_mode)

    def hindrance(self, service: str, model: str) -> Problem | None:
        """Return why a service cannot make pictures with a model now; None: nothing is known."""
        return hindrance(self._commands.cell(service), self.survey, model)

    def genai_mode(
        self, services: Sequence[str], notebook_mode: Mode | None = None
    ) -> tuple[str | None, str | None]:
        """Return GENAI_MODE and FALLBACK_REASON for a kernel; (None, None) injects nothing."""
        return self.routing.genai_mode(services, notebook_mode)

    def holders(self, service: str) -> list[Lease]:
        """Return the claims on a service, also as somebody's stand-in, dormant ones too."""
        return self._holders.of(service)

    def used_by_others(self, service: str, person: str) -> bool:
        """Say whether somebody else than this person works with a service, or keeps it."""
        backend = self._commands.backing(service).spec.name
        return any(lease.person != person for lease in self._holders.working(backend))

    def estimate(self, service: str) -> float | None:
        """Return the seconds left of a start, from past ones; None if unknown."""
        cell, past = self._commands.cell(service), self._expected(service)
        if past is None or cell.state not in ("starting", "pulling", "building"):
            return None
        return max(0.0, past - cell.seconds_in_start)

    async def logs(self, service: str, tail: int) -> list[str]:
        """Return the last lines of a service's, or its stand-in's, output."""
        cell = self._commands.backing(service)
        if cell.instance is None or cell.runtime is None:
            return cell.last_lines[-tail:]
        return await cell.runtime.logs(cell.instance, tail)
