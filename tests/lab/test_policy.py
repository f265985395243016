"""The mode: layers from operator to person, a lower one may only narrow."""

from __future__ import annotations

from typing import Any

import pytest

from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import Conflict, NotAllowed
from coursia_genai_lab.lab.charge import Limit
from coursia_genai_lab.lab.patterns import in_both, matches
from coursia_genai_lab.lab.people import Identity, People
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.lab.rules import UNREAD, ClassWord, Rules, TextRules, rules_of_operator
from coursia_genai_lab.wire.policy import Fallback, Mode, ModeChange, Quota


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


def in_class(operator: Rules | Mode = "auto", people: People | None = None, **said: Any) -> Policy:
    policy = Policy(operator, people=people or People("owner", alone=False))
    policy.take(ClassWord(Rules(**said), "/srv/policy.toml", 1.0))
    return policy


def test_the_class_narrows_what_the_operator_allows_and_people_narrow_that() -> None:
    policy = in_class(mode="local")
    assert policy.effective() == "local"
    assert policy.effective("cloud") == "local"
    assert policy.effective("demo") == "demo"
    with pytest.raises(NotAllowed) as refusal:
        policy.change(ModeChange(value="cloud"), by="ada")
    assert "class" in refusal.value.message
    assert policy.view(person="ada").choices == ["local", "demo", "off"]


@pytest.mark.parametrize(
    ("operator", "said", "holds"),
    [("off", "auto", "off"), ("local", "cloud", "local"), ("local", "auto", "local")],
)
def test_a_class_cannot_widen_what_the_operator_set(
    operator: Mode, said: Mode, holds: Mode
) -> None:
    assert in_class(operator, mode=said).effective() == holds


def test_off_of_the_class_ends_what_a_person_chose_before() -> None:
    told: list[Mode] = []
    policy = Policy("auto")
    policy.telling(lambda: told.append(policy.effective()))
    policy.change(ModeChange(value="local"), by="ada")
    policy.take(ClassWord(Rules(mode="off"), "policy.toml", 1.0))
    policy.take(ClassWord(Rules(mode="off"), "policy.toml", 2.0))
    assert told == ["local", "off"]


def test_the_view_names_the_source_of_the_class_and_when_its_word_came() -> None:
    view = in_class(mode="demo").view(person="ada")
    of_class = next(layer for layer in view.layers if layer.layer == "class")
    assert (view.scope, view.enforced, view.effective) == ("class", False, "demo")
    assert (of_class.value, of_class.set_by) == ("demo", "/srv/policy.toml")
    assert of_class.since
    assert not of_class.editable


def test_the_class_layer_is_changed_where_it_is_read() -> None:
    with pytest.raises(Conflict) as refusal:
        in_class().change(ModeChange(layer="class", value="off"), by="ada")
    assert "/srv/policy.toml" in refusal.value.message
    assert "/srv/policy.toml" in in_class().refuse_change().message
    assert "policy_source" in Policy("auto").refuse_change().remedy


def test_people_who_share_a_server_choose_for_themselves_only() -> None:
    policy = in_class()
    policy.change(ModeChange(value="off"), by="ada")
    assert policy.effective(policy.word("ada", None)) == "off"
    assert policy.effective(policy.word("ada", "demo")) == "off"
    assert policy.effective(policy.word("bob", "demo")) == "demo"
    assert policy.effective(policy.word("bob", None)) == "auto"
    assert policy.view(person="ada").effective == "off"
    assert policy.view(person="bob").effective == "auto"


def test_whose_server_it_is_decides_what_runs_there() -> None:
    policy = in_class()
    policy.change(ModeChange(value="demo"), by="owner")
    assert policy.effective() == "demo"


def test_what_people_chose_is_restored_and_a_newer_choice_stays() -> None:
    before = in_class()
    before.change(ModeChange(value="off"), by="ada")
    before.change(ModeChange(value="demo"), by="bob")
    after = in_class()
    after.change(ModeChange(value="local"), by="ada")
    after.restore(before.kept())
    assert [after.view(person=name).effective for name in ("ada", "bob")] == ["local", "demo"]


