"""The lines of a notebook's code cells, for a person to read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..detection.read import Unreadable, read_file


def code_cells(path: Path) -> dict[int, list[str]]:
    """Return index of a cell -> its lines; nothing where the file cannot be read any more.

    nbformat 2, 3 and 4; cells are counted as detection does, from 0, of all kinds.
    """
    try:
        document: Any = json.loads(read_file(path, None).decode("utf-8-sig", errors="replace"))
    except (Unreadable, ValueError, RecursionError):
        return {}
    sheets = [document, *_list(_entry(document, "worksheets"))]
    cells = [cell for sheet in sheets for cell in _list(_entry(sheet, "cells"))]
    return {
        index: _lines(_entry(cell, "source") or _entry(cell, "input"))
        for index, cell in enumerate(cells)
        if _entry(cell, "cell_type") == "code"
    }


def _entry(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _lines(source: Any) -> list[str]:
    parts = [source] if isinstance(source, str) else [p for p in _list(source) if _is_text(p)]
    # Some tools write the lines without their ends; one line with an end says they do not.
    between = "" if any(part.endswith("\n") for part in parts[:-1]) else "\n"
    text = between.join(parts).replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n") if text else []


def _is_text(value: Any) -> bool:
    return isinstance(value, str)
