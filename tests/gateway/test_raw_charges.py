"""Jobs of the raw doors and their persons' quotas: set aside first, counted by what came."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from comfyui_caller import Caller, graph
from door_harness import BOUND, Gateway, demo_engine, gateway, service, soon
from exact_charges import ExactCharges
from ledger_harness import opened as ledger_in
from ledger_harness import pictures as pictures_a_day
from odd_comfyui import OddComfyUI
from postgres_server import PostgresServer

from coursia_genai_lab.errors import NotFound
from coursia_genai_lab.gateway.comfyui_count import pictures_asked, pictures_made
from coursia_genai_lab.gateway.record import Record
from coursia_genai_lab.gateway.webui_count import CountedPictures
from coursia_genai_lab.lab.charge import Charge, Spending
from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.lab.store.place import file_place, find_place

ORDER = {"prompt": "a fox", "steps": 1, "width": 64, "height": 64}


async def webui(g: Gateway, person: str = "ada") -> Any:
    """Return what asks the WebUI's door as a person."""
    door = await g.doors.open("forge-turbo")
    headers = g.bearer(person=person)

    async def ask(order: dict[str, Any], path: str = "txt2img") -> tuple[int, dict[str, Any]]:
        async with g.http.post(f"{door}/sdapi/v1/{path}", json=order, headers=headers) as got:
            return got.status, await got.json()

    return ask


# -- ComfyUI ---------------------------------------------------------------------------------------


async def test_a_batch_of_comfyui_is_set_aside_and_counted_under_the_id_of_its_record() -> None:
    noted: list[Generation] = []
    charges = ExactCharges(10)
    async with (
        demo_engine() as url,
        gateway(charges=charges, record=Record(note=noted.append)) as g,
    ):
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        assert (await ada.post(graph(batch=3)))[0] == 200
        (one,) = charges.kept
        assert (one.spending.person, one.spending.service) == ("ada", "comfyui")
        assert one.spending.worst.pictures == 3
        assert one.spending.worst.gpu_seconds > 0
        await soon(lambda: one.state == "settled")
        assert one.spent is not None
        assert one.spent.pictures == 3
        assert one.spent.gpu_seconds > 0
        await soon(lambda: bool(noted))
        assert one.spending.id == noted[0].id


async def test_what_is_only_shown_counts_like_what_is_saved() -> None:
    charges = ExactCharges(10)
    async with demo_engine() as url, gateway(charges=charges) as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        for saves in ("PreviewImage", "SaveImageWebsocket"):
            async with ada.listen("mine") as ear:
                _, told = await ada.post(graph(batch=2, saves=saves), client_id="mine")
                await ear.until_over(told["prompt_id"])
        await soon(lambda: charges.states() == ["settled"] * 2)
        assert [one.spent and one.spent.pictures for one in charges.kept] == [2, 2]


async def test_a_spent_quota_is_told_in_comfyuis_words_with_what_is_left() -> None:
    charges = ExactCharges(2)
    async with demo_engine() as url, gateway(charges=charges) as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        status, told = await ada.post(graph(batch=3))
        assert status == 429
        assert told["error"]["type"] == "quota_exceeded"
        assert told["error"]["message"]
        assert told["error"]["details"]
        assert told["node_errors"] == {}
        (left,) = told["coursia"]["left"]
        assert (left["pictures"], left["pictures_left"]) == (2, 2)
        assert not g.doors.queue.tickets()
        assert (await ada.post(graph(batch=2)))[0] == 200


async def test_a_graph_that_comfyui_refuses_costs_nothing() -> None:
    async def refuse(request: web.Request) -> web.StreamResponse | None:
        if request.method == "POST" and request.path == "/prompt":
            return web.json_response({"error": {"type": "odd"}, "node_errors": {}}, status=400)
        return None

    charges = ExactCharges(1)
    async with OddComfyUI.run() as comfyui, gateway(charges=charges) as g:
        comfyui.answer = refuse
        g.lab.is_ready("comfyui", comfyui.url)
        ada = await Caller.make(g, "ada")
        assert (await ada.post({"1": {"class_type": "X"}}))[0] == 400
        await soon(lambda: charges.states() == ["refunded"])


