"""Which services a notebook can do without, and what the person is told."""

from __future__ import annotations

import textwrap

import pytest

HELPERS = """
import os, requests
from openai import OpenAI
def by_openai(prompt):
    return OpenAI().images.generate(prompt=prompt)
def by_forge(prompt):
    return requests.post("http://localhost:7860/sdapi/v1/txt2img", json={"prompt": prompt})
def by_comfy(prompt):
    return requests.post("http://localhost:8188/prompt", json={"prompt": {}, "client_id": "1"})
"""

ONE_OPTIONAL = {
    "a switch that is off": """
        USE_FORGE = False
        by_openai("x")
        if USE_FORGE:
            by_forge("x")
    """,
    "a switch that ends a function early": """
        USE_FORGE = False
        def forge():
            if not USE_FORGE:
                return None
            return by_forge("x")
        by_openai("x")
        forge()
    """,
    "a setting that is not the default": """
        by_openai("x")
        if os.getenv("USE_FORGE", "false").lower() == "true":
            by_forge("x")
    """,
    "a default that chooses the other": """
        if os.getenv("PROVIDER", "openai") == "openai":
            by_openai("x")
        else:
            by_forge("x")
    """,
    "a chosen name": """
        PROVIDER = "openai"
        picture = by_forge("x") if PROVIDER == "forge" else by_openai("x")
    """,
    "a negated setting": """
        BATCH = os.environ.get("BATCH", "1") in ("1", "true")
        by_openai("x")
        if not BATCH:
            by_forge("x")
    """,
    "what is tried after a failure": """
        try:
            by_openai("x")
        except Exception:
            by_forge("x")
    """,
    "what is tried when there is no picture": """
        picture = by_openai("x")
        if picture is None:
            picture = by_forge("x")
    """,
    "the second of two joined by or": "picture = by_openai('x') or by_forge('x')",
    "an argument that is not given": """
        def draw(prompt, provider="openai"):
            if provider == "forge":
                return by_forge(prompt)
            return by_openai(prompt)
        draw("x")
    """,
}


@pytest.mark.parametrize("cell", ONE_OPTIONAL.values(), ids=ONE_OPTIONAL.keys())
def test_it_is_optional_beside_the_service_that_runs(detect, cell):
    profile = detect(HELPERS, textwrap.dedent(cell))
    assert profile.services == ["openai", "forge-turbo"]
    assert profile.optional == ["forge-turbo"]
    assert profile.type != "CLASSIC"
    assert profile.needs_image_service


EACH_OPTIONAL = {
    "one of two branches": """
        if choose():
            by_openai("x")
        else:
            by_forge("x")
    """,
    "a chain": """
        def draw(provider, prompt):
            if provider == "openai":
                return by_openai(prompt)
            elif provider == "forge":
                return by_forge(prompt)
            raise ValueError(provider)
        draw(input(), "x")
    """,
    "branches that return": """
        def draw(provider, prompt):
            if provider == "openai":
                return by_openai(prompt)
            return by_forge(prompt)
        draw(input(), "x")
    """,
    "a table of functions": """
        WAYS = {"openai": by_openai, "forge": by_forge}
        WAYS[input()]("x")
    """,
    "a match": """
        match input():
            case "openai":
                by_openai("x")
            case _:
                by_forge("x")
    """,
}


@pytest.mark.parametrize("cell", EACH_OPTIONAL.values(), ids=EACH_OPTIONAL.keys())
def test_one_of_several_ways_is_optional_like_the_others(detect, cell):
    profile = detect(HELPERS, textwrap.dedent(cell))
    assert sorted(profile.optional) == sorted(profile.services) == ["forge-turbo", "openai"]
    assert profile.needs_image_service
    assert (profile.resources.gpus, profile.resources.vram_mib) == (0, 0)


NONE_OPTIONAL = {
    "both run": "by_openai('x')\nby_forge('x')",
    "one runs in a branch and elsewhere too": """
        if choose():
            by_forge("x")
        else:
            by_openai("x")
        by_forge("y")
        by_openai("y")
    """,
    "a loop over all of them": """
        for provider in ["openai", "forge"]:
            if provider == "openai":
                by_openai("x")
            else:
                by_forge("x")
    """,
    "a loop over a table of functions": """
        WAYS = {"openai": by_openai, "forge": by_forge}
        for name, draw in WAYS.items():
            draw("x")
    """,
    "a switch that is on": """
        USE_FORGE = True
        by_openai("x")
        if USE_FORGE:
            by_forge("x")
    """,
    "a call for each argument": """
        def draw(prompt, provider="openai"):
            if provider == "forge":
                return by_forge(prompt)
            return by_openai(prompt)
        draw("x")
        draw("x", provider="forge")
    """,
    "a question whether it answered": """
        by_openai("x")
        reply = by_forge("x")
        if reply.status_code == 200:
            by_forge("y")
    """,
}


