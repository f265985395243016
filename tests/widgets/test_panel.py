"""The form, driven as a person would: fields filled in, buttons pressed, places read."""

from __future__ import annotations

import ipywidgets
import pytest
from PIL import Image

from coursia_genai_lab.errors import (
    Conflict,
    GenerationCancelled,
    GenerationError,
    InvalidRequest,
    NotFound,
    TokenMissing,
)
from coursia_genai_lab.widgets import GenerationPanel

SECONDS = 60


def is_hidden(part) -> bool:
    return part.layout.display == "none"


def test_pressing_generate_makes_the_picture_and_shows_it(enabled, panel_with_models):
    panel = panel_with_models()
    panel.story.generate.click()
    [picture] = panel.wait(SECONDS)
    assert picture.size == (512, 512)
    assert picture.seed == panel.fields.seed.value
    assert 'alt="a red fox"' in panel.gallery.large.value
    assert "DEMO" in panel.gallery.large.value
    assert "The picture is ready." in panel.story.line.value
    assert not is_hidden(panel.tools.box)
    assert is_hidden(panel.story.running)


def test_while_it_works_it_shows_steps_a_bar_and_a_preview(slow, panel_with_models, seen):
    panel = panel_with_models()
    bar = seen(panel.story.bar, "value", lambda value: value == 100)
    preview = seen(panel.story.preview, "value", lambda value: "data:image/jpeg" in value)
    line = seen(panel.story.line, "value", lambda value: "Step " in value)
    panel.generate()
    assert not is_hidden(panel.story.running)
    assert panel.story.cancel.button_style == "warning"
    for each in (line, preview, bar):
        each.wait()
    panel.wait(SECONDS)
    assert panel.story.generate.button_style == "primary"
    assert panel.story.cancel.button_style == ""
    assert panel.story.preview.value == ""


def test_cancel_ends_it_at_once_and_the_form_can_be_used_again(slow, panel_with_models, seen):
    panel = panel_with_models()
    line = seen(panel.story.line, "value", lambda value: "Step" in value)
    panel.generate()
    line.wait()
    panel.story.cancel.click()
    with pytest.raises(GenerationCancelled):
        panel.wait(SECONDS)
    assert "Cancelled." in panel.story.line.value
    assert panel.story.error.value == ""
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
    panel.story.cancel.click()
    assert not panel.running
    assert "Nothing is being made." in panel.story.line.value
    assert not any(one.disabled for one in (panel.story.generate, panel.story.cancel))


def test_a_second_picture_is_refused_while_one_is_made(slow, panel_with_models):
    panel = panel_with_models()
    panel.generate()
    with pytest.raises(Conflict, match="already"):
        panel.generate()
    panel.story.generate.click()
    assert "A picture is being made already." in panel.story.error.value
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
    shown = panel.fields.seed.value

    def seed_of_next() -> int | None:
        panel.generate()
        return panel.wait(SECONDS)[0].seed

    assert seed_of_next() == shown
    second = seed_of_next()
    assert second != shown
    panel.fields.lock.value = True
    assert seed_of_next() == second
    panel.fields.lock.value = False
    panel.fields.seed.value = 12
    assert seed_of_next() == 12


def test_the_dice_bring_another_seed(enabled, panel_with_models):
    panel = panel_with_models()
    before = panel.fields.seed.value
    panel.fields.dice.click()
    assert panel.fields.seed.value != before


def test_the_models_are_offered_and_the_choice_is_used(enabled, panel_with_models):
    panel = panel_with_models()
    values = [value for _, value in panel.fields.model.options]
    assert values[0] == ""
    panel.fields.model.value = "flux-1-schnell"
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
    assert 'role="alert"' in panel.story.error.value
    assert "another model" in panel.story.error.value


def test_an_empty_prompt_is_told_and_nothing_is_asked(enabled, panel_with_models):
    panel = panel_with_models()
    panel.fields.prompt.value = "   "
    panel.story.generate.click()
    assert 'role="alert"' in panel.story.error.value
    assert not panel.running
    with pytest.raises(InvalidRequest):
        panel.generate()


def test_without_a_token_the_form_says_how_to_get_one(disabled):
    panel = GenerationPanel(language="en")
    assert "Enable GenAI for this kernel" in panel.story.error.value
    with pytest.raises(TokenMissing):
        panel.generate()


