"""The routes of the REST API as tests walk them."""

from __future__ import annotations

import re

from coursia_genai_lab.handlers import ROUTES
from coursia_genai_lab.handlers.base import LabHandler

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OPEN_ROUTES = {"/coursia-genai/health"}


def concrete(pattern: str) -> list[str]:
    """Return the path of a route with its groups filled in."""
    path = re.sub(r"\(\?P<command>[^)]*\)", "start", pattern)
    path = re.sub(r"\(\?P<\w+>(?:[^()]|\([^()]*\))*\)", "demo", path)
    return path.strip("/").split("/")


def verbs_of(handler: type[LabHandler]) -> list[str]:
    """Return the verbs that a handler answers."""
    return [verb for verb in VERBS if verb.lower() in vars(handler)]


CASES = [
    (pattern, verb)
    for pattern, handler in ROUTES
    for verb in verbs_of(handler)
    if pattern not in OPEN_ROUTES
]
"""Pattern and verb of everything that needs a login."""
