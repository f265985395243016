"""The mode: layers from operator to person, a lower one may only narrow."""

from __future__ import annotations

import pytest

from coursia_genai_lab.errors import Conflict, NotAllowed
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.wire.policy import Mode, ModeChange


def test_the_operators_mode_is_in_force_when_nobody_says_more() -> None:
    assert Policy("local").effective() == "local"


def test_a_person_may_narrow_the_mode_and_take_it_back() -> None:
    told: list[str] = []
    policy = Policy("auto", on_change=lambda: told.append("changed"))
    policy.change(ModeChange(value="demo"), by="ada")
    assert policy.effective() == "demo"
    policy.change(ModeChange(value=None), by="ada")
    assert policy.effective() == "auto"
    assert told == ["changed", "changed"]


@pytest.mark.parametrize(
    ("operator", "asked"),
    [("off", "auto"), ("demo", "auto"), ("local", "cloud"), ("cloud", "local")],
)
def test_a_person_cannot_widen_what_the_operator_set(operator: Mode, asked: Mode) -> None:
    policy = Policy(operator)
    with pytest.raises(NotAllowed) as refusal:
        policy.change(ModeChange(value=asked), by="ada")
    assert "Choose one of" in refusal.value.remedy
    assert policy.effective() == operator


def test_off_above_is_final_for_a_notebook_too() -> None:
    assert Policy("off").effective("demo") == "off"


def test_a_notebook_may_narrow_itself() -> None:
    assert Policy("auto").effective("demo") == "demo"
    assert Policy("local").effective("cloud") == "local"


def test_the_person_may_narrow_below_the_notebook() -> None:
    policy = Policy("auto")
    policy.change(ModeChange(value="off"), by="ada")
    assert policy.effective("demo") == "off"


@pytest.mark.parametrize(("person", "notebook"), [("local", "cloud"), ("cloud", "local")])
def test_no_notebook_spends_or_starts_what_the_person_has_ruled_out(
    person: Mode, notebook: Mode
) -> None:
    policy = Policy("auto")
    policy.change(ModeChange(value=person), by="ada")
    assert policy.effective(notebook) == person
    assert policy.effective("demo") == "demo"
    assert policy.effective("auto") == person


@pytest.mark.parametrize("layer", ["operator", "class", "notebook"])
def test_layers_that_live_elsewhere_answer_with_the_way_to_change_them(layer: str) -> None:
    with pytest.raises(Conflict) as refusal:
        Policy("auto").change(ModeChange.model_validate({"layer": layer, "value": "off"}), by="x")
    assert refusal.value.remedy


def test_the_view_says_who_set_what_and_what_may_be_chosen() -> None:
    policy = Policy("local")
    policy.change(ModeChange(value="demo"), by="ada")
    view = policy.view()
    person = next(layer for layer in view.layers if layer.layer == "person")
    assert (view.effective, view.scope, view.enforced) == ("demo", "server", False)
    assert (person.value, person.set_by, person.editable) == ("demo", "ada", True)
    assert view.choices == ["local", "demo", "off"]
