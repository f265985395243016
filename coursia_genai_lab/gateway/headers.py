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
GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": DOORS,
}
"""On every answer: should a browser open one, it runs nothing and no page embeds it."""
ACTIVE_TYPES = ("text/html", "application/xhtml", "image/svg", "text/xml", "application/xml")


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

    A type that a browser would run as a document becomes plain bytes.
    """
    headers = dict(GUARDS)
    for name, value in sent:
        lower = name.lower()
        if lower == "content-type" and value.strip().lower().startswith(ACTIVE_TYPES):
            headers[name] = "application/octet-stream"
        elif lower in RESPONSE_HEADERS:
            headers[name] = value
    return headers
