"""One confirmation by one person of one thing."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .shape import Shape

ConsentKind = Literal["metadata"]


class ConsentRequest(Shape):
    """POST consents: the notebook's metadata asks for more than its code shows."""

    kind: ConsentKind = "metadata"
    path: str
    """API path of the notebook as it is saved."""
    digest: str
    """What was shown: `ConsentNeeded.digest`. Another one answers 409, nothing is kept."""


class ConsentNeeded(Shape):
    """What waits for a confirmation, in words that a person can decide by."""

    kind: ConsentKind = "metadata"
    path: str
    digest: str
    """SHA-256 of `metadata.genai` as read, hexadecimal."""
    services: list[str]
    """What would start."""
    given: bool = False
    """Whether this person has confirmed just this."""


class ConsentGiven(Shape):
    """One confirmation that a person gave."""

    kind: ConsentKind = "metadata"
    path: str
    digest: str
    since: float
    """Unix time, seconds."""


class ConsentList(Shape):
    """GET consents: what the caller has confirmed."""

    consents: list[ConsentGiven] = Field(default_factory=list)
    """Oldest first."""
    asked: ConsentNeeded | None = None
    """With `?path=`: what that notebook, as it is saved, asks for; None when it asks for nothing
    or its folder is trusted."""
