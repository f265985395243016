"""Reads JSON that callers send: one object, of no more values than a call has use for."""

from __future__ import annotations

import json
from typing import Any

from ..errors import InvalidRequest

MOST_VALUES = 250_000
"""Lists, objects and what stands between commas, counted in texts as well."""
MOST_LEVELS = 100
"""Of lists and objects within each other; an editor's workflow has some twenty."""


def json_object(body: bytes, *, most_values: int = MOST_VALUES) -> dict[str, Any]:
    """Return a body as an object.

    Empty lists take twenty times as much memory as they are long, and while Python reads them
    nothing else in the process goes on, in whichever thread: so they are counted first.

    Raises:
        InvalidRequest: it is none, or holds more than `most_values`.
    """
    if sum(body.count(mark) for mark in b",[{") > most_values:
        raise InvalidRequest(
            f"The body holds more than {most_values} values.",
            "Send pictures in base64 and leave out what the call does not need.",
            code="too_complex",
        )
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is not a JSON object.", code="invalid_json")
    return value


def refuse_deep(value: object) -> None:
    """Raise InvalidRequest for what is nested so deep that answers which hold it would fail."""
    level = [value]
    for _ in range(MOST_LEVELS):
        inner: list[object] = []
        for one in level:
            if isinstance(one, dict):
                inner.extend(one.values())
            elif isinstance(one, list):
                inner.extend(one)
        level = [one for one in inner if isinstance(one, (dict, list))]
        if not level:
            return
    raise InvalidRequest(
        f"The body has more than {MOST_LEVELS} levels of lists and objects.",
        "Export the workflow in API format.",
        code="too_complex",
    )
