"""Who answers for a charge: one life of one Lab, and whether it still lives."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

SILENT_SECONDS = 120.0
"""A writer elsewhere whose beat has stood still for so long is taken for dead."""


@dataclass(frozen=True)
class Writer:
    """A Lab's life as others can see it."""

    id: str
    machine: str
    """Where its process id means something: host, boot and namespace of process ids."""
    pid: int
    began: str
    """When the kernel began the process, so that a pid which is used again misleads nobody."""
    beat: int = 0


def new_writer() -> Writer:
    """Return the writer of a Lab that begins in this process."""
    return Writer(uuid.uuid4().hex, machine(), os.getpid(), _began(os.getpid()))


def machine() -> str:
    """Return what tells this machine, its present boot and our process ids from all others."""
    boot, space = "", ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    with suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    return f"{socket.gethostname()} {boot} {space}"


class Watch:
    """Find the writers that are dead, by their process or by a beat that stands still.

    A wrong verdict loses nothing: a Lab that was asleep settles its charges all the same.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._machine = machine()
        self._seen: dict[str, tuple[int, float]] = {}

    def dead(self, writers: Iterable[Writer]) -> list[Writer]:
        """Return those of `writers` that are dead; silence counts while we watch."""
        now = self._monotonic()
        seen = {}
        dead = []
        for one in writers:
            beat, since = self._seen.get(one.id, (one.beat, now))
            seen[one.id] = (one.beat, since if beat == one.beat else now)
            if self._has_ended(one) or now - seen[one.id][1] > SILENT_SECONDS:
                dead.append(one)
                # Should it wake up after all, it is watched anew.
                del seen[one.id]
        self._seen = seen
        return dead

    def _has_ended(self, writer: Writer) -> bool:
        if writer.machine != self._machine or not writer.began:
            return False
        return _began(writer.pid) != writer.began


def _began(pid: int) -> str:
    """Return the kernel's start time of a process; empty: it has ended, or is not to be seen."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in the second field may hold spaces and parentheses; the state follows it.
    fields = line.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
