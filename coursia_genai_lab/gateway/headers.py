"""Which headers pass a door, each way, and how the gateway proves itself to a service."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from ..lab.endpoint import Endpoint
from ..runtimes.readiness import DOORS

REQUEST_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "range",
    }
)
"""No cookie, no credential, no forwarding header, nothing that names a hop."""
RESPONSE_HEADERS = frozenset(
    {
        "accept-ranges",
        "content-disposition",
        "content-encoding",
        "content-range",
        "content-type",
        "etag",
        "last-modified",
        "retry-after",
        "x-request-id",
        "x-should-retry",
    }
)
"""No cookie, no location, no challenge, no origin permission."""
COST = "X-CoursIA-Cost-Cents"
"""What an answer in one piece cost, in US cents."""
GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": DOORS,
}
"""On every answer: should a browser open one, it runs nothing and no page embeds it."""
QUIET_TYPES = frozenset(
    {
        "application/json",
        "application/octet-stream",
        "application/x-ndjson",
        "text/event-stream",
        "text/plain",
    }
)
QUIET_KINDS = ("image/", "audio/", "video/")
"""What a browser shows or saves, and never runs; `image/svg+xml` is the one that it would."""


def request_headers(sent: Iterable[tuple[str, str]], endpoint: Endpoint) -> dict[str, str]:
    """Return what goes to the service: the permitted headers and its own credential."""
    headers = {name: value for name, value in sent if name.lower() in REQUEST_HEADERS}
    headers.update(credential(endpoint))
    return headers


def credential(endpoint: Endpoint) -> dict[str, str]:
    """Return the header that proves the gateway to the service; empty where it wants none."""
    secret = endpoint.credential.reveal()
    if endpoint.scheme == "none" or not secret:
        return {}
    if endpoint.scheme == "basic":
        pair = base64.b64encode(f"{endpoint.user}:{secret}".encode()).decode("ascii")
        return {"Authorization": f"Basic {pair}"}
    return {"Authorization": f"Bearer {secret}"}


def response_headers(sent: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return what goes to the caller: the permitted headers and our guards.

    Every type that is no data, text, picture, sound or film becomes plain bytes.
    """
    headers = dict(GUARDS)
    for name, value in sent:
        lower = name.lower()
        if lower == "content-type" and not _quiet(value):
            headers[name] = "application/octet-stream"
        elif lower in RESPONSE_HEADERS:
            headers[name] = value
    return headers


def _quiet(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind in QUIET_TYPES or (kind.startswith(QUIET_KINDS) and "xml" not in kind)
