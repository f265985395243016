"""The Lab: the one owner of service state."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal

from ..catalog.load import Catalog
from ..catalog.spec import ServiceSpec
from ..config import LabSettings
from ..errors import Conflict, NotFound, ServiceError, ServiceNotReady
from ..runtimes.base import Instance, Secret, StartOrder
from ..wire.policy import Mode
from ..wire.services import LabEvent, Problem
from .changes import Changes
from .endpoint import Endpoint
from .idle import IdleStops
from .leases import Lease, Leases
from .policy import Policy
from .room import make_room
from .routing import DEMO, Routing
from .service import Means, Service, not_ready
from .survey import RuntimeSource, Survey, no_key
from .takeover import Tenure, problem_of

log = logging.getLogger(__name__)

CLOSE_SECONDS = 3.0
"""How long services may take to stop when the server stops; the next Lab reaps the rest."""

Answers = Callable[[ServiceSpec, Instance], Awaitable[None]]


class Lab:
    """Own the state of every service: wishes come in, changes go out.

    `emit` is called on the event loop after each change. `answers` returns when an instance
    serves. Nothing here knows Jupyter, HTTP handlers or doors.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        settings: LabSettings,
        runtimes: RuntimeSource,
        answers: Answers,
        emit: Callable[[LabEvent], None] = lambda event: None,
    ) -> None:
        self.changes = Changes(emit)
        self.changes.warnings.extend(catalog.problems)
        self.catalog = catalog
        self.settings = settings
        self.policy = Policy(settings.mode, on_change=self._mode_changed)
        self.leases = Leases(self._holders_changed)
        self.survey = Survey(catalog, runtimes, settings.runtime)
        self.routing = Routing(catalog, self.policy, self.survey.problems)
        self._answers = answers
        self._services: dict[str, Service] = {}
        self._tenure = Tenure()
        self._start_seconds: dict[str, float] = {}
        self._opening: asyncio.Task[None] | None = None
        self._open = False
        self.idle = IdleStops(
            idle_seconds=self._idle_seconds,
            held=self._is_held,
            forbidden=lambda name: self.routing.forbidden(self.catalog[name]),
            stop=lambda name: self._services[name].wish(False, by="idle"),
        )

    # -- lifetime ------------------------------------------------------------------------------

    async def open(self) -> None:
        """Claim ownership and look, in the background, at what an earlier Lab left. Idempotent."""
        if self._open:
            return
        self._open = True
        for spec in self.catalog.values():
            self._services[spec.name] = Service(
                spec, means=self._means, answers=self._answers, changed=self._service_changed
            )
        self._opening = asyncio.create_task(self._take_over(), name="genai-take-over")

    async def opened(self, timeout: float) -> None:
        """Wait, at most `timeout` seconds, until it is known what this machine can run."""
        if self._opening is not None:
            await asyncio.wait([self._opening], timeout=timeout)

    async def close(self) -> None:
        """Stop what we run, within a few seconds, and let go of everything. Idempotent."""
        if not self._open:
            return
        self._open = False
        self.leases.close()
        self.idle.close()
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.gather(self._opening, return_exceptions=True)
        await asyncio.gather(
            *(service.close(grace_seconds=CLOSE_SECONDS) for service in self._services.values())
        )
        await self.survey.close()
        clean = all(service.instance is None for service in self._services.values())
        await self._tenure.end(clean=clean)
        self.changes.wake()

    async def _take_over(self) -> None:
        try:
            adopted = await self._tenure.begin(
                self.settings.state_path,
                await self.survey.runtimes(),
                self._services,
                self.settings.namespace,
            )
            for name in adopted:
                self.idle.claim(name)
                self._reconsider(name)
            await self.look_around(fresh=True)
        except Exception as error:
            # A Lab that cannot look around still serves; the panel says why.
            log.exception("The Lab could not take over what an earlier one left")
            self.changes.warn(problem_of(error))

    # -- commands ------------------------------------------------------------------------------

    def start(self, service: str, *, by: str, notebook_mode: Mode | None = None) -> int:
        """Want a service, or its stand-in, to run; return the revision to wait for.

        Raises:
            NotFound: no such service.
            NotAllowed: the mode forbids it.
            Conflict: too many run already and none can be spared.
        """
        cell = self._cell(self.backend(self._cell(service).spec.name, notebook_mode))
        if cell.spec.kind == "cloud":
            problem = no_key(cell.spec)
            raise Conflict(
                f"{cell.spec.title} is not run here; it is asked when a notebook calls it.",
                problem.remedy,
            )
        self.routing.refuse(cell.spec, notebook_mode)
        if not cell.wanted:
            make_room(
                cell,
                self._services.values(),
                most=self.settings.max_concurrent,
                held=lambda name: bool(self.holders(name)),
                used_at=self.idle.used_at,
            )
            cell.wish(True, by=by)
        return self.revision

    def stop(self, service: str, *, by: str, force: bool = False) -> int:
        """Want a service, or its stand-in, not to run; return the revision to wait for.

        Raises:
            NotFound: no such service.
            Conflict: somebody holds it and `force` is not given, or it is not ours to stop.
        """
        cell = self._cell(self.backend(self._cell(service).spec.name))
        if cell.instance is not None and cell.instance.external_owner:
            raise Conflict(
                f"{cell.spec.title} is run by {cell.instance.external_owner}, not by this Lab.",
                "Ask whoever runs it.",
            )
        holders = self.holders(cell.spec.name)
        if holders and not force:
            names = ", ".join(sorted({lease.label for lease in holders}))
            raise Conflict(
                f"{cell.spec.title} is in use by {names}.",
                "Shut those kernels down first, or stop it with force.",
                code="in_use",
            )
        log.info("%s: stop asked by %s", cell.spec.name, by)
        cell.wish(False, by=by)
        return self.revision

    def restart(self, service: str, *, by: str, force: bool = False) -> int:
        """Stop a service and start it again; return the revision to wait for."""
        cell = self._cell(self.backend(self._cell(service).spec.name))
        if cell.instance is None and not cell.wanted:
            return self.start(service, by=by)
        self.routing.refuse(cell.spec)
        self.stop(service, by=by, force=force)
        cell.wish_again(by=by)
        return self.revision

    async def endpoint(
        self, service: str, *, timeout: float, notebook_mode: Mode | None = None
    ) -> Endpoint:
        """Return where the service answers, starting it when needed.

        Waits at most `timeout` seconds. Whoever stops waiting does not stop the start.

        Raises:
            NotAllowed: the mode forbids it.
            ServiceNotReady: it is still starting.
            ServiceError: it cannot start here, or it failed.
        """
        asked = self._cell(service)
        backend = self.backend(service, notebook_mode)
        cell = self._cell(backend)
        self.routing.refuse(cell.spec, notebook_mode)
        if cell.spec.kind == "cloud":
            problem = no_key(cell.spec)
            raise ServiceNotReady(problem.message, problem.remedy, code=problem.code)
        self.idle.touch(backend)
        if cell.state != "ready":
            if cell.failed_just_now and cell.failure is not None:
                raise cell.failure
            self.start(service, by="a request", notebook_mode=notebook_mode)
        await self._until_ready(cell, timeout, notebook_mode)
        if cell.instance is None:
            raise ServiceNotReady(f"{cell.spec.title} has just stopped.")
        credential = cell.spec.credential
        return Endpoint(
            service=service,
            backend=backend,
            url=cell.instance.url,
            credential=cell.instance.credential,
            scheme=credential.scheme,
            user=credential.user,
            dialect=asked.spec.dialect,
        )

    async def _until_ready(self, cell: Service, timeout: float, mode: Mode | None) -> None:
        deadline = time.monotonic() + timeout
        while True:
            # The mode may change during the wait: `off` ends it, and no job slips through.
            self.routing.refuse(cell.spec, mode)
            if cell.state == "ready":
                return
            if cell.state in ("failed", "unavailable") and cell.failure is not None:
                raise cell.failure
            left = deadline - time.monotonic()
            given_up = cell.state == "stopped" and not cell.wanted
            if left <= 0 or given_up or not self._open:
                raise not_ready(cell, self.estimate(cell.spec.name))
            await self.wait_for_change(self.revision, left)

    # -- readings ------------------------------------------------------------------------------

    def service(self, name: str) -> Service:
        """Return a service's state; NotFound when the catalogue has no such name."""
        return self._cell(name)

    def backend(self, service: str, notebook_mode: Mode | None = None) -> str:
        """Return who answers for a service: itself, or the demo engine in its place."""
        return self.routing.backend(service, notebook_mode)

    def genai_mode(
        self, services: Sequence[str], notebook_mode: Mode | None = None
    ) -> tuple[str | None, str | None]:
        """Return GENAI_MODE and FALLBACK_REASON for a kernel; (None, None) injects nothing."""
        return self.routing.genai_mode(services, notebook_mode)

    def holders(self, service: str) -> list[Lease]:
        """Return the claims that keep a service alive, also as somebody's stand-in."""
        return [
            lease
            for lease in self.leases.standing()
            if any(name == service or self.backend(name) == service for name in lease.services)
        ]

    def estimate(self, service: str) -> float | None:
        """Return the seconds left of a start, from the last one in this Lab; None if unknown."""
        cell, past = self._cell(service), self._start_seconds.get(service)
        if past is None or cell.state not in ("starting", "pulling"):
            return None
        return max(0.0, past - cell.seconds_in_start)

    async def logs(self, service: str, tail: int) -> list[str]:
        """Return the last lines of a service's, or its stand-in's, output."""
        cell = self._cell(self.backend(self._cell(service).spec.name))
        if cell.instance is None or cell.runtime is None:
            return cell.last_lines[-tail:]
        return await cell.runtime.logs(cell.instance, tail)

    async def look_around(self, *, fresh: bool = False) -> None:
        """Learn anew what this machine can run, and show it; bounded by the runtimes' checks."""
        await self.survey.ask(fresh=fresh)
        for name, service in self._services.items():
            service.mark_unavailable(self._shown_problem(name))

    @property
    def instance(self) -> str:
        """Return the id of this Lab's life; it changes at each start."""
        return self.changes.instance

    @property
    def revision(self) -> int:
        """Return the number of the last change."""
        return self.changes.revision

    async def wait_for_change(self, since: int, timeout: float) -> int:
        """Return the revision, at once when it is newer than `since`, else after a change."""
        return await self.changes.wait(since, timeout)

    def touch(self, service: str) -> None:
        """Note that somebody used a service just now; it puts off its idle stop."""
        self.idle.touch(service)

    def announce(self, kind: Literal["service", "launch", "mode", "warning"]) -> None:
        """Tell everybody that something of this kind changed."""
        self.changes.tell(kind)

    # -- inner workings ------------------------------------------------------------------------

    def _cell(self, name: str) -> Service:
        try:
            return self._services[name]
        except KeyError:
            known = ", ".join(sorted(self._services)) or "none: the Lab is closed"
            raise NotFound(f"There is no service {name!r}.", f"Known: {known}.") from None

    async def _means(self, spec: ServiceSpec) -> Means:
        if self._opening is not None and asyncio.current_task() is not self._opening:
            await asyncio.wait([self._opening])
        slot = self._tenure.slot
        if not self._open:
            raise ServiceError("The server is stopping.", "Start it again.")
        if slot is None:
            raise ServiceError("The Lab has no state folder to keep credentials in.")
        runtime = await self.survey.runtime_for(spec)
        order = StartOrder(
            spec=self._with_demo_settings(spec),
            owner=slot.owner,
            namespace=self.settings.namespace,
            credential=Secret(secrets.token_urlsafe(32)),
            state_folder=str(slot.folder),
            model_roots=self.settings.model_roots,
            subnet=self.settings.network_subnet,
        )
        return Means(runtime, order)

    def _with_demo_settings(self, spec: ServiceSpec) -> ServiceSpec:
        if spec.name != DEMO or spec.process is None:
            return spec
        environment = {
            "GENAI_DEMO_BOOT_SECONDS": str(self.settings.demo_boot_seconds),
            "GENAI_DEMO_SECONDS_PER_STEP": str(self.settings.demo_seconds_per_step),
            **spec.process.environment,
        }
        process = spec.process.model_copy(update={"environment": environment})
        return spec.model_copy(update={"process": process})

    def _service_changed(self, service: Service) -> None:
        name = service.spec.name
        if service.state == "ready" and service.start_seconds is not None:
            self._start_seconds[name] = service.start_seconds
        self.changes.tell(
            "service",
            service=name,
            state=service.state,
            phase=service.phase,
            percent=service.percent,
        )
        if service.state == "ready" and self._open:
            self._reconsider(name)

    def _mode_changed(self) -> None:
        self.announce("mode")
        for name, service in self._services.items():
            self._reconsider(name)
            if service.instance is None and self.routing.forbidden(service.spec):
                service.wish(False, by="the mode")
            service.mark_unavailable(self._shown_problem(name))

    def _shown_problem(self, name: str) -> Problem | None:
        # Where the demo engine stands in, the lack of the real service is no problem to show.
        return None if self.backend(name) != name else self.survey.problems.get(name)

    def _holders_changed(self, services: Iterable[str]) -> None:
        for name in {self.backend(service) for service in services} | set(services):
            if name in self._services:
                self.idle.claim(name)
                self._reconsider(name)
        self.announce("launch")

    def _reconsider(self, name: str) -> None:
        cell = self._services[name]
        ours = cell.instance is not None and not cell.instance.external_owner
        self.idle.reconsider(name, running=self._open and ours)

    def _is_held(self, name: str) -> bool:
        holders = self.holders(name)
        if self.routing.forbidden(self.catalog[name]):
            # A job that runs is never broken, not even by a change of mode.
            return any(lease.kind == "job" for lease in holders)
        return bool(holders)

    def _idle_seconds(self, name: str) -> float:
        minutes = self.catalog[name].idle_minutes
        return 60 * (self.settings.idle_minutes if minutes is None else minutes)
