"""Reads JSON that callers send: one object, of no more values than a call has use for."""

from __future__ import annotations

import json
from typing import Any

from ..errors import InvalidRequest

MOST_VALUES = 250_000
"""Lists, objects and what stands between commas, counted in texts as well."""


def json_object(body: bytes, *, most_values: int = MOST_VALUES) -> dict[str, Any]:
    """Return a body as an object.

    Raises:
        InvalidRequest: it is none, or holds more than `most_values`.
    """
    refuse_many_values(body, most_values)
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is not a JSON object.", code="invalid_json")
    return value


def refuse_many_values(body: bytes, most: int) -> None:
    """Raise InvalidRequest for JSON of more values than `most`, without reading it.

    Empty lists take twenty times as much memory as they are long, and while Python reads them
    nothing else in the process goes on, in whichever thread.
    """
    if sum(body.count(mark) for mark in b",[{") > most:
        raise InvalidRequest(
            f"The body holds more than {most} values.",
            "Send pictures in base64 and leave out what the call does not need.",
            code="too_complex",
        )
