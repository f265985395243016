"""The document of a class's policy: what it says, and what is told of a wrong one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import coursia_genai_lab.lab
from coursia_genai_lab.catalog.read import BadSpec
from coursia_genai_lab.lab.policy_document import PolicyDocument, read_document

EXAMPLE = Path(coursia_genai_lab.lab.__file__).with_name("policy_example.toml")
SCHEMA = Path(coursia_genai_lab.lab.__file__).with_name("policy.schema.json")


def mistakes(text: str) -> list[str]:
    with pytest.raises(BadSpec) as bad:
        read_document("policy.toml", text.encode())
    return [str(mistake) for mistake in bad.value.mistakes]


def test_the_example_is_a_policy_that_uses_every_key() -> None:
    document = read_document(EXAMPLE.name, EXAMPLE.read_bytes())
    said = document.model_fields_set
    assert said == set(PolicyDocument.model_fields) - {"schema_"}
    rules = document.to_rules()
    assert (rules.course, rules.mode, rules.queue_seconds) == ("Images 101", "auto", 120.0)
    assert rules.groups == {"tutors": {"grace", "linus"}}
    assert rules.daily_cents == {"openai": 300.0}
    assert [quota.name for quota in rules.quotas] == ["*", "@tutors", "*"]


def test_json_says_the_same() -> None:
    document = read_document(EXAMPLE.name, EXAMPLE.read_bytes())
    text = document.model_dump_json(by_alias=True)
    assert read_document("policy.json", text.encode()).to_rules() == document.to_rules()


def test_the_published_schema_is_that_of_the_document() -> None:
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert set(published["properties"]) == {
        field.alias or name for name, field in PolicyDocument.model_fields.items()
    }
    assert published["additionalProperties"] is False


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'mode = "lokal"',
            "policy.toml:1: mode is to be 'auto', 'local', 'cloud',",
        ),
        (
            "\nfallbak = 1",
            "is no key of a policy file; did you mean fallback?",
        ),
        ("[[quotas]]\nscope = 'person'", "names nobody"),
        ("[[quotas]]\nscope = 'person'\npictures = -1", "policy.toml:3: quotas.0.pictures"),
        ("[[quotas]]\nscope = 'course'\nname = 'x'\ncents = 1", "takes no name"),
        ("[[quotas]]\nscope = 'person'\ncents = nan", "policy.toml:3: quotas.0.cents"),
        ("[providers.openai]\ndaily_cents = inf", "policy.toml:2: providers.openai.daily_cents"),
        ("[models]\nstudents = []", "policy.toml:2: models.students is to be 'student'"),
        ("queue_seconds = true x", "policy.toml:1: no TOML"),
        ("", "policy.toml: is empty"),
        (" \n\t", "policy.toml: is empty"),
        ('{"mode": "off",\n "mode": "auto"}', "mode stands there twice"),
        ('{"mode": "off"', "policy.toml:1: no JSON"),
        ('{"mode": "of"}', "policy.toml: mode is to be"),
        ('course = "a\\u0007b"', "control character"),
        ("x = " + "[" * 200, "nests too many brackets"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_may_have_been_meant(text: str, told: str) -> None:
    assert any(told in mistake for mistake in mistakes(text))


def test_what_is_no_text_or_too_long_is_no_policy() -> None:
    for data in (b"\xff\xfe\x00", b"# " + b"x" * 200_000):
        with pytest.raises(BadSpec):
            read_document("policy.toml", data)
