"""Whatever layers say, a lower one never widens what an upper one allows."""

from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from coursia_genai_lab.lab.mode_layers import ALLOWED_BELOW
from coursia_genai_lab.lab.patterns import in_both, matches
from coursia_genai_lab.lab.people import People
from coursia_genai_lab.lab.policy import CAREFUL, Policy
from coursia_genai_lab.lab.rules import UNREAD, ClassWord, Rules, TextRules
from coursia_genai_lab.wire.policy import Fallback, Mode, ModeChange, Quota

MODES = st.sampled_from(get_args(Mode))
PERHAPS_MODE = st.none() | MODES
FALLBACKS = st.none() | st.sampled_from(get_args(Fallback))
NAMES = st.text("ab*", min_size=1, max_size=6)
PATTERNS = st.lists(NAMES, max_size=4).map(tuple)
CENTS = st.floats(min_value=0, max_value=1000)


def policy(operator: Rules, of_class: Rules) -> Policy:
    made = Policy(operator, people=People("owner", alone=False))
    made.take(ClassWord(of_class, "policy.toml", 1.0))
    return made


@given(MODES, PERHAPS_MODE, PERHAPS_MODE, PERHAPS_MODE)
def test_the_mode_in_force_is_one_that_every_upper_layer_allows(
    operator: Mode, of_class: Mode | None, notebook: Mode | None, person: Mode | None
) -> None:
    made = policy(Rules(mode=operator), Rules(mode=of_class))
    upper = made.effective()
    assert upper in ALLOWED_BELOW[operator]
    if of_class in ALLOWED_BELOW[operator]:
        assert upper in ALLOWED_BELOW[of_class]
    if person is not None and person in ALLOWED_BELOW[upper]:
        made.change(ModeChange(value=person), by="ada")
        assert made.effective(made.word("ada", notebook)) in ALLOWED_BELOW[person]
    assert made.effective(made.word("ada", notebook)) in ALLOWED_BELOW[upper]
    assert made.effective(made.word("bob", notebook)) in ALLOWED_BELOW[upper]


@given(FALLBACKS, FALLBACKS, FALLBACKS)
def test_fallback_is_never_less_careful_than_any_word(
    operator: Fallback | None, of_class: Fallback | None, notebook: Fallback | None
) -> None:
    made = policy(Rules(mode="auto", fallback=operator), Rules(fallback=of_class))
    rank = CAREFUL.index(made.fallback(notebook))
    assert all(
        rank <= CAREFUL.index(word) for word in (operator, of_class, notebook) if word is not None
    )


@given(PATTERNS, PATTERNS, st.text("ab", max_size=8))
def test_what_two_lists_allow_each_of_them_allows(
    upper: tuple[str, ...], lower: tuple[str, ...], name: str
) -> None:
    if matches(name, in_both(upper, lower)):
        assert matches(name, upper)
        assert matches(name, lower)


@given(PATTERNS, PATTERNS, st.text("ab", max_size=8))
def test_a_class_adds_no_model_and_no_text_model(
    operator: tuple[str, ...], of_class: tuple[str, ...], name: str
) -> None:
    made = policy(
        Rules(mode="auto", models={"student": operator}, text=TextRules(models=operator)),
        Rules(models={"student": of_class}, text=TextRules(models=of_class)),
    )
    allowed = matches(name, operator) and matches(name, of_class)
    assert made.allows_model("bob", name) is allowed
    if matches(name, made.text.models):
        assert allowed


@given(st.dictionaries(st.sampled_from(["*", "openai", "other"]), CENTS), CENTS)
def test_a_cap_is_never_above_what_any_source_says(said: dict[str, float], mine: float) -> None:
    made = policy(Rules(mode="auto", daily_cents={"*": mine}), Rules(daily_cents=said))
    (cap,) = made.limits("ada", "openai")
    assert cap.microusd is not None
    binding = [mine, *(cents for name, cents in said.items() if name != "other")]
    assert cap.microusd <= min(binding) * 10_000


@given(
    st.lists(
        st.builds(
            Quota,
            scope=st.sampled_from(["person", "group", "course", "provider"]),
            name=st.sampled_from(["*", "ada", "@g", "g", "openai"]),
            window=st.sampled_from(["day", "week"]),
            pictures=st.none() | st.integers(0, 9),
        ),
        max_size=8,
    )
)
def test_limits_are_one_for_each_scope_name_and_window(quotas: list[Quota]) -> None:
    made = policy(
        Rules(mode="auto"),
        Rules(quotas=tuple(quotas), groups={"g": frozenset({"ada"}), "h": frozenset({"ada"})}),
    )
    limits = made.limits("ada", "openai")
    keys = [(limit.scope, limit.name, limit.window) for limit in limits]
    assert len(keys) == len(set(keys))
    names = {"person": {"ada"}, "group": {"g", "h"}, "course": {""}, "provider": {"openai"}}
    assert all(limit.name in names[limit.scope] for limit in limits)


@given(MODES, PERHAPS_MODE)
def test_nothing_goes_on_in_a_class_that_was_never_read(
    operator: Mode, notebook: Mode | None
) -> None:
    assert policy(Rules(mode=operator), UNREAD).effective(notebook) == "off"
