"""What every fetch goes by, and how it tells how far it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .sources import Sources
from .transfer import Patience

GIB = 2**30


def free_bytes(folder: Path) -> int | None:
    """Return the room on the disk of a folder; None where the system does not say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


@dataclass(frozen=True)
class Terms:
    """What every fetch goes by."""

    sources: Sources
    reserve_bytes: int = 2 * GIB
    """Room that stays free on the disk."""
    patience: Patience = field(default_factory=Patience)
    free_bytes: Callable[[Path], int | None] = free_bytes
    wait_for_others: bool = True
    """Whether to follow another process that brings the same file, rather than to refuse."""
    replace: bool = False
    """Whether a wrong file that somebody else put there may be replaced."""


@dataclass(frozen=True)
class Step:
    """How far a fetch is."""

    phase: str
    """A short sentence: "fetching", "waiting for process 12 of ada on lab1"."""
    done_bytes: int
    total_bytes: int | None


Report = Callable[[Step], None]
