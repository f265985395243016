"""What the doors tell the Lab's record of jobs, and ask of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ..errors import GenAIError, GenerationCancelled
from ..lab.endpoint import Endpoint
from ..lab.generation import Note, forget
from ..lab.thumbnails import TakePicture, forget_picture
from ..wire.generations import Outcome
from ..wire.usage import UsageView


def outcome_of(error: BaseException | None) -> tuple[Outcome, str | None]:
    """Return what became of a job, and the code where it failed; None: nothing went wrong."""
    if error is None:
        return "done", None
    if isinstance(error, GenAIError) and not isinstance(error, GenerationCancelled):
        return "failed", error.error_code
    if isinstance(error, Exception) and not isinstance(error, GenerationCancelled):
        return "failed", "defect"
    # Whoever hangs up ends it by cancelling the task that answers.
    return "cancelled", None


async def _no_usage(person: str, since: float) -> UsageView:
    return UsageView(since=since, pictures=0, seconds=0.0, services=[])


async def _no_hash(endpoint: Endpoint, name: str) -> str | None:
    return None


@dataclass(frozen=True)
class Record:
    """The record as doors see it; without arguments one that forgets."""

    note: Note = forget
    """Takes a job that has ended, once; it neither blocks nor raises."""
    usage: Callable[[str, float], Awaitable[UsageView]] = _no_usage
    """Person, Unix time -> what they had made since."""
    model_hash: Callable[[Endpoint, str], Awaitable[str | None]] = _no_hash
    """Endpoint, name of a model file -> `sha256:…`; None: not checked. Never waits long."""
    picture: TakePicture = forget_picture
    """Takes the picture of a job that has been noted, or is about to be."""
