"""The form's languages: the reader's own, and every sentence in it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from coursia_genai_lab.widgets import GenerationPanel, words
from coursia_genai_lab.widgets.panel import editing, fields, offers
from coursia_genai_lab.widgets.words import find_words

WIDGETS = Path(words.__file__).parent


def catalogue() -> dict[str, str]:
    return json.loads((Path(words.CATALOGUES) / "fr.json").read_text(encoding="utf-8"))


def sentences(path: Path) -> Iterator[str]:
    """Yield what a module hands to its translator in so many words."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
            if called in ("words", "_words") and isinstance(node.args[0].value, str):
                yield node.args[0].value


@pytest.mark.parametrize(
    ("environ", "word"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "Générer"),
        ({"LANGUAGE": "fr:en", "LANG": "en_US.UTF-8"}, "Générer"),
        ({"LANG": "de_DE.UTF-8"}, "Generate"),
        ({"LC_ALL": "C", "LANG": "fr_FR.UTF-8"}, "Generate"),
        ({}, "Generate"),
    ],
)
def test_the_form_speaks_the_language_of_the_kernel(disabled, monkeypatch, environ, word):
    for name in words.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert GenerationPanel().story.generate.description == word


def test_the_language_can_be_chosen(disabled, monkeypatch):
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    panel = GenerationPanel(language="fr")
    assert panel.story.generate.description == "Générer"
    assert "n'est pas activé" in panel.story.error.value.replace("&#x27;", "'")


def test_the_french_catalogue_keeps_every_place_for_a_value():
    catalogue = json.loads((Path(words.CATALOGUES) / "fr.json").read_text(encoding="utf-8"))
    assert all(catalogue.values())
    for english, french in catalogue.items():
        assert english.count("{") == french.count("{"), english
    assert find_words("fr_CA.UTF-8", {}).language == "fr"


@pytest.mark.parametrize("path", sorted((WIDGETS / "panel").glob("*.py")), ids=lambda p: p.stem)
def test_every_sentence_of_the_form_is_known_in_french(path):
    assert set(sentences(path)) - set(catalogue()) == set()


def test_every_word_in_a_list_of_the_form_is_known_in_french():
    listed = {name for name, *_ in (*fields.SIZES, *editing.STYLES)}
    listed |= {*offers.WINDOWS.values(), *offers.SCOPES.values()}
    code = ast.parse((WIDGETS / "showing.py").read_text(encoding="utf-8"))
    [facts] = [one for one in code.body if getattr(one, "name", "") == "facts"]
    named = [one for one in ast.walk(facts) if isinstance(one, ast.Tuple) and len(one.elts) == 2]
    names = {one.elts[0].value for one in named if isinstance(one.elts[0], ast.Constant)}
    assert len(names) > 10
    assert (listed | names) - set(catalogue()) == set()


def test_the_form_is_french_where_it_is_asked_for(enabled, panel_with_models):
    panel = panel_with_models(language="fr")
    panel.fields.number.value = 2
    panel.generate()
    panel.wait(60)
    assert "2 images sont prêtes." in panel.story.line.value
    assert panel.gallery.names()[0][0].startswith("Image 2 · demo")
    assert "Comment elle a été faite" in panel.gallery.large.value
    assert panel.tools.code.description == "Faire du code"
