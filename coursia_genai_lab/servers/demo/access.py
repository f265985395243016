"""Who may speak to the engine: the credential, the Host name and the page a request comes from."""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from tornado.httputil import HTTPServerRequest

from .settings import Settings

OPEN_PATHS = frozenset({"/health"})


@dataclass(frozen=True)
class Refusal:
    """Why a request is turned away: the HTTP status and a sentence."""

    status: int
    sentence: str


def is_loopback(host: str) -> bool:
    """Return whether `host` (no port, brackets allowed) names this machine only."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _offered(request: HTTPServerRequest) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            pair = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return ""
        return pair.partition(":")[2]
    if request.headers.get("Upgrade", "").lower() == "websocket":
        # Browsers cannot set a header on a socket, so the query is allowed there and only there.
        return request.query_arguments.get("token", [b""])[-1].decode("utf-8", "replace")
    return ""


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


class Gate:
    """Checks each request against the settings; keeps no state."""

    def __init__(self, settings: Settings) -> None:
        self._token = settings.token
        self._local_only = is_loopback(settings.host)

    def refuse(self, request: HTTPServerRequest) -> Refusal | None:
        """Return why `request` may not pass, or None when it may."""
        # Not `request.host`: older versions of tornado put a local name where none was given.
        host = request.headers.get("Host", "")
        if self._local_only and not is_loopback(_host_name(host)):
            return Refusal(403, "This engine answers to the names of its own machine only.")
        if request.headers.get("Sec-Fetch-Site", "").lower() == "cross-site":
            return Refusal(403, "Requests from other sites are refused.")
        origin = request.headers.get("Origin")
        if origin is not None and _place(origin) != host.lower():
            return Refusal(403, "Requests from other origins are refused.")
        if self._token is None or request.path in OPEN_PATHS:
            return None
        if hmac.compare_digest(_offered(request).encode(), self._token.encode()):
            return None
        return Refusal(401, "Authentication required.")