@pytest.mark.parametrize("cell", NONE_OPTIONAL.values(), ids=NONE_OPTIONAL.keys())
def test_what_surely_runs_is_required(detect, cell):
    profile = detect(HELPERS, textwrap.dedent(cell))
    assert sorted(profile.services) == ["forge-turbo", "openai"]
    assert profile.optional == []


@pytest.mark.parametrize(
    "cell",
    [
        "try:\n    draw_myself()\nexcept Exception:\n    by_forge('x')",
        "if ready():\n    by_forge('x')\nelse:\n    print('not ready')",
        "if not ready:\n    by_forge('x')",
    ],
)
def test_the_only_service_is_required_even_on_a_condition(detect, cell):
    profile = detect(HELPERS, cell)
    assert (profile.services, profile.optional) == (["forge-turbo"], [])


def test_a_switch_that_is_off_says_so_in_the_evidence(detect):
    profile = detect(HELPERS, "USE = False\nby_openai('x')\nif USE:\n    by_forge('x')")
    [reason] = [item for item in profile.evidence if item.rule == "switch:off"]
    assert (reason.service, reason.cell, reason.line) == ("forge-turbo", 1, 3)
    assert reason.excerpt == "if USE:"
    assert not reason.strong


def test_what_a_switch_turns_off_changes_nothing_for_the_rest(detect):
    profile = detect(
        HELPERS,
        "USE = False\nBASE = 'http://localhost:8188'\nif USE:\n"
        "    BASE = 'https://hosted.example.org'\n    by_forge('x')",
        "requests.post(BASE + '/prompt', json={'prompt': {}, 'client_id': '1'})",
    )
    assert profile.services == ["comfyui", "forge-turbo"]
    assert not profile.remote_services


def parameters(source: str, tag: str = "parameters") -> dict[str, object]:
    return {"cell_type": "code", "source": source, "metadata": {"tags": [tag]}, "outputs": []}


SWITCHED = "if DRAW:\n    by_forge('x')"


def test_a_parameter_that_is_off_makes_its_service_optional(detect):
    profile = detect(parameters("DRAW = False"), HELPERS, SWITCHED)
    assert profile.services == profile.optional == ["forge-turbo"]
    assert profile.type == "GENAI_BASIC"
    assert any(item.rule == "switch:default" for item in profile.evidence)


def test_a_parameter_that_is_on_makes_it_required(detect):
    assert detect(parameters("DRAW = True"), HELPERS, SWITCHED).optional == []


def test_what_papermill_injects_decides_over_the_parameter(detect):
    profile = detect(
        parameters("DRAW = False"), parameters("DRAW = True", "injected-parameters"), HELPERS,
        SWITCHED,
    )  # fmt: skip
    assert (profile.services, profile.optional) == (["forge-turbo"], [])


def test_a_parameter_chooses_one_of_several(detect):
    profile = detect(
        parameters("PROVIDER = 'forge'"),
        HELPERS,
        "if PROVIDER == 'forge':\n    by_forge('x')\n"
        "elif PROVIDER == 'openai':\n    by_openai('x')",
    )
    assert profile.services == ["forge-turbo", "openai"]
    assert profile.optional == ["openai"]


def test_a_switch_that_is_off_alone_needs_nothing(detect):
    profile = detect(HELPERS, "DRAW = False\nif DRAW:\n    by_forge('x')")
    assert (profile.type, profile.services, profile.sections) == ("CLASSIC", [], [])


def test_the_teacher_makes_what_is_named_required(detect):
    cells = [HELPERS, "USE = False\nby_openai('x')\nif USE:\n    by_forge('x')"]
    assert detect(*cells, genai={"services": ["forge-turbo"]}).optional == []


def test_an_entry_that_the_notebook_changes_is_no_switch(detect):
    profile = detect(
        HELPERS,
        "def chat(state):\n    state = state or {'ready': False}\n    if state['ready']:\n"
        "        by_forge('x')\n    state['ready'] = True\nchat(None)",
    )
    assert (profile.services, profile.optional) == (["forge-turbo"], [])


def test_a_switch_among_settings_makes_its_service_optional(detect):
    profile = detect(HELPERS, "SETTINGS = {'draw': False}\nif SETTINGS['draw']:\n    by_forge('x')")
    assert profile.services == profile.optional == ["forge-turbo"]
