"""French for what the server says: each sentence that it has, and none that it lost."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from server_templates import ELSEWHERE, OF_PROGRAMS, plain_sentences, templates

from coursia_genai_lab import errors
from coursia_genai_lab.errors import GenAIError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PACKAGE = Path(errors.__file__).parent
FRENCH = PACKAGE / "locale/fr_FR/LC_MESSAGES/coursia_genai_lab.json"
CONTEXT = "server\u0004"
LIST = "Sentences with values"
"""The entry that lists the templates, for a page cannot enumerate its catalogue."""
PLACE = re.compile(r"%\d")


def translated() -> set[str]:
    catalogue = json.loads(FRENCH.read_text(encoding="utf-8"))
    return {key.removeprefix(CONTEXT) for key in catalogue if key.startswith(CONTEXT)}


def sentences() -> set[str]:
    return translated() - {LIST}


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
            node.value.strip()
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        )
    assert {one for one in sentences() if not PLACE.search(one)} - said == set()


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


def test_each_sentence_with_values_is_there_in_french() -> None:
    missing = {text: place for text, place in templates().items() if text not in translated()}
    assert missing == {}, "put these into the catalogue, or their module into ELSEWHERE"


def test_no_sentence_with_values_is_translated_that_nothing_says_any_more() -> None:
    assert {one for one in sentences() if PLACE.search(one)} - set(templates()) == set()


def test_the_catalogue_lists_its_sentences_with_values() -> None:
    catalogue = json.loads(FRENCH.read_text(encoding="utf-8"))
    assert catalogue[CONTEXT + LIST] == ["\n".join(sorted(templates()))]


def test_what_no_page_shows_is_named_by_files_that_exist() -> None:
    assert [place for place in ELSEWHERE if not (PACKAGE / place).exists()] == []


def test_values_side_by_side_in_a_source_are_one_place() -> None:
    said = templates()
    assert "Port %1 is taken, so the door of %2 is on port %3." in said
    assert "%1 ended while it was starting: %2.%3" in said
    assert "The disk of Docker has no room for the image %1 of %2." in said


def test_each_message_and_remedy_without_values_is_there_in_french() -> None:
    said = plain_sentences()
    missing = {text: place for text, place in said.items() if text not in translated()}
    assert missing == {}, "put these into the catalogue, or their module into ELSEWHERE"
