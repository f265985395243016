"""Taking over what runs already: at the start, and again when an engine comes back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

from ..config import LabSettings
from ..runtimes.base import Runtime
from ..runtimes.gpu_claims import SeenClaim
from .changes import Changes
from .service import Service
from .survey import Survey
from .takeover import Tenure, adopt, problem_of
from .timeline_note import Record, TimelineNote

log = logging.getLogger(__name__)


DRIFTED = "drifted"
"""Code of the warning that something runs otherwise than it would be started now."""
COMPARE_SECONDS = 60.0
"""How often what runs is compared with its service file and image, which somebody may rebuild."""


class Adoption:
    """Hold the Lab's ownership, and adopt what bears it as soon as it can be seen.

    `look_around` asks the runtimes anew. `adopted` is called with the names of the services that
    were taken over.
    """

    def __init__(
        self,
        *,
        settings: LabSettings,
        survey: Survey,
        services: Mapping[str, Service],
        changes: Changes,
        record: Record,
        look_around: Callable[[], Awaitable[None]],
        adopted: Callable[[Sequence[str]], None],
    ) -> None:
        self.tenure = Tenure()
        self._settings = settings
        self._survey = survey
        self._services = services
        self._changes = changes
        self._record = record
        self._look_around = look_around
        self._adopted = adopted
        self._is_open = asyncio.Event()
        self._opening: asyncio.Task[None] | None = None
        self._late: asyncio.Task[None] | None = None
        self._watching: list[asyncio.Task[None]] = []
        self._drifts: dict[str, str] = {}

    def open(self) -> None:
        """Begin to look, in the background, at what an earlier Lab left."""
        self._opening = asyncio.create_task(self._begin(), name="genai-take-over")
        self._is_open.set()

    async def begun(self, timeout: float | None = None) -> None:
        """Wait, at most `timeout` seconds, until it is known what runs and what could."""
        loop = asyncio.get_running_loop()
        until = None if timeout is None else loop.time() + timeout
        if not self._is_open.is_set():
            # Somebody opens us soon: what may be done is read before.
            opening = asyncio.ensure_future(self._is_open.wait())
            try:
                await asyncio.wait({opening}, timeout=timeout)
            finally:
                opening.cancel()
        left = None if until is None else max(0.0, until - loop.time())
        looks = {self._opening, self._late} - {None, asyncio.current_task()}
        if looks:
            await asyncio.wait([look for look in looks if look is not None], timeout=left)

    async def close(self) -> None:
        """Look no more; what is owned stays owned until the tenure ends."""
        tasks = [one for one in (*self._watching, self._late, self._opening) if one is not None]
        self._watching.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def claims_of_others(self) -> list[SeenClaim]:
        """Return the GPU memory that other owners' services on our engines hold."""
        slot, runtimes = self.tenure.slot, await self._survey.runtimes()
        if slot is None:
            return []
        seen = [await one.claims(slot.owner, str(slot.folder)) for one in runtimes.values()]
        return [claim for claims in seen for claim in claims]

    def has_drifted(self, service: Service) -> bool:
        """Say whether what runs is known not to be as it would be started now."""
        return service.instance is not None and service.instance.identifier in self._drifts

    def mend(self, service: Service) -> bool:
        """Start anew what is not as its spec says; False where nothing is to be mended."""
        if service.instance is None or not service.wanted:
            return False
        drift = self._drifts.pop(service.instance.identifier, None)
        if drift is None:
            return False
        service.wish_again(by="the Lab", reason=drift)
        if not self._drifts:
            self._changes.take_back(DRIFTED)
        return True

    async def _begin(self) -> None:
        try:
            runtimes = await self._survey.runtimes()
            adopted = await self.tenure.begin(
                self._settings.state_path, runtimes, self._services, self._settings.namespace
            )
            await self._take(adopted)
            await self._look_around()
            self._watching = [
                asyncio.create_task(self._watch(runtime), name=f"genai-presence-{name}")
                for name, runtime in runtimes.items()
            ]
            self._watching.append(asyncio.create_task(self._compare_all(), name="genai-drift"))
        except Exception as error:
            # A Lab that cannot look around still serves; the panel says why.
            log.exception("The Lab could not take over what an earlier one left")
            self._changes.warn(problem_of(error))

    async def _take(self, adopted: Sequence[str]) -> None:
        for name in adopted:
            await self._compare(self._services[name])
        if adopted:
            self._adopted(adopted)

    async def _compare(self, service: Service) -> None:
        instance, runtime = service.instance, service.runtime
        if instance is None or runtime is None or instance.identifier in self._drifts:
            return
        problem = await runtime.drift(service.spec, instance)
        if problem is not None and service.instance is instance:
            self._drifts[instance.identifier] = problem.message
            self._changes.warn(problem)
            self._record(
                TimelineNote(
                    instance.service,
                    "drifted",
                    by="the Lab",
                    reason=problem.message,
                    code=problem.code,
                )
            )

    async def _compare_all(self) -> None:
        while True:
            await asyncio.sleep(COMPARE_SECONDS)
            for service in self._services.values():
                try:
                    await self._compare(service)
                except Exception:
                    log.exception("%s could not be compared with its spec", service.spec.name)

    async def _watch(self, runtime: Runtime) -> None:
        """Follow an engine's going and coming for as long as the Lab is open."""
        was_here: bool | None = None
        try:
            async for here in runtime.presence():
                if here and was_here is False:
                    await self._adopt_late(runtime)
                if was_here is not None:
                    await self._look_around()
                    self._tell(runtime, "engine_back" if here else "engine_away")
                was_here = here
        except Exception:
            # The states of what runs are still followed, one by one.
            log.exception("Whether the %s engine is there is not followed any more", runtime.name)

    async def _adopt_late(self, runtime: Runtime) -> None:
        # A look removes what does not run, and what is being started does not run yet.
        while any(one.meant_to_run and one.instance is None for one in self._services.values()):
            await self._changes.wait(self._changes.revision, COMPARE_SECONDS)
        self._late = asyncio.create_task(self._find(runtime), name="genai-late-adoption")
        try:
            await asyncio.wait([self._late])
            self._late.result()
        finally:
            self._late.cancel()
            self._late = None

    async def _find(self, runtime: Runtime) -> None:
        slot = self.tenure.slot
        if slot is not None:
            found = {runtime.name: runtime}
            await self._take(await adopt(slot, found, self._services, self._settings.namespace))

    def _tell(self, runtime: Runtime, event: Literal["engine_away", "engine_back"]) -> None:
        for service in self._services.values():
            if event == "engine_away":
                service.engine_left(runtime)
            if service.runtime is runtime:
                self._record(TimelineNote(service.spec.name, event))
