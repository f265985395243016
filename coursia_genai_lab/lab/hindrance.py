"""What keeps a service from making pictures with one of its models now."""

from __future__ import annotations

from ..wire.problems import Problem
from .service import Service
from .survey import Survey

FAILED = ("failed", "unavailable")


def hindrance(cell: Service, survey: Survey, model: str) -> Problem | None:
    """Return why a service cannot make pictures with a model; None where nothing is known of it.

    What runs may lack the files of one model; what does not run may be unable to start.
    """
    here = survey.models.get(cell.spec.name)
    if here is not None and model in here.missing:
        return Problem(
            code="models_missing",
            message=f"The files of {model} are not on this machine.",
            remedy=f"Whoever administers it can run `coursia-genai models fetch {model}`.",
            command=f"coursia-genai models fetch {model}",
        )
    if cell.state not in FAILED and cell.wanted:
        return None
    return cell.problem or survey.problems.get(cell.spec.name)
