"""What callers of the doors read of what went wrong: students no commands of the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import GenAIError
from ..wire.audience import told_to_students
from .needs import LabView


@contextmanager
def worded_for(lab: LabView, person: str) -> Iterator[None]:
    """Let what fails within be worded for its caller; who is nobody counts as a student.

    Raises:
        GenAIError: what was raised within, of the same kind, code and status.
    """
    try:
        yield
    except GenAIError as error:
        if lab.policy.people.role(person) != "student":
            raise
        message, remedy = told_to_students(
            error.error_code, error.message, error.remedy, error.command
        )
        if (message, remedy) == (error.message, error.remedy) and error.command is None:
            raise
        raise _copy(error, message, remedy) from error


def _copy(error: GenAIError, message: str, remedy: str) -> GenAIError:
    # One error may be told to many callers, a service's failure say: it stays as it is.
    told: GenAIError = type(error).__new__(type(error), *error.args)
    told.__dict__.update(error.__dict__)
    told.message, told.remedy, told.command = message, remedy, None
    return told