@pytest.mark.parametrize(
    ("operator", "of_class", "notebook", "holds"),
    [
        ("ask", None, None, "ask"),
        ("ask", None, "auto", "ask"),
        ("auto", None, None, "auto"),
        ("auto", None, "auto", "auto"),
        ("auto", "ask", "auto", "ask"),
        ("ask", "auto", "auto", "ask"),
        ("auto", "auto", "never", "never"),
        ("auto", "never", "auto", "never"),
        ("never", "auto", "auto", "never"),
    ],
)
def test_the_most_careful_word_on_clouds_counts(
    operator: Fallback, of_class: Fallback | None, notebook: Fallback | None, holds: Fallback
) -> None:
    policy = in_class(Rules(mode="auto", fallback=operator), fallback=of_class)
    assert policy.fallback(notebook) == holds


def test_a_role_may_use_the_models_that_are_named_for_it() -> None:
    people = People("owner", alone=False, teachers=["ada"])
    policy = in_class(people=people, models={"student": ("sdxl-*", "demo")})
    policy.refuse_model("bob", "SDXL-Turbo")
    policy.refuse_model("ada", "gpt-image-2")
    with pytest.raises(NotAllowed) as refusal:
        policy.refuse_model("bob", "gpt-image-2")
    assert refusal.value.error_code == "model_not_allowed"
    assert "sdxl-*" in refusal.value.remedy
    assert policy.policy_view("bob").models == ["sdxl-*", "demo"]
    assert policy.policy_view("ada").models is None


def test_an_empty_list_of_models_allows_none() -> None:
    with pytest.raises(NotAllowed):
        in_class(models={"student": ()}).refuse_model("bob", "demo")


def test_the_quota_that_names_somebody_stands_in_the_place_of_everybodys() -> None:
    policy = in_class(
        groups={"tutors": frozenset({"cyd"})},
        quotas=(
            Quota(scope="person", pictures=5),
            Quota(scope="person", pictures=4, cents=7),
            Quota(scope="person", window="week", pictures=20),
            Quota(scope="person", name="ada", pictures=50),
            Quota(scope="person", name="@tutors", pictures=30),
            Quota(scope="person", name="dot"),
            Quota(scope="group", gpu_seconds=60.0),
            Quota(scope="course", window="course", cents=12.5),
        ),
    )
    course = Limit("course", "", "course", microusd=125_000)

    def mine(person: str) -> list[Limit]:
        return [limit for limit in policy.limits(person) if limit.window == "day"]

    assert mine("bob") == [Limit("person", "bob", "day", pictures=4, microusd=70_000)]
    assert mine("ada") == [Limit("person", "ada", "day", pictures=50)]
    assert mine("cyd") == [
        Limit("person", "cyd", "day", pictures=30),
        Limit("group", "tutors", "day", gpu_seconds=60.0),
    ]
    assert mine("dot") == []
    assert Limit("person", "bob", "week", pictures=20) in policy.limits("bob")
    assert all(course in policy.limits(name) for name in ("ada", "bob", "cyd", "dot"))


def test_nobody_becomes_a_group_by_taking_its_name() -> None:
    people = People("bob", alone=False, teachers=("@staff", "tea"), admins=("@root",))
    quotas = (
        Quota(scope="person", name="@staff", window="day"),
        Quota(scope="person", window="day", pictures=3),
    )
    policy = in_class(people=people, teachers=frozenset({"@tutors"}), quotas=quotas)
    for name in ("@staff", "@tutors", "@root", "Tea", "tea ", "t\u0435a", "*"):
        people.meet(Identity(name, True))
        assert people.role(name) == "student", name
        assert policy.limits(name) == [Limit("person", name, "day", pictures=3)]
    people.meet(Identity("ada", True, frozenset({"staff"})))
    assert people.role("ada") == "teacher"


