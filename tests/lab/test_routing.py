"""Who answers for a service while it is not known, or not known for good, what can run here."""

from __future__ import annotations

import pytest

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.lab.routing import Routing
from coursia_genai_lab.wire.policy import Mode
from coursia_genai_lab.wire.problems import Problem

CATALOG = load_catalog(packages=False)


def problem(code: str) -> Problem:
    return Problem(code=code, message="It cannot start here.", remedy="Do this.")


def routing(**problems: Problem | None) -> Routing:
    """Return the routing of a machine on which nothing else can run."""
    known = dict.fromkeys(CATALOG, problem("image_missing")) | problems
    return Routing(CATALOG, Policy("auto", on_change=lambda: None), known)


def test_demo_answers_where_nothing_can_run() -> None:
    assert routing().backend("comfyui") == "demo"
    assert routing().genai_mode(["comfyui"]) == ("demo", "local_unavailable")


def test_nobody_is_stood_in_for_where_one_service_could_run_from_the_start() -> None:
    assert routing(flux=None).backend("comfyui") == "comfyui"


def changing() -> tuple[Routing, dict[str, Problem | None]]:
    """Return a routing whose machine is found without anything, and what is known of it."""
    known: dict[str, Problem | None] = dict.fromkeys(CATALOG, problem("docker_absent"))
    found = Routing(CATALOG, Policy("auto", on_change=lambda: None), known)
    found.look()
    return found, known


def test_who_was_stood_in_for_is_so_until_the_service_itself_can_start() -> None:
    found, known = changing()
    known |= {"flux": None, "comfyui": problem("image_missing")}
    found.look()
    assert found.backend("flux") == "flux"
    assert found.backend("comfyui") == "demo"
    assert found.genai_mode(["comfyui"]) == ("demo", "local_unavailable")
    known["comfyui"] = problem("docker_hangs")
    found.look()
    assert found.backend("comfyui") == "demo"
    known["comfyui"] = None
    assert found.backend("comfyui") == "comfyui"
    found.look()
    known["comfyui"] = problem("image_missing")
    found.look()
    assert found.backend("comfyui") == "comfyui"


def test_a_cloud_that_can_be_asked_ends_every_stand_in() -> None:
    found, known = changing()
    known["openai"] = None
    found.look()
    assert found.backend("comfyui") == "comfyui"
    known["openai"] = problem("no_key")
    known["flux"] = None
    found.look()
    assert found.backend("comfyui") == "comfyui"


@pytest.mark.parametrize("mode", ["local", "cloud"])
def test_a_mode_that_knows_no_stand_in_has_none_kept(mode: Mode) -> None:
    known: dict[str, Problem | None] = dict.fromkeys(CATALOG, problem("docker_absent"))
    found = Routing(CATALOG, Policy(mode, on_change=lambda: None), known)
    found.look()
    known["flux"] = None
    assert found.backend("comfyui") == "comfyui"


@pytest.mark.parametrize("code", ["docker_hangs", "models_unreadable"])
def test_a_machine_that_is_only_slow_gets_no_demo_pictures(code: str) -> None:
    assert routing(comfyui=problem(code)).backend("comfyui") == "comfyui"


def test_a_machine_that_has_not_been_looked_at_gets_no_demo_pictures() -> None:
    nothing_known = Routing(CATALOG, Policy("auto", on_change=lambda: None), {})
    assert nothing_known.genai_mode(["comfyui"]) == ("local", None)
