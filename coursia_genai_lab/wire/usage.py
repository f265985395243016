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


class ExportRow(Shape):
    """One job: what the record knows of it, and what it cost."""

    id: str
    """UUID, as in the picture; empty: a sum of what people have had forgotten."""
    at: float
    """Unix time at which it was reserved or, where nothing was, at which it ended."""
    person: str
    kind: str
    """The dialect in which it was asked for, or `text`."""
    service: str
    model: str
    outcome: str = ""
    """Empty: nothing came of it that the record knows of."""
    code: str = ""
    seconds: float = 0.0
    """Time for which an engine worked on it."""
    pictures: int = 0
    state: str = ""
    """Of its newest charge; empty: none."""
    gpu_seconds: float = 0.0
    cents: float = 0.0
    """US cents, of all its charges."""
    fallback: str = ""
    prompt: str = ""
    """Only where prompts are recorded."""


class UsageExport(Shape):
    """GET usage/export?format=json; as CSV the rows alone."""

    since: float
    person: str
    """Empty: everybody."""
    cut: bool = False
    """Whether there is more: ask again with `since` of the last row."""
    rows: list[ExportRow]
    """Oldest first."""


class UsageErased(Shape):
    """DELETE usage: how much no longer bears the person's name."""

    generations: int
    charges: int
    thumbnails: int = 0
    """How many small pictures were deleted."""


class ThumbnailList(Shape):
    """GET usage/thumbnails: which of the caller's generations have a small picture."""

    kept: bool
    """Whether any are kept at all here."""
    ids: list[str]
    """UUIDs as in the history, the newest first."""


class LedgerView(Shape):
    """GET ledger: charges, the newest first; for teachers and admins everybody's."""

    charges: list[ChargeView]


class ChargeResolution(Shape):
    """POST ledger/{id}/resolve: what became of a charge whose end nobody heard."""

    cents: float | None = Field(default=None, ge=0, le=1_000_000)
    """US cents that the provider did charge; None: it charged nothing, and nothing counts."""
