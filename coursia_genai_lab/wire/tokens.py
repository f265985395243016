"""Tokens for work outside a kernel: a script, a batch, a tool."""

from __future__ import annotations

from pydantic import Field

from .launches import LaunchView
from .notebooks import Profile
from .policy import Mode
from .shape import Shape

LONGEST_LIFETIME = 24 * 3600.0


class TokenLifetime(Shape):
    """The body of POST tokens/{id}/renew."""

    lifetime_seconds: float = Field(default=3600.0, ge=10, le=LONGEST_LIFETIME)
    """Seconds from now after which token and claims end by themselves."""


class TokenRequest(TokenLifetime):
    """The body of POST tokens."""

    label: str = Field(default="a script", min_length=1, max_length=80)
    """What a person recognises it by: the name of the program, never its arguments."""
    path: str = Field(default="", max_length=1000)
    """The notebook that it runs; empty: none."""
    profile: Profile | None = None
    """What that notebook needs."""
    services: list[str] = Field(default_factory=list, max_length=50)
    """Services whose addresses are wanted beside those of the profile."""
    mode: Mode | None = None
    """It may narrow what the server and the notebook say."""
    taken: dict[str, str] = Field(default_factory=dict, max_length=5000)
    """Variables that the program has already, each with the place where it is set; never their
    values. None of their group is given, so that no token goes to a foreign address."""


class TokenGiven(Shape):
    """POST tokens: what to set for the program."""

    id: str
    """For renewing and ending it; it opens nothing itself."""
    expires_at: float
    """Unix time, seconds."""
    variables: dict[str, str] = Field(repr=False)
    """Variables to set; GENAI_API_TOKEN among them. NO_PROXY is left to the program."""
    launch: LaunchView


class TokenRenewed(Shape):
    """POST tokens/{id}/renew."""

    id: str
    expires_at: float
    """Unix time, seconds."""
