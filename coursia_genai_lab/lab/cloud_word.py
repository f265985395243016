"""What a provider last said to a call of ours: it answered, or why it did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import GenAIError
from ..wire.problems import Problem
from ..wire.services import CloudWord
from .cloud_problems import ACCOUNT_CODES

if TYPE_CHECKING:
    from ..engines.cloud import CloudEngine

TROUBLES = ACCOUNT_CODES | {
    "cloud_busy",
    "cloud_down",
    "cloud_unreachable",
    "cloud_no_answer",
    "cloud_timed_out",
    "cloud_wrong_answer",
}
"""What is wrong with a provider; every other end of a call is an answer that it gave."""


def word_after(before: CloudWord | None, error: GenAIError | None, at: float) -> CloudWord | None:
    """Return the last word of a provider after a call; `at` is Unix seconds.

    A call that was not sent, for the provider is left alone, says nothing new.
    """
    if error is not None and error.error_code == "cloud_paused":
        return before
    if error is None or error.error_code not in TROUBLES:
        return CloudWord(at=at)
    return CloudWord(at=at, problem=Problem(**error.to_dict()))


def word_when_there(before: CloudWord | None) -> CloudWord | None:
    """Return the last word once a provider has told its models.

    Anybody may read those: it says nothing of our account, but that somebody is there.
    """
    if before is None or before.problem is None or before.problem.code in ACCOUNT_CODES:
        return before
    return None


def word_now(before: CloudWord | None, engine: CloudEngine | None, title: str) -> CloudWord | None:
    """Return the last word with the pause that is made now, if one is; else as it is."""
    breaker = None if engine is None else engine.breaker
    seconds = 0.0 if breaker is None else breaker.seconds_left
    if before is None or before.problem is None or seconds <= 0:
        return before
    if before.problem.code in ACCOUNT_CODES:
        return before
    paused = Problem(
        code="cloud_paused",
        message=f"{title} has failed several times in a row; it is asked again in "
        f"{max(1, round(seconds))} seconds. The last time: {before.problem.message}",
        remedy="Wait, or use a local model or another provider meanwhile.",
    )
    return before.model_copy(update={"problem": paused})


def same_kind(one: CloudWord | None, other: CloudWord | None) -> bool:
    """Say whether two words differ in their time at most, which needs no news of its own."""
    if one is None or other is None:
        return one is other
    return (one.problem and one.problem.code) == (other.problem and other.problem.code)
