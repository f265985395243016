"""One place in a notebook that says something about what it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from .values import HOLE, Text

LONGEST_EXCERPT = 120
LONGEST_LINE = 2_000

_SECRET = re.compile(r"(sk-|hf_|r8_|cgl_|AIza|[Bb]earer\s+)[A-Za-z0-9_\-\.]{8,}")
_LOCAL_HOST = re.compile(
    r"^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal)$"
)

Address = Literal["unknown", "variable", "local", "hosted"]


@dataclass(frozen=True)
class Sign:
    """What one line shows: which services it may mean, by which rule, how surely.

    `services` are alternatives; the weighing picks one. `work` is true where image work is
    sent, false where something only supports such a claim.
    """

    services: tuple[str, ...]
    rule: str
    cell: int
    line: int
    excerpt: str
    work: bool
    address: Address = "unknown"
    address_text: str = ""
    needs_support: bool = False
    graph: bool = False
    edits: bool = False


def excerpt_of(line: str) -> str:
    """Return the line, shortened, with what looks like a credential masked."""
    return _SECRET.sub(lambda found: found.group(1) + "…", " ".join(line[:LONGEST_LINE].split()))[
        :LONGEST_EXCERPT
    ]


def host_of(address: str) -> str:
    """Return the host name of a URL, "" where it is not known."""
    if HOLE in address.split("://", 1)[-1].split("/", 1)[0].rsplit(":", 1)[0]:
        return ""
    try:
        return (urlsplit(address if "://" in address else f"//{address}").hostname or "").lower()
    except ValueError:
        return ""


def judge_address(address: Text | None) -> Address:
    """Return who decides where a call goes: a variable, this machine, a server elsewhere."""
    if address is None:
        return "unknown"
    host = host_of(address.text) if "://" in address.text or ":" in address.text else ""
    if host and not _LOCAL_HOST.match(host) and "." in host:
        return "hosted"
    if address.variables:
        return "variable"
    return "local" if host else "unknown"
