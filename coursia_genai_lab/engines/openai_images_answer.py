"""What servers of the OpenAI Images API answer: pictures, or what went wrong, in our words."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import (
    GenAIError,
    GenerationError,
    InvalidRequest,
    ModelUnknown,
    ServiceError,
)
from .calls import Answer
from .comfyui_errors import no_memory, out_of_memory, plain
from .moderation import CODES, blocked
from .orders import Recipe
from .picture_check import no_picture, refuse_damaged

FIELD_CODES = frozenset(
    {
        "invalid_image",
        "invalid_mask_image_format",
        "invalid_type",
        "invalid_value",
        "missing_required_parameter",
        "string_above_max_length",
    }
)
"""Codes that say what is wrong with a field; they mean the same at our own door."""
FIELDS = frozenset(
    {"prompt", "model", "image", "mask", "size", "n", "seed", "steps", "guidance"}
    | {"negative_prompt", "quality", "background", "output_format"}
)


def picture_of(item: Mapping[str, Any]) -> bytes:
    """Return the picture of one item of an answer, decoded once to be sure; for a thread.

    Raises:
        GenerationError: there is none, it is an address, or it is no whole picture.
    """
    text = item.get("b64_json")
    if not isinstance(text, str) or not text:
        if isinstance(item.get("url"), str):
            raise GenerationError(
                "The server answered with an address in place of a picture.",
                "Addresses are not fetched: set the server up to answer with b64_json.",
                code="no_picture",
            )
        raise no_picture("The server answered without a picture.")
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise no_picture("The server sent something that is no picture.") from error
    refuse_damaged(data)
    return data


def seed_of(item: Mapping[str, Any], otherwise: int) -> int:
    """Return the seed that an answer names."""
    seed = item.get("seed")
    return seed if isinstance(seed, int) and not isinstance(seed, bool) else otherwise


def recipe_of(item: Mapping[str, Any], request_id: str | None) -> Recipe:
    """Return what an answer says of how the picture was made."""
    steps, guidance = item.get("steps"), item.get("guidance")
    known = request_id is not None and request_id.isascii() and len(request_id) <= 100
    return Recipe(
        steps=steps if type(steps) is int else None,
        guidance=float(guidance) if isinstance(guidance, (int, float)) else None,
        provider_id=request_id if known else None,
    )


def refused(answer: Answer, hidden: Iterable[str] = ()) -> GenAIError:
    """Return what an answer means that is no success; `hidden` texts are not repeated."""
    told = answer.table.get("error")
    if told is None and answer.status < 400:
        return ServiceError(
            f"The server sends us elsewhere (status {answer.status}), which is not followed."
            if 300 <= answer.status < 400
            else "The server answered with something that is no picture and no error.",
            "Correct the address of the service: it must be that of an OpenAI-compatible server.",
            code="wrong_answer",
        )
    if told is None:
        told = {"message": _details(answer.table.get("detail"))}
        if answer.status == 404 and told["message"] in ("", "Not Found"):
            return ServiceError(
                "This server has no Images API.",
                "Correct the address of the service: it must be that of an OpenAI-compatible "
                "server that makes pictures.",
                code="engine_without_api",
            )
    return failed(told if isinstance(told, Mapping) else {"message": told}, answer.status, hidden)


def failed(error: Mapping[str, Any], status: int, hidden: Iterable[str] = ()) -> GenAIError:
    """Return what an error object means, from an answer of `status` or from a stream."""
    words = {str(error.get(name) or "").lower() for name in ("code", "type")}
    text = str(error.get("message") or "")
    if words & CODES:
        return blocked([str(error.get("code") or "").lower()])
    if out_of_memory(f"{text} {' '.join(sorted(words))}"):
        return no_memory()
    for one in hidden:
        text = text.replace(one, "…") if one.strip() else text
    told = error.get("code")
    if type(told) is int and status < 400 <= told < 600:
        # The head of the answer was out before it failed.
        status = told
    reason = plain(text) or f"it answered with status {status}"
    if "model_not_found" in words:
        return ModelUnknown(f"The server does not know the model: {reason}.")
    if status in (429, 503, 529):
        return ServiceError(
            f"The server takes no more work now: {reason}.",
            "Wait a little, then send the request again.",
            code="engine_busy",
        )
    if 400 <= status < 500:
        return _wrong_request(error, status, words, reason)
    return GenerationError(
        f"The server failed: {reason}.",
        "Change the request; the log of the server may say more.",
        code="engine_failed",
    )


def _wrong_request(
    error: Mapping[str, Any], status: int, words: set[str], reason: str
) -> GenAIError:
    param = str(error.get("param") or "").removesuffix("[]")
    if status in (402, 403):
        return GenerationError(
            f"The server does not let the Lab do this: {reason}.",
            "Look at the account and the rights of the credential that the Lab uses.",
            code="engine_forbids",
        )
    code = next(iter(sorted(words & FIELD_CODES)), "engine_refused")
    return InvalidRequest(
        f"The server does not take this: {reason}.",
        code=code,
        param=param if param in FIELDS else None,
    )


def _details(details: object) -> str:
    """Return the words of FastAPI's form of an error: where in the body, and what is wrong."""
    if not isinstance(details, list):
        return str(details or "")
    parts = [one for one in details if isinstance(one, dict)]
    return "; ".join(f"{(one.get('loc') or ['?'])[-1]}: {one.get('msg')}" for one in parts)
