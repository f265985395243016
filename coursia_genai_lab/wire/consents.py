"""One confirmation by one person of one thing.

`metadata`: a notebook's metadata asks for more than its code shows. `cloud`: prompts go to a
provider, and cost money. `upload`: pictures of one's own go there, too.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .problems import Problem
from .shape import Shape

ConsentKind = Literal["metadata", "cloud", "upload"]


class ConsentRequest(Shape):
    """POST consents: allow what was asked, just as it was shown."""

    kind: ConsentKind = "metadata"
    path: str = ""
    """`metadata`: API path of the notebook as it is saved."""
    provider: str = ""
    """`cloud`, `upload`: the service of the catalogue."""
    digest: str
    """What was shown: `ConsentNeeded.digest`. Another one answers 409, nothing is kept."""


class ConsentNeeded(Shape):
    """What waits for a confirmation, in words that a person can decide by."""

    kind: ConsentKind = "metadata"
    path: str = ""
    """API path of the notebook that asks; empty: no notebook does."""
    digest: str
    """SHA-256, hexadecimal: of `metadata.genai` as read, or of a cloud's terms as shown here."""
    services: list[str]
    """What would start, or what the cloud would stand in for."""
    given: bool = False
    """Whether this person has confirmed just this."""
    provider: str = ""
    """`cloud`, `upload`: the service of the catalogue that would be asked."""
    title: str = ""
    """Its name for people."""
    model: str = ""
    """What would draw; of an offer every model that a call may come to use, with commas."""
    reason: Problem | None = None
    """Why a cloud is asked; None: it was called by its name."""
    price_cents: float | None = None
    """US cents that one picture costs at most; None: that is not known."""
    data: str = ""
    """Where prompts and pictures go, a sentence of the catalogue."""
    policy_url: str = ""
    """The provider's own words on what it does with them."""
    waiting: int = 0
    """Calls that are held until this is answered."""


class ConsentGiven(Shape):
    """One confirmation that a person gave."""

    kind: ConsentKind = "metadata"
    path: str = ""
    provider: str = ""
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
    questions: list[ConsentNeeded] = Field(default_factory=list)
    """What clouds would need of the caller now, the newest last."""
