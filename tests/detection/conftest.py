"""Notebooks written as cells, and a detector over the built-in catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection import Detector
from coursia_genai_lab.wire.notebooks import Profile

Detect = Callable[..., Profile]


def notebook(*cells: str | dict[str, Any], language: str = "python", **metadata: Any) -> bytes:
    """Return the bytes of a notebook; a text is a code cell, a table is a cell as it is."""
    made = [
        {"cell_type": "code", "source": cell, "metadata": {}, "outputs": []}
        if isinstance(cell, str)
        else cell
        for cell in cells
    ]
    if language:
        metadata["kernelspec"] = {"name": language, "language": language}
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4}).encode()


@pytest.fixture(scope="session")
def detector() -> Detector:
    return Detector(load_catalog(), patience_seconds=60)  # a busy machine is no giant notebook


@pytest.fixture
def detect(detector: Detector) -> Detect:
    def of_cells(
        *cells: str | dict[str, Any], language: str = "python", **metadata: Any
    ) -> Profile:
        return detector.profile_bytes(notebook(*cells, language=language, **metadata))

    return of_cells
