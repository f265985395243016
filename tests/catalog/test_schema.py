"""The published JSON Schema says of a service file what the Lab says."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from service_text import LINES, changed, mistakes_in

import coursia_genai_lab.catalog
from coursia_genai_lab.catalog.load import BUILT_IN_FOLDER, spec_files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = Path(coursia_genai_lab.catalog.__file__).parent / "service.schema.json"
SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def errors_in(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(tomllib.loads(text))]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", spec_files(BUILT_IN_FOLDER), ids=lambda path: path.stem)
def test_every_built_in_file_fits_it_and_names_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert errors_in(text) == []
    named = text.splitlines()[0].removeprefix("#:schema ")
    assert (path.parent / named).resolve() == FILE


@pytest.mark.parametrize(
    ("beginning", "new"),
    [
        ("dialect", ""),
        ("image", 'imgae = "a/b:1"'),
        ("image", 'image = "a b"'),
        ("port = 8188", "port = 0"),
        ("port = 8188", "port = 8188\nprivileged = true"),
        ("models = [", 'models = ["../x"]'),
        ("vram_mib", "vram_mib = -1"),
        ("path", 'path = "//evil"'),
        ("MINE_URL", 'mine_url = "{door}"'),
        ("name =", 'name = "a"\nsha256 = "x"'),
        ("dialect", 'dialect = "other"'),
    ],
)
def test_what_the_lab_refuses_an_editor_marks(tmp_path: Path, beginning: str, new: str) -> None:
    path = changed(tmp_path, beginning, new)
    assert mistakes_in(path)
    assert errors_in(path.read_text())


def test_what_the_lab_takes_an_editor_takes() -> None:
    assert errors_in("\n".join(LINES)) == []


def described(schema: Any, place: str = "") -> list[str]:
    """Return the keys without a word on what they mean."""
    missing = []
    for name, body in schema.get("properties", {}).items():
        known = "description" in body or "$ref" in body or "anyOf" in body
        if not known and not place.startswith(("Detect", "Build", "Process")):
            missing.append(f"{place}.{name}")
    return missing


def test_nearly_every_key_is_explained() -> None:
    tables = {"": SCHEMA, **SCHEMA["$defs"]}
    missing = [name for place, body in tables.items() for name in described(body, place)]
    keys = sum(len(body.get("properties", {})) for body in tables.values())
    assert len(missing) < keys / 4, missing
