"""The form, driven as a person would: fields filled in, buttons pressed, places read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from coursia_genai_lab.errors import (
    Conflict,
    GenerationCancelled,
    GenerationError,
    InvalidRequest,
    NotFound,
    TokenMissing,
)
from coursia_genai_lab.widgets import GenerationPanel, words
from coursia_genai_lab.widgets.words import find_words

SECONDS = 60


def is_hidden(part) -> bool:
    return part.layout.display == "none"


def test_pressing_generate_makes_the_picture_and_shows_it(enabled, panel_with_models):
    panel = panel_with_models()
    panel.parts.generate.click()
    [picture] = panel.wait(SECONDS)
    assert picture.size == (512, 512)
    assert picture.seed == panel.parts.seed.value
    assert 'alt="a red fox"' in panel.parts.result.value
    assert "DEMO" in panel.parts.result.value
    assert "The picture is ready." in panel.parts.line.value
    assert not is_hidden(panel.parts.saving)
    assert is_hidden(panel.parts.running)


def test_while_it_works_it_shows_steps_a_bar_and_a_preview(slow, panel_with_models, seen):
    panel = panel_with_models()
    bar = seen(panel.parts.bar, "value", lambda value: value == 100)
    preview = seen(panel.parts.preview, "value", lambda value: "data:image/jpeg" in value)
    line = seen(panel.parts.line, "value", lambda value: "Step 2 of" in value)
    panel.generate()
    assert not is_hidden(panel.parts.running)
    assert panel.parts.generate.disabled
    assert not panel.parts.cancel.disabled
    for each in (line, preview, bar):
        each.wait()
    panel.wait(SECONDS)
    assert not panel.parts.generate.disabled
    assert panel.parts.preview.value == ""


def test_cancel_ends_it_at_once_and_the_form_can_be_used_again(slow, panel_with_models, seen):
    panel = panel_with_models()
    line = seen(panel.parts.line, "value", lambda value: "Step" in value)
    panel.generate()
    line.wait()
    panel.parts.cancel.click()
    with pytest.raises(GenerationCancelled):
        panel.wait(SECONDS)
    assert "Cancelled." in panel.parts.line.value
    assert panel.parts.error.value == ""
    assert not panel.running
    panel.generate()
    assert len(panel.wait(SECONDS)) == 1


def test_cancel_works_before_the_first_answer_too(slow, panel_with_models):
    panel = panel_with_models()
    panel.generate()
    panel.cancel()
    with pytest.raises(GenerationCancelled):
        panel.wait(SECONDS)


def test_cancel_does_nothing_when_nothing_runs(enabled, panel_with_models):
    panel = panel_with_models()
    panel.cancel()
    assert not panel.running


def test_a_second_picture_is_refused_while_one_is_made(slow, panel_with_models):
    panel = panel_with_models()
    panel.generate()
    with pytest.raises(Conflict, match="already"):
        panel.generate()
    panel.parts.generate.click()
    assert "A picture is being made already." in panel.parts.error.value
    panel.cancel()
    with pytest.raises(GenerationCancelled):
        panel.wait(SECONDS)


def test_waiting_is_bounded(slow, panel_with_models):
    panel = panel_with_models()
    with pytest.raises(NotFound):
        panel.wait(0)
    panel.generate()
    with pytest.raises(TimeoutError):
        panel.wait(0.01)
    panel.cancel()


def test_the_seed_changes_after_each_picture_unless_it_is_kept_or_chosen(
    enabled, panel_with_models
):
    panel = panel_with_models()
    shown = panel.parts.seed.value

    def seed_of_next() -> int | None:
        panel.generate()
        return panel.wait(SECONDS)[0].seed

    assert seed_of_next() == shown
    second = seed_of_next()
    assert second != shown
    panel.parts.lock.value = True
    assert seed_of_next() == second
    panel.parts.lock.value = False
    panel.parts.seed.value = 12
    assert seed_of_next() == 12


def test_the_dice_bring_another_seed(enabled, panel_with_models):
    panel = panel_with_models()
    before = panel.parts.seed.value
    panel.parts.dice.click()
    assert panel.parts.seed.value != before


def test_the_models_are_offered_and_the_choice_is_used(enabled, panel_with_models):
    panel = panel_with_models()
    values = [value for _, value in panel.parts.model.options]
    assert values[0] is None
    panel.parts.model.value = "flux-1-schnell"
    panel.generate()
    assert panel.wait(SECONDS)[0].model == "flux-1-schnell"


def test_an_engine_that_fails_is_told_with_a_remedy(start_demo, monkeypatch, panel_with_models):
    engine = start_demo("--seconds-per-step", "0", "--fail-at-step", "2")
    monkeypatch.setenv("GENAI_API_URL", f"{engine.url}/v1")
    monkeypatch.setenv("GENAI_API_TOKEN", engine.token)
    panel = panel_with_models()
    panel.generate()
    with pytest.raises(GenerationError, match="fail at step 2"):
        panel.wait(SECONDS)
    assert 'role="alert"' in panel.parts.error.value
    assert "another model" in panel.parts.error.value


def test_an_empty_prompt_is_told_and_nothing_is_asked(enabled, panel_with_models):
    panel = panel_with_models()
    panel.parts.prompt.value = "   "
    panel.parts.generate.click()
    assert 'role="alert"' in panel.parts.error.value
    assert not panel.running
    with pytest.raises(InvalidRequest):
        panel.generate()


def test_without_a_token_the_form_says_how_to_get_one(disabled):
    panel = GenerationPanel(language="en")
    assert "Enable GenAI for this kernel" in panel.parts.error.value
    with pytest.raises(TokenMissing):
        panel.generate()


def test_a_picture_is_saved_beside_the_notebook_and_never_over_another(
    enabled, panel_with_models, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    panel = panel_with_models()
    panel.parts.save.click()
    assert not list(tmp_path.iterdir())
    panel.generate()
    panel.wait(SECONDS)
    panel.parts.save.click()
    assert (tmp_path / "picture.png").read_bytes() == panel.images[0].data
    assert "Saved as picture.png." in panel.parts.line.value
    panel.parts.save.click()
    assert "exists already" in panel.parts.error.value


def test_words_from_elsewhere_are_shown_as_text(enabled, panel_with_models):
    panel = panel_with_models()
    panel.parts.prompt.value = '"><script>alert(1)</script>'
    panel.generate()
    panel.wait(SECONDS)
    assert "<script>" not in panel.parts.result.value


def test_every_control_has_a_name_for_screen_readers(enabled, panel_with_models):
    parts = panel_with_models().parts
    fields = (parts.prompt, parts.model, parts.size, parts.seed, parts.name)
    assert all(field.description for field in fields)
    buttons = (parts.generate, parts.cancel, parts.dice, parts.lock, parts.save, parts.refresh)
    assert all(button.description and button.tooltip for button in buttons)


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
    assert GenerationPanel().parts.generate.description == word


def test_the_language_can_be_chosen(disabled, monkeypatch):
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    panel = GenerationPanel(language="fr")
    assert panel.parts.generate.description == "Générer"
    assert "n'est pas activé" in panel.parts.error.value.replace("&#x27;", "'")


def test_the_french_catalogue_keeps_every_place_for_a_value():
    catalogue = json.loads((Path(words.CATALOGUES) / "fr.json").read_text(encoding="utf-8"))
    assert all(catalogue.values())
    for english, french in catalogue.items():
        assert english.count("{") == french.count("{"), english
    assert find_words("fr_CA.UTF-8", {}).language == "fr"
