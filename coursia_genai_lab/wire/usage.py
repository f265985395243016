"""What a person has used, what is left, and what it cost."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .policy import Scope, Window
from .shape import Shape

ChargeState = Literal["reserved", "sent", "settled", "refunded", "unknown"]
"""`reserved`: set aside; `sent`: a provider has been asked; `settled`: it came and was counted;
`refunded`: it did not come; `unknown`: asked, and nobody heard the end, so the worst counts."""


class ServiceUsage(Shape):
    """What a person had one service make."""

    service: str
    pictures: int
    seconds: float
    """Time for which an engine worked on them."""
    failed: int = 0


class Allowance(Shape):
    """What one quota still gives; None where it sets no limit."""

    scope: Scope
    name: str
    window: Window
    renews_at: float | None = None
    """Unix time at which it begins anew; None: never."""
    pictures: int | None = None
    pictures_left: int | None = None
    gpu_seconds: float | None = None
    gpu_seconds_left: float | None = None
    cents: float | None = None
    cents_left: float | None = None


class ChargeView(Shape):
    """One entry of the ledger."""

    id: str
    """UUID of the job, as in the picture and the record."""
    at: float
    """Unix time at which it was reserved."""
    person: str
    service: str
    model: str
    state: ChargeState
    pictures: int = 0
    gpu_seconds: float = 0.0
    cents: float = 0.0
    """US cents: what was reserved, until it is settled."""
    fallback: str = ""
    """Why a cloud stood in; empty: it did not."""


class UsageView(Shape):
    """GET usage: what the caller had made since a time, and what is left."""

    since: float
    """Unix time; what is older is not counted."""
    pictures: int
    seconds: float
    failed: int = 0
    services: list[ServiceUsage]
    cents: float = 0.0
    """US cents that were settled since, what is unknown included."""
    unknown: int = 0
    """Charges whose end nobody heard."""
    left: list[Allowance] = Field(default_factory=list)
    """The caller's quotas, the tightest first."""
    charges: list[ChargeView] = Field(default_factory=list)
    """The newest charges that cost money or are not settled, the newest first."""
