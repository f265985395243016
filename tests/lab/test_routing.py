"""Who answers for a service while it is not known, or not known for good, what can run here."""

from __future__ import annotations

import pytest

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.lab.routing import Routing
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


def test_one_service_that_can_run_ends_every_stand_in() -> None:
    assert routing(flux=None).backend("comfyui") == "comfyui"


@pytest.mark.parametrize("code", ["docker_hangs", "models_unreadable"])
def test_a_machine_that_is_only_slow_gets_no_demo_pictures(code: str) -> None:
    assert routing(comfyui=problem(code)).backend("comfyui") == "comfyui"


def test_a_machine_that_has_not_been_looked_at_gets_no_demo_pictures() -> None:
    nothing_known = Routing(CATALOG, Policy("auto", on_change=lambda: None), {})
    assert nothing_known.genai_mode(["comfyui"]) == ("local", None)
