"""Nobody has services started again and again."""

from __future__ import annotations

import pytest

from coursia_genai_lab.errors import TooManyRequests
from coursia_genai_lab.gateway.start_cap import MOST_IN_ALL, MOST_OF_ONE, PERIOD_SECONDS, StartCap


def test_one_person_causes_so_many_starts_a_minute_and_a_neighbour_is_not_held_up() -> None:
    now = [100.0]
    cap = StartCap(clock=lambda: now[0])
    for _ in range(MOST_OF_ONE):
        cap.count("ada")
        now[0] += 0.5
    with pytest.raises(TooManyRequests) as refused:
        cap.count("ada")
    assert refused.value.error_code == "too_many_starts"
    assert refused.value.retry_after == PERIOD_SECONDS - MOST_OF_ONE / 2
    cap.count("ben")
    now[0] += PERIOD_SECONDS - MOST_OF_ONE / 2
    cap.count("ada")


def test_all_together_cause_so_many_starts_a_minute() -> None:
    now = [0.0]
    cap = StartCap(clock=lambda: now[0])
    for number in range(MOST_IN_ALL):
        cap.count(f"person {number}")
    with pytest.raises(TooManyRequests):
        cap.count("one more")
    now[0] = PERIOD_SECONDS
    cap.count("one more")
