"""What helps is told to who can do it: students are given no commands of the server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_login import HubLogin
from tornado.httpclient import HTTPClientError

from coursia_genai_lab.errors import ConfigurationError, ServiceDied
from coursia_genai_lab.wire.audience import for_students, told_to_students
from coursia_genai_lab.wire.health import HealthReason
from coursia_genai_lab.wire.problems import Problem

Told = Callable[..., Any]
PAGES = ("status", "services", "models", "plan", "policy", "health", "gpus", "notebooks?folder=")
SHELL = ("coursia-genai ", "GenAILab.", "chmod ", "service file")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy of the class with a mistake in it."""
    path = tmp_path / "class.toml"
    path.write_text("mode = 'sometimes'\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any], policy: Path) -> dict[str, Any]:
    config = jp_server_config
    config["ServerApp"]["identity_provider_class"] = HubLogin
    config["GenAILab"]["policy_source"] = str(policy)
    return config


@pytest.fixture
def told(jp_fetch: Callable[..., Any], app: Any) -> Told:
    """Return the JSON that somebody is answered below api/v1/."""

    async def ask(name: str, page: str, body: Any = None) -> Any:
        path, _, query = page.partition("?")
        keywords: dict[str, Any] = {"headers": {"Authorization": f"token {name}"}}
        if query:
            keywords["params"] = dict([query.split("=")])
        if body is not None:
            keywords |= {"method": "PUT", "body": json.dumps(body)}
        whole = ("coursia-genai", "api", "v1", *path.split("/"))
        try:
            answer = await jp_fetch(*whole, **keywords)
        except HTTPClientError as error:
            answer = error.response
        return json.loads(answer.body)

    return ask


def problems(answer: Any) -> Iterator[dict[str, Any]]:
    """Yield every problem in an answer, however deep."""
    if isinstance(answer, dict):
        if {"code", "message", "remedy"} <= answer.keys():
            yield answer
        for value in answer.values():
            yield from problems(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from problems(value)


async def test_a_student_reads_a_code_to_pass_on_where_others_read_the_command(
    told: Told, policy: Path
) -> None:
    read = {}
    for name in ("bob", "tea", "ann"):
        found = problems(await told(name, "status"))
        [read[name]] = [one for one in found if one["code"] == "policy_broken"]
    assert read["bob"]["remedy"] == "Tell your teacher this code: policy_broken."
    for name in ("tea", "ann"):
        assert "coursia-genai policy check" in read[name]["remedy"]
    assert str(policy) not in json.dumps(read["bob"])


@pytest.mark.parametrize("page", PAGES)
async def test_no_page_gives_students_what_needs_a_shell_on_the_server(
    told: Told, page: str, tmp_path: Path
) -> None:
    found = list(problems(await told("bob", page)))
    for one in found:
        assert one.get("command") is None, one
        assert not any(word in one["remedy"] for word in SHELL), one
        assert one["remedy"], one
        assert str(tmp_path) not in json.dumps(one), one
    # The same page has more for who can mend it.
    whole = list(problems(await told("ann", page)))
    assert [one["code"] for one in whole] == [one["code"] for one in found]


async def test_an_error_is_worded_for_who_asked(told: Told) -> None:
    wish = {"layer": "operator", "value": "auto"}
    answers = {name: (await told(name, "mode", wish))["error"] for name in ("bob", "ann")}
    assert {answer["code"] for answer in answers.values()} == {"conflict"}
    assert answers["bob"]["remedy"] == "Tell your teacher this code: conflict."
    assert "GenAILab.mode" in answers["ann"]["remedy"]


def test_what_a_student_can_do_stays_as_it_is() -> None:
    died = ServiceDied("ComfyUI ended.")
    assert told_to_students(died.error_code, died.message, died.remedy, None) == (
        died.message,
        died.remedy,
    )
    busy = Problem(code="cloud_busy", message="Too many calls.", remedy="Wait a moment.")
    assert for_students(busy) == busy


def test_what_a_student_can_do_in_part_is_told_without_the_command() -> None:
    problem = Problem(
        code="too_many_services",
        message="3 services run already.",
        remedy="Shut down a kernel that holds one.",
        command="coursia-genai stop comfyui",
    )
    told = for_students(problem)
    assert told == problem.model_copy(update={"command": None})


def test_paths_and_addresses_on_the_server_are_left_out_and_web_addresses_stay() -> None:
    wrong = ConfigurationError("/srv/course/keys.env is open; see https://example.org/a/b.")
    message, remedy = told_to_students("secrets_exposed", wrong.message, "chmod 600 it", None)
    assert message == "… is open; see https://example.org/a/b."
    assert remedy == "Tell your teacher this code: secrets_exposed."
    reason = HealthReason(code="store_full", message="/var/lib/x.db is full.", remedy="Free it.")
    assert for_students(reason).message == "… is full."
