"""How a service that nobody works with gives its GPU memory back: by its engine, else by a stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError
from .engine_work import EngineWork
from .gpu_book import Book
from .holders import Holders
from .service import Service

log = logging.getLogger(__name__)

ASK_AGAIN_SECONDS = 5.0
"""How long an engine that works, though nobody holds it, is left alone before it is asked again."""
GIVE_BACK_SECONDS = 10.0
"""How long an engine may take to say that it gives its memory back; a stop follows."""


class GPURelease:
    """Take memory back from services that hold it and that nobody works with.

    What a protected or active claim keeps is never touched, nor what works by its engine's word.
    """

    def __init__(
        self,
        *,
        services: Mapping[str, Service],
        holders: Holders,
        engines: EngineWork,
        clock: Callable[[], float],
    ) -> None:
        self._services = services
        self._holders = holders
        self._engines = engines
        self._clock = clock
        self._busy_until: dict[str, float] = {}

    def going(self, name: str) -> bool:
        """Say whether a service that runs is to stop."""
        return not self._services[name].wanted

    def spare(self, name: str, *, resting: bool) -> bool:
        """Say whether a service may give way now.

        One that rests takes no work before it has its memory again, so whoever waits at it loses
        nothing by a stop; only pins keep it, and jobs whose callers were slow to claim it.
        """
        service = self._services[name]
        if service.instance is None or service.instance.external_owner or not service.wanted:
            return False
        if resting:
            return all(lease.kind == "kernel" for lease in self._holders.working(name))
        if self._busy_until.get(name, 0.0) > self._clock() or self._holders.just_served(name):
            return False
        return service.state == "ready" and not self._holders.held(name)

    async def make_way(self, name: str, newcomer: ServiceSpec, book: Book, *, seen: bool) -> bool:
        """Begin to free a service's memory; say whether it was told to stop.

        `seen` says whether what an engine gives back shows in a reading: without that only a stop
        proves anything. Whoever became busy meanwhile stays as they are.
        """
        service, claim = self._services[name], book.of(name)
        instance = service.instance
        reason = f"Room for {newcomer.title}."
        if claim is None or instance is None:
            return False
        resting = claim.resting_at is not None
        if not resting:
            works = await self._engines.works(service)
            if service.instance is not instance or not self.spare(name, resting=False):
                return False
            if works:
                self._busy_until[name] = self._clock() + ASK_AGAIN_SECONDS
                return False
            if seen and self._engines.can_free:
                # From here on nothing passes to the engine before it has its memory again.
                book.rest(claim)
                service.rest()
                freed = await self._given_back(service, newcomer, reason)
                book.rest(claim)
                # Who was pinned meanwhile may have its memory again, and work with it.
                if freed or service.instance is not instance or book.of(name) is not claim:
                    return False
        if not self.spare(name, resting=claim.resting_at is not None):
            return False
        if service.state == "ready":
            service.wish(False, by=newcomer.name, reason=reason)
        else:
            # Somebody waits for it: it takes its turn behind the newcomer.
            service.wish_again(by=service.started_by or newcomer.name, reason=reason)
        return True

    async def _given_back(self, service: Service, newcomer: ServiceSpec, reason: str) -> bool:
        giving = asyncio.ensure_future(
            self._engines.give_back(service, by=newcomer.name, reason=reason)
        )
        try:
            await asyncio.wait([giving], timeout=GIVE_BACK_SECONDS)
            if giving.done():
                giving.result()
            return giving.done()
        except GenAIError as error:
            log.info("%s gives no memory back: %s", service.spec.name, error)
            return False
        finally:
            giving.cancel()