async def test_a_job_that_leaves_the_line_costs_nothing_and_one_interrupted_its_time() -> None:
    charges = ExactCharges(5)
    async with demo_engine(seconds_per_step=0.2) as url, gateway(charges=charges) as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        _, working = await ada.post(graph(100))
        _, waiting = await ada.post(graph(100, 2))
        assert (await ada.send("/queue", {"delete": [waiting["prompt_id"]]}))[0] == 200
        await soon(lambda: charges.states() == ["reserved", "refunded"])
        assert (await ada.send("/interrupt", {"prompt_id": working["prompt_id"]}))[0] == 200
        await soon(lambda: charges.states() == ["settled", "refunded"])
        spent = charges.kept[0].spent
        assert spent is not None
        assert spent.pictures == 0
        assert spent.gpu_seconds > 0


@pytest.mark.parametrize("end", ["kernel", "off"])
async def test_jobs_that_end_with_their_kernel_or_the_mode_leave_nothing_reserved(end: str) -> None:
    charges = ExactCharges(5)
    async with demo_engine(seconds_per_step=0.2) as url, gateway(charges=charges) as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        for seed in (1, 2):
            assert (await ada.post(graph(100, seed)))[0] == 200
        if end == "kernel":
            g.lab.leases.drop(ada.lease_id)
        else:
            g.lab.switch("off")
        await soon(lambda: charges.states() == ["settled", "refunded"])
        assert charges.used("ada") == (0, 0)


async def test_a_job_that_comfyui_loses_costs_nothing() -> None:
    async def lose(comfyui: OddComfyUI, post: dict[str, Any]) -> None:
        comfyui.running.discard(post["prompt_id"])

    charges = ExactCharges(5)
    async with OddComfyUI.run(lose) as comfyui, gateway(charges=charges) as g:
        g.lab.is_ready("comfyui", comfyui.url)
        ada = await Caller.make(g, "ada")
        assert (await ada.post({"1": {"class_type": "X"}}))[0] == 200
        await soon(lambda: charges.states() == ["refunded"])


async def test_a_job_whose_engine_dies_costs_nothing() -> None:
    charges = ExactCharges(5)
    async with gateway(charges=charges) as g:
        async with OddComfyUI.run(_nothing) as comfyui:
            g.lab.is_ready("comfyui", comfyui.url)
            ada = await Caller.make(g, "ada")
            assert (await ada.post({"1": {"class_type": "X"}}))[0] == 200
        await soon(lambda: charges.states() == ["refunded"])


async def test_doors_that_close_leave_no_job_reserved() -> None:
    charges = ExactCharges(5)
    async with demo_engine(seconds_per_step=0.2) as url, gateway(charges=charges) as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        for seed in (1, 2, 3):
            assert (await ada.post(graph(100, seed)))[0] == 200
        await g.doors.close()
        await soon(lambda: "reserved" not in charges.states())


async def _nothing(comfyui: OddComfyUI, post: dict[str, Any]) -> None:
    pass


# -- the WebUI -------------------------------------------------------------------------------------


async def test_a_batch_of_the_webui_is_counted_by_what_it_answered() -> None:
    noted: list[Generation] = []
    charges = ExactCharges(10)
    async with (
        demo_engine() as url,
        gateway(charges=charges, record=Record(note=noted.append)) as g,
    ):
        g.lab.is_ready("forge-turbo", url)
        ask = await webui(g)
        status, told = await ask({**ORDER, "batch_size": 2, "n_iter": 2})
        assert (status, len(told["images"])) == (200, 4)
        (one,) = charges.kept
        assert one.spending.worst.pictures == 4
        await soon(lambda: one.state == "settled")
        assert one.spent is not None
        assert one.spent.pictures == 4
        assert one.spent.gpu_seconds > 0
        assert (noted[0].id, noted[0].pictures) == (one.spending.id, 4)


