"""What the form does with pictures that are there: choose, look closer, change, vary, compare."""

from __future__ import annotations

import pytest

from coursia_genai_lab.client.images import EditRequest
from coursia_genai_lab.errors import Conflict, GenerationCancelled, InvalidRequest, NotFound
from coursia_genai_lab.widgets import GenerationPanel
from coursia_genai_lab.widgets.panel.gallery import MOST_PICTURES

SECONDS = 60


def is_hidden(part) -> bool:
    return part.layout.display == "none"


@pytest.fixture
def panel(enabled, panel_with_models) -> GenerationPanel:
    """A form with two pictures of the seeds 5 and 6, the first of them chosen."""
    panel = panel_with_models(language="en")
    panel.fields.number.value, panel.fields.seed.value = 2, 5
    panel.fields.steps.value = 2
    panel.generate()
    panel.wait(SECONDS)
    return panel


def test_before_the_first_picture_nothing_of_pictures_shows(enabled, panel_with_models):
    panel = panel_with_models()
    parts = (panel.gallery.box, panel.tools.box, panel.editing.box, panel.forget)
    assert all(is_hidden(part) for part in parts)
    for act in (panel.vary, panel.edit, panel.again):
        with pytest.raises(NotFound):
            act()


def test_a_small_picture_shows_the_large_one(panel):
    newest, oldest = panel.gallery.thumbs.children
    assert [one.description for one in (newest, oldest)] == ["Picture 2", "✓ Picture 1"]
    assert newest.tooltip == "Picture 2: a red fox"
    assert panel.gallery.chosen.seed == 5
    newest.click()
    assert [one.description for one in (newest, oldest)] == ["✓ Picture 2", "Picture 1"]
    assert panel.gallery.chosen.seed == 6
    assert "seed 6" in panel.gallery.large.value
    assert panel.tools.name.value == "a-red-fox-6.png"


def test_zoom_shows_the_file_itself_in_a_place_that_scrolls_by_keyboard(panel):
    assert "data:image/jpeg" in panel.gallery.large.value
    panel.tools.zoom.value = True
    assert 'tabindex="0"' in panel.gallery.large.value
    assert "data:image/png" in panel.gallery.large.value
    panel.tools.zoom.value = False
    assert "data:image/jpeg" in panel.gallery.large.value


def test_the_origin_opens_on_demand(panel):
    assert "<details><summary>How it was made</summary>" in panel.gallery.large.value


def test_varying_makes_as_many_as_number_says_of_other_seeds(panel):
    panel.fields.prompt.value = "something else that is not asked for"
    panel.fields.number.value = 3
    panel.tools.vary.click()
    others = panel.wait(SECONDS)
    assert [one.prompt for one in others] == ["a red fox"] * 3
    assert {5, 6}.isdisjoint({one.seed for one in others})
    assert others[0].asked.steps == 2
    assert len(panel.gallery.pictures) == 5


def test_a_style_and_words_change_the_picture_that_is_shown(panel):
    panel.fields.number.value = 1
    panel.tools.edit.value = True
    assert not is_hidden(panel.editing.box)
    panel.editing.change.value = "at night"
    panel.editing.style.value = "pixel art"
    panel.editing.apply.click()
    [changed] = panel.wait(SECONDS)
    assert changed.prompt.startswith("at night Redraw the picture as pixel art")
    assert isinstance(changed.asked, EditRequest)
    assert changed.asked.mask is None
    assert panel.gallery.chosen is changed


