"""An address with its token, and the HTTP settings that suit them."""

from __future__ import annotations

import ssl
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from ..errors import InvalidRequest, TokenMissing
from .lean_httpx import httpx

URL_VARIABLE = "GENAI_API_URL"
TOKEN_VARIABLE = "GENAI_API_TOKEN"

# A slow cloud picture takes up to 280 s (p95) and a hold at the door 60 s before that; a cold
# local model is silent for six minutes while it loads.
SILENCE_SECONDS = 660.0
CONNECT_SECONDS = 10.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class Timeouts:
    """How long a call may take, in seconds.

    `connect` is for reaching the address, `silence` for hearing nothing at all, `whole` for
    everything together, with the wait for a service and in line; None: as long as it gets on.
    """

    connect: float = CONNECT_SECONDS
    silence: float = SILENCE_SECONDS
    whole: float | None = None

    def within(self, left: float | None) -> httpx.Timeout:
        """Return the settings of a request for which so many seconds are left; None: no limit."""
        most = float("inf") if left is None else max(left, 0.001)
        connect = min(self.connect, most)
        return httpx.Timeout(min(self.silence, most), connect=connect, pool=connect)


PATIENT = Timeouts()


@dataclass(frozen=True)
class Access:
    """Where to call, without a trailing slash, and the token that opens it.

    The token shows in no repr. `scheme` is the word before it in the Authorization header.

    Raises:
        InvalidRequest: the address is no http(s) URL, or holds a credential itself.
    """

    url: str
    token: str = field(repr=False)
    scheme: str = "Bearer"

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidRequest(
                "The address of the Lab must begin with http:// or https:// and name a host.",
                "Copy it from the address bar of JupyterLab, up to and without /lab.",
            )
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InvalidRequest(
                "The address of the Lab must not hold a credential, a query or a fragment.",
                "Give the address alone, and the token by its own option or variable.",
            )
        object.__setattr__(self, "url", self.url.rstrip("/"))

    def scrub(self, text: str) -> str:
        """Return `text` with the token taken out, should anybody have put it in."""
        return text.replace(self.token, "…") if self.token else text

    def settings(self, timeouts: Timeouts = PATIENT) -> dict[str, Any]:
        """Return the keyword arguments for `httpx.Client` and `httpx.AsyncClient`."""
        parts = urlsplit(self.url)
        return {
            "base_url": self.url,
            "auth": _Authorization(f"{self.scheme} {self.token}") if self.token else None,
            "timeout": timeouts.within(timeouts.whole),
            "headers": {"User-Agent": "coursia-genai-lab"},
            # A proxy of the institution cannot reach this machine's own loopback.
            "trust_env": parts.hostname not in LOOPBACK,
            # Loading the authorities takes 40 ms, and plain HTTP asks none of them.
            "verify": True if parts.scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            "follow_redirects": False,
        }


class _Authorization(httpx.Auth):
    """Adds the header to each request; unlike a default header it shows in no repr."""

    def __init__(self, value: str) -> None:
        self._value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = self._value
        yield request


def find_access(environ: Mapping[str, str]) -> Access:
    """Return the door that `GENAI_API_URL` and `GENAI_API_TOKEN` in `environ` name.

    Raises:
        TokenMissing: one of the two is not set.
    """
    url, token = environ.get(URL_VARIABLE, "").strip(), environ.get(TOKEN_VARIABLE, "").strip()
    if not url or not token:
        raise TokenMissing("GenAI is not enabled for this kernel: it has no GenAI token.")
    return Access(url, token)
