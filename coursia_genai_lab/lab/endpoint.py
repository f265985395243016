"""Where a service answers, and how to prove ourselves to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..runtimes.base import Secret
from ..wire.services import Dialect, RuntimeName


@dataclass(frozen=True)
class Endpoint:
    """The address behind a door at this moment; never sent to a browser or a kernel."""

    service: str
    """What was asked for."""
    backend: str
    """What answers: the service itself, or its stand-in."""
    url: str
    """http://127.0.0.1:port, no path."""
    credential: Secret
    scheme: Literal["bearer", "basic", "none"]
    user: str
    dialect: Dialect
    """Dialect of the service asked for."""
    runtime: RuntimeName | None = None
    """How what answers runs; None: that is not known."""
    image_digest: str | None = None
    """Digest or id of the container image that answers; None: it is no container of ours."""
