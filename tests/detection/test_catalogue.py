"""A new service brings its own detection, as literals and globs in its file."""

from __future__ import annotations

import json
from pathlib import Path

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection import Detector

PAINTER = """
title = "Painter"
dialect = "a1111"
address = "http://127.0.0.1:9000"

[detect]
modules = ["painter_client"]
calls = ["paint*", "canvas.draw"]
routes = ["/paint/v2/*"]
"""


def profile(tmp_path: Path, code: str):
    (tmp_path / "painter.toml").write_text(PAINTER)
    detector = Detector(load_catalog(tmp_path))
    return detector.profile_bytes(
        json.dumps({"cells": [{"cell_type": "code", "source": code}]}).encode()
    )


def test_its_routes_calls_and_modules_are_found(tmp_path: Path):
    for code in (
        "import requests\nrequests.post('http://h:9000/paint/v2/oil', json={})",
        "from painter_client import Painter\nPainter().paint_large('x')",
        "def f(studio):\n    studio.canvas.draw('x')\nf(get())",
    ):
        assert profile(tmp_path, code).services == ["painter"]


def test_a_one_word_call_counts_only_on_its_own_library(tmp_path: Path):
    code = "import painter_client\nimport other\nother.Brush().paint('x')"
    assert profile(tmp_path, code).services == []


def test_an_empty_catalogue_finds_nothing():
    code = "import openai\nopenai.images.generate()"
    data = json.dumps({"cells": [{"cell_type": "code", "source": code}]}).encode()
    assert Detector(load_catalog().__class__({})).profile_bytes(data).type == "CLASSIC"
