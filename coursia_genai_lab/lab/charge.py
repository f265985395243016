"""What work may cost and did cost, in three currencies, and who keeps the account."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ..wire.policy import Scope, Window
from ..wire.usage import Allowance

MICROUSD_A_CENT = 10_000


@dataclass(frozen=True)
class Amount:
    """Pictures, seconds of an engine on our own GPUs, and millionths of a US dollar."""

    pictures: int = 0
    gpu_seconds: float = 0.0
    microusd: int = 0


@dataclass(frozen=True)
class Limit:
    """What one scope may use in one window; None sets no limit."""

    scope: Scope
    name: str
    """Of the person, group or provider; empty for the course."""
    window: Window
    pictures: int | None = None
    gpu_seconds: float | None = None
    microusd: int | None = None


@dataclass(frozen=True)
class Spending:
    """What one job is about to use, at the worst."""

    id: str
    """UUID: that of the job in the line, the record and the picture."""
    person: str
    service: str
    """Who works on it: the backend."""
    model: str
    worst: Amount
    provider: str = ""
    """Name of the cloud service that is paid; empty: nobody is."""
    kind: Literal["picture", "text"] = "picture"
    fallback: str = ""
    """Code of the reason for which a cloud stands in; empty: it does not."""
    at: float = field(default_factory=time.time)


class Charge(Protocol):
    """What was reserved for one job. Exactly one of `settle`, `refund`, `unknown` ends it.

    The three never block and never raise: a store that is away is told later.
    """

    async def sent(self) -> None:
        """Write down that a provider is about to be asked; committed when this returns.

        Raises:
            StoreError: it could not be written, so the provider must not be asked.
        """

    def settle(self, spent: Amount) -> None:
        """Count what was really used; more than was reserved is counted as well."""

    def refund(self) -> None:
        """Count nothing: it did not come, and nobody charges for it."""

    def unknown(self) -> None:
        """Keep counting the worst: nobody heard the end of what was sent."""


class Charges(Protocol):
    """Who keeps the account."""

    async def reserve(self, spending: Sequence[Spending]) -> list[Charge]:
        """Set aside the worst case of each job of a call, of all or of none, in their order.

        Raises:
            QuotaExceeded: a limit leaves too little; the sentence says which and until when.
            StoreError: the store is away, and money, or more than a few pictures, is at stake.
        """

    async def left(self, person: str) -> list[Allowance]:
        """Return what the limits that concern a person still give, the tightest first."""


class _NoCharge:
    async def sent(self) -> None:
        """Write nothing."""

    def settle(self, spent: Amount) -> None:
        """Count nothing."""

    def refund(self) -> None:
        """Count nothing."""

    def unknown(self) -> None:
        """Count nothing."""


class NoCharges:
    """Account for nothing, for a Lab without a ledger; nothing that costs money is let through."""

    async def reserve(self, spending: Sequence[Spending]) -> list[Charge]:
        """Set nothing aside.

        Raises:
            StoreError: one of the jobs costs money.
        """
        from ..errors import StoreError

        if any(one.provider for one in spending):
            raise StoreError("This Lab keeps no ledger, so nothing is bought.")
        return [_NoCharge() for _ in spending]

    async def left(self, person: str) -> list[Allowance]:
        """Return nothing: there are no limits."""
        return []