def test_a_picture_is_saved_beside_the_notebook_and_never_over_another(
    enabled, panel_with_models, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    panel = panel_with_models()
    panel.tools.save.click()
    assert not list(tmp_path.iterdir())
    panel.fields.seed.value = 12
    panel.generate()
    panel.wait(SECONDS)
    panel.tools.save.click()
    assert (tmp_path / "a-red-fox-12.png").read_bytes() == panel.images[0].data
    assert "Saved as a-red-fox-12.png." in panel.story.line.value
    panel.tools.save.click()
    assert "exists already" in panel.story.error.value
    panel.tools.name.value = "other.jpg"
    panel.tools.save.click()
    assert panel.story.error.value == ""
    with Image.open(tmp_path / "other.jpg") as saved:
        assert saved.format == "JPEG"


def test_words_from_elsewhere_are_shown_as_text(enabled, panel_with_models):
    panel = panel_with_models()
    panel.fields.prompt.value = '"><script>alert(1)</script>'
    panel.generate()
    panel.wait(SECONDS)
    assert panel.gallery.chosen is not None
    places = (panel.gallery.large, panel.gallery._styles, panel.tools.beside, panel.story.line)
    assert not any("<script>" in place.value for place in places)


def controls(widget: ipywidgets.Widget) -> list[ipywidgets.Widget]:
    inner = [one for child in getattr(widget, "children", ()) for one in controls(child)]
    return inner or ([widget] if hasattr(widget, "description") else [])


def test_every_control_has_a_name_for_screen_readers(enabled, panel_with_models):
    panel = panel_with_models()
    panel.generate()
    panel.wait(SECONDS)
    panel.tools.code.click()
    found = controls(panel)
    unnamed = (ipywidgets.HTML, ipywidgets.FloatProgress)
    named = [one for one in found if not isinstance(one, unnamed)]
    assert len(named) > 30
    assert all(one.description for one in named)
    assert all(
        one.tooltip
        for one in found
        if isinstance(one, (ipywidgets.Button, ipywidgets.ToggleButton, ipywidgets.FloatProgress))
    )


def test_a_failure_can_be_tried_again(start_demo, enabled, panel_with_models, monkeypatch):
    panel = panel_with_models()
    assert is_hidden(panel.story.again)
    broken = start_demo("--seconds-per-step", "0", "--fail-at-step", "2")
    monkeypatch.setenv("GENAI_API_URL", f"{broken.url}/v1")
    panel.fields.number.value = 2
    panel.generate()
    with pytest.raises(GenerationError):
        panel.wait(SECONDS)
    assert not is_hidden(panel.story.again)
    asked = panel.fields.seed.value
    panel.fields.prompt.value = "something else"
    monkeypatch.setenv("GENAI_API_URL", f"{enabled.url}/v1")
    panel.story.again.click()
    assert [(one.prompt, one.seed) for one in panel.wait(SECONDS)] == [
        ("a red fox", asked),
        ("a red fox", asked + 1),
    ]
    assert is_hidden(panel.story.again)
    assert panel.story.error.value == ""


def test_all_fields_reach_the_engine(enabled, panel_with_models):
    panel = panel_with_models()
    fields = panel.fields
    assert is_hidden(fields.further)
    fields.more.value = True
    assert not is_hidden(fields.further)
    fields.negative.value = "snow"
    fields.steps.value, fields.guidance.value = 3, 2.5
    fields.number.value, fields.seed.value = 2, 7
    panel.generate()
    first, second = panel.wait(SECONDS)
    assert (first.seed, second.seed) == (7, 8)
    request = first.asked
    assert (request.steps, request.guidance, request.negative_prompt) == (3, 2.5, "snow")


def test_a_size_of_ones_own_shows_its_fields(enabled, panel_with_models):
    fields = (panel := panel_with_models()).fields
    assert is_hidden(fields.own_size)
    fields.size.value = "own"
    assert not is_hidden(fields.own_size)
    assert (fields.width.value, fields.height.value) == (512, 512)
    fields.width.value, fields.height.value = 320, 256
    panel.generate()
    assert panel.wait(SECONDS)[0].size == (320, 256)
    fields.size.value = (1344, 768)
    assert is_hidden(fields.own_size)
    assert (fields.width.value, fields.height.value) == (1344, 768)


def test_several_pictures_are_counted_while_they_come(slow, panel_with_models, seen):
    panel = panel_with_models()
    second = seen(panel.story.line, "value", lambda value: "Picture 2 of 2 · Step" in value)
    rest = seen(panel.story.line, "value", lambda value: " left<" in value)
    bar = seen(panel.story.bar, "value", lambda value: value == 100)
    panel.fields.number.value, panel.fields.steps.value = 2, 30
    panel.generate()
    for each in (rest, second, bar):
        each.wait()
    panel.wait(SECONDS)
    assert bar.values == sorted(bar.values)
    assert "2 pictures are ready." in panel.story.line.value


def test_where_no_widgets_are_shown_the_form_is_a_sentence(enabled, panel_with_models):
    bundle = panel_with_models()._repr_mimebundle_()
    assert bundle["text/plain"].startswith("GenerationPanel: a form for pictures")
    assert "application/vnd.jupyter.widget-view+json" in bundle
