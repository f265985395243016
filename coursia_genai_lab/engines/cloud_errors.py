"""What providers say when they make no picture, in our words, with what a person can do."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import (
    GenAIError,
    GenerationError,
    InvalidRequest,
    ModelUnknown,
    RequestTooLarge,
    ServiceError,
)
from .cloud_verdict import Verdict, billed, timed_out
from .comfyui_errors import plain
from .moderation import CODES, blocked
from .openai_images_answer import FIELD_CODES, FIELDS

TIMED_OUT = (408, 504, 524)
BUSY = (429, 503, 529)
BUSY_AGAIN = 2
"""How often a call is sent again that found no room."""
_NO_CREDIT = frozenset(
    {"payment_required", "insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
)
_HOUR = 3600.0
_USER_ERROR = "image_generation_user_error"
"""OpenAI's type of refusals by moderation, and of pictures that it cannot read."""
_CAPPED = re.compile(r"\bkey limit (has been )?(exceeded|reached)", re.IGNORECASE)
"""OpenRouter tells of a key whose own limit is used up by 403, in words alone."""
_NO_KEY = frozenset({"authentication", "invalid_api_key", "authentication_error"})
_NO_MODEL = frozenset(
    {"model_not_found", "no_endpoints", "model_deprecated", "model_unavailable_upstream"}
    | {"privacy_restricted", "constraint_filtered", "free_variant_ended", "wrong_endpoint"}
)
_STATUS = {
    "server": 500,
    "server_error": 500,
    "provider_error": 502,
    "provider_unavailable": 502,
    "provider_overloaded": 503,
    "rate_limit_exceeded": 429,
    "timeout": 504,
    "not_found": 404,
    "payload_too_large": 413,
    "permission_denied": 403,
}
"""Of words in answers whose own status says nothing, because it was out before they failed."""


@dataclass(frozen=True)
class Provider:
    """Who is asked, in words for people."""

    title: str
    """`OpenRouter`."""
    secret: str
    """Name of its key among the secrets."""
    account: str
    """Where credit and limits of the account are seen."""
    free_failures: bool = False
    """Whether it promises to charge nothing where it answers 502."""


def verdict_of(
    provider: Provider,
    error: Mapping[str, Any],
    status: int,
    retry_after: str | None = None,
    hidden: Iterable[str] = (),
) -> Verdict:
    """Return what an error object means; `hidden` texts (the prompt) are not repeated.

    `status` is that of the answer; where it is no failure's, what the object says counts.
    """
    words = _words(error)
    if status < 400:
        status = _told_status(error, words)
    if _is_moderation(error, status, words):
        return Verdict(blocked(words - {_USER_ERROR}))
    if status == 401 or words & _NO_KEY:
        return Verdict(_no_key(provider), "closed")
    capped = status == 403 and _CAPPED.search(str(error.get("message") or ""))
    if status == 402 or capped or words & _NO_CREDIT:
        return Verdict(_no_credit(provider), "closed")
    if status in BUSY or (status == 404 and _availability(error).get("retryable") is True):
        after = seconds_of(retry_after)
        if after is None:
            after = seconds_of(_availability(error).get("retry_after"))
        return Verdict(_busy(provider), "ill" if status >= 500 else "well", BUSY_AGAIN, after)
    if status in TIMED_OUT:
        return timed_out(provider.title)
    if status >= 500:
        return _broken(provider, status)
    reason = plain(_without(str(error.get("message") or ""), hidden))
    return Verdict(_refusal(provider, error, status, words, reason))


def _refusal(
    provider: Provider, error: Mapping[str, Any], status: int, words: set[str], reason: str
) -> GenAIError:
    """Return what it means that this request will never be carried out."""
    if status == 404 or words & _NO_MODEL:
        return _no_model(provider, error, words)
    if status == 403:
        return _forbids(provider, words)
    told = f": {reason}" if reason else ""
    if status == 413:
        return RequestTooLarge(f"{provider.title} does not take so much in one request{told}.")
    param = str(error.get("param") or "").removesuffix("[]")
    return InvalidRequest(
        f"{provider.title} does not take this{told}.",
        code=next(iter(sorted(words & FIELD_CODES)), "engine_refused"),
        param=param if param in FIELDS else None,
    )


