"""Turn an answer that is no success back into the error that the server meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..errors import (
    Conflict,
    ConsentMissing,
    GenAIError,
    GenerationError,
    InvalidRequest,
    LabUnreachable,
    NotAllowed,
    NotFound,
    ServiceError,
    TokenRefused,
    TooManyRequests,
)
from .access import Access
from .lean_httpx import httpx

# What OpenAI and the engines behind the door call things that our tree has a name for.
FOREIGN_CODES: dict[str, type[GenAIError]] = {
    "invalid_api_key": TokenRefused,
    "moderation_blocked": GenerationError,
    "content_policy_violation": GenerationError,
    "insufficient_quota": NotAllowed,
    "cloud_consent_needed": ConsentMissing,
    "upload_consent_needed": ConsentMissing,
}
MODERATION = frozenset({"moderation_blocked", "content_policy_violation"})
BY_STATUS: dict[int, type[GenAIError]] = {
    400: InvalidRequest,
    401: TokenRefused,
    403: NotAllowed,
    404: NotFound,
    409: Conflict,
    413: InvalidRequest,
    422: InvalidRequest,
    429: TooManyRequests,
    503: ServiceError,
}
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Failure:
    """An error with what the answer said about asking again, in seconds; None: nothing."""

    error: GenAIError
    status: int
    retry_after: float | None = None


def _tree(root: type[GenAIError]) -> Iterator[type[GenAIError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def _by_code() -> dict[str, type[GenAIError]]:
    return {kind.code: kind for kind in _tree(GenAIError)}


def restore(described: object, status: int, access: Access) -> GenAIError:
    """Return the error that the object under `error` describes, ours or OpenAI's."""
    table: dict[str, Any] = described if isinstance(described, dict) else {"message": described}
    code = str(table.get("code") or table.get("type") or "")
    message = access.scrub(str(table.get("message") or f"The server answered {status}."))
    message = message[:LONGEST_MESSAGE]
    remedy = table.get("remedy")
    if not remedy and code in MODERATION:
        remedy = "Ask for something else: the same request would be refused again."
    if remedy:
        # Doors put the remedy into the message too, for clients that show nothing else.
        message = message.removesuffix(str(remedy)).rstrip() or message
    kind = _by_code().get(code) or FOREIGN_CODES.get(code) or BY_STATUS.get(status)
    kind = kind or GenerationError
    return kind(
        message,
        access.scrub(str(remedy))[:LONGEST_MESSAGE] if remedy else None,
        code=code if code not in ("", kind.code) else None,
        command=str(table["command"]) if table.get("command") else None,
        param=str(table["param"])[:100] if table.get("param") else None,
    )


def decoded(response: httpx.Response) -> object:
    """Return the JSON of a body that has been read; None when it is none."""
    try:
        return json.loads(response.content)
    except ValueError:
        return None


def failure(response: httpx.Response, access: Access) -> Failure:
    """Return what an unsuccessful answer means; its body must have been read."""
    body = decoded(response)
    described = body.get("error") if isinstance(body, dict) else None
    if isinstance(described, dict) and str(described.get("code", "")).startswith("http_"):
        # Jupyter's own refusal, worded by status alone.
        described = None
    error = (
        restore(described, response.status_code, access)
        if described
        else _of_somebody_else(response.status_code)
    )
    return Failure(error, response.status_code, _seconds(response.headers.get("Retry-After")))


def _of_somebody_else(status: int) -> GenAIError:
    if status == 404:
        return LabUnreachable(
            "There is no GenAI Lab at this address: it answered 404.",
            "Run `coursia-genai doctor` on the machine of the Jupyter server; it says whether the "
            "extension is installed and enabled.",
        )
    if status in (401, 403) or 300 <= status < 400:
        return NotAllowed(
            f"The server at this address refused the token: it answered {status}.",
            "Give the token of the running Jupyter server; `jupyter server list` shows it.",
        )
    kind = BY_STATUS.get(status, LabUnreachable)
    return kind(f"The server at this address answered {status}, without saying why.")


def _seconds(text: str | None) -> float | None:
    # Our own doors send seconds; the date form is left to strangers, who are never asked twice.
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def unreachable(error: httpx.HTTPError, access: Access) -> GenAIError:
    """Return our error for a connection that failed, without the text of httpx."""
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        return LabUnreachable(f"Nothing answers at {access.url}.")
    if isinstance(error, httpx.TimeoutException):
        return LabUnreachable(
            f"{access.url} accepted the request and then fell silent.",
            "Look at the service's log in the GenAI panel; the picture may still be made.",
        )
    return LabUnreachable(f"The connection to {access.url} broke off ({type(error).__name__}).")
