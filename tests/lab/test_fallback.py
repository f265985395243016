"""When a provider may draw in place of a local service: a table, and nothing else."""

from __future__ import annotations

import pytest

from coursia_genai_lab.errors import (
    ConsentMissing,
    GenAIError,
    GenerationCancelled,
    GenerationError,
    ImageMissing,
    InvalidRequest,
    ModerationBlocked,
    QuotaExceeded,
    RuntimeUnavailable,
    ServiceDied,
    ServiceError,
    ServiceNotReady,
    StartTimedOut,
    TooManyRequests,
)
from coursia_genai_lab.lab.fallback import Cause, cause, cause_of, decide, too_long
from coursia_genai_lab.wire.policy import Fallback, Mode


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ImageMissing("It is not here."), "local_unavailable"),
        (RuntimeUnavailable("No Docker."), "local_unavailable"),
        (ServiceError("No GPU.", code="no_gpu"), "local_unavailable"),
        (ServiceNotReady("It starts."), "local_not_ready"),
        (StartTimedOut("It did not answer."), "local_not_ready"),
        (ServiceDied("It ended."), "local_died"),
        (ServiceError("No answer.", code="no_answer"), "local_died"),
        (GenerationError("It hangs.", code="no_progress"), "local_died"),
        (GenerationError("Too little memory.", code="out_of_memory"), "local_out_of_memory"),
    ],
)
def test_what_a_local_service_cannot_is_a_reason(error: GenAIError, code: str) -> None:
    found = cause_of(error, "FLUX")
    assert found is not None
    assert found.code == code
    assert "FLUX" in found.problem.message
    assert found.problem.message.endswith(".")


@pytest.mark.parametrize(
    "error",
    [
        ModerationBlocked("It is refused."),
        InvalidRequest("The size is wrong."),
        GenerationCancelled("It was cancelled."),
        GenerationError("It failed.", code="engine_failed"),
        TooManyRequests("The line is full."),
        QuotaExceeded("It is used up."),
        ConsentMissing("Nobody has agreed."),
        ServiceError("There is no workflow.", code="no_workflow"),
        ServiceNotReady("The server is stopping.", code="server_stopping"),
    ],
)
def test_what_is_wrong_with_the_request_or_the_road_is_none(error: GenAIError) -> None:
    assert cause_of(error, "FLUX") is None


AWAY: Cause = cause("local_unavailable", "FLUX")


@pytest.mark.parametrize(
    ("word", "mode", "why", "stand_in", "step"),
    [
        ("auto", "auto", AWAY, True, "cloud"),
        ("ask", "auto", AWAY, True, "ask"),
        ("never", "auto", AWAY, True, "local"),
        ("auto", "auto", AWAY, False, "local"),
        ("auto", "auto", None, True, "local"),
        ("auto", "local", AWAY, True, "local"),
        ("auto", "demo", AWAY, True, "local"),
        ("auto", "off", AWAY, True, "local"),
        ("never", "cloud", AWAY, True, "ask"),
        ("auto", "cloud", AWAY, True, "cloud"),
    ],
)
def test_policy_mode_and_stand_in_decide(
    word: Fallback, mode: Mode, why: Cause | None, stand_in: bool, step: str
) -> None:
    assert decide(word, mode, why, stand_in=stand_in) == step


def test_a_wait_is_too_long_only_against_a_limit_and_a_guess() -> None:
    assert too_long(61.0, 60.0)
    assert not too_long(60.0, 60.0)
    assert not too_long(None, 60.0)
    assert not too_long(1e9, None)
