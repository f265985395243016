"""The line before the engines of the OpenAI door: a turn a picture, nobody behind a batch."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from aiohttp import ClientResponse
from door_harness import BOUND, Gateway, demo_engine, gateway, soon
from openai import AsyncOpenAI
from PIL import Image

from coursia_genai_lab.catalog.load import Catalog
from coursia_genai_lab.gateway.queue import MOST_OF_ONE, Ticket

SIZE: Any = "128x128"
CROWD = 30


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[tuple[Gateway, str]]:
    """Run the OpenAI door before a real demo engine that stands in for every service."""
    async with demo_engine(**settings) as url, gateway() as g:
        g.lab.stand_in_for = set(g.lab.catalog)
        g.lab.is_ready("demo", url)
        yield g, await g.doors.open_openai()


def caller(g: Gateway, person: str) -> dict[str, str]:
    """Return the header of a person with a notebook of their own."""
    lease = g.lab.leases.take("kernel", g.services, label=f"{person}.ipynb", person=person)
    return g.bearer(person=person, lease_id=lease.id)


async def ask(g: Gateway, door: str, headers: dict[str, str], **order: Any) -> dict[str, Any]:
    wish = {"model": "demo", "prompt": "a fox", "size": SIZE, "steps": 1, **order}
    async with g.http.post(f"{door}/images/generations", json=wish, headers=headers) as got:
        return {"status": got.status, "headers": got.headers, **await got.json()}


async def events(got: ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """Give the data of each event, comments left out."""
    while block := await asyncio.wait_for(got.content.readuntil(b"\n\n"), BOUND):
        for line in block.decode().splitlines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


def waiting(g: Gateway) -> list[Ticket]:
    return [one for one in g.doors.queue.tickets() if one.began is None]


class Turns:
    """Write down whose turn it was, and how many turns there had been when each job came."""

    def __init__(self, g: Gateway) -> None:
        self._queue = g.doors.queue
        self.order: list[Ticket] = []
        self.came: dict[str, int] = {}
        self._queue.hear(lambda backend: self._look())

    def _look(self) -> None:
        for ticket in self._queue.tickets():
            self.came.setdefault(ticket.id, len(self.order))
            if ticket.began is not None and ticket not in self.order:
                self.order.append(ticket)

    def waits(self, person: str) -> list[int]:
        """Return how many turns of others each job of a person waited for."""
        return [
            turn - self.came[ticket.id]
            for turn, ticket in enumerate(self.order)
            if ticket.person == person
        ]


async def test_a_neighbour_of_a_call_for_ten_pictures_waits_for_at_most_one_of_them() -> None:
    async with opened() as (g, door):
        busy = g.doors.queue.join("demo", "zoe", holder="z")
        turns = Turns(g)
        many = asyncio.create_task(ask(g, door, caller(g, "ada"), n=10))
        await soon(lambda: len(waiting(g)) == 10)
        one = asyncio.create_task(ask(g, door, caller(g, "ben")))
        await soon(lambda: len(waiting(g)) == 11)
        busy.leave()
        answers = await asyncio.wait_for(asyncio.gather(many, one), BOUND)
        people = [ticket.person for ticket in turns.order]
        assert people.index("ben") <= 2
        assert [len(answer["data"]) for answer in answers] == [10, 1]
        seeds = [item["seed"] for item in answers[0]["data"]]
        assert seeds == list(range(seeds[0], seeds[0] + 10))


async def test_a_flood_delays_none_of_the_29_others_by_more_than_two_rounds() -> None:
    async with opened() as (g, door):
        busy = g.doors.queue.join("demo", "zoe", holder="z")
        turns = Turns(g)
        flood = [asyncio.create_task(ask(g, door, caller(g, "flood"), n=10)) for _ in range(4)]
        await soon(lambda: len(waiting(g)) == 40)
        light = [asyncio.create_task(ask(g, door, caller(g, f"p{n}"))) for n in range(CROWD - 1)]
        await soon(lambda: len(waiting(g)) == 40 + CROWD - 1)
        busy.leave()
        # Some ask once more in the middle of it.
        again = [asyncio.create_task(ask(g, door, caller(g, f"p{n}"))) for n in range(5)]
        answers = await asyncio.wait_for(asyncio.gather(*flood, *light, *again), 3 * BOUND)
        assert {answer["status"] for answer in answers} == {200}
        waits = [wait for n in range(CROWD - 1) for wait in turns.waits(f"p{n}")]
        assert len(waits) == CROWD - 1 + 5
        assert max(waits) <= 2 * CROWD
        assert len(turns.waits("flood")) == 40


async def test_who_asks_for_progress_hears_the_place_in_line() -> None:
    async with opened() as (g, door):
        busy = g.doors.queue.join("demo", "zoe", holder="z")
        ahead = g.doors.queue.join("demo", "yan", holder="y")
        order = {"prompt": "a fox", "size": SIZE, "stream": True, "progress": True, "n": 2}
        async with g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got:
            heard = events(got)
            first = await anext(heard)
            assert first["type"] == "image_generation.progress"
            assert first["phase"] == "waiting in line"
            assert (first["position"], first["seconds"], first["image_index"]) == (2, None, 0)
            ahead.leave()
            assert (await anext(heard))["position"] == 1
            busy.leave(done=True)
            rest: list[dict[str, Any]] = []
            while sum(event["type"].endswith("completed") for event in rest) < 2:
                rest.append(await anext(heard))
        assert all(event["type"].startswith("image_generation.") for event in rest)


async def test_who_asks_for_no_progress_hears_of_no_line() -> None:
    async with (
        opened() as (g, door),
        AsyncOpenAI(base_url=door, api_key=g.token(), max_retries=0, timeout=BOUND) as client,
    ):
        busy = g.doors.queue.join("demo", "zoe", holder="z")
        call = asyncio.create_task(
            client.images.generate(model="demo", prompt="a fox", size=SIZE, stream=True)
        )
        await soon(lambda: len(waiting(g)) == 1)
        busy.leave()
        kinds = [event.type async for event in await call]
    assert kinds == ["image_generation.completed"]


async def test_a_job_that_waits_and_one_at_work_are_cancelled_through_the_door() -> None:
    async with opened(seconds_per_step=30.0) as (g, door):
        headers = caller(g, "ada")
        first = asyncio.create_task(ask(g, door, headers))
        await soon(lambda: len(g.doors.queue.tickets()) == 1)
        second = asyncio.create_task(ask(g, door, headers))
        await soon(lambda: len(waiting(g)) == 1)
        async with g.http.get(f"{door}/coursia/queue", headers=headers) as got:
            listed = (await got.json())["jobs"]
        assert [(one["state"], one["position"], one["mine"]) for one in listed] == [
            ("working", 0, True),
            ("waiting", 1, True),
        ]
        assert listed[0]["label"] == "course/first.ipynb"
        ben = caller(g, "ben")
        async with g.http.get(f"{door}/coursia/queue", headers=ben) as got:
            assert (await got.json())["jobs"] == []
        for job, call, left in ((listed[1], second, 1), (listed[0], first, 0)):
            address = f"{door}/coursia/queue/{job['id']}"
            async with g.http.delete(address, headers=ben) as got:
                assert (got.status, (await got.json())["error"]["code"]) == (403, "not_your_job")
            async with g.http.delete(address, headers=headers) as got:
                assert got.status == 200
            answer = await asyncio.wait_for(call, BOUND)
            assert (answer["status"], answer["error"]["code"]) == (499, "cancelled")
            await soon(lambda left=left: len(g.doors.queue.tickets()) == left)  # type: ignore[misc]
        async with g.http.delete(address, headers=headers) as got:
            assert got.status == 404
        await soon(lambda: all(one.kind == "kernel" for one in g.lab.leases.standing()))


async def test_cancelling_one_picture_of_a_call_ends_the_call() -> None:
    async with opened(seconds_per_step=30.0) as (g, door):
        headers = caller(g, "ada")
        call = asyncio.create_task(ask(g, door, headers, n=3))
        await soon(lambda: len(waiting(g)) == 2)
        await g.doors.queue.cancel(waiting(g)[1].id, "ada")
        answer = await asyncio.wait_for(call, BOUND)
        assert answer["error"]["code"] == "cancelled"
        await soon(lambda: not g.doors.queue.tickets())


@pytest.mark.parametrize("stream", [True, False])
async def test_a_caller_that_goes_away_leaves_the_line(stream: bool) -> None:
    async with opened() as (g, door):
        busy = g.doors.queue.join("demo", "zoe", holder="z")
        order = {"prompt": "a fox", "n": 4, "stream": stream, "progress": True}
        call = asyncio.create_task(
            g.http.post(f"{door}/images/generations", json=order, headers=g.bearer())
        )
        await soon(lambda: len(waiting(g)) == 4)
        call.cancel()
        got = (await asyncio.gather(call, return_exceptions=True))[0]
        if isinstance(got, ClientResponse):
            got.close()
        await soon(lambda: g.doors.queue.tickets() == [busy])
        await soon(lambda: [one.kind for one in g.lab.leases.standing()] == ["kernel"])


@pytest.mark.parametrize("at_work", [True, False])
async def test_switching_off_ends_calls_that_wait_and_that_are_worked_on(at_work: bool) -> None:
    async with opened(seconds_per_step=30.0) as (g, door):
        busy = None if at_work else g.doors.queue.join("demo", "zoe", holder="z")
        call = asyncio.create_task(ask(g, door, g.bearer()))
        await soon(lambda: any(one.person == "ada" for one in g.doors.queue.tickets()))
        g.lab.switch("off")
        answer = await asyncio.wait_for(call, BOUND)
        assert (answer["status"], answer["error"]["code"]) == (403, "mode_off")
        await soon(lambda: g.doors.queue.tickets() == ([] if busy is None else [busy]))


async def test_a_full_line_is_told_with_the_time_until_there_is_room() -> None:
    async with opened() as (g, door):
        busy = g.doors.queue.join("demo", "zoe", holder="z")
        mine = [g.doors.queue.join("demo", "ada", holder="a") for _ in range(MOST_OF_ONE - 3)]
        answer = await ask(g, door, g.bearer(), n=5)
        assert (answer["status"], answer["error"]["code"]) == (429, "queue_full")
        assert int(answer["headers"]["Retry-After"]) >= 1
        assert waiting(g) == mine, "of a call for which there is no room, nothing waits"
        await soon(lambda: [one.kind for one in g.lab.leases.standing()] == ["kernel"])
        for one in (*mine, busy):
            one.leave()


async def test_what_each_picture_took_is_told_to_the_history() -> None:
    async with opened() as (g, door):
        told: list[tuple[tuple[str, ...], float]] = []
        g.lab.leases.hear_finished(
            lambda lease, began, ended: told.append((lease.services, ended - began))
        )
        await ask(g, door, g.bearer(), n=3)
        assert [services for services, _ in told] == [("demo",)] * 3
        assert all(seconds > 0 for _, seconds in told)


async def test_a_service_that_moved_while_a_job_waited_is_found_again() -> None:
    async with demo_engine() as former, demo_engine() as later, gateway() as g:
        g.lab.is_ready("comfyui", former)
        door = await g.doors.open_openai()
        busy = g.doors.queue.join("comfyui", "zoe", holder="z")
        call = asyncio.create_task(ask(g, door, g.bearer(), model="flux-1-schnell", steps=None))
        await soon(lambda: len(waiting(g)) == 1)
        g.lab.is_ready("comfyui", later)
        busy.leave()
        assert (await asyncio.wait_for(call, BOUND))["status"] == 200
        addresses = {one.url for one in g.lab.endpoints}
        assert addresses == {former, later}


async def test_two_slots_work_side_by_side_and_the_pictures_come_in_order() -> None:
    async with opened() as (g, door):
        wide = g.lab.catalog["demo"].model_copy(update={"concurrency": 2})
        g.lab.catalog = Catalog({**g.lab.catalog, "demo": wide})
        busy = [g.doors.queue.join("demo", "zoe", holder="z") for _ in range(2)]
        most = 0

        def look(backend: str) -> None:
            nonlocal most
            at_work = [one for one in g.doors.queue.tickets() if one.began is not None]
            most = max(most, sum(one.person == "ada" for one in at_work))

        g.doors.queue.hear(look)
        order = {"prompt": "a fox", "size": SIZE, "n": 4, "seed": 7, "stream": True}
        async with g.http.post(f"{door}/images/generations", json=order, headers=g.bearer()) as got:
            await soon(lambda: len(waiting(g)) == 4)
            for one in busy:
                one.leave()
            heard = events(got)
            seeds = [(await anext(heard))["seed"] for _ in range(4)]
        assert seeds == [7, 8, 9, 10]
        assert most == 2


async def test_the_sdk_edits_several_pictures_with_a_mask_in_turn() -> None:
    async with (
        opened() as (g, door),
        AsyncOpenAI(base_url=door, api_key=g.token(), max_retries=0, timeout=BOUND) as client,
    ):
        turns = Turns(g)
        answer = await client.images.edit(
            image=[("a.png", png((200, 0, 0))), ("b.png", png((0, 0, 200)))],
            mask=("mask.png", png((0, 0, 0), alpha=0)),
            prompt="a lake",
            model="qwen-image-edit-2509",
            size=SIZE,
            n=2,
        )
        assert answer.data is not None
        sizes = [
            Image.open(io.BytesIO(base64.b64decode(one.b64_json or ""))).size for one in answer.data
        ]
        assert sizes == [(128, 128)] * 2
        assert len(turns.order) == 2
        with pytest.raises(openai.BadRequestError):
            await client.images.edit(image=("a.png", b"none"), prompt="a lake", model="demo")
        assert len(turns.order) == 2


def png(colour: tuple[int, int, int], alpha: int = 255) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (128, 128), (*colour, alpha)).save(out, "PNG")
    return out.getvalue()
