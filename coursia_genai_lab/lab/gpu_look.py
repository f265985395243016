"""One look at the GPUs before a decision: what the driver shows, and what other Labs hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..catalog.spec import ServiceSpec
from ..gpu.reading import Fault, Reading
from ..runtimes.gpu_claims import default_devices
from . import gpu_problems
from .changes import Changes
from .gpu_book import Book, device_of
from .gpu_memory import Device, named
from .gpu_others import OtherLabs

LONGEST_READING_SECONDS = 60.0
PATIENCE_SECONDS = 15.0
"""How long a driver that hangs, or a program that is not ours, is waited for: both may pass."""
POLL_SECONDS = 1.0
"""Between two looks while nothing of ours is about to change; changes of ours are seen at once."""
ABSENT = ("no_driver", "driver_not_loaded", "no_permission", "no_gpu")
"""Faults of a host that sees no GPU; its engine may be elsewhere, or may see more."""

Pause = Callable[[float], Awaitable[None]]


class Readings(Protocol):
    """Where readings come from."""

    async def fresh(self) -> Reading:
        """Return a reading that was begun after this call; bounded."""


@dataclass(frozen=True)
class Seen:
    """What one look found."""

    number: int
    devices: tuple[Device, ...]
    readable: bool
    """False: the devices are those that a service file names, of unknown size."""


class Looks:
    """Look, and remember the devices that were seen last; `pause` waits some seconds."""

    def __init__(
        self,
        *,
        readings: Readings | None,
        others: OtherLabs,
        book: Book,
        changes: Changes,
        clock: Callable[[], float],
        pause: Pause,
    ) -> None:
        self._readings = readings
        self._others = others
        self._book = book
        self._changes = changes
        self._clock = clock
        self._pause = pause
        self._devices: tuple[Device, ...] = ()

    async def look(
        self, spec: ServiceSpec, *, ids: Sequence[str], count: int, unseen_is_fine: bool
    ) -> Seen:
        """Return what there is now; wait a while for a driver that hangs.

        `ids` are the GPUs that the service must have, `count` how many where it names none.

        Raises:
            ServiceError: gpu_unreadable, or no_gpu where the driver says so, unless a start without
                any is fine.
        """
        patience_ends = self._clock() + min(PATIENCE_SECONDS, spec.start_timeout_seconds)
        while True:
            number = self._book.begin_look()
            reading = await self.reading()
            await self._others.look()
            fault = reading.fault
            if reading.readable:
                owners = self._book.owners()
                devices = [device_of(one, owners) for one in reading.devices]
                self._devices = self._book.learned(number, devices)
                self._changes.take_back(gpu_problems.UNSEEN)
                self._book.settle(number, self._devices, readable=True)
                return Seen(number, self._devices, readable=True)
            if fault is None or fault.code in ABSENT:
                if fault is not None and not (unseen_is_fine or ids):
                    raise gpu_problems.no_gpu(spec, fault)
                if ids:
                    self._changes.warn(gpu_problems.unseen(fault))
                self._book.settle(number, (), readable=False)
                return Seen(number, _unseen(ids, count), readable=False)
            if self._clock() >= patience_ends:
                raise gpu_problems.unreadable(spec, fault)
            await self._pause(POLL_SECONDS)

    async def reading(self) -> Reading:
        """Return a fresh reading; without a driver an empty one, after a while one that says so."""
        if self._readings is None:
            return Reading()
        # Not wait_for: before Python 3.12 it loses a cancellation that comes with its result.
        question = asyncio.ensure_future(self._readings.fresh())
        try:
            await asyncio.wait([question], timeout=LONGEST_READING_SECONDS)
            return question.result() if question.done() else Reading(fault=Fault("driver_hangs"))
        finally:
            question.cancel()

    @property
    def seen(self) -> bool:
        """Whether any device has been seen here."""
        return bool(self._devices)

    def resolved(self, one: str) -> str:
        """Return the UUID of a device that was seen; an id that is not known stays as it is."""
        device = named(one, self._devices)
        return one if device is None else device.id


def _unseen(ids: Sequence[str], count: int) -> tuple[Device, ...]:
    # Numbers that no id means: an unseen device has no other name than its own.
    return tuple(Device(one, -1 - place) for place, one in enumerate(default_devices(ids, count)))