def test_the_smallest_cap_of_a_provider_counts() -> None:
    operator = Rules(mode="auto", daily_cents={"*": 500.0, "openai": 400.0})
    policy = in_class(operator, daily_cents={"openai": 300.0, "openrouter": 900.0})

    def cap(provider: str) -> list[Limit]:
        return [limit for limit in policy.limits("ada", provider) if limit.scope == "provider"]

    assert cap("openai") == [Limit("provider", "openai", "day", microusd=3_000_000)]
    assert cap("openrouter") == [Limit("provider", "openrouter", "day", microusd=5_000_000)]
    assert cap("") == []


@pytest.mark.parametrize("cents", [0.0, float("nan"), -1.0])
def test_a_cap_of_nothing_and_one_that_is_no_number_let_nothing_be_bought(cents: float) -> None:
    policy = Policy(rules_of_operator(LabSettings(daily_cents=cents)))
    assert policy.limits("ada", "openai") == [Limit("provider", "openai", "day", microusd=0)]


def test_a_provider_has_a_quota_of_its_own() -> None:
    policy = in_class(quotas=(Quota(scope="provider", window="month", cents=1000),))
    (limit,) = policy.limits("ada", "openai")
    assert limit == Limit("provider", "openai", "month", microusd=10_000_000)
    assert policy.limits("ada") == []


def test_text_models_need_the_word_of_operator_and_class() -> None:
    operator = Rules(mode="auto", text=TextRules(models=("gpt-*", "o1")))
    assert Policy(operator).text.models == ("gpt-*", "o1")
    assert in_class(operator).text.models == ()
    theirs = TextRules(models=("gpt-5-mini", "*-large", "o1"), max_output_tokens=100)
    text = in_class(operator, text=theirs).text
    assert text.models == ("gpt-5-mini", "o1")
    assert text.max_output_tokens == 100
    assert in_class("auto", text=TextRules(models=("*",))).text.models == ()


def test_the_shorter_patience_counts() -> None:
    assert Policy("auto").queue_seconds is None
    assert in_class(queue_seconds=30.0).queue_seconds == 30.0


def test_nothing_is_allowed_in_a_class_whose_policy_was_never_read() -> None:
    policy = Policy(rules_of_operator(LabSettings(fallback="auto")))
    policy.take(ClassWord(UNREAD, "https://example.org/policy.toml"))
    assert (policy.effective("demo"), policy.fallback("auto")) == ("off", "never")
    assert policy.limits("ada", "openai")[-1].microusd == 0


def test_students_see_the_quotas_that_concern_them_and_teachers_all() -> None:
    people = People("owner", alone=False)
    people.meet(Identity("tea", True, role="teacher"))
    quotas = (Quota(scope="person", pictures=5), Quota(scope="person", name="ada", pictures=9))
    policy = in_class(people=people, quotas=quotas)
    assert [quota.name for quota in policy.policy_view("bob").quotas] == ["bob"]
    assert [quota.name for quota in policy.policy_view("tea").quotas] == ["*", "ada"]


@pytest.mark.parametrize(
    ("name", "pattern", "fits"),
    [
        ("gpt-image-2", "gpt-*-2", True),
        ("gpt-image-2", "GPT-IMAGE-2", True),
        ("gpt-image-2", "gpt-image", False),
        ("aba", "ab*ba", False),
        ("a[b]", "a[b]", True),
        ("anything", "*", True),
        ("x-y-z", "x*y*z", True),
        ("x-z-y", "x*y*z", False),
    ],
)
def test_a_star_stands_for_anything_and_nothing_else_is_special(
    name: str, pattern: str, fits: bool
) -> None:
    assert matches(name, [pattern]) is fits


def test_of_patterns_that_only_overlap_nothing_is_taken() -> None:
    assert in_both(("gpt-*",), ("*-mini",)) == ()
    assert in_both(("gpt-*", "*-mini"), ("gpt-5-*", "*")) == ("gpt-5-*", "gpt-*", "*-mini")
