"""Whether a provider may be asked, on a clock that the test turns."""

from __future__ import annotations

import pytest

from coursia_genai_lab.engines.cloud_breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def breaker(clock: Clock, failures: int = 3) -> Breaker:
    return Breaker(failures=failures, first_seconds=30, most_seconds=100, clock=clock)


def fail(subject: Breaker, times: int) -> None:
    for _ in range(times):
        assert subject.admit()
        subject.failed()


def test_it_opens_after_failures_in_a_row_and_says_for_how_long() -> None:
    clock = Clock()
    subject = breaker(clock)
    fail(subject, 2)
    assert subject.state == "closed"
    fail(subject, 1)
    assert (subject.state, subject.seconds_left) == ("open", 30)
    assert not subject.admit()
    clock.now += 12
    assert subject.seconds_left == 18


def test_one_success_between_failures_begins_the_count_anew() -> None:
    subject = breaker(Clock())
    fail(subject, 2)
    subject.succeeded()
    fail(subject, 2)
    assert subject.state == "closed"


def test_a_refused_account_opens_it_at_once() -> None:
    subject = breaker(Clock())
    assert subject.admit()
    subject.refused()
    assert not subject.admit()


def test_one_call_may_try_when_the_time_is_over_and_its_success_closes_it() -> None:
    clock = Clock()
    subject = breaker(clock)
    fail(subject, 3)
    clock.now += 30
    assert (subject.state, subject.seconds_left) == ("half_open", 0)
    assert subject.admit()
    assert not subject.admit()
    subject.succeeded()
    assert subject.state == "closed"
    assert subject.admit()
    assert subject.admit()


@pytest.mark.parametrize("told", ["failed", "refused"])
def test_each_try_that_fails_doubles_the_pause_up_to_the_longest(told: str) -> None:
    clock = Clock()
    subject = breaker(clock)
    fail(subject, 3)
    pauses = []
    for _ in range(3):
        clock.now += subject.seconds_left
        assert subject.admit()
        getattr(subject, told)()
        pauses.append(subject.seconds_left)
    assert pauses == [60, 100, 100]


def test_a_try_that_is_called_off_leaves_the_turn_to_the_next() -> None:
    clock = Clock()
    subject = breaker(clock)
    fail(subject, 3)
    clock.now += 30
    assert subject.admit()
    subject.withdrawn()
    assert subject.admit()


def test_calls_that_were_under_way_when_it_opened_do_not_lengthen_the_pause() -> None:
    clock = Clock()
    subject = breaker(clock)
    for _ in range(8):
        assert subject.admit()
    for _ in range(8):
        subject.failed()
    assert subject.seconds_left == 30


def test_after_a_success_the_pause_is_short_again() -> None:
    clock = Clock()
    subject = breaker(clock)
    fail(subject, 3)
    clock.now += 30
    fail(subject, 1)
    clock.now += 60
    assert subject.admit()
    subject.succeeded()
    fail(subject, 3)
    assert subject.seconds_left == 30
