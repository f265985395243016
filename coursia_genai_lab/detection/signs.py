"""One place in a notebook that says something about what it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from .values import HOLE, Text

LONGEST_EXCERPT = 120
LONGEST_LINE = 2_000

_SECRETS = (
    re.compile(r"(sk-|hf_|r8_|cgl_|AIza|[Bb]earer\s+)[A-Za-z0-9_\-\.]{8,}"),
    re.compile(r"(Basic\s+)[A-Za-z0-9+/=]{8,}(?=[\"'])"),
    # http://name:password@host
    re.compile(r"(://)[^\s/@\"'{}]{0,200}:[^\s/@\"'{}]{1,200}(?=@)"),
    # password = "…", "token": "…", environ["API_KEY"] = "…", but no name of another thing
    re.compile(
        r"((?:password|passwd|pwd|secret|token|api[-_]?key)(?![a-z])\w{0,40}[\"']?\]?"
        r"\s{0,8}[=:]\s{0,8}[bfru]{0,2}[\"'])(?!https?://)[^\"'{}…]{4,}",
        re.IGNORECASE,
    ),
    # a header on a command line
    re.compile(
        r"((?:api-key|authorization)\s{0,8}:\s{0,8})[^\s\"'{}$]{4,}(?=[\"'])", re.IGNORECASE
    ),
    # auth=("name", "…"), HTTPBasicAuth("name", "…")
    re.compile(
        r"(auth\s{0,8}=?\s{0,8}\(\s{0,8}[\"'][^\"']{0,80}[\"']\s{0,8},\s{0,8}[\"'])[^\"']+",
        re.IGNORECASE,
    ),
    re.compile(r"([?&](?:\w{0,20}token|\w{0,20}key|auth|sig)=)[^\s&\"'{}]{4,}", re.IGNORECASE),
)
_LOCAL_HOST = re.compile(
    r"^(localhost|127\.\d+\.\d+\.\d+|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal)$"
)

Address = Literal["unknown", "variable", "local", "hosted"]


WayKind = Literal["off", "setting", "fallback", "branch"]


@dataclass(frozen=True)
class Way:
    """A condition on which code runs.

    `off`: behind a switch that the notebook turns off. `setting`: not what runs by default, but
    a parameter, an environment variable or an argument chooses it. `fallback`: when something
    else has failed. `branch`: one of several ways that nothing yet chooses between.
    """

    kind: WayKind
    key: int
    """Which statement parts the ways."""
    branch: int
    cell: int
    line: int
    excerpt: str


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
    variables: frozenset[str] = frozenset()
    """Environment variables that can change the address."""
    ways: frozenset[Way] = frozenset()
    """Conditions that hold wherever this is reached; empty for what simply runs."""

    def has_way(self, *kinds: WayKind) -> bool:
        """Return whether it is reached only on a condition of one of these kinds."""
        return any(way.kind in kinds for way in self.ways)


def excerpt_of(line: str) -> str:
    """Return the line, shortened, with what looks like a credential masked."""
    return masked(" ".join(line[:LONGEST_LINE].split()))[:LONGEST_EXCERPT]


def masked(text: str) -> str:
    """Return a text with what looks like a credential masked."""
    for secret in _SECRETS:
        text = secret.sub(r"\1…", text)
    return text


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
