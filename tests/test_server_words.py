"""French for what the server says: each sentence that it has, and none that it lost."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from coursia_genai_lab import errors
from coursia_genai_lab.errors import GenAIError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGE = Path(errors.__file__).parent
FRENCH = PACKAGE / "locale/fr_FR/LC_MESSAGES/coursia_genai_lab.json"
CONTEXT = "server\u0004"
OF_PROGRAMS = {"TokenMissing", "TokenRefused", "ModelUnknown", "GenerationTimedOut"}
"""Errors that only code in a kernel meets; it gets them in English."""


def translated() -> set[str]:
    catalogue = json.loads(FRENCH.read_text(encoding="utf-8"))
    return {key.removeprefix(CONTEXT) for key in catalogue if key.startswith(CONTEXT)}


def texts_of(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from texts_of(child)
    elif isinstance(value, list):
        for child in value:
            yield from texts_of(child)


def specs() -> list[dict[str, object]]:
    paths = sorted((PACKAGE / "catalog/services").glob("*.toml"))
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]


def test_each_translated_sentence_is_one_that_the_server_still_says() -> None:
    said = set(texts_of(specs()))
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        said.update(
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
    assert translated() - said == set()


def kinds(base: type[GenAIError]) -> Iterator[type[GenAIError]]:
    yield base
    for child in base.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from kinds(child)


def test_the_usual_remedy_of_each_error_is_there_in_french() -> None:
    remedies = {
        kind.default_remedy for kind in kinds(GenAIError) if kind.__name__ not in OF_PROGRAMS
    }
    assert {remedy for remedy in remedies if remedy} - translated() == set()


def test_what_the_built_in_services_say_of_themselves_is_there_in_french() -> None:
    summaries = {str(spec["summary"]) for spec in specs()}
    assert summaries - translated() == set()