async def test_a_spent_quota_is_told_in_the_webuis_words_with_what_is_left() -> None:
    charges = ExactCharges(1)
    async with demo_engine() as url, gateway(charges=charges) as g:
        g.lab.is_ready("forge-turbo", url)
        ask = await webui(g)
        assert (await ask(ORDER))[0] == 200
        status, told = await ask(ORDER)
        assert status == 429
        assert "used up" in told["detail"]
        assert told["coursia"]["left"][0]["pictures_left"] == 0


async def test_a_webui_that_refuses_or_dies_costs_nothing() -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        return web.json_response({"detail": "out of memory"}, status=500)

    charges = ExactCharges(5)
    async with gateway(charges=charges) as g:
        ask = await webui(g)
        async with service(refuse) as upstream:
            g.lab.is_ready("forge-turbo", upstream.url)
            assert (await ask(ORDER))[0] == 500
        assert (await ask(ORDER))[0] == 503
        await soon(lambda: charges.states() == ["refunded", "refunded"])


async def test_a_caller_that_leaves_pays_nothing_in_line_and_its_time_at_work() -> None:
    posted, stopped = asyncio.Event(), asyncio.Event()

    async def draw(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("txt2img"):
            posted.set()
            await asyncio.wait_for(stopped.wait(), BOUND)
        if request.path.endswith("interrupt"):
            stopped.set()
        return web.json_response({"active": not stopped.is_set(), "completed": False, "images": []})

    charges = ExactCharges(5)
    async with service(draw) as upstream, gateway(charges=charges) as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        ask = await webui(g)
        working = asyncio.ensure_future(ask(ORDER))
        await asyncio.wait_for(posted.wait(), BOUND)
        waiting = asyncio.ensure_future(ask(ORDER))
        await soon(lambda: len(g.doors.queue.tickets()) == 2)
        waiting.cancel()
        await soon(lambda: charges.states() == ["reserved", "refunded"])
        working.cancel()
        await soon(lambda: charges.states() == ["settled", "refunded"])
        await asyncio.wait([working, waiting], timeout=BOUND)
        assert charges.kept[0].spent is not None
        assert charges.kept[0].spent.pictures == 0
        assert charges.kept[0].spent.gpu_seconds > 0


async def test_off_ends_jobs_of_the_webui_and_leaves_nothing_reserved() -> None:
    charges = ExactCharges(5)
    async with demo_engine(seconds_per_step=0.2) as url, gateway(charges=charges) as g:
        g.lab.is_ready("forge-turbo", url)
        ask = await webui(g)
        calls = [asyncio.ensure_future(ask({**ORDER, "steps": 100})) for _ in range(2)]
        await soon(lambda: len(g.doors.queue.tickets()) == 2)
        await soon(lambda: any(one.began is not None for one in g.doors.queue.tickets()))
        g.lab.switch("off")
        assert [(await one)[0] for one in calls] == [403, 403]
        await soon(lambda: "reserved" not in charges.states())
        assert charges.used("ada")[0] == 0


async def test_an_interrupted_job_of_the_webui_counts_only_the_pictures_that_came() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        if request.path.endswith("txt2img"):
            return web.json_response({"images": ["iVBORw0KGgo="], "parameters": {}, "info": "{}"})
        return web.json_response({"active": False, "completed": False})

    charges = ExactCharges(10)
    async with service(cut) as upstream, gateway(charges=charges) as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        ask = await webui(g)
        assert (await ask({**ORDER, "batch_size": 4}))[0] == 200
        await soon(lambda: charges.states() == ["settled"])
        assert charges.used("ada")[0] == 1


async def test_an_enlarged_picture_counts_as_one_and_a_description_as_none() -> None:
    charges = ExactCharges(5)
    async with demo_engine() as url, gateway(charges=charges) as g:
        g.lab.is_ready("forge-turbo", url)
        ask = await webui(g)
        _, told = await ask(ORDER)
        picture = told["images"][0]
        enlarge = {"image": picture, "upscaling_resize": 2, "upscaler_1": "Lanczos"}
        assert (await ask(enlarge, "extra-single-image"))[0] == 200
        await ask({"image": picture, "model": "clip"}, "interrogate")
        await soon(lambda: "reserved" not in charges.states())
        assert charges.kept[2].spending.worst.pictures == 0
        assert charges.used("ada")[0] == 2


async def test_a_caller_that_leaves_while_its_quota_is_reserved_gets_it_back() -> None:
    class Slow(ExactCharges):
        def __init__(self) -> None:
            super().__init__(5)
            self.asked, self.may_go_on = asyncio.Event(), asyncio.Event()

        async def reserve(self, spending: Sequence[Spending]) -> list[Charge]:
            self.asked.set()
            await asyncio.wait_for(self.may_go_on.wait(), BOUND)
            return await super().reserve(spending)

    charges = Slow()
    async with demo_engine() as url, gateway(charges=charges) as g:
        g.lab.is_ready("forge-turbo", url)
        ask = await webui(g)
        call = asyncio.ensure_future(ask(ORDER))
        await asyncio.wait_for(charges.asked.wait(), BOUND)
        call.cancel()
        await asyncio.wait([call], timeout=BOUND)
        g.lab.leases.touch(g.lease_id)
        charges.may_go_on.set()
        await soon(lambda: charges.states() in (["refunded"], ["settled"]))
        await soon(lambda: not g.doors.queue.tickets())


# -- races -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["comfyui", "webui"])
async def test_of_fifty_jobs_at_once_ten_are_drawn_where_there_is_room_for_ten(door: str) -> None:
    charges = ExactCharges(10)
    async with demo_engine() as url, gateway(charges=charges) as g:
        assert await drawn(g, door, url) == 10
        await soon(lambda: charges.states() == ["settled"] * 10)
        assert charges.used("ada")[0] == 10


@pytest.mark.parametrize("door", ["comfyui", "webui"])
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
async def test_the_ledger_lets_ten_of_fifty_through_and_keeps_ten_charges(
    door: str, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if database == "SQLite":
        place = file_place(tmp_path / "store.sqlite3")
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres")
        place = find_place(postgres.new_database(), "/nonexistent")
    async with (
        ledger_in(place, pictures_a_day(10)) as ledger,
        demo_engine() as url,
        gateway(charges=ledger) as g,
    ):
        assert await drawn(g, door, url) == 10
        await soon(lambda: not g.doors.queue.tickets())
        (left,) = await ledger.left("ada")
        assert left.pictures_left == 0
        assert len(await ledger.charges("ada", state="settled")) == 10
        for state in ("reserved", "unknown"):
            assert not await ledger.charges(None, state=state)


async def drawn(g: Gateway, door: str, url: str) -> int:
    """Send fifty jobs of one picture at once; return how many were drawn and how many not."""
    statuses: list[int] = []
    if door == "comfyui":
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        answers = await asyncio.gather(*(ada.post(graph(1, seed)) for seed in range(50)))
        statuses = [status for status, _ in answers]
        for status, told in answers:
            if status == 200:
                assert (await ada.ended(told["prompt_id"]))["status"]["completed"]
    else:
        g.lab.is_ready("forge-turbo", url)
        ask = await webui(g)
        called = await asyncio.gather(*(ask({**ORDER, "seed": seed}) for seed in range(50)))
        statuses = [status for status, _ in called]
    assert set(statuses) == {200, 429}
    return statuses.count(200)


@pytest.mark.parametrize("seed", range(3))
async def test_however_jobs_of_the_webui_end_each_charge_ends_once(seed: int) -> None:
    chance, charges = random.Random(seed), ExactCharges()
    async with demo_engine(seconds_per_step=0.002) as url, gateway(charges=charges) as g:
        g.lab.is_ready("forge-turbo", url)
        ask = await webui(g)
        calls = [asyncio.ensure_future(ask({**ORDER, "steps": 5})) for _ in range(12)]
        for _ in range(30):
            await asyncio.sleep(chance.random() * 0.05)
            deed = chance.choice(("leave", "cancel", "gone", "nothing"))
            tickets = g.doors.queue.tickets()
            if deed == "leave":
                chance.choice(calls).cancel()
            elif deed == "cancel" and tickets:
                with suppress(NotFound):
                    await g.doors.queue.cancel(chance.choice(tickets).id, "ada")
            elif deed == "gone":
                g.lab.is_gone("forge-turbo")
            g.lab.is_ready("forge-turbo", url)
        await asyncio.wait(calls, timeout=BOUND)
        done = [one for one in calls if not one.cancelled() and one.result()[0] == 200]
        await soon(lambda: "reserved" not in charges.states())
        came = sum(len(one.result()[1]["images"]) for one in done)
        assert charges.used("ada")[0] >= came


@pytest.mark.parametrize("seed", range(3))
async def test_however_jobs_of_comfyui_end_each_charge_ends_once(seed: int) -> None:
    chance, charges = random.Random(seed), ExactCharges()
    async with demo_engine(seconds_per_step=0.002) as url, gateway(charges=charges) as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        posted: list[str] = []
        for number in range(12):
            status, told = await ada.post(graph(5, number))
            assert status == 200
            posted.append(told["prompt_id"])
            one = chance.choice(posted)
            deed = chance.choice(("interrupt", "delete", "cancel", "nothing"))
            if deed == "interrupt":
                await ada.send("/interrupt", {"prompt_id": one})
            elif deed == "delete":
                await ada.send("/queue", {"delete": [one]})
            elif deed == "cancel":
                await ada.send(f"/api/jobs/{one}/cancel", {})
        await soon(lambda: not g.doors.queue.tickets())
        await soon(lambda: "reserved" not in charges.states())
        ended = [await ada.history(job) for job in posted]
        done = [one for one in ended if one is not None and one["status"]["completed"]]
        assert charges.used("ada")[0] == len(done)


# -- counting --------------------------------------------------------------------------------------


def test_a_graph_asks_for_what_it_saves_or_shows_whichever_is_more() -> None:
    small = graph(batch=3)
    shown = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    assert pictures_asked(small) == 3
    assert pictures_asked({**small, "10": shown}) == 3
    assert pictures_asked({**small, "10": shown, "11": shown}) == 6
    film = {"class_type": "SaveAnimatedWEBP", "inputs": {"images": ["8", 0]}}
    assert pictures_asked({**graph(batch=81), "9": film}) == 1
    assert pictures_asked({"1": {"class_type": "Odd", "inputs": {}}}) == 1


def test_a_graph_that_runs_in_a_circle_or_is_long_is_counted_all_the_same() -> None:
    circle = {"1": {"class_type": "SaveImage", "inputs": {"images": ["1", 0]}}}
    assert pictures_asked(circle) == 1
    long = {
        str(n): {"class_type": "SaveImage", "inputs": {"images": [str(n - 1), 0], "batch_size": 9}}
        for n in range(2000)
    }
    assert pictures_asked(long) == 100_000


def test_pictures_are_counted_once_however_they_came() -> None:
    files = {("output", "", "a.png"), ("temp", "", "b.png"), ("temp", "", "c.png")}
    assert pictures_made(files, 0) == 2
    assert pictures_made(files | {("input", "", "mine.png")}, 3) == 3
    assert pictures_made((), 0) == 0


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_pictures_of_an_answer_are_counted_in_whatever_pieces_it_comes(size: int) -> None:
    answer = b'{"images": ["iVBORw0KGgo=", "iVBORw0KGgo="], "info": "[\\"images\\": [\\"x\\"]]"}'
    counted = CountedPictures()
    for start in range(0, len(answer), size):
        counted.feed(answer[start : start + size])
    assert counted.pictures == 2


@pytest.mark.parametrize(
    ("answer", "pictures"),
    [
        (b'{"images": [], "info": ""}', 0),
        (b'{"images":["iVBORw0K', 0),
        (b'{"images":["iVBORw0K", "iVBO', 1),
        (b'{"html_info": "", "image": "iVBORw0K"}', 1),
        (b'{"caption": "an image of a fox"}', 0),
    ],
)
def test_only_whole_pictures_count(answer: bytes, pictures: int) -> None:
    counted = CountedPictures()
    counted.feed(answer)
    assert counted.pictures == pictures
