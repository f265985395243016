"""Notebooks whose JSON the fast decoder refuses: NaN, lone surrogates, cells of odd types."""

from __future__ import annotations

import json
from typing import Any

from .shapes import LANGUAGE_TABLES, METADATA_TABLES, Unreadable


def leniently(data: bytes | bytearray) -> bytes:
    """Return a notebook that is Malformed as JSON that is not: NaN, odd types, no UTF-8.

    Builds everything, the outputs too: for small notebooks, or in a process of its own.

    Raises:
        Unreadable: it is no JSON, or not a notebook.
    """
    try:
        text = data.decode("utf-8", errors="replace")
        document = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        where = f" near character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"It is not valid JSON{where}.") from None
    if not isinstance(document, dict):
        raise Unreadable("It is JSON, but not a notebook.")
    return strict_json(document)


def strict_json(document: dict[str, Any]) -> bytes:
    """Return what detection needs of a notebook's document as JSON that any decoder takes."""
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    plain = {
        "cells": _plain_cells(document),
        "worksheets": [{"cells": _plain_cells(one)} for one in _list(document.get("worksheets"))],
        "metadata": {name: metadata.get(name) for name in METADATA_TABLES},
    }
    try:
        strict = json.dumps(plain, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        # A number beyond all bounds, or nesting as deep as it can be read but not written.
        strict = json.dumps({**plain, "metadata": {}}, ensure_ascii=False)
    return strict.encode("utf-8", errors="replace")  # lone surrogates


def _plain_cells(sheet: Any) -> list[dict[str, Any]]:
    cells = _list(sheet.get("cells")) if isinstance(sheet, dict) else []
    return [_plain_cell(cell) if isinstance(cell, dict) else {} for cell in cells]


def _plain_cell(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    tables = {
        table: {key: part[key]}
        for table, key in LANGUAGE_TABLES
        if isinstance(part := metadata.get(table), dict) and isinstance(part.get(key), str)
    }
    tags = [tag for tag in _list(metadata.get("tags")) if isinstance(tag, str)]
    made: dict[str, Any] = {"metadata": {**tables, "tags": tags}}
    for name in ("cell_type", "source", "input", "language"):
        value = cell.get(name)
        if isinstance(value, list):
            made[name] = [part for part in value if isinstance(part, str)]
        elif isinstance(value, str):
            made[name] = value
    return made


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
