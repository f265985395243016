"""What a person asks of the door about themselves: their jobs, and what they have used."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ..errors import LabUnreachable
from ..wire.jobs import JobList, JobView
from ..wire.usage import UsageView

Shape = TypeVar("Shape", bound=BaseModel)


def read_queue(answer: object) -> list[JobView]:
    """Return the jobs of a `GET /coursia/queue`.

    Raises:
        LabUnreachable: it is something else.
    """
    return _read(JobList, answer, "list of jobs").jobs


def read_usage(answer: object) -> UsageView:
    """Return the figures of a `GET /coursia/usage`.

    Raises:
        LabUnreachable: it is something else.
    """
    return _read(UsageView, answer, "count of what was used")


def _read(shape: type[Shape], answer: object, what: str) -> Shape:
    try:
        return shape.model_validate(answer)
    except ValidationError:
        raise LabUnreachable(
            f"The server's answer is no {what}.",
            "Use the same version of coursia-genai-lab on both sides.",
        ) from None