def seconds_of(told: object) -> float | None:
    """Return the seconds of a Retry-After, given as seconds or as a date; None for anything else.

    Never more than an hour: a provider's clock may be wrong.
    """
    if isinstance(told, (int, float)) and not isinstance(told, bool):
        seconds = float(max(-1, min(told, _HOUR)))
    elif isinstance(told, str) and told.strip():
        try:
            seconds = float(told)
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(told).timestamp() - time.time()
            except (ValueError, TypeError, OverflowError):
                return None
    else:
        return None
    return min(_HOUR, max(0.0, seconds)) if math.isfinite(seconds) else None


# -- what is read out of the object ----------------------------------------------------------------


def _metadata(error: Mapping[str, Any]) -> Mapping[str, Any]:
    found = error.get("metadata")
    return found if isinstance(found, Mapping) else {}


def _availability(error: Mapping[str, Any]) -> Mapping[str, Any]:
    for place in (error, _metadata(error)):
        if isinstance(found := place.get("availability"), Mapping):
            return found
    return {}


def _words(error: Mapping[str, Any]) -> set[str]:
    """Return every word of the object that programs may switch on."""
    metadata = _metadata(error)
    found = (
        error.get("code"),
        error.get("type"),
        metadata.get("error_type"),
        metadata.get("provider_code"),
        _availability(error).get("code"),
    )
    return {one.lower() for one in found if isinstance(one, str)}


def _told_status(error: Mapping[str, Any], words: set[str]) -> int:
    told = error.get("code")
    if isinstance(told, str) and told.isdigit():
        told = int(told)
    if isinstance(told, int) and not isinstance(told, bool) and 400 <= told < 600:
        return told
    return next((_STATUS[word] for word in sorted(words) if word in _STATUS), 500)


def _is_moderation(error: Mapping[str, Any], status: int, words: set[str]) -> bool:
    if words & CODES and not (words & FIELD_CODES and words & CODES == {_USER_ERROR}):
        return True
    metadata = _metadata(error)
    return status == 403 and any(name in metadata for name in ("flagged_input", "reasons"))


def _without(text: str, hidden: Iterable[str]) -> str:
    for one in hidden:
        text = text.replace(one, "…") if one.strip() else text
    return text


# -- what is told ----------------------------------------------------------------------------------


def _no_key(provider: Provider) -> GenAIError:
    return GenerationError(
        f"{provider.title} does not accept the Lab's key: it is wrong, expired or revoked.",
        f"Whoever administers this server can run `coursia-genai secrets set {provider.secret}` "
        "with a new one; local models go on.",
        code="cloud_key_refused",
        command=f"coursia-genai secrets set {provider.secret}",
    )


def _no_credit(provider: Provider) -> GenAIError:
    return GenerationError(
        f"The credit of the Lab's account at {provider.title} is used up, or its limit is reached.",
        f"Whoever administers this server adds credit or raises the limit at {provider.account}; "
        "local models go on.",
        code="cloud_no_credit",
    )


def _forbids(provider: Provider, words: set[str]) -> GenAIError:
    where = " from this country" if "region_restricted" in words else ""
    return GenerationError(
        f"{provider.title} does not allow the Lab's account to do this{where}.",
        "Use another model; whoever administers this server looks at the account's rights, "
        f"guardrails and verification at {provider.account}.",
        code="cloud_forbids",
    )


def _no_model(provider: Provider, error: Mapping[str, Any], words: set[str]) -> GenAIError:
    named = _availability(error).get("fallback_models")
    others = [one for one in named if isinstance(one, str)] if isinstance(named, list) else []
    remedy = None
    if others:
        remedy = f"It proposes {', '.join(plain(one) for one in others[:3])}."
    elif words & {"privacy_restricted", "constraint_filtered"}:
        remedy = f"Settings of the account rule it out: look at them at {provider.account}."
    return ModelUnknown(
        f"{provider.title} does not offer this model, or no more.", remedy, param="model"
    )


def _busy(provider: Provider) -> GenAIError:
    return ServiceError(
        f"{provider.title} takes no more work now.",
        "Send the request again in a minute, or use another model.",
        code="cloud_busy",
    )


def _broken(provider: Provider, status: int) -> Verdict:
    error = ServiceError(
        f"{provider.title} failed (status {status}).",
        "Send the request again later, or use another model.",
        code="cloud_down",
    )
    if status == 502 and provider.free_failures:
        return Verdict(error, "ill", again=1)
    return Verdict(billed(error), "ill")
