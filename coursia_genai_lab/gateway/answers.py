"""Answers that the gateway itself gives: JSON, guarded, in the door's dialect."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from ..errors import GenAIError, ServiceNotReady
from .headers import GUARDS

ErrorBody = Callable[[GenAIError], dict[str, Any]]


def json_answer(
    body: object, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return `body` as JSON with the guards of every answer."""
    return web.Response(
        body=json.dumps(body, ensure_ascii=False).encode("utf-8"),
        status=status,
        headers={**GUARDS, "Content-Type": "application/json", **(headers or {})},
    )


def refusal(error: GenAIError, shape: ErrorBody) -> web.Response:
    """Return an error in the shape of a dialect.

    Clients of the OpenAI SDK try again on 429 and 5xx unless told otherwise; only what is still
    starting is worth that.
    """
    starting = isinstance(error, ServiceNotReady) and error.error_code == ServiceNotReady.code
    headers = {"x-should-retry": "true" if starting else "false"}
    if isinstance(error, ServiceNotReady) and starting:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    elif error.status == 429:
        headers["Retry-After"] = "1"
    return json_answer(shape(error), status=error.status, headers=headers)
