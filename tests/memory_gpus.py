"""GPUs that exist in memory, on a simulated clock: lag, leaks, strangers, a GPU that falls away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from simulated_clock import SimulatedClock

from coursia_genai_lab.gpu.reading import Device, Fault, GPUProcess, Reading


@dataclass
class Use:
    """Memory that something really holds."""

    card: str
    mib: int
    container: str | None
    pid: int
    program: str = "python"
    gone_at: float | None = None
    """Monotonic time at which the driver gives it back; None: it is in use."""


class MemoryGPUs:
    """The driver: who really uses what; `fresh` reads it, as a sampler does."""

    def __init__(self, clock: SimulatedClock, **totals_mib: int) -> None:
        self.clock = clock
        self.totals = totals_mib
        self.lost: set[str] = set()
        self.fault: Fault | None = None
        self.names_users = True
        self.readings = 0
        self._uses: list[Use] = []

    async def fresh(self) -> Reading:
        """Return what is used at this moment."""
        self.readings += 1
        await asyncio.sleep(0)
        if self.fault is not None:
            return Reading(fault=self.fault)
        devices = tuple(
            self._device(number, card, total)
            for number, (card, total) in enumerate(self.totals.items())
        )
        lost = Fault("gpu_lost", ", ".join(sorted(self.lost))) if self.lost else None
        return Reading(at=self.clock.wall(), devices=devices, fault=lost)

    def use(self, card: str, mib: int, *, container: str | None = None, pid: int = 4711) -> None:
        """Let something hold so much of a card from now on."""
        self.free(card, container=container, pid=pid)
        if mib:
            self._uses.append(Use(card, mib, container, pid))

    def free(self, card: str, *, container: str | None = None, pid: int = 4711) -> None:
        """Give back at once what something holds of a card."""
        self._uses = [
            one
            for one in self._uses
            if (one.card, one.container, one.pid) != (card, container, pid)
            or one.gone_at is not None
        ]

    def end(self, container: str, *, after: float | None) -> None:
        """End a program; the driver gives its memory back later, or never (None)."""
        for one in self._uses:
            if one.container == container and one.gone_at is None:
                one.gone_at = float("inf") if after is None else self.clock.monotonic() + after

    def used_mib(self, card: str) -> int:
        """Return what is really in use."""
        now = self.clock.monotonic()
        self._uses = [one for one in self._uses if one.gone_at is None or one.gone_at > now]
        return sum(one.mib for one in self._uses if one.card == card)

    def _device(self, number: int, card: str, total: int) -> Device:
        if card in self.lost:
            return Device(card, number, "Card", state="lost")
        used = self.used_mib(card)
        # Whoever has ended is no process any more, though its memory is not back.
        running = [one for one in self._uses if one.card == card and one.gone_at is None]
        processes = tuple(
            GPUProcess(one.pid, one.mib, one.program, "ada", one.container, one.pid)
            for one in running
        )
        return Device(
            card,
            number,
            "Card",
            total_mib=total,
            used_mib=used,
            free_mib=total - used,
            processes=processes if self.names_users else (),
            processes_known=self.names_users,
        )
