"""The address that a caller asked for, checked before anything is matched or forwarded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, unquote_plus

from ..errors import InvalidRequest

# Encoded separators and dots would mean one path to the list of routes and another to the service.
_TRICKS = re.compile(r"%2f|%5c|%2e|%00|\\|//|/\.{1,2}(/|$)|[\x00-\x20]", re.IGNORECASE)
MAX_TARGET = 8000


@dataclass(frozen=True)
class Target:
    """A request target: the decoded path for matching, the raw form for forwarding."""

    path: str
    raw: str
    """Path and query as they were sent, our `token` taken out."""
    raw_query: str
    """The query as it was sent, for the token check alone."""


def read_target(raw: str) -> Target:
    """Return the parts of a request target.

    Raises:
        InvalidRequest: it is absolute, or its path can be read in two ways.
    """
    raw_path, _, query = raw.partition("?")
    if not raw_path.startswith("/") or len(raw) > MAX_TARGET or _TRICKS.search(raw_path):
        raise InvalidRequest(
            "The address is not one that a door can forward.", "Send a plain path.", code="bad_path"
        )
    # A `token` in a query would reach logs of the service, and ComfyUI-Login reads it as its own.
    kept = "&".join(
        part for part in query.split("&") if unquote_plus(part.partition("=")[0]) != "token"
    )
    return Target(unquote(raw_path), f"{raw_path}?{kept}" if kept else raw_path, query)
