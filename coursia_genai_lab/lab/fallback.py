"""When a provider draws in place of a local service: decided from what failed, and nothing else.

Pure: no clock, no network, no state. A refusal by moderation and a wrong request stay what they
are, whoever is asked: another provider must not be tried with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..errors import (
    ConsentMissing,
    GenAIError,
    ServiceDied,
    ServiceError,
    ServiceNotReady,
    StartTimedOut,
)
from ..wire.policy import Fallback, Mode
from ..wire.problems import Problem

Reason = Literal[
    "local_unavailable",
    "local_not_ready",
    "local_queue_long",
    "local_out_of_memory",
    "local_died",
    "mode_cloud",
]
Step = Literal["cloud", "ask", "local"]
"""What is done: a provider is asked, its person is asked first, or the local word stands."""

SENTENCES: Mapping[Reason, str] = {
    "local_unavailable": "{title} cannot run on this machine now",
    "local_not_ready": "{title} was not ready in time",
    "local_queue_long": "the line for {title} is too long",
    "local_out_of_memory": "the GPU has too little free memory for {title}",
    "local_died": "{title} ended while it worked",
    "mode_cloud": "the mode is cloud, so {title} is not run here",
}
_BY_CODE: Mapping[str, Reason | None] = {
    "out_of_memory": "local_out_of_memory",
    "gpu_full": "local_out_of_memory",
    "gpu_memory_stays": "local_out_of_memory",
    "no_progress": "local_died",
    "no_answer": "local_died",
    "hung": "local_died",
    "job_lost": "local_died",
    "gpu_lost": "local_died",
    "too_many_services": "local_unavailable",
    "service_changed": None,
    "mode_cloud": "mode_cloud",
    # Nothing is wrong with the service: the road, the request or the server is.
    "engine_not_available": None,
    "server_stopping": None,
    "no_workflow": None,
    "no_key": None,
    "node_missing": None,
    "wrong_answer": None,
}
_STEPS: Mapping[Fallback, Step] = {"auto": "cloud", "ask": "ask", "never": "local"}
_BY_KIND: tuple[tuple[type[GenAIError], Reason | None], ...] = (
    (ConsentMissing, None),
    (ServiceDied, "local_died"),
    (StartTimedOut, "local_not_ready"),
    (ServiceNotReady, "local_not_ready"),
    (ServiceError, "local_unavailable"),
)


@dataclass(frozen=True)
class Cause:
    """Why a provider is asked in place of a service."""

    code: Reason
    sentence: str
    """Begins small and ends without a full stop."""
    remedy: str = ""

    @property
    def problem(self) -> Problem:
        """The same in the form in which people are told."""
        said = self.sentence[:1].upper() + self.sentence[1:]
        return Problem(code=self.code, message=f"{said}.", remedy=self.remedy)


def cause(code: Reason, title: str, remedy: str = "") -> Cause:
    """Return a reason in words, with the service's title."""
    return Cause(code, SENTENCES[code].format(title=title), remedy)


def cause_of(error: GenAIError, title: str) -> Cause | None:
    """Return why what failed is a reason to ask a provider; None where it is none."""
    if error.error_code in _BY_CODE:
        code = _BY_CODE[error.error_code]
    else:
        code = next((code for kind, code in _BY_KIND if isinstance(error, kind)), None)
    return None if code is None else cause(code, title, error.remedy)


def decide(word: Fallback, mode: Mode, cause: Cause | None, *, stand_in: bool) -> Step:
    """Return what is done where a local service cannot draw.

    In mode cloud nothing local draws, so only a provider can; the person is still asked, unless
    the policy's word is `auto`.
    """
    if cause is None or not stand_in or mode not in ("auto", "cloud"):
        return "local"
    if mode == "cloud":
        return "cloud" if word == "auto" else "ask"
    return _STEPS[word]


def too_long(seconds: float | None, limit: float | None) -> bool:
    """Say whether a wait in line that is expected counts as not to be had in time."""
    return limit is not None and seconds is not None and seconds > limit
