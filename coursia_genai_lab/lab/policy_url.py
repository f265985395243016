"""The policy of a class at a URL: asked with a condition, bounded, and never led elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from ..catalog.read import MOST_BYTES
from ..errors import ConfigurationError
from ..secret_files.secret import Secret
from .policy_problems import Unread, bad_address, refused, unreachable

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

TOKEN = "GENAI_POLICY_TOKEN"
ASK_SECONDS = 10.0
MOST_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)


class PolicyUrl:
    """One address; `token` returns what it is asked with, and may block."""

    def __init__(self, url: str, token: Callable[[str], Secret | None]) -> None:
        self._url = url
        self._token = token
        self._tag = ""
        self._made: ClientSession | None = None
        self.shown = shown_url(url)

    async def look(self) -> bytes | None:
        """Return the content if it may have changed since it was returned last; else None.

        Raises:
            Unread: it does not answer with a document.
        """
        import aiohttp

        refuse_address(self._url)
        headers = await self._headers()
        # Whatever goes wrong, the next answer is to be whole.
        self._tag, tag = "", self._tag
        try:
            return await self._asked(headers, tag)
        except asyncio.TimeoutError:
            reason = f"it does not answer within {ASK_SECONDS:.0f} s"
            raise Unread(unreachable(self.shown, reason)) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # The words of a library may repeat the address, with what must not be shown of it.
            reason = f"no connection ({type(error).__name__})"
            raise Unread(unreachable(self.shown, reason)) from None

    async def close(self) -> None:
        """Close the session. Idempotent."""
        if self._made is not None:
            made, self._made = self._made, None
            await made.close()

    async def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/toml, application/json", "Accept-Encoding": "identity"}
        try:
            token = await asyncio.to_thread(self._token, TOKEN)
        except ConfigurationError:
            # The secrets file tells of itself; the address may do without.
            token = None
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        if self._tag:
            headers["If-None-Match"] = self._tag
        return headers

    async def _asked(self, headers: dict[str, str], tag: str) -> bytes | None:
        url, session = self._url, self._session()
        for _ in range(MOST_REDIRECTS + 1):
            async with session.get(url, headers=headers, allow_redirects=False) as answer:
                if answer.status == 304 and tag:
                    self._tag = tag
                    return None
                if answer.status not in _REDIRECTS:
                    return await self._content(answer)
                url = urljoin(url, answer.headers.get("Location", ""))
            if _origin(url) != _origin(self._url):
                reason = "it leads to another server"
                raise Unread(bad_address(self.shown, reason))
        raise Unread(unreachable(self.shown, "it leads from address to address"))

    async def _content(self, answer: ClientResponse) -> bytes:
        if answer.status in (401, 403):
            raise Unread(refused(self.shown, answer.status))
        if answer.status != 200:
            raise Unread(unreachable(self.shown, f"HTTP {answer.status}"))
        data = bytearray()
        async for piece in answer.content.iter_any():
            data += piece
            if len(data) > MOST_BYTES:
                # What is too long for a policy says so when it is read as one.
                break
        self._tag = answer.headers.get("ETag", "")[:1000]
        return bytes(data)

    def _session(self) -> ClientSession:
        if self._made is None:
            import aiohttp

            self._made = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=ASK_SECONDS),
            )
        return self._made


def is_url(source: str) -> bool:
    """Say whether a policy's source is an address rather than a path."""
    return source.lower().startswith(("http://", "https://"))


def shown_url(url: str) -> str:
    """Return an address without what may be a credential."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        host = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "that address"
    return SplitResult(parts.scheme, f"{host}{port}", parts.path, "", "").geturl()


def refuse_address(url: str) -> None:
    """Raise Unread for an address that somebody on the way could answer for, or with a password."""
    shown = shown_url(url)
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        named = parts.username is not None or parts.password is not None
    except ValueError:
        raise Unread(bad_address(shown, "it is no address")) from None
    if not host:
        raise Unread(bad_address(shown, "it names no server"))
    if named:
        raise Unread(bad_address(shown, "it holds a name or a password"))
    if parts.scheme.lower() == "http" and not _loopback(host):
        raise Unread(bad_address(shown, "http does not say who answers"))


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(scheme)
