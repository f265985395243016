"""OpenRouter's keys of an account: made, listed and ended with its management key.

A management key buys nothing; what it makes can, up to a limit and until a day. Making one is
never tried twice: an answer that was lost may hide a key that exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import GenAIError, GenerationError, InvalidRequest, NotAllowed
from ..secret_files.secret import Secret

if TYPE_CHECKING:
    import httpx

MANAGEMENT_KEY = "OPENROUTER_MANAGEMENT_KEY"
Reset = Literal["daily", "weekly", "monthly"]
TIMEOUT_SECONDS = 60.0
MOST_PAGES = 100
MOST_BYTES = 4_000_000
_LONGEST_WORDS = 200


@dataclass(frozen=True)
class KeyView:
    """A key as its account shows it, without the key; money in US dollars."""

    hash: str
    """What it is ended by."""
    name: str
    label: str
    """The key with its middle left out."""
    limit: float | None
    left: float | None
    reset: str | None
    expires_at: str | None
    disabled: bool


class AccountKeys:
    """The keys of one account at `url`, the provider's address without the version."""

    def __init__(self, url: str, management: Secret) -> None:
        self._url = f"{url.rstrip('/')}/v1/keys"
        self._management = management

    def mint(
        self, name: str, *, dollars: float, reset: Reset | None, expires_at: str
    ) -> tuple[Secret, KeyView]:
        """Make a key that can spend so much, and ends then (ISO 8601, UTC).

        Raises:
            GenAIError: it was refused, or nobody knows whether it was made (code
                `key_perhaps_made`).
        """
        body = {"name": name, "limit": dollars, "limit_reset": reset, "expires_at": expires_at}
        # What a provider's own key pays for a person would else go past the limit.
        said = self._asked("POST", self._url, {**body, "include_byok_in_limit": True})
        key, data = said.get("key"), said.get("data")
        if not isinstance(key, str) or not key or not isinstance(data, dict):
            raise _perhaps_made()
        view = _view(data)
        if view.limit is None or view.limit > dollars or not view.expires_at:
            raise _wrong_limits(view, self._ended(view.hash))
        return Secret(key), view

    def all(self) -> list[KeyView]:
        """Return every key of the account, the newest first as a rule."""
        found: dict[str, KeyView] = {}
        for _ in range(MOST_PAGES):
            data = self._asked("GET", f"{self._url}?offset={len(found)}").get("data")
            page = [_view(one) for one in _list(data) if isinstance(one, dict)]
            new = {one.hash: one for one in page if one.hash not in found}
            if not new:
                return list(found.values())
            found |= new
        return list(found.values())

    def revoke(self, key: KeyView) -> None:
        """End a key for good.

        Raises:
            GenAIError: it was refused, or OpenRouter cannot be reached.
        """
        self._asked("DELETE", f"{self._url}/{key.hash}")

    def _ended(self, hash_: str) -> bool:
        try:
            self._asked("DELETE", f"{self._url}/{hash_}")
        except GenAIError:
            return False
        return True

    def _asked(self, method: str, url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        import httpx

        headers = {"Authorization": f"Bearer {self._management.reveal()}"}
        with _told(method), httpx.Client(timeout=TIMEOUT_SECONDS) as client:
            with client.stream(method, url, json=body, headers=headers) as answer:
                data = bytearray()
                for part in answer.iter_bytes():
                    data += part
                    if len(data) > MOST_BYTES:
                        raise _wrong_answer()
            return _read(method, answer, bytes(data))


@contextmanager
def _told(method: str) -> Iterator[None]:
    import httpx

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
        raise _unreached() from None
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError):
        # Its words may show the request.
        raise (_perhaps_made() if method == "POST" else _unreached()) from None


def _read(method: str, answer: httpx.Response, data: bytes) -> dict[str, Any]:
    import json

    status = answer.status_code
    if status in (401, 403):
        raise NotAllowed(
            "OpenRouter refuses the management key.",
            "Make one at openrouter.ai under Management keys (a usual key cannot make others), "
            f"then: coursia-genai secrets set {MANAGEMENT_KEY}",
            code="management_key_refused",
        )
    try:
        said = json.loads(data) if data else {}
    except ValueError:
        said = None
    if status == 404 and method == "DELETE":
        return {}  # somebody was faster; it is gone
    if 400 <= status < 500:
        raise InvalidRequest(
            f"OpenRouter does not take this ({status}): {_words(said)}",
            "Change what was asked; 429 means to wait a minute and try again.",
            code="keys_refused",
        )
    if not 200 <= status < 300 or not isinstance(said, dict):
        raise _perhaps_made() if method == "POST" else _wrong_answer()
    return said


def _words(said: Any) -> str:
    error = said.get("error") if isinstance(said, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    words = message if isinstance(message, str) else "it gives no reason."
    # A provider may repeat what it was sent.
    return words[:_LONGEST_WORDS] if "sk-" not in words else "its reason shows a key."


def _view(data: dict[str, Any]) -> KeyView:
    def text(name: str) -> str:
        value = data.get(name)
        return value[:_LONGEST_WORDS] if isinstance(value, str) else ""

    def number(name: str) -> float | None:
        value = data.get(name)
        return float(value) if isinstance(value, (int, float)) else None

    hash_ = text("hash")
    if not hash_.isalnum():
        raise _wrong_answer()
    return KeyView(
        hash=hash_,
        name=text("name"),
        label=text("label"),
        limit=number("limit"),
        left=number("limit_remaining"),
        reset=text("limit_reset") or None,
        expires_at=text("expires_at") or None,
        disabled=data.get("disabled") is True,
    )


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise _wrong_answer()
    return data


def _unreached() -> GenerationError:
    return GenerationError(
        "OpenRouter cannot be reached.",
        "Look at the network of this machine and its proxy, then try again.",
        code="keys_unreached",
    )


def _wrong_answer() -> GenerationError:
    return GenerationError(
        "OpenRouter's answer cannot be understood.",
        "Try again later; its status page may say more.",
        code="keys_wrong_answer",
    )


def _perhaps_made() -> GenerationError:
    return GenerationError(
        "Nobody knows whether the key was made: the answer was cut, or no answer at all.",
        "Look for its name, and end it there before you make another.",
        code="key_perhaps_made",
        command="coursia-genai keys list",
    )


def _wrong_limits(view: KeyView, ended: bool) -> GenerationError:
    remedy = (
        "It was ended again; nothing was written. Try later, or make it on openrouter.ai."
        if ended
        else f"End it at once: coursia-genai keys revoke {view.hash}"
    )
    return GenerationError(
        "OpenRouter made a key without the limit or the end that were asked.",
        remedy,
        code="key_without_limit",
    )
