"""Many requests at a time, calls in the background, and time limits, against a real engine."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import httpx
import pytest

from coursia_genai_lab.client import (
    Access,
    AsyncDoor,
    Door,
    Generation,
    Outcome,
    Picture,
    Step,
    Timeouts,
    Waiting,
    batch,
    outcomes,
)
from coursia_genai_lab.errors import (
    GenerationCancelled,
    GenerationTimedOut,
    LabUnreachable,
    ModelUnknown,
    TooManyRequests,
)
from coursia_genai_lab.wire.images import GenerationRequest

SECONDS = 60
SMALL = {"size": "256x256", "steps": 2}


def access_to(engine) -> Access:
    return Access(f"{engine.url}/v1", engine.token)


def requests(count: int, **changes) -> list[GenerationRequest]:
    return [
        GenerationRequest(prompt=f"fox {n}", seed=n, **{**SMALL, **changes}) for n in range(count)
    ]


@pytest.fixture(scope="module")
def slow_engine(start_demo):
    """An engine that would need a quarter of an hour for a picture of 150 steps."""
    return start_demo("--seconds-per-step", "6")


def test_every_request_of_a_batch_ends_in_its_pictures(demo_engine):
    asked = requests(7)
    found = sorted(batch(access_to(demo_engine), asked, at_once=3), key=lambda one: one.index)
    assert [one.index for one in found] == list(range(7))
    assert [one.asked for one in found] == asked
    assert [one.pictures[0].seed for one in found] == list(range(7))
    assert not [one.error for one in found if one.error]


def test_what_fails_is_one_outcome_with_its_error_and_the_others_go_on(demo_engine):
    asked = requests(4)
    asked[2] = asked[2].model_copy(update={"model": "never-heard-of"})
    found = {one.index: one for one in batch(access_to(demo_engine), asked)}
    assert sorted(found) == [0, 1, 2, 3]
    assert isinstance(found[2].error, ModelUnknown)
    assert found[2].error.remedy
    assert [len(found[n].pictures) for n in (0, 1, 3)] == [1, 1, 1]


def test_an_async_batch_does_the_same(demo_engine):
    async def run() -> list[Outcome]:
        async with (
            AsyncDoor(access_to(demo_engine)) as door,
            aclosing(outcomes(door, requests(5), at_once=2)) as found,
        ):
            return [one async for one in found]

    assert sorted(one.index for one in asyncio.run(run())) == [0, 1, 2, 3, 4]


def test_a_batch_tells_what_happens_to_each_of_its_requests(demo_engine):
    heard: list[tuple[int, object]] = []
    list(batch(access_to(demo_engine), requests(3), told=lambda n, event: heard.append((n, event))))
    for number in range(3):
        mine = [event for n, event in heard if n == number]
        assert [event.step for event in mine if isinstance(event, Step)] == [1, 2]
        assert isinstance(mine[-1], Picture)


class Counting(httpx.AsyncBaseTransport):
    """Counts the calls that are open at a time, on their way to the real engine."""

    def __init__(self) -> None:
        self.open = self.most = 0
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            response = await self._inner.handle_async_request(request)
            await response.aread()
        finally:
            self.open -= 1
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


def test_no_more_than_so_many_are_asked_at_a_time(demo_engine):
    counting = Counting()

    async def run() -> int:
        async with (
            AsyncDoor(access_to(demo_engine), transport=counting) as door,
            aclosing(outcomes(door, requests(8), at_once=3)) as found,
        ):
            return len([one async for one in found])

    assert asyncio.run(run()) == 8
    assert counting.most == 3


def test_requests_may_come_from_an_iterator_that_is_asked_only_when_there_is_room(demo_engine):
    taken: list[int] = []

    def endless():
        number = 0
        while True:
            taken.append(number)
            yield GenerationRequest(prompt="fox", seed=number, **SMALL)
            number += 1

    found = batch(access_to(demo_engine), endless(), at_once=2)
    next(found)
    found.close()
    assert len(taken) < 50


def test_an_error_in_the_callers_own_code_is_raised_and_ends_the_batch(demo_engine):
    def broken(number, event):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(batch(access_to(demo_engine), requests(3), told=broken))


def working(engine) -> int:
    """Return how many jobs the engine has, running or waiting."""
    headers = {"Authorization": f"Bearer {engine.token}"}
    told = httpx.get(f"{engine.url}/queue", headers=headers, timeout=SECONDS).json()
    return len(told["queue_running"]) + len(told["queue_pending"])


def test_closing_a_batch_cancels_what_runs_at_the_engine(start_demo, within_reason):
    engine = start_demo("--seconds-per-step", "1")
    quick = GenerationRequest(prompt="quick", size="256x256", steps=1)
    found = batch(access_to(engine), [quick, *requests(3, steps=150)])
    next(found)
    within_reason("the others are asked for", lambda: working(engine) == 3)
    found.close()
    within_reason("they are gone", lambda: working(engine) == 0)


def test_a_call_in_the_background_is_followed_and_brings_its_pictures(demo_engine):
    made = Generation(access_to(demo_engine), requests(1)[0])
    heard = list(made)
    assert [event.step for event in heard if isinstance(event, Step)] == [1, 2]
    assert made.result(SECONDS) == [event for event in heard if isinstance(event, Picture)]
    assert not made.running


def test_a_call_in_the_background_can_be_cancelled_from_elsewhere(slow_engine):
    made = Generation(access_to(slow_engine), requests(1, steps=150)[0])
    with pytest.raises(TimeoutError):
        made.result(0.01)
    assert made.running
    made.cancel()
    with pytest.raises(GenerationCancelled):
        made.result(SECONDS)
    made.cancel()


def test_a_failure_in_the_background_is_raised_by_whoever_asks(demo_engine):
    made = Generation(access_to(demo_engine), requests(1, model="never-heard-of")[0])
    for _ in range(2):
        with pytest.raises(ModelUnknown):
            made.result(SECONDS)


def test_the_callers_time_ends_a_call_with_its_own_error(slow_engine):
    limits = Timeouts(whole=0.5)
    with Door(access_to(slow_engine), timeouts=limits) as door:
        with pytest.raises(GenerationTimedOut) as caught:
            door.generate(requests(1)[0])
        assert "0.5 seconds" in caught.value.message
        with pytest.raises(GenerationTimedOut):
            list(door.stream(requests(1)[0]))


def test_the_callers_time_ends_an_async_call_too(slow_engine):
    async def run() -> None:
        async with AsyncDoor(access_to(slow_engine), timeouts=Timeouts(whole=0.5)) as door:
            with pytest.raises(GenerationTimedOut):
                await door.generate(requests(1)[0])
            with pytest.raises(GenerationTimedOut):
                await door.generate(requests(1)[0], on_event=lambda event: None)

    asyncio.run(run())


def test_silence_is_an_error_of_its_own(slow_engine):
    with (
        Door(access_to(slow_engine), timeouts=Timeouts(silence=0.3)) as door,
        pytest.raises(LabUnreachable, match="silent"),
    ):
        door.generate(requests(1)[0])


def test_the_wait_for_a_service_counts_towards_the_callers_time(server, answer):
    error = {"message": "Starting.", "code": "service_not_ready", "remedy": "Wait."}
    server.will_answer(answer(503, {"error": error}, {"Retry-After": "5"}))
    access = Access(f"{server.url}/v1", "t")
    with (
        Door(access, timeouts=Timeouts(whole=0.3)) as door,
        pytest.raises(GenerationTimedOut),
    ):
        door.generate(requests(1)[0])
    assert len(server.asked) == 1


def test_a_full_door_is_asked_again_and_a_provider_with_a_limit_is_not(server, answer):
    full = {"message": "Too many.", "code": "too_many_requests", "remedy": "Wait."}
    limit = {"message": "Too many.", "code": "rate_limit_exceeded"}
    server.will_answer(
        answer(429, {"error": full}, {"Retry-After": "1"}),
        answer(429, {"error": limit}, {"Retry-After": "1"}),
    )
    heard = []
    with (
        Door(Access(f"{server.url}/v1", "t"), pause=lambda _: None) as door,
        pytest.raises(TooManyRequests) as caught,
    ):
        door.generate(requests(1)[0], on_event=heard.append)
    assert caught.value.error_code == "rate_limit_exceeded"
    assert heard == [Waiting("Too many.", 1.0)]
