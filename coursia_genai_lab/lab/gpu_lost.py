"""GPUs that fall away while services use them: seen when a job or a service ends badly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from .gpu_book import device_of
from .gpu_look import Looks
from .gpu_memory import named
from .gpu_problems import lost_under
from .holders import Holders
from .service import Service

SUSPECT_SECONDS = 5.0
"""Between two looks: jobs may end many times a second."""


class LostGPUs:
    """Look at the driver when something that used a GPU has ended; fail what lost its own."""

    def __init__(
        self,
        *,
        looks: Looks,
        services: Mapping[str, Service],
        holders: Holders,
        clock: Callable[[], float],
    ) -> None:
        self._looks = looks
        self._services = services
        self._holders = holders
        self._clock = clock
        self._suspects: dict[str, tuple[str, ...]] = {}
        self._not_before = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    def suspect(self, service: str, devices: Sequence[str]) -> None:
        """Look at these GPUs of a service with the next beat."""
        self._suspects[service] = tuple(devices)

    def beat(self) -> None:
        """Begin a look where one is due."""
        idle = self._looking is None or self._looking.done()
        if self._suspects and idle and self._clock() >= self._not_before:
            self._not_before = self._clock() + SUSPECT_SECONDS
            self._looking = asyncio.create_task(self._look(), name="genai-lost-gpus")

    async def close(self) -> None:
        """Look no more."""
        self._suspects.clear()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look(self) -> None:
        suspects, self._suspects = self._suspects, {}
        reading = await self._looks.reading()
        devices = [device_of(one, {}) for one in reading.devices]
        for name, ids in suspects.items():
            found = [named(one, devices) for one in ids]
            if any(device is not None and device.lost for device in found):
                self._fail(name, ids)

    def _fail(self, name: str, ids: Sequence[str]) -> None:
        service = self._services.get(name)
        if service is None:
            return
        if service.instance is None:
            service.blame(lost_under(service.spec))
        elif any(lease.kind == "job" for lease in self._holders.working(name)):
            # A job that runs is never broken: it ends by itself, or as one that hangs.
            self._suspects[name] = tuple(ids)
        else:
            service.condemn(lost_under(service.spec), by="the Lab")
