"""What a failed call to a provider means: for the caller, for the money, and for the next call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import GenAIError, GenerationError, ServiceError

Health = Literal["well", "ill", "closed"]
"""Of the provider: it answered; it failed; it wants nothing to do with our account."""


@dataclass(frozen=True)
class Verdict:
    """An error, and what follows from it."""

    error: GenAIError
    health: Health = "well"
    again: int = 0
    """How often the same call may be sent again: only where it cannot be billed twice."""
    after: float | None = None
    """Seconds that the provider wants to be left alone before."""


class Failed(Exception):
    """Carry a verdict out of the reading of an answer; it never leaves this folder."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.error.message)
        self.verdict = verdict


def billed(error: GenAIError) -> GenAIError:
    """Mark an error: the provider may charge for what failed."""
    error.may_have_billed = True
    return error


def unreachable(title: str) -> Verdict:
    """Return what it means that no connection came about: nothing was sent."""
    return Verdict(
        ServiceError(
            f"{title} cannot be reached from this server.",
            "Check the network, name resolution and proxy of this machine; local models go on.",
            code="cloud_unreachable",
        ),
        "ill",
    )


def cut_off(title: str) -> Verdict:
    """Return what it means that an answer did not come, or not whole."""
    error = ServiceError(
        f"{title} gave no whole answer; whether it charges for that is not known.",
        "Look at the account before you ask again: the same picture may be paid twice.",
        code="cloud_no_answer",
    )
    return Verdict(billed(error), "ill")


def timed_out(title: str, seconds: float | None = None) -> Verdict:
    """Return what it means that the provider took too long."""
    waited = f" within {seconds:g} seconds" if seconds is not None else " in time"
    error = ServiceError(
        f"{title} did not answer{waited}; whether it charges for that is not known.",
        "Ask for a smaller picture or a lower quality, or use another model.",
        code="cloud_timed_out",
    )
    return Verdict(billed(error), "ill")


def wrong_answer(title: str, what: str) -> Verdict:
    """Return what it means that an answer of success holds no picture of use."""
    error = GenerationError(
        f"{title} {what}.",
        "Send the request again, or use another model; it may be charged all the same.",
        code="cloud_wrong_answer",
    )
    return Verdict(billed(error))


def elsewhere(title: str, status: int) -> Verdict:
    """Return what it means that an answer points to another address, which is not followed."""
    return Verdict(
        ServiceError(
            f"{title} sends us elsewhere (status {status}), which is not followed.",
            "Correct the `url` of its [cloud] table.",
            code="cloud_wrong_answer",
        ),
        "ill",
    )


def paused(title: str, seconds: float, because: GenAIError | None) -> GenAIError:
    """Return what callers are told while a provider is left alone."""
    left = f"it is asked again in {max(1, round(seconds))} seconds"
    if because is not None and because.error_code in ("cloud_key_refused", "cloud_no_credit"):
        return type(because)(
            f"{because.message.rstrip('.')}; {left}.",
            because.remedy,
            code=because.error_code,
            command=because.command,
        )
    return ServiceError(
        f"{title} has failed several times in a row; {left}.",
        "Wait, or use a local model or another provider meanwhile.",
        code="cloud_paused",
    )
