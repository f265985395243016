"""Jobs take turns: nobody waits for another's batch, and everybody knows their place."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest

from coursia_genai_lab.errors import GenerationCancelled, NotAllowed, NotFound, TooManyRequests
from coursia_genai_lab.gateway.queue import MOST_OF_ONE, FairQueue, Place, Ticket


def order_of_turns(queue: FairQueue, tickets: list[Ticket]) -> list[Ticket]:
    """Let every job have its turn, one after the other, and return the order."""
    turns: list[Ticket] = []
    while len(turns) < len(tickets):
        working = [one for one in queue.tickets() if one.began is not None]
        turns += working
        for one in working:
            one.leave(done=True)
    return turns


async def test_a_batch_of_a_hundred_delays_a_neighbour_by_at_most_one_job() -> None:
    queue = FairQueue()
    batch = [queue.join("demo", "ada", holder="a") for _ in range(100)]
    single = queue.join("demo", "ben", holder="b")
    assert single.place.position == 1
    turns = order_of_turns(queue, [*batch, single])
    assert turns.index(single) == 1
    assert [one for one in turns if one is not single] == batch


async def test_people_take_turns_and_so_do_the_notebooks_of_one_person() -> None:
    queue = FairQueue()
    running = queue.join("demo", "zoe", holder="z")
    names = ["ada/1", "ada/1", "ada/2", "ben/3", "ben/3", "ada/2"]
    tickets = {}
    for number, name in enumerate(names):
        person, holder = name.split("/")
        tickets[queue.join("demo", person, holder=holder)] = f"{name}#{number}"
    turns = order_of_turns(queue, [running, *tickets])
    assert [tickets[one] for one in turns[1:]] == [
        "ada/1#0",
        "ben/3#3",
        "ada/2#2",
        "ben/3#4",
        "ada/1#1",
        "ada/2#5",
    ]


async def test_whoever_comes_again_and_again_is_not_served_before_the_one_who_waits() -> None:
    queue = FairQueue()
    first = queue.join("demo", "flood", holder="f")
    for _ in range(20):
        queue.join("demo", "flood", holder="f")
    quiet = [queue.join("demo", f"quiet{n}", holder=f"q{n}") for n in range(5)]
    queue.join("demo", "flood", holder="f")
    first.leave(done=True)
    seen = []
    for _ in range(6):
        working = next(one for one in queue.tickets() if one.began is not None)
        seen.append(working.person)
        working.leave(done=True)
    assert set(seen[:6]) >= {one.person for one in quiet}


async def test_each_waiting_job_hears_its_place_and_the_time_until_its_turn() -> None:
    now = [0.0]
    queue = FairQueue(usual=lambda backend: 10.0, clock=lambda: now[0])
    working = queue.join("demo", "ada", holder="a")
    places: list[Place] = []
    waiting = [queue.join("demo", f"p{n}", holder=f"{n}") for n in range(3)]
    turn = asyncio.ensure_future(waiting[2].turn(places.append))
    await asyncio.sleep(0)
    assert places == [Place(3, 30.0)]
    now[0] = 4.0
    working.leave(done=True)
    await asyncio.sleep(0)
    assert places[-1] == Place(2, 8.0), "by the four seconds that the first job took"
    waiting[0].leave()
    waiting[1].leave()
    await turn
    assert [place.position for place in places] == [3, 2, 1] or places[-1].position in (1, 2)
    assert waiting[2].place.position == 0


async def test_a_job_that_takes_longer_than_usual_is_not_said_to_end_at_once() -> None:
    now = [0.0]
    queue = FairQueue(usual=lambda backend: 1.0, clock=lambda: now[0])
    queue.join("demo", "ada", holder="a")
    waiting = [queue.join("demo", f"p{n}", holder=f"{n}") for n in range(2)]
    now[0] = 8.0
    assert [one.place.seconds for one in waiting] == [2.0, 12.0]


async def test_a_service_with_two_slots_works_on_two_jobs_at_once() -> None:
    queue = FairQueue(slots=lambda backend: 2)
    tickets = [queue.join("wide", "ada", holder="a") for _ in range(3)]
    assert [one.began is not None for one in tickets] == [True, True, False]
    other = queue.join("narrow", "ada", holder="a")
    assert other.began is not None, "another service has a line of its own"
    tickets[0].leave()
    assert tickets[2].began is not None


async def test_whoever_stops_waiting_gives_the_place_away() -> None:
    queue = FairQueue()
    working = queue.join("demo", "ada", holder="a")
    gone, stays = (queue.join("demo", who, holder=who) for who in ("ben", "cal"))
    turn = asyncio.ensure_future(gone.turn())
    await asyncio.sleep(0)
    turn.cancel()
    await asyncio.wait([turn])
    gone.leave()
    assert stays.place.position == 1
    working.leave()
    assert stays.began is not None
    stays.leave()
    stays.leave()
    assert queue.tickets() == []


async def test_only_the_owner_cancels_a_job_waiting_or_working() -> None:
    queue = FairQueue()
    ended: list[str] = []

    async def cancel() -> None:
        ended.append("in the engine")

    working = queue.join("demo", "ada", holder="a", cancel=cancel)
    waiting = queue.join("demo", "ada", holder="a")
    turn = asyncio.ensure_future(waiting.turn())
    with pytest.raises(NotAllowed):
        await queue.cancel(waiting.id, "ben")
    with pytest.raises(NotFound):
        await queue.cancel("no-such-job", "ben")
    await queue.cancel(waiting.id, "ada")
    with pytest.raises(GenerationCancelled):
        await turn
    await queue.cancel(working.id, "teacher", anybody=True)
    assert ended == ["in the engine"]
    assert queue.tickets() == [working]


async def test_one_person_cannot_fill_the_line_and_hears_when_there_is_room() -> None:
    queue = FairQueue(usual=lambda backend: 12.0, clock=lambda: 0.0)
    for _ in range(MOST_OF_ONE + 1):
        queue.join("demo", "flood", holder="f")
    with pytest.raises(TooManyRequests) as refused:
        queue.join("demo", "flood", holder="f")
    assert refused.value.error_code == "queue_full"
    assert refused.value.retry_after == 12.0
    queue.join("demo", "neighbour", holder="n")


async def test_one_person_cannot_fill_every_line_so_that_nobody_else_may_wait() -> None:
    queue = FairQueue()
    joined = 0
    for service in range(10):
        with contextlib.suppress(TooManyRequests):
            for _ in range(MOST_OF_ONE + 1):
                queue.join(f"s{service}", "flood", holder="f")
                joined += 1
    assert MOST_OF_ONE < joined < 1000
    for service in range(10):
        for _ in range(50):
            queue.join(f"s{service}", f"neighbour{service}", holder="n")


async def test_a_caller_that_fails_to_hear_its_place_leaves_and_the_others_hear_theirs() -> None:
    queue = FairQueue()
    working = queue.join("demo", "ada", holder="a")
    sound, deaf, last = (queue.join("demo", who, holder=who) for who in ("cal", "ben", "zoe"))
    heard: list[int] = []

    def fails(place: Place) -> None:
        if place.position == 1:
            raise RuntimeError("nobody listens any more")

    turn = asyncio.ensure_future(deaf.turn(fails))
    behind = asyncio.ensure_future(last.turn(lambda place: heard.append(place.position)))
    await asyncio.sleep(0)
    working.leave(done=True)
    assert sound.began is not None
    with pytest.raises(RuntimeError):
        await asyncio.wait_for(turn, 60)
    assert queue.tickets() == [sound, last]
    sound.leave(done=True)
    await asyncio.wait_for(behind, 60)
    assert heard == [3, 2, 1] or heard == [3, 2]


async def test_a_listener_that_fails_costs_nobody_a_turn() -> None:
    queue = FairQueue()

    def fails(backend: str) -> None:
        raise RuntimeError("the door is closed")

    queue.hear(fails)
    first = queue.join("demo", "ada", holder="a")
    second = queue.join("demo", "ben", holder="b")
    first.leave(done=True)
    assert second.began is not None
    second.leave()
    assert queue.tickets() == []


async def test_places_with_several_slots_are_those_at_which_turns_come() -> None:
    now = [0.0]
    queue = FairQueue(slots=lambda backend: 2, usual=lambda backend: 10.0, clock=lambda: now[0])
    working = [queue.join("demo", "ada", holder="a")]
    now[0] = 6.0
    working.append(queue.join("demo", "ben", holder="b"))
    waiting = [queue.join("demo", f"p{n}", holder=f"{n}") for n in range(5)]
    now[0] = 7.0
    told = [one.place for one in waiting]
    assert told == [Place(1, 3.0), Place(2, 9.0), Place(3, 13.0), Place(4, 19.0), Place(5, 23.0)]
    views = {one.id: one for one in queue.view("", all_people=True)}
    assert [views[one.id].seconds for one in waiting] == [place.seconds for place in told]


async def test_others_see_that_a_job_waits_and_not_whose_it_is() -> None:
    queue = FairQueue()
    queue.join("demo", "ada", holder="a", label="secret plans.ipynb", model="demo")
    assert queue.view("ben") == []
    (seen,) = queue.view("ben", all_people=True)
    assert (seen.mine, seen.label, seen.state) == (False, "", "working")
    (own,) = queue.view("ada")
    assert (own.mine, own.label) == (True, "secret plans.ipynb")


@pytest.mark.parametrize("seed", range(20))
async def test_nobody_waits_longer_than_a_round_for_each_of_their_own_jobs(seed: int) -> None:
    chance = random.Random(seed)
    queue = FairQueue(slots=lambda backend: 1 + seed % 3)
    people = [f"p{n}" for n in range(6)]
    waits: list[tuple[int, int]] = []
    turn = 0
    asked: dict[Ticket, tuple[int, int]] = {}
    for _ in range(400):
        if chance.random() < 0.55:
            person = chance.choice(people)
            ahead = sum(one.person == person for one in queue.tickets())
            ticket = queue.join("demo", person, holder=person)
            asked[ticket] = (turn, ahead)
        working = [one for one in queue.tickets() if one.began is not None]
        if working and chance.random() < 0.5:
            working[0].leave(done=True)
            turn += 1
        for ticket in [one for one in asked if one.began is not None]:
            began, ahead = asked.pop(ticket)
            waits.append((turn - began, ahead))
    assert waits
    for waited, ahead in waits:
        # A round for each of one's own jobs before it and for itself, and what was at work.
        assert waited <= (ahead + 1) * len(people) + 3, (waited, ahead)


async def test_listeners_hear_of_every_change_of_a_line_and_find_its_length() -> None:
    queue = FairQueue()
    lengths: list[int] = []
    queue.hear(lambda backend: lengths.append(queue.remaining(backend)))
    assert queue.remaining("demo") == 0
    first = queue.join("demo", "ada", holder="a")
    second = queue.join("demo", "ben", holder="b")
    first.leave(done=True)
    second.leave()
    second.leave()
    assert lengths == [1, 2, 1, 0]
