"""Every indicator of every service, by the examples that the documentation shows."""

from __future__ import annotations

import json

import pytest
from indicator_examples import KINDS, Row, rows_of

from coursia_genai_lab.catalog import Catalog, ServiceSpec, load_catalog
from coursia_genai_lab.detection import Detector

CATALOG = load_catalog()
ROWS = [row for spec in CATALOG.values() for row in rows_of(spec, CATALOG)]
every_row = pytest.mark.parametrize(
    "row", ROWS, ids=[f"{row.service}-{row.kind}-{row.literal}" for row in ROWS]
)
LANGUAGES = {"python": "python", "csharp": "C#"}
OWN = {
    "name": "lab-flux",
    "title": "FLUX of the lab",
    "dialect": "a1111",
    "door_port": 8444,
    "address": "http://127.0.0.1:9999",
    "detect": {
        "variables": ["LAB_FLUX_URL", "LAB_FLUX_TOKEN"],
        "hosts": ["flux.example.org"],
        "modules": ["lab_flux"],
        "calls": ["paint*", "canvas.draw"],
        "routes": ["/flux/v1/paint"],
        "probes": ["/flux/v1/health"],
        "models": ["lab-flux-*"],
        "prefers": ["flux"],
    },
}


def wrong(row: Row, detect) -> list[str]:
    """Return what detection says otherwise than the row does."""
    language = LANGUAGES[row.language]
    shown = detect(row.example, language=language)
    problems = []
    if row.service not in shown.services:
        problems.append(f"the example is taken for {shown.services}")
    if row.rule and (row.service, row.rule) not in {(e.service, e.rule) for e in shown.evidence}:
        problems.append(f"{row.rule} is no evidence: {[e.rule for e in shown.evidence]}")
    other = detect(row.counter_example, language=language)
    if other.needs_image_service:
        problems.append(f"the counter-example is taken for {other.services}")
    return problems


@every_row
def test_an_example_is_detected_and_its_counter_example_is_not(row, detect):
    assert wrong(row, detect) == []


def test_every_indicator_has_its_row():
    literals = [
        (spec.name, kind, literal)
        for spec in CATALOG.values()
        for kind in KINDS
        for literal in getattr(spec.detect, kind)
    ]
    assert [(row.service, row.kind, row.literal) for row in ROWS] == literals


def test_a_new_service_brings_rows_that_hold_with_no_further_work():
    spec = ServiceSpec.model_validate(OWN)
    specs = {**CATALOG, spec.name: spec}
    detector = Detector(Catalog(specs))
    rows = list(rows_of(spec, specs))
    assert len(rows) == sum(len(words) for words in OWN["detect"].values())

    def detect(cell: str, language: str):
        cells = [{"cell_type": "code", "source": cell}]
        metadata = {"kernelspec": {"language": language}}
        return detector.profile_bytes(json.dumps({"cells": cells, "metadata": metadata}).encode())

    assert {row.literal: problems for row in rows if (problems := wrong(row, detect))} == {}


def test_a_service_may_say_examples_of_its_own():
    own = {
        "example": "import lab_flux\nlab_flux.studio().paint_fox()",
        "counter_example": "import lab_flux\nlab_flux.studio()",
    }
    detect = {**OWN["detect"], "examples": {"calls:paint*": own}}
    spec = ServiceSpec.model_validate({**OWN, "detect": detect})
    [row] = [r for r in rows_of(spec, {spec.name: spec}) if r.literal == "paint*"]
    assert (row.example, row.counter_example) == (own["example"], own["counter_example"])
