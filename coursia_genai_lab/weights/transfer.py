"""One request for (the rest of) a file: redirects, ranges and lies included."""

from __future__ import annotations

import asyncio
import re
import urllib.request
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from ..catalog.fields import check_address
from .problems import (
    Interruption,
    cut,
    insecure,
    source_wrong,
    stalled,
    unreachable,
    untrusted,
)
from .sources import Origin, published_sha256, refusal

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from yarl import URL

PIECE = 2**18
MOST_REDIRECTS = 8
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
_REDIRECTS = (301, 302, 303, 307, 308)
# No file has more digits of bytes; and a number of thousands of them raises in int().
_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")
_SIZE = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class Patience:
    """How long a fetch waits, seconds, and how often it tries."""

    attempts: int = 8
    """Tries in a row that bring nothing; one that brings something begins the count anew."""
    most_attempts: int = 500
    """Tries in all: a source may cut after every few bytes for ever."""
    first_pause: float = 1.0
    """After the first cut; twice that after the next, and so on."""
    longest_pause: float = 60.0
    connect_seconds: float = 20.0
    stall_seconds: float = 60.0
    """The longest silence, before an answer and in the middle of a file."""
    longest_wish: float = 300.0
    """The longest pause that a source may ask for."""
    look_seconds: float = 0.5
    """Between two looks at a file that another process writes."""


@dataclass(frozen=True)
class Told:
    """What a source says of a file while it sends us on."""

    sha256: str | None = None
    size_bytes: int | None = None


class Reply:
    """An answer whose bytes can be read: they begin at `start`."""

    def __init__(
        self, response: ClientResponse, origin: Origin, patience: Patience, start: int, told: Told
    ) -> None:
        self._response, self._origin, self._patience = response, origin, patience
        self.start = start
        self.told = told
        self.total = _total_of(response, start)
        """Bytes of the whole file; None: the source does not say."""
        headers = response.headers
        self.etag = headers.get("ETag", "")
        self.modified = headers.get("Last-Modified", "")

    @property
    def validator(self) -> str:
        """What shows later that the file is still this one; empty: nothing does."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes as they come.

        Raises:
            Interruption: the connection was cut, or nothing came for too long.
        """
        import aiohttp

        while True:
            try:
                piece = await self._response.content.read(PIECE)
            except asyncio.TimeoutError as error:
                silence = stalled(self._origin.host, self._patience.stall_seconds)
                raise Interruption(silence) from error
            except (aiohttp.ClientError, OSError) as error:
                raise Interruption(cut(self._origin.host)) from error
            if not piece:
                return
            yield piece


class NoSuchPiece(Exception):
    """The source has nothing from there on (416), or sends another piece than was asked for."""


@asynccontextmanager
async def asked(
    session: ClientSession, origin: Origin, patience: Patience, *, offset: int, validator: str
) -> AsyncIterator[Reply]:
    """Ask for the file from `offset` on and yield the answer; it may begin at 0 all the same.

    The token goes to the origin's own server alone.

    Raises:
        ModelFilesError: the source refuses, or what it answers cannot be believed.
        Interruption: it could not be asked, or wants a pause; worth another try.
        NoSuchPiece: it does not send what begins at `offset`.
    """
    from yarl import URL

    url, told = URL(origin.url), Told()
    for _ in range(MOST_REDIRECTS):
        headers = _headers(origin, url, offset, validator)
        response = await _get(session, origin, patience, url, headers)
        try:
            if response.status in _REDIRECTS:
                told = _told(response, origin, told)
                url = _next(response, origin)
                continue
            yield Reply(response, origin, patience, _start_of(response, origin, offset), told)
            return
        finally:
            # Closed, not released: the rest of a file is not worth reading to its end.
            response.close()
    raise source_wrong(origin.host, "it sends us on without end")


