"""Which variables a kernel gets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.launch.variables import (
    Plan,
    names_that_matter,
    plan,
    proxy_exceptions,
    taken_names,
)

CATALOG = load_catalog()
FACTS = {
    "token": "cgl_secret",
    "mode": "local",
    "fallback_reason": "",
    "type": "GENAI_BASIC",
    "services": "comfyui-qwen",
}
DOORS = {
    "comfyui-qwen": "http://127.0.0.1:8188",
    "comfyui": "http://127.0.0.1:8191",
    "forge-turbo": "http://127.0.0.1:17861",
}


def planned(*services: str, taken: Mapping[str, str] | None = None, **refused: str) -> Plan:
    return plan([CATALOG[name] for name in services], taken=taken or {}, refused=refused)


def filled(drawn: Plan, **changes: object) -> tuple[dict[str, str], dict[str, str]]:
    arguments: dict[str, object] = {
        "doors": DOORS,
        "openai": "http://127.0.0.1:9000/v1",
        "facts": FACTS,
        **changes,
    }
    return drawn.fill(**arguments)  # type: ignore[arg-type]


def test_a_service_gives_every_name_that_real_notebooks_read() -> None:
    values, skipped = filled(planned("comfyui-qwen"))
    assert values == {
        "COMFYUI_API_URL": "http://127.0.0.1:8188",
        "COMFYUI_URL": "http://127.0.0.1:8188",
        "COMFYUI_AUTH_TOKEN": "cgl_secret",
        "COMFYUI_API_TOKEN": "cgl_secret",
        "QWEN_API_TOKEN": "cgl_secret",
        "COMFYUI_BEARER_TOKEN": "cgl_secret",
        "GENAI_API_URL": "http://127.0.0.1:9000/v1",
        "GENAI_API_TOKEN": "cgl_secret",
        "GENAI_MODE": "local",
        "GENAI_NOTEBOOK_TYPE": "GENAI_BASIC",
        "GENAI_SERVICES": "comfyui-qwen",
    }
    assert skipped == {}


def test_a_fallback_reason_is_set_only_where_there_is_one() -> None:
    facts = {**FACTS, "fallback_reason": "local_unavailable"}
    values, _ = filled(planned("comfyui-qwen"), facts=facts)
    assert values["FALLBACK_REASON"] == "local_unavailable"


@pytest.mark.parametrize("name", ["COMFYUI_API_URL", "COMFYUI_AUTH_TOKEN", "QWEN_API_TOKEN"])
def test_one_variable_of_the_user_keeps_its_whole_group_out(name: str) -> None:
    drawn = planned("comfyui-qwen", taken={name: "course/.env"})
    values, skipped = filled(drawn)
    group = set(CATALOG["comfyui-qwen"].exports[0].variables)
    assert not group & values.keys()
    assert skipped.keys() == group
    assert skipped[name] == "Set in course/.env."
    other = next(iter(group - {name}))
    assert skipped[other] == f"Left alone, for {name} is set in course/.env."
    assert drawn.external == {"comfyui-qwen"}


def test_groups_of_one_service_stand_or_fall_apart() -> None:
    values, _ = filled(planned("forge-turbo", taken={"FORGE_USER": "course/.env"}))
    assert values["SD_BASE_URL"] == "http://127.0.0.1:17861"
    assert "FORGE_PASSWORD" not in values


def test_an_address_of_the_user_makes_the_service_external() -> None:
    assert planned("forge-turbo", taken={"SD_BASE_URL": "x"}).external == {"forge-turbo"}
    assert planned("forge-turbo", taken={"FORGE_PASSWORD": "x"}).external == frozenset()


def test_the_first_of_two_services_with_one_name_has_it() -> None:
    values, _ = filled(planned("comfyui", "comfyui-qwen"))
    assert values["COMFYUI_API_URL"] == DOORS["comfyui"]
    assert values["GENAI_DOCKER_COMFYUI"] == DOORS["comfyui"]
    values, _ = filled(planned("comfyui-qwen", "comfyui"))
    assert values["COMFYUI_API_URL"] == DOORS["comfyui-qwen"]
    assert values["GENAI_DOCKER_COMFYUI"] == DOORS["comfyui"]


def test_a_shared_name_spreads_the_users_word_to_the_other_service() -> None:
    values, _ = filled(planned("comfyui", "comfyui-qwen", taken={"QWEN_API_TOKEN": "x"}))
    assert not {name for name in values if not name.startswith("GENAI_")} - {"FALLBACK_REASON"}
    assert "GENAI_DOCKER_COMFYUI" not in values


def test_a_door_that_did_not_open_takes_its_token_with_it() -> None:
    values, skipped = filled(planned("comfyui-qwen"), doors={})
    assert "COMFYUI_AUTH_TOKEN" not in values
    assert skipped["COMFYUI_AUTH_TOKEN"] == "Its local address did not open."
    values, _ = filled(planned("openai"), openai="")
    assert "OPENAI_API_KEY" not in values
    assert "GENAI_API_TOKEN" not in values


def test_the_lab_own_address_and_token_are_a_group_too() -> None:
    values, skipped = filled(planned("comfyui-qwen", taken={"GENAI_API_URL": "x"}))
    assert "GENAI_API_TOKEN" not in values
    assert "GENAI_API_TOKEN" in skipped
    assert values["GENAI_MODE"] == "local"


def test_a_refused_service_gives_its_reason() -> None:
    drawn = planned("openai", openai="This server has no key for OpenAI.")
    values, skipped = filled(drawn)
    assert "OPENAI_API_KEY" not in values
    assert skipped["OPENAI_API_KEY"] == "This server has no key for OpenAI."
    assert drawn.doors == []


def test_only_the_doors_that_are_needed_are_asked_for() -> None:
    assert planned("comfyui-qwen", "openai").doors == ["comfyui-qwen"]
    assert planned("forge-turbo").doors == ["forge-turbo"]
    assert planned("openai").openai_door


def test_what_the_user_has_set_is_found_with_its_place_and_empty_values_are_nothing() -> None:
    found = taken_names(
        ["A", "B", "C", "D", "E"],
        kernelspec={"A": "1"},
        environment={"A": "2", "B": "2", "D": "", "E": ""},
        dotenv={"C": "course/.env", "B": "course/.env"},
    )
    assert found == {
        "A": "the kernel's own settings (kernel.json)",
        "B": "the server's environment",
        "C": "course/.env",
    }


def test_every_name_that_could_be_set_matters() -> None:
    names = names_that_matter([CATALOG["openai"]])
    assert {"OPENAI_BASE_URL", "OPENAI_API_KEY", "GENAI_API_URL", "FALLBACK_REASON"} <= names
    assert "COMFYUI_URL" not in names


@pytest.mark.parametrize(
    ("before", "upper", "lower"),
    [
        ({}, "127.0.0.1,localhost", "127.0.0.1,localhost"),
        (
            {"NO_PROXY": "a.org"},
            "a.org,127.0.0.1,localhost",
            "a.org,127.0.0.1,localhost",
        ),
        (
            {"NO_PROXY": "a.org", "no_proxy": "b.org, localhost"},
            "a.org,127.0.0.1,localhost",
            "b.org, localhost,127.0.0.1",
        ),
        (
            {"no_proxy": "127.0.0.1,localhost"},
            "127.0.0.1,localhost",
            "127.0.0.1,localhost",
        ),
        ({"no_proxy": "*"}, "*", "*"),
        (
            {"no_proxy": "", "NO_PROXY": "a.org,"},
            "a.org,127.0.0.1,localhost",
            "127.0.0.1,localhost",
        ),
    ],
)
def test_loopback_is_excepted_from_proxies_once_and_nothing_is_lost(
    before: dict[str, str], upper: str, lower: str
) -> None:
    after = proxy_exceptions(before)
    assert after == {"NO_PROXY": upper, "no_proxy": lower}
    assert proxy_exceptions({**before, **after}) == after
