"""The Lab: the one owner of service state."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from ..catalog.load import Catalog
from ..catalog.spec import ServiceSpec
from ..config import LabSettings
from ..errors import ServiceError
from ..runtimes.base import Instance
from ..wire.policy import Mode
from ..wire.problems import Problem
from ..wire.services import LabEvent
from .adoption import Adoption
from .arbiter import Arbiter
from .changes import Changes
from .clock import Clock
from .clouds import Clouds
from .commands import Commands
from .endpoint import Endpoint
from .engine_work import Busy, Free
from .entry import Entry
from .gpu_look import Readings
from .holders import Holders
from .idle import IdleStops
from .leases import Leases
from .means import Means
from .model_files import ModelFiles
from .orders import means_for, with_settings
from .pins import Pins
from .policy import Policy
from .pulse import Pulse
from .readable import Readable
from .releases import Releases
from .routing import Routing
from .service import Service
from .survey import Lack, RuntimeSource, Survey
from .terms import Terms
from .timeline_note import ExpectedSeconds, Record, forget

CLOSE_SECONDS = 3.0
"""How long services may take to stop when the server stops; the next Lab reaps the rest."""

Answers = Callable[[ServiceSpec, Instance], Awaitable[None]]


class Lab(Readable):
    """Own the state of every service: wishes come in, changes go out.

    `emit` is called on the event loop after each change, `record` after each deed. `answers`
    returns when an instance serves, and raises StartTimedOut in time; `warm_up` sends the job
    that a service file wants sent before it is ready. `free` asks an engine for its memory,
    `busy` whether it works. `gpu_readings` shows what of GPUs is free; without it services share
    by what their files declare. `no_gpu` says why there is none at all. `expected_seconds` knows
    past starts; without it this Lab's own count. `clouds` are the providers that can be asked;
    without it none can. Nothing here knows of HTTP or of doors.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        settings: LabSettings,
        runtimes: RuntimeSource,
        answers: Answers,
        warm_up: Answers | None = None,
        emit: Callable[[LabEvent], None] = lambda event: None,
        record: Record = forget,
        expected_seconds: ExpectedSeconds | None = None,
        free: Free | None = None,
        busy: Busy | None = None,
        gpu_readings: Readings | None = None,
        no_gpu: Lack | None = None,
        policy: Policy | None = None,
        clock: Clock | None = None,
        clouds: Clouds | None = None,
    ) -> None:
        clock, terms = clock or Clock(), Terms(catalog, settings)
        self.changes = Changes(emit)
        self.changes.warnings.extend(catalog.problems)
        self.catalog = catalog
        self.settings = settings
        self.policy = (policy or Policy(settings.mode)).telling(self._mode_changed)
        self.leases = Leases(
            self._holders_changed,
            clock=clock.monotonic,
            wall=clock.wall,
            active_seconds=terms.active_seconds,
        )
        self.pins = Pins(self.leases)
        self.clouds = clouds or Clouds(catalog)
        self.clouds.listen(self._cloud_changed)
        files = ModelFiles(settings.model_roots)
        self.survey = Survey(catalog, runtimes, settings.runtime, files, no_gpu, clouds=self.clouds)
        self.routing = Routing(catalog, self.policy, self.survey.problems)
        self.pulse = Pulse(clock, self._beat)
        self.idle = IdleStops(
            idle_seconds=terms.idle_seconds,
            stop=lambda name: self._releases.stop_idle(name),
            steady=lambda: self.pulse.steady,
            clock=clock.monotonic,
        )
        self._answers, self._warm_up = answers, warm_up
        self._record = record
        self._services: dict[str, Service] = {}
        self._start_seconds: dict[str, float] = {}
        self._expected = expected_seconds or self._start_seconds.get
        self._open = False
        self._adoption = Adoption(
            settings=settings,
            survey=self.survey,
            services=self._services,
            changes=self.changes,
            record=record,
            look_around=lambda: self.look_around(fresh=True),
            adopted=self._has_adopted,
        )
        self._holders = Holders(
            leases=self.leases,
            idle=self.idle,
            routing=self.routing,
            services=self._services,
            record=record,
            drifted=self._adoption.has_drifted,
            mend=lambda service: self.pulse.steady and self._adoption.mend(service),
        )
        self._releases = Releases(
            services=self._services,
            holders=self._holders,
            leases=self.leases,
            idle=self.idle,
            routing=self.routing,
            terms=terms,
            record=record,
            clock=clock.monotonic,
            busy=busy,
            free=free,
        )
        self.gpus = Arbiter(
            readings=gpu_readings,
            others=self._adoption.claims_of_others,
            services=self._services,
            holders=self._holders,
            idle=self.idle,
            engines=self._releases.engines,
            changes=self.changes,
            record=record,
            clock=clock,
        )
        self._commands = Commands(
            services=self._services,
            routing=self.routing,
            holders=self._holders,
            pins=self.pins,
            idle=self.idle,
            record=record,
            most=settings.max_concurrent,
        )
        self._entry = Entry(
            commands=self._commands,
            routing=self.routing,
            holders=self._holders,
            changes=self.changes,
            estimate=self.estimate,
            clouds=self.clouds,
            is_open=lambda: self._open,
        )

    # -- lifetime ------------------------------------------------------------------------------

    async def open(self) -> None:
        """Claim ownership and look, in the background, at what an earlier Lab left. Idempotent."""
        if self._open:
            return
        self._open = True
        for spec in self.catalog.values():
            self._services[spec.name] = Service(
                with_settings(spec, self.settings),
                means=self._means,
                answers=self._answers,
                warm_up=self._warm_up,
                changed=self._service_changed,
                record=self._record,
                launcher=self.gpus,
            )
        self.pulse.open()
        self._adoption.open()

    async def opened(self, timeout: float) -> None:
        """Wait, at most `timeout` seconds, until it is known what this machine can run."""
        await self._adoption.begun(timeout)

    async def close(self) -> None:
        """Stop what we run, within a few seconds, and let go of everything. Idempotent.

        What is pinned until a given time goes on where it ends by itself then.
        """
        if not self._open:
            return
        self._open = False
        self.pulse.close()
        self.idle.close()
        await self._releases.close()
        await self.gpus.close()
        await self._adoption.close()
        await asyncio.gather(
            *(
                service.close(grace_seconds=CLOSE_SECONDS, keep_until=self.pins.until(name))
                for name, service in self._services.items()
            )
        )
        await self.survey.close()
        await self.clouds.close()
        clean = all(service.instance is None for service in self._services.values())
        await self._adoption.tenure.end(clean=clean)
        self.changes.wake()

    # -- commands ------------------------------------------------------------------------------

    def start(self, service: str, *, by: str, notebook_mode: Mode | None = None) -> int:
        """Want a service, or its stand-in, to run; return the revision to wait for.

        Raises:
            NotFound: no such service.
            NotAllowed: the mode forbids it.
            Conflict: too many run already and none can be spared.
        """
        self._commands.start(service, by=by, mode=notebook_mode)
        return self.revision

    def stop(self, service: str, *, by: str, force: bool = False) -> int:
        """Want a service, or its stand-in, not to run; return the revision to wait for.

        `force` also stops what somebody works with, and ends its pins.

        Raises:
            NotFound: no such service.
            Conflict: somebody works with it and `force` is not given, or it is not ours to stop.
        """
        self._commands.stop(service, by=by, force=force)
        return self.revision

    def restart(self, service: str, *, by: str, force: bool = False) -> int:
        """Stop a service and start it again; return the revision to wait for.

        Raises:
            NotFound, NotAllowed, Conflict: as `start` and `stop`.
        """
        self._commands.restart(service, by=by, force=force)
        return self.revision

    def pin(self, service: str, *, minutes: float | None, by: str) -> int:
        """Start a service if need be and keep it for some minutes; None until it is unpinned.

        Returns the revision to wait for.

        Raises:
            NotFound, NotAllowed, Conflict: as `start`.
        """
        self._commands.pin(service, minutes=minutes, by=by)
        return self.revision

    def unpin(self, service: str, *, by: str) -> int:
        """End a service's pin, if it has one; return the revision to wait for."""
        self._commands.unpin(service, by=by)
        return self.revision

    async def free(self, service: str, *, by: str) -> bool:
        """Ask an engine to give its memory back; False where it cannot or is being worked with.

        Raises:
            GenAIError: the engine refused.
        """
        return await self._releases.engines.free(self._commands.backing(service), by=by)

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
        return await self._entry.endpoint(service, timeout=timeout, mode=notebook_mode)

    # -- looking around ------------------------------------------------------------------------

    async def look_around(self, *, fresh: bool = False) -> None:
        """Learn anew what this machine can run, and show it; bounded by the runtimes' checks."""
        await self.survey.ask(fresh=fresh)
        self.routing.look()
        for name, service in self._services.items():
            self._show(name, service)

    def touch(self, service: str) -> None:
        """Note that somebody used a service just now; it puts off its idle stop."""
        self.idle.touch(service)

    def kernel_busy(self, kernel_id: str, busy: bool) -> None:
        """Note that a kernel lives, and whether it works: its heartbeat, about once a second."""
        self.leases.beat(kernel_id, busy=busy)

    # -- inner workings ------------------------------------------------------------------------

    async def _means(self, spec: ServiceSpec) -> Means:
        await self._adoption.begun()
        if not self._open:
            raise ServiceError("The server is stopping.", "Start it again.")
        return await means_for(spec, self.survey, self._adoption.tenure.slot, self.settings)

    def _beat(self) -> None:
        steady = self.pulse.steady
        self.clouds.look()
        self.leases.sweep(steady=steady)
        self._releases.sweep()
        self.gpus.beat()
        self._holders.sweep()
        if steady:
            self.idle.sweep()

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
        if service.state == "ready":
            # A start that took longer than the idle time is no reason to stop at once.
            self.idle.touch(name)
        self.gpus.noticed(service)
        if self._open and service.state in ("ready", "stopped", "failed"):
            self._holders.reconsider(name)

    def _cloud_changed(self, name: str) -> None:
        self.survey.problems[name] = self.clouds.problem(name)
        # Where a provider can be asked, the demo engine stands in for nobody any more.
        self.routing.look()
        for other, service in self._services.items():
            self._show(other, service)
        if name in self._services:
            self.changes.tell("service", service=name, state=self._services[name].state)

    def _has_adopted(self, names: Sequence[str]) -> None:
        # Whoever held them before a crash gets one interval to say so.
        self.pulse.disturb()
        for name in names:
            self.idle.claim(name)
            self._holders.reconsider(name)

    def _mode_changed(self) -> None:
        self.announce("mode")
        for name, service in self._services.items():
            self._holders.reconsider(name)
            if service.instance is None and self.routing.forbidden(service.spec):
                service.wish(False, by="the mode")
            self._show(name, service)

    def _show(self, name: str, service: Service) -> None:
        if service.spec.kind == "cloud":
            service.show_cloud(self.clouds.problem(name))
        else:
            service.mark_unavailable(self._shown_problem(name))

    def _shown_problem(self, name: str) -> Problem | None:
        # Where the demo engine stands in, the lack of the real service is no problem to show.
        return None if self.backend(name) != name else self.survey.problems.get(name)

    def _holders_changed(self, services: Iterable[str]) -> None:
        if self._open:
            self._holders.changed(named := set(services))
            self.gpus.holders_changed(named)
        self.announce("launch")
