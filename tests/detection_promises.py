"""What every profile keeps, whatever the notebook was."""

from __future__ import annotations

import json
from typing import Any

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection import Detector
from coursia_genai_lab.wire.notebooks import Evidence, Profile

CATALOG = load_catalog()
DETECTOR = Detector(CATALOG)


def check(data: bytes) -> Profile:
    """Examine a notebook's bytes and check what is promised of its profile; return it."""
    profile = DETECTOR.profile_bytes(data)
    assert isinstance(profile, Profile)
    assert "defect" not in profile.note
    named = {*profile.services, *profile.optional, *profile.widened, *profile.remote_services}
    assert named <= set(CATALOG)
    assert profile.needs_image_service == bool(profile.services)
    assert (profile.type == "CLASSIC") == (not profile.services)
    cells = _cells(data)
    for item in (*profile.evidence, *profile.literal_addresses):
        _check_place(item, cells)
    for section in profile.sections:
        assert 0 <= section.first_cell <= section.last_cell
    json.dumps(profile.model_dump(mode="json")).encode()
    return profile


def _check_place(item: Evidence, cells: list[Any] | None) -> None:
    assert item.service in CATALOG
    assert item.line >= 0
    assert item.cell >= -1
    assert len(item.excerpt) <= 200
    if cells is not None and item.cell >= 0:
        assert item.cell < len(cells)
        assert item.line <= _lines(cells[item.cell])


def _cells(data: bytes) -> list[Any] | None:
    """Return the cells of a notebook as the standard library reads it, None where it cannot."""
    try:
        document = json.loads(data.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    sheets = document.get("worksheets")
    parts = [document, *(sheets if isinstance(sheets, list) else [])]
    found = [part.get("cells") for part in parts if isinstance(part, dict)]
    return [cell for cells in found if isinstance(cells, list) for cell in cells]


def _lines(cell: Any) -> int:
    if not isinstance(cell, dict):
        return 0
    source = cell.get("source") if cell.get("source") is not None else cell.get("input")
    parts = source if isinstance(source, list) else [source]
    ends = ("\r\n", "\n", "\r")
    texts = [part for part in parts if isinstance(part, str)]
    return len(texts) + sum(text.count(end) for text in texts for end in ends)
