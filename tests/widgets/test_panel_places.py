"""Where the form speaks: beside what the person has just pressed, and only there."""

from __future__ import annotations

import pytest
from ipywidgets import Widget

from coursia_genai_lab.client import Access
from coursia_genai_lab.errors import GenerationCancelled, GenerationError
from coursia_genai_lab.widgets.panel.watching import watch_of

SECONDS = 60


def is_hidden(part) -> bool:
    return part.layout.display == "none"


@pytest.fixture
def panel(enabled, panel_with_models):
    """A form with one picture."""
    panel = panel_with_models(language="en")
    panel.generate()
    panel.wait(SECONDS)
    return panel


def test_a_change_tells_its_story_below_the_picture(panel, seen):
    above, below = panel.story.above, panel.story.below
    assert "The picture is ready." in above.line.value
    panel.tools.edit.value = True
    panel.editing.change.value = "a blue boat"
    bar = seen(below.bar, "value", lambda value: value == 100)
    stop = seen(below.cancel.layout, "display", lambda value: value is None)
    panel.editing.apply.click()
    for each in (bar, stop):
        each.wait()
    panel.wait(SECONDS)
    assert "The picture is ready." in below.line.value
    assert (above.line.value, above.bar.value) == ("", 100)
    assert is_hidden(below.running)
    assert is_hidden(below.cancel)


def test_an_error_stands_where_the_button_is(panel):
    panel.editing.apply.click()
    assert "It is not said" in panel.story.below.error.value
    assert panel.story.above.error.value == ""
    panel.fields.prompt.value = ""
    panel.story.generate.click()
    assert "The description is empty." in panel.story.above.error.value
    assert panel.story.below.error.value == ""
    panel.tools.name.value = "/nowhere/at/all.png"
    panel.tools.save.click()
    assert "does not exist" in panel.story.below.error.value
    assert panel.story.above.error.value == ""


def test_a_change_that_failed_is_tried_again_where_it_failed(panel, start_demo, monkeypatch):
    url = f"{start_demo('--seconds-per-step', '0', '--fail-at-step', '2').url}/v1"
    monkeypatch.setenv("GENAI_API_URL", url)
    panel.editing.change.value = "a blue boat"
    panel.editing.apply.click()
    with pytest.raises(GenerationError):
        panel.wait(SECONDS)
    below = panel.story.below
    assert "fail at step 2" in below.error.value
    assert not is_hidden(below.again)
    below.again.click()
    with pytest.raises(GenerationError):
        panel.wait(SECONDS)
    assert "fail at step 2" in below.error.value
    assert panel.story.above.error.value == ""


def test_a_change_is_cancelled_from_where_it_was_begun(slow, panel_with_models, seen):
    panel = panel_with_models(language="en")
    panel.generate()
    panel.wait(SECONDS)
    line = seen(panel.story.below.line, "value", lambda value: "Step" in value)
    panel.tools.vary.click()
    line.wait()
    panel.story.generate.click()
    assert "A picture is being made already." in panel.story.above.error.value
    assert not is_hidden(panel.story.below.running)
    panel.story.below.cancel.click()
    with pytest.raises(GenerationCancelled):
        panel.wait(SECONDS)
    assert "Cancelled." in panel.story.below.line.value
    assert panel.story.above.error.value == ""


def test_each_picture_is_there_as_soon_as_it_is_made(slow, panel_with_models, seen):
    panel = panel_with_models(language="en")
    panel.fields.number.value = 3
    second = seen(panel.gallery.thumbs, "children", lambda children: len(children) == 2)
    panel.generate()
    second.wait()
    assert panel.running
    panel.cancel()
    with pytest.raises(GenerationCancelled):
        panel.wait(SECONDS)
    assert len(panel.images) == len(panel.gallery.pictures) >= 2
    assert panel.gallery.chosen is panel.images[0]
    assert "Cancelled." in panel.story.line.value
    assert f"{len(panel.images)} pictures are ready." in panel.story.line.value


def test_the_list_of_models_follows_the_lab_while_the_form_is_open(
    start_demo, monkeypatch, panel_with_models, seen
):
    engine = start_demo("--seconds-per-step", "0")
    access = Access(f"{engine.url}/v1", engine.token)
    monkeypatch.setenv("GENAI_API_URL", access.url)
    monkeypatch.setenv("GENAI_API_TOKEN", access.token)
    panel = panel_with_models(language="en")
    watch = watch_of(access)
    known = panel.fields.model.options
    gone = seen(panel.fields.note, "value", lambda value: "Nothing answers" in value)
    engine.process.terminate()
    engine.process.wait(SECONDS)
    watch.soon()
    gone.wait()
    assert panel.fields.model.options == known


def test_a_list_that_is_the_same_is_left_alone(enabled, panel_with_models, seen):
    panel = panel_with_models(language="en")
    changes = seen(panel.fields.model, "options", lambda _: True)
    panel.fields.model.value = "flux-1-schnell"
    panel.fields.offer(list(panel.fields._models))
    assert changes.values == []
    panel.fields.offer(panel.fields._models[:1])
    assert panel.fields.model.value == ""


def test_a_form_says_what_to_do_once_its_kernel_is_gone(enabled, panel_with_models):
    panel = panel_with_models(language="fr")
    heading = panel.children[0].value
    assert "jupyter-widgets-disconnected" in heading
    assert "Relancez sa cellule" in heading


def test_the_form_asks_a_front_end_for_nothing_but_ipywidgets_own_controls(panel):
    panel.tools.edit.value = True
    found, waiting = set(), [panel]
    while waiting:
        widget = waiting.pop()
        if widget in found:
            continue
        found.add(widget)
        waiting += [value for value in widget.trait_values().values() if isinstance(value, Widget)]
        waiting += getattr(widget, "children", ())
    assert len(found) > 60
    modules = {module for widget in found for module in (widget._model_module, widget._view_module)}
    assert modules - {None} == {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
