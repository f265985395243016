"""What the starts of this host took, stage by stage: in memory, and in the host's own store."""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .store.part import Write
from .store.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection

Stage = Literal["pulling", "building", "starting"]
MOST_REMEMBERED = 5000
PRUNE_EVERY = 500
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class StageTime:
    """What one stage of one start took."""

    writer: str
    seq: int
    at: float
    """Unix time of the end, seconds."""
    boot: str
    """Which boot of the host: its first start reads everything from the disk."""
    service: str
    fingerprint: str
    stage: Stage
    seconds: float
    bytes: int | None = None
    """What was fetched, while pulling."""


class StartHistory:
    """Remember stages; `boot` names this boot of the host."""

    def __init__(self, store: Store, *, boot: str | None = None) -> None:
        self._store = store
        self._boot = _boot_id() if boot is None else boot
        self._writer = uuid.uuid4().hex
        self._seq = 0
        self._stages: deque[StageTime] = deque(maxlen=MOST_REMEMBERED)
        store.carry(self)

    @property
    def boot(self) -> str:
        """Return which boot of the host this is; empty where the system does not say."""
        return self._boot

    def add(
        self,
        service: str,
        fingerprint: str,
        stage: Stage,
        seconds: float,
        fetched: int | None = None,
    ) -> None:
        """Remember what a stage took."""
        self._seq += 1
        kept = StageTime(
            writer=self._writer,
            seq=self._seq,
            at=time.time(),
            boot=self._boot,
            service=service,
            fingerprint=fingerprint,
            stage=stage,
            seconds=seconds,
            bytes=fetched,
        )
        self._stages.append(kept)
        self._store.write(_insertion(kept))
        if self._seq % PRUNE_EVERY == 1:
            self._store.write(_pruning())

    def of(self, stage: Stage, service: str = "", fingerprint: str = "") -> list[StageTime]:
        """Return what is known of a stage, oldest first; of one service where it is named."""
        return [
            one
            for one in self._stages
            if one.stage == stage
            and (not service or (one.service, one.fingerprint) == (service, fingerprint))
        ]

    # -- what the store asks -------------------------------------------------------------------

    def load(self, connection: Connection) -> list[StageTime]:
        """Read what is kept."""
        from .store.start_rows import newest

        return newest(connection)

    def adopt(self, loaded: list[StageTime]) -> None:
        """Take over what other servers of this host learned."""
        self._stages = deque(loaded, maxlen=MOST_REMEMBERED)

    def rewrite(self) -> Sequence[Write]:
        """Return what puts everything into a new store."""
        return [_insertion(one) for one in list(self._stages)]


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _insertion(stage: StageTime) -> Write:
    def write(connection: Connection) -> None:
        from .store.start_rows import insert

        insert(connection, stage)

    return write


def _pruning() -> Write:
    def write(connection: Connection) -> None:
        from .store.start_rows import prune

        prune(connection)

    return write
