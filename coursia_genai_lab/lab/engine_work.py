"""What the Lab asks an engine: whether it works, before a stop, and to give its memory back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError
from ..runtimes.base import Instance
from .holders import Holders
from .service import Service
from .timeline_note import Record, TimelineNote

log = logging.getLogger(__name__)

Busy = Callable[[ServiceSpec, Instance], Awaitable[bool]]
"""Says whether an engine works; raises GenAIError where it gives no answer."""
Free = Callable[[ServiceSpec, Instance], Awaitable[None]]
"""Asks an engine to give its memory back; raises GenAIError when it does not."""
LOOK_SECONDS = 6.0


class EngineWork:
    """Ask an engine that nobody holds whether it works; stop it if not, else `put_off` its stop.

    A job of an earlier Lab has no lease here, nor has one that came by another way. An engine
    that gives no answer is stopped: it would answer nobody else either. `busy` None asks none,
    and without `free` only a stop gives memory back.
    """

    def __init__(
        self,
        *,
        busy: Busy | None,
        free: Free | None,
        holders: Holders,
        put_off: Callable[[str], None],
        record: Record,
    ) -> None:
        self._busy = busy
        self._free = free
        self._record = record
        self._holders = holders
        self._put_off = put_off
        self._looks: dict[str, asyncio.Task[None]] = {}

    def begin(self, service: Service, *, forbidden: bool) -> None:
        """Look, in the background, and stop the service unless it works.

        What the mode forbids is stopped at once.
        """
        name, instance = service.spec.name, service.instance
        if forbidden:
            service.wish(False, by="the mode", reason="The mode forbids it.")
        elif self._busy is None or instance is None:
            _stop(service)
        elif name not in self._looks:
            look = asyncio.create_task(self._look(service, instance), name=f"genai-look-{name}")
            self._looks[name] = look
            look.add_done_callback(lambda _: self._looks.pop(name, None))

    async def free(self, service: Service, *, by: str) -> bool:
        """Ask an engine to give its memory back; False where it cannot or is being worked with.

        Raises:
            GenAIError: the engine refused.
        """
        name, instance = service.spec.name, service.instance
        if self._free is None or instance is None or self._holders.held(name):
            return False
        await self.give_back(service, by=by)
        return True

    @property
    def can_free(self) -> bool:
        """Whether engines can be asked for their memory at all."""
        return self._free is not None

    async def give_back(self, service: Service, *, by: str, reason: str = "") -> None:
        """Ask an engine to give its memory back, whoever holds it; what comes of it must be read.

        Raises:
            GenAIError: the engine refused.
        """
        instance, began = service.instance, time.monotonic()
        if self._free is not None and instance is not None:
            await self._free(service.spec, instance)
            seconds = time.monotonic() - began
            self._record(TimelineNote(service.spec.name, "freed", by, reason, seconds=seconds))

    async def works(self, service: Service) -> bool:
        """Say whether an engine works by its own word; bounded, and False where nobody can ask."""
        if self._busy is None or service.instance is None:
            return False
        return await self._works(service.spec, service.instance)

    async def close(self) -> None:
        """Look no more; nothing is stopped for a look that was cut."""
        looks = list(self._looks.values())
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    async def _look(self, service: Service, instance: Instance) -> None:
        name = service.spec.name
        works = await self._works(service.spec, instance)
        if service.instance is not instance:
            return
        if works or self._holders.held(name):
            self._put_off(name)
        else:
            _stop(service)

    async def _works(self, spec: ServiceSpec, instance: Instance) -> bool:
        assert self._busy is not None
        question = asyncio.ensure_future(self._busy(spec, instance))
        try:
            await asyncio.wait([question], timeout=LOOK_SECONDS)
            return question.done() and question.result()
        except GenAIError as error:
            log.info("%s: whether it works is not known: %s", spec.name, error.message)
            return False
        finally:
            question.cancel()


def _stop(service: Service) -> None:
    service.wish(False, by="idle", reason="Unused.")