def _headers(origin: Origin, url: URL, offset: int, validator: str) -> dict[str, str]:
    from yarl import URL

    headers = {"Accept-Encoding": "identity", "User-Agent": "coursia-genai-lab"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if validator:
            headers["If-Range"] = validator
    if origin.token and url.origin() == URL(origin.url).origin():
        headers["Authorization"] = f"Bearer {origin.token}"
    return headers


async def _get(
    session: ClientSession, origin: Origin, patience: Patience, url: URL, headers: dict[str, str]
) -> ClientResponse:
    import aiohttp

    host = url.host or origin.host
    try:
        # The transport's own bounds: asyncio.wait_for loses a cancellation that comes together
        # with bytes, before Python 3.12.
        return await session.get(
            url,
            headers=headers,
            allow_redirects=False,
            proxy=_proxy_of(url),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=patience.connect_seconds, sock_read=patience.stall_seconds
            ),
        )
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError) as error:
        raise untrusted(host) from error
    except aiohttp.InvalidURL as error:
        raise source_wrong(origin.host, "its address cannot be used") from error
    except asyncio.TimeoutError as error:
        raise Interruption(unreachable(host, "it does not answer in time")) from error
    except (aiohttp.ClientError, OSError) as error:
        raise Interruption(unreachable(host, _reason(error))) from error
    except ValueError as error:
        # Host names that no resolver takes, such as a label of 64 letters.
        raise source_wrong(origin.host, "it sends us on to no address") from error


def _reason(error: BaseException) -> str:
    inner = getattr(error, "os_error", error)
    words = getattr(inner, "strerror", None)
    return str(words) if words else type(error).__name__


def _next(response: ClientResponse, origin: Origin) -> URL:
    from yarl import URL

    here = response.url
    try:
        # As it was sent: a signature does not survive another spelling.
        url = here.join(URL(response.headers.get("Location", ""), encoded=True))
        if url.scheme in ("http", "https") and url.raw_host:
            host = f"[{url.raw_host}]" if ":" in url.raw_host else url.raw_host
            # As of an address in a service file: no metadata service, no number in disguise.
            check_address(f"{url.scheme}://{host}:{url.port}")
    except ValueError as error:
        raise source_wrong(origin.host, "it sends us on to no address") from error
    if here.scheme == "https" and url.scheme == "http":
        raise insecure(origin.host)
    if _is_loopback(url.host) and here.host not in _THIS_MACHINE:
        raise source_wrong(origin.host, "it sends us to this machine itself")
    if url.scheme not in ("http", "https") or not url.host or url == here:
        raise source_wrong(origin.host, "it sends us on to no address")
    return url


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def _told(response: ClientResponse, origin: Origin, before: Told) -> Told:
    from yarl import URL

    if response.url.origin() != URL(origin.url).origin():
        return before  # Only the source itself is believed.
    size = response.headers.get("X-Linked-Size", "")
    return Told(
        published_sha256(response.headers.get("X-Linked-Etag", "")) or before.sha256,
        int(size) if _SIZE.fullmatch(size) else before.size_bytes,
    )


def _start_of(response: ClientResponse, origin: Origin, offset: int) -> int:
    """Return at which byte the answer begins.

    Raises:
        As `asked`.
    """
    headers = response.headers
    if response.status == 416 and offset:
        raise NoSuchPiece
    if response.status not in (200, 206):
        raise refusal(
            response.status,
            origin,
            error_code=headers.get("X-Error-Code", ""),
            pause=_pause(headers.get("Retry-After", "")),
        )
    if headers.get("Content-Encoding", "identity") not in ("", "identity"):
        raise source_wrong(origin.host, "it packs the file in a way that was not asked for")
    if response.status == 200:
        return 0
    match = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if not offset:
        raise source_wrong(origin.host, "it sends a piece that nobody asked for")
    if match is None:
        raise NoSuchPiece
    start, last = int(match[1]), int(match[2])
    length = response.content_length
    if start != offset or last < start or length not in (None, last - start + 1):
        raise NoSuchPiece
    return start


def _total_of(response: ClientResponse, start: int) -> int | None:
    if response.status == 206:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        return int(match[3]) if match and match[3] != "*" else None
    return response.content_length


def _pause(text: str) -> float | None:
    # A date is as good as no wish: the ordinary pause follows.
    return float(text) if text.strip().isdecimal() else None


def _proxy_of(url: URL) -> str | None:
    if url.host in _THIS_MACHINE:
        return None
    proxy = urllib.request.getproxies().get(url.scheme)
    if not proxy or urllib.request.proxy_bypass(f"{url.host}:{url.port}"):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"