def test_a_rectangle_keeps_the_rest_of_the_picture(panel):
    picture = panel.gallery.chosen
    panel.fields.number.value = 1
    panel.tools.edit.value = True
    editing = panel.editing
    assert is_hidden(editing.rectangle)
    editing.part.value = True
    assert not is_hidden(editing.rectangle)
    editing.left.value, editing.top.value = 50, 0
    editing.width.value, editing.height.value = 75, 50
    assert "50 to 100 % from the left, 0 to 50 % from the top" in editing.where.value
    editing.change.value = "a blue boat"
    panel.edit()
    [changed] = panel.wait(SECONDS)
    width, height = picture.size
    kept = (0, height // 2 + 4, width, height - 64)
    assert changed.image.crop(kept).tobytes() == picture.image.crop(kept).tobytes()
    inside = (width // 2 + 8, 8, width - 8, height // 2 - 8)
    assert changed.image.crop(inside).tobytes() != picture.image.crop(inside).tobytes()


def test_a_change_without_words_and_style_is_refused_in_the_form(panel):
    panel.tools.edit.value = True
    panel.editing.apply.click()
    assert "It is not said what should be different." in panel.story.error.value
    with pytest.raises(InvalidRequest):
        panel.edit()


def test_two_pictures_are_compared_side_by_side(panel):
    other = panel.tools.other
    assert [name.partition(" · ")[0] for name, _ in other.options] == ["Nothing", "Picture 2"]
    other.value = 2
    shown = panel.tools.beside.value
    assert shown.count("<img") == 2
    assert "<td" in shown
    assert "5" in shown
    assert "Prompt</th>" not in shown
    panel.gallery.thumbs.children[0].click()
    assert (other.value, panel.tools.beside.value) == (0, "")


def test_use_again_writes_the_values_into_the_form(panel):
    fields = panel.fields
    fields.prompt.value, fields.negative.value = "other", "snow"
    fields.size.value, fields.steps.value = (1024, 1024), 0
    panel.tools.reuse.click()
    assert (fields.prompt.value, fields.negative.value) == ("a red fox", "")
    assert (fields.size.value, fields.seed.value, fields.steps.value) == ((512, 512), 5, 2)
    assert fields.lock.value
    before = panel.gallery.chosen
    fields.number.value = 1
    panel.generate()
    assert panel.wait(SECONDS)[0].data == before.data


def test_code_that_is_made_makes_the_same_picture(panel):
    panel.fields.prompt.value = 'a "red" fox\nwith a \\ and ünïcode'
    panel.fields.number.value = 1
    panel.generate()
    [picture] = panel.wait(SECONDS)
    panel.tools.code.click()
    assert not is_hidden(panel.tools.told)
    code = panel.tools.told.value
    scope: dict[str, object] = {}
    lines = code.rpartition("\ngenerate(")
    exec(f"{lines[0]}\nmade = generate({lines[2]}", scope)
    assert scope["made"][0].data == picture.data


def test_prompt_and_seed_can_be_copied_by_hand(panel):
    panel.tools.copy.click()
    assert panel.tools.told.value == "a red fox\nseed: 5"
    assert panel.tools.told.description
    panel.gallery.thumbs.children[0].click()
    assert is_hidden(panel.tools.told)


def test_code_of_a_change_names_what_was_changed(panel):
    panel.fields.number.value = 1
    panel.editing.change.value = "at night"
    panel.edit()
    panel.wait(SECONDS)
    panel.tools.code.click()
    assert "from coursia_genai_lab import edit" in panel.tools.told.value
    assert 'edit("picture.png", "at night"' in panel.tools.told.value


def test_the_gallery_is_bounded_and_drops_the_oldest(panel):
    picture = panel.gallery.chosen
    panel.gallery.add([picture] * MOST_PICTURES)
    assert len(panel.gallery.pictures) == MOST_PICTURES
    assert len(panel.gallery.thumbs.children) == MOST_PICTURES
    assert panel.gallery.names()[-1][0].startswith("Picture 3 ")


def test_pictures_that_came_before_a_cancellation_stay(slow, panel_with_models, seen):
    panel = panel_with_models(language="en")
    line = seen(panel.story.line, "value", lambda value: "Picture 2 of 2 · Step" in value)
    panel.fields.number.value = 2
    panel.generate()
    line.wait()
    with pytest.raises(Conflict):
        panel.again()
    panel.cancel()
    with pytest.raises(GenerationCancelled):
        panel.wait(SECONDS)
    assert len(panel.gallery.pictures) == 1
