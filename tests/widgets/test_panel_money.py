"""What the form says of models, prices, quotas and questions, before a picture and after."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from paid_door import PaidDoor

from coursia_genai_lab.errors import QuotaExceeded, ServiceError
from coursia_genai_lab.widgets.panel import offers
from coursia_genai_lab.widgets.words import Words, find_words
from coursia_genai_lab.wire.images import ModelInfo
from coursia_genai_lab.wire.usage import Allowance, UsageView

SECONDS = 60
ENGLISH = Words({}, "en")
TODAY = {"scope": "person", "name": "ana", "window": "day"}


def is_hidden(part) -> bool:
    return part.layout.display == "none"


@pytest.fixture
def door(enabled, monkeypatch) -> Iterator[PaidDoor]:
    """A door that counts, before the demo engine."""
    with PaidDoor(enabled.url).open() as paid:
        monkeypatch.setenv("GENAI_API_URL", f"{paid.url}/v1")
        yield paid


def usage(**left: object) -> UsageView:
    allowance = Allowance.model_validate({**TODAY, **left})
    return UsageView(since=0, pictures=0, seconds=0, services=[], left=[allowance])


def model(**facts: object) -> ModelInfo:
    told = {"id": "m", "title": "M", "service": "openai", "available": True}
    return ModelInfo.model_validate({**told, **facts})


@pytest.mark.parametrize(
    ("facts", "title", "note"),
    [
        ({}, "M (local)", "no provider sees"),
        ({"demo": True}, "M (demo)", "DEMO"),
        ({"available": False, "reason": "No key."}, "M (not available)", "No key."),
        ({"available": False}, "M (not available)", "not available"),
        ({"cloud": True}, "M (cloud)", "price is not known yet"),
        (
            {"cloud": True, "price_cents": 4.2},
            "M (cloud, 4.2 ¢ a picture)",
            "openai makes them. At most 13 ¢ for 3.",
        ),
    ],
)
def test_a_model_says_where_it_runs_and_what_it_costs_at_most(facts, title, note):
    assert offers.title(model(**facts), ENGLISH) == title
    assert note in offers.note(model(**facts), 3, ENGLISH)


def test_what_is_left_names_figure_window_and_whose_it_is():
    assert offers.left(usage(pictures=50, pictures_left=37), ENGLISH) == (
        "37 of 50 pictures left today"
    )
    told = usage(scope="group", window="week", cents=500, cents_left=120.0, gpu_seconds=60)
    assert offers.left(told, ENGLISH) == "$1.20 of $5.00 left this week (your group)"
    french = find_words("fr", {})
    assert offers.left(usage(gpu_seconds=60, gpu_seconds_left=9.6), french) == (
        "10 s de GPU restantes sur 60 aujourd'hui"
    )
    assert offers.left(UsageView(since=0, pictures=3, seconds=1, services=[]), ENGLISH) == ""


def test_what_is_used_up_says_when_it_begins_anew():
    later = time.time() + 40 * 86_400
    told = offers.renewals(usage(pictures=5, pictures_left=0, renews_at=later), ENGLISH)
    assert told == f"It begins anew at {time.strftime('%Y-%m-%d %H:%M', time.localtime(later))}."
    assert offers.renewals(usage(pictures=5, pictures_left=1, renews_at=later), ENGLISH) == ""
    assert offers.renewals(usage(pictures=5, pictures_left=0), ENGLISH) == ""


def test_the_form_shows_what_is_left_before_and_after(door, panel_with_models, seen):
    door.usage["left"] = [{**TODAY, "pictures": 50, "pictures_left": 50}]
    panel = panel_with_models(language="en")
    before = seen(panel.story.left, "value", lambda value: "50 of 50 pictures left" in value)
    if "50 of 50" not in panel.story.left.value:
        before.wait()
    after = seen(panel.story.left, "value", lambda value: "49 of 50 pictures left" in value)
    door.usage["left"][0]["pictures_left"] = 49
    panel.generate()
    panel.wait(SECONDS)
    after.wait()


def test_a_quota_that_is_used_up_says_when_it_begins_anew(door, panel_with_models, seen):
    tomorrow = time.time() + 90_000
    panel = panel_with_models(language="en")
    told = seen(panel.story.error, "value", lambda value: "It begins anew at" in value)
    door.usage["left"] = [{**TODAY, "pictures": 5, "pictures_left": 0, "renews_at": tomorrow}]
    door.refusals.append((429, {"code": "quota_exceeded", "message": "5 of 5 pictures are made."}))
    panel.generate()
    with pytest.raises(QuotaExceeded):
        panel.wait(SECONDS)
    told.wait()
    assert "5 of 5 pictures are made." in panel.story.error.value
    assert time.strftime("%H:%M", time.localtime(tomorrow)) in panel.story.error.value


@pytest.mark.parametrize("code", ["cloud_consent_needed", "upload_consent_needed"])
def test_a_missing_consent_names_the_button_and_is_tried_again(door, panel_with_models, code):
    panel = panel_with_models(language="en")
    refused = {"code": code, "message": "A person decides.", "remedy": "Answer it."}
    door.refusals.append((503, refused))
    panel.generate()
    with pytest.raises(ServiceError):
        panel.wait(SECONDS)
    assert "press &quot;Allow&quot;" in panel.story.error.value
    assert not is_hidden(panel.story.again)
    panel.story.again.click()
    assert panel.wait(SECONDS)[0].prompt == "a red fox"
    assert door.asked[0] == door.asked[1]
    assert is_hidden(panel.story.again)


def test_a_model_that_makes_new_pictures_only_is_not_asked_for_a_change(enabled, panel_with_models):
    panel = panel_with_models(language="en", history=False)
    panel.generate()
    panel.wait(SECONDS)
    panel.fields.offer([model(edits=False), model(id="both", edits=True)])
    panel.fields.model.value = "m"
    panel.editing.change.value = "at night"
    panel.editing.apply.click()
    assert "makes new pictures only" in panel.story.error.value
    assert not panel.running
