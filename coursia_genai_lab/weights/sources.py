"""Where a model file comes from: its address, and what its publisher says of size and hash."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from urllib.parse import quote, urlsplit

from ..catalog.spec import ModelFileSpec
from ..errors import ModelFilesError
from .problems import (
    Interruption,
    no_source,
    not_found,
    rate_limited,
    source_refuses,
    token_missing,
    token_refused,
    unreachable,
)

HUB_URL = "https://huggingface.co"
HUB_ANSWER_SECONDS = 30.0
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Origin:
    """One file at its source. Its address and token are shown nowhere."""

    what: str
    """The file as people are shown it."""
    url: str = field(repr=False)
    label: str
    """Host, and repository if any, for people."""
    size_bytes: int | None = None
    sha256: str | None = None
    token: str = field(default="", repr=False)
    """Sent to the host of `url` alone, never to where that sends us on."""
    page: str | None = None
    """Where a person accepts the licence of a gated file."""

    @property
    def host(self) -> str:
        """The host, for sentences."""
        return urlsplit(self.url).hostname or "the source"

    @property
    def identity(self) -> str:
        """A word that is the same as long as the address is; a part is of one address."""
        parts = urlsplit(self.url)
        return hashlib.sha256(f"{parts.hostname}{parts.path}".encode()).hexdigest()[:32]


class Sources:
    """Finds the origin of files; `token` is asked for each time, so that a new one counts."""

    def __init__(self, *, hub_url: str = HUB_URL, token: Callable[[], str] = str) -> None:
        self._hub_url = hub_url.rstrip("/") or HUB_URL
        self._token = token

    def label(self, file: ModelFileSpec) -> str | None:
        """Return host, and repository if any; None: an admin has to bring the file."""
        if file.url is not None:
            return urlsplit(file.url).hostname
        if file.repository is not None:
            return f"{urlsplit(self._hub_url).hostname}: {file.repository}"
        return None

    def has_token(self) -> bool:
        """Say whether there is a token for gated files. Reads the secrets file."""
        return bool(self._token())

    def find(self, file: ModelFileSpec) -> Origin:
        """Return where the file comes from. Blocks: the hub is asked for size and hash.

        Raises:
            ModelFilesError: nobody says where it is; or the source refuses.
            Interruption: the hub could not be asked now.
        """
        what = f"{file.folder}/{file.name}"
        label = self.label(file) or ""
        size, sha256 = file.size_bytes, file.sha256
        if file.url is not None:
            ours = _same_server(file.url, self._hub_url)
            token = self._hub_token() if ours else ""
            page = _page_of(file.url) if ours else None
            return Origin(what, file.url, label, size, sha256, token=token, page=page)
        if file.repository is None:
            raise no_source(what)
        path = quote(file.path or file.name)
        page = f"{self._hub_url}/{file.repository}"
        revision = quote(file.revision, safe="")
        url = f"{page}/resolve/{revision}/{path}"
        origin = Origin(what, url, label, size, sha256, token=self._hub_token(), page=page)
        hub = _hub_library()
        # Without the library the redirect that answers a download tells size and hash as well.
        return origin if hub is None else self._ask_hub(hub, file, origin)

    def _hub_token(self) -> str:
        # On an open line everybody on the way could read it.
        parts = urlsplit(self._hub_url)
        safe = parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1")
        return self._token() if safe else ""

    def _ask_hub(self, hub: ModuleType, file: ModelFileSpec, origin: Origin) -> Origin:
        try:
            said: Any = hub.get_hf_file_metadata(
                origin.url,
                token=origin.token or False,
                timeout=HUB_ANSWER_SECONDS,
                endpoint=self._hub_url,
                library_name="coursia-genai-lab",
            )
        except Exception as error:
            # The library's transport has changed its exceptions twice; what counts is whether
            # the hub answered.
            raise _of_hub(error, origin) from error
        etag = str(said.etag or "")
        commit = str(said.commit_hash or "")
        url = origin.url
        if commit:
            # What is fetched is what was described, whatever is pushed meanwhile.
            path = quote(file.path or file.name)
            url = f"{self._hub_url}/{file.repository}/resolve/{quote(commit, safe='')}/{path}"
        size = origin.size_bytes if origin.size_bytes is not None else said.size
        published = etag if _SHA256.fullmatch(etag) else None
        return Origin(
            origin.what,
            url,
            origin.label,
            size_bytes=size,
            sha256=origin.sha256 or published,
            token=origin.token,
            page=origin.page,
        )


def refusal(
    status: int, origin: Origin, *, error_code: str = "", pause: float | None = None
) -> ModelFilesError | Interruption:
    """Return what an answer other than success means; an Interruption is worth another try."""
    what, host = origin.what, origin.host
    if status in (401, 403):
        if origin.token:
            return token_refused(what, host, origin.page)
        if status == 401 or error_code == "GatedRepo":
            return token_missing(what, host, origin.page)
        return source_refuses(host, status)
    if status in (404, 410):
        return not_found(what, host)
    if status == 429:
        return Interruption(rate_limited(host), pause=pause)
    if status in (408, 425) or status >= 500:
        return Interruption(source_refuses(host, status), pause=pause)
    return source_refuses(host, status)


def published_sha256(etag: str) -> str | None:
    """Return the hash that a hub's ETag of a large file is; None for any other ETag."""
    text = etag.strip().removeprefix("W/").strip('"')
    return text if _SHA256.fullmatch(text) else None


def _of_hub(error: Exception, origin: Origin) -> ModelFilesError | Interruption:
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None)
    if isinstance(status, int) and status >= 400:
        headers: Any = getattr(response, "headers", {})
        code = str(headers.get("X-Error-Code") or "")
        return refusal(status, origin, error_code=code, pause=_seconds(headers.get("Retry-After")))
    if type(error).__name__ == "OfflineModeIsEnabled":
        return unreachable(origin.host, "HF_HUB_OFFLINE is set")
    return Interruption(unreachable(origin.host, type(error).__name__))


def _seconds(text: Any) -> float | None:
    try:
        return max(0.0, float(text))
    except (TypeError, ValueError):
        return None


def _hub_library() -> ModuleType | None:
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError:
        return None


def _same_server(url: str, hub_url: str) -> bool:
    one, other = urlsplit(url), urlsplit(hub_url)
    return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)


def _page_of(url: str) -> str | None:
    parts = urlsplit(url)
    names = parts.path.strip("/").split("/")
    if len(names) < 3 or names[2] != "resolve":
        return None
    return f"{parts.scheme}://{parts.netloc}/{names[0]}/{names[1]}"
