"""One charge as the ledger keeps it."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from ...wire.usage import ChargeState, ChargeView
from ..charge import MICROUSD_A_CENT, Amount, Spending
from ..store.kept_text import kept_text
from .windows import local_hour

OPEN: tuple[ChargeState, ...] = ("reserved", "sent")
LONGEST_NAME = 200
MOST = 10**12
"""Of pictures, milliseconds or microusd in one charge: sums of millions of these can be kept."""
BETWEEN = "\n"
"""Stands around and between the names of groups."""


@dataclass(frozen=True)
class Counted:
    """An amount in whole numbers, so that what is added and taken back leaves nothing behind."""

    pictures: int = 0
    gpu_ms: int = 0
    microusd: int = 0

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            self.pictures + other.pictures,
            self.gpu_ms + other.gpu_ms,
            self.microusd + other.microusd,
        )

    def __sub__(self, other: Counted) -> Counted:
        return Counted(
            self.pictures - other.pictures,
            self.gpu_ms - other.gpu_ms,
            self.microusd - other.microusd,
        )

    def __bool__(self) -> bool:
        return bool(self.pictures or self.gpu_ms or self.microusd)


@dataclass(frozen=True)
class ChargeRow:
    """A row of the ledger; its amounts are what counts against quotas now."""

    id: str
    """UUID of this reservation; a job that goes on elsewhere gets another one."""
    job: str
    at: float
    local_hour: str
    person: str
    """Empty once the person had it forgotten."""
    whose: str
    """Under what the person's quotas are counted; see `whose`."""
    in_groups: str
    service: str
    model: str
    provider: str
    kind: Literal["picture", "text"]
    fallback: str
    writer: str
    """The life of a Lab that answers for it."""
    state: ChargeState
    pictures: int
    gpu_ms: int
    microusd: int

    @property
    def counted(self) -> Counted:
        """Return what counts against quotas now."""
        return Counted(self.pictures, self.gpu_ms, self.microusd)

    @property
    def groups(self) -> list[str]:
        """Return the groups that the person was in."""
        return [name for name in self.in_groups.split(BETWEEN) if name]

    def become(self, state: ChargeState, counted: Counted) -> ChargeRow:
        """Return the row in another state, with what counts from then on."""
        return replace(
            self,
            state=state,
            pictures=counted.pictures,
            gpu_ms=counted.gpu_ms,
            microusd=counted.microusd,
        )

    def anonymous(self) -> ChargeRow:
        """Return what charges of an hour have in common once nobody is to know whose they were."""
        hour = self.at - self.at % 3600
        return replace(
            self,
            id="",
            job="",
            at=hour,
            person="",
            whose="",
            writer="",
            pictures=0,
            gpu_ms=0,
            microusd=0,
        )

    def renamed(self) -> ChargeRow:
        """Return the row under an id of its own."""
        return replace(self, id=uuid.uuid4().hex)

    def view(self) -> ChargeView:
        """Return the row as people see it."""
        return ChargeView(
            id=self.job,
            at=self.at,
            person=self.person,
            service=self.service,
            model=self.model,
            state=self.state,
            pictures=self.pictures,
            gpu_seconds=self.gpu_ms / 1000,
            cents=self.microusd / MICROUSD_A_CENT,
            fallback=self.fallback,
        )


def counted(amount: Amount) -> Counted:
    """Return an amount in whole numbers, within bounds; never raises.

    Nothing counts for less than nothing, and what is no number at all for nothing.
    """
    milliseconds = amount.gpu_seconds * 1000
    return Counted(
        max(0, min(MOST, amount.pictures)),
        round(min(MOST, milliseconds)) if milliseconds > 0 else 0,
        max(0, min(MOST, amount.microusd)),
    )


def kept_name(name: str) -> str:
    """Return the name of a group or provider as charges bear it and counters are found by it."""
    return kept_text(name, LONGEST_NAME).replace(BETWEEN, " ")


def reserved(one: Spending, *, name: str, writer: str, groups: Collection[str]) -> ChargeRow:
    """Return the row, with `name` for its id, of a job that is about to begin, at its worst."""
    worst = counted(one.worst)
    names = sorted({kept_name(name) for name in groups})
    return ChargeRow(
        id=name,
        job=kept_text(one.id, LONGEST_NAME),
        at=one.at,
        local_hour=local_hour(one.at),
        person=kept_text(one.person, LONGEST_NAME),
        whose=whose(one.person),
        in_groups=BETWEEN + BETWEEN.join(names) + BETWEEN if names else "",
        service=kept_text(one.service, LONGEST_NAME),
        model=kept_text(one.model, LONGEST_NAME),
        provider=kept_name(one.provider),
        kind=one.kind,
        fallback=kept_text(one.fallback, LONGEST_NAME),
        writer=writer,
        state="reserved",
        pictures=worst.pictures,
        gpu_ms=worst.gpu_ms,
        microusd=worst.microusd,
    )


def whose(person: str) -> str:
    """Return the word under which a person's quotas are counted.

    No name, so that it may outlast the wish to be forgotten; whoever knows a name can find it.
    """
    return hashlib.sha256(f"coursia-genai person {person}".encode("utf-8", "replace")).hexdigest()[
        :32
    ]
