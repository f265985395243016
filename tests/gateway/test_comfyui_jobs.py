"""Posts to a ComfyUI door: turns, ids, what passes, and what becomes of jobs in bad hours."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession, web
from comfyui_caller import CHECKPOINT, Caller, graph
from demo_process import StartDemo, start_demo
from door_harness import BOUND, CREDENTIAL, Gateway, demo_engine, gateway, soon
from odd_comfyui import OddComfyUI

from coursia_genai_lab.errors import StartTimedOut
from coursia_genai_lab.gateway.record import Record
from coursia_genai_lab.lab.generation import Generation

__all__ = ["start_demo"]

LONG = 200
"""Steps of a job that is ended before it is done."""
SMALL = {"1": {"class_type": "X", "inputs": {}}}
ENGINE = {"Authorization": f"Bearer {CREDENTIAL}"}


@asynccontextmanager
async def two(
    *, seconds_per_step: float = 0.0
) -> AsyncIterator[tuple[str, Gateway, Caller, Caller]]:
    """Run the demo engine behind the door of ComfyUI, for Ada and Ben."""
    async with demo_engine(seconds_per_step=seconds_per_step) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        yield url, g, await Caller.make(g, "ada"), await Caller.make(g, "ben")


async def in_engine(url: str) -> tuple[list[str], list[str]]:
    """Return the jobs that the engine itself has: those in its queue, those in its history."""
    async with ClientSession(headers=ENGINE) as http:
        async with http.get(f"{url}/queue") as got:
            queue = await got.json()
        async with http.get(f"{url}/history") as got:
            history = await got.json()
    rows = [*queue["queue_running"], *queue["queue_pending"]]
    return [row[1] for row in rows], list(history)


async def gone_from_engine(url: str) -> None:
    """Wait, bounded, until the engine works on nothing."""

    async def look() -> None:
        while (await in_engine(url))[0]:
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), BOUND)


# -- turns and ids ---------------------------------------------------------------------------------


async def test_the_answer_to_a_job_whose_turn_has_come_is_comfyuis_own() -> None:
    async with two() as (_, g, ada, _):
        status, told = await ada.post(graph())
        assert (status, told["node_errors"]) == (200, {})
        assert (await ada.ended(told["prompt_id"]))["status"]["completed"]
        await soon(lambda: g.doors.queue.remaining("comfyui") == 0)
        wrong = graph(0)
        status, told = await ada.post(wrong)
        assert status == 400
        assert told["error"]["type"] == "prompt_outputs_failed_validation"
        assert told["node_errors"]["3"]["errors"][0]["type"] == "value_smaller_than_min"
        half = {**graph(), "10": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}}
        status, told = await ada.post(half)
        assert status == 200
        assert told["node_errors"]["10"]["class_type"] == "SaveImage"
        entry = await ada.ended(told["prompt_id"])
        assert set(entry["outputs"]) == {"9"}


async def test_a_job_that_must_wait_is_answered_at_once_and_stands_in_the_queue() -> None:
    async with two(seconds_per_step=0.1) as (url, _, ada, ben):
        _, first = await ada.post(graph(20))
        status, second = await ben.post(graph(1))
        assert (status, second["node_errors"]) == (200, {})
        assert second["number"] > first["number"]
        assert await ben.queue() == ([], [second["prompt_id"]])
        assert await ada.queue() == ([first["prompt_id"]], [])
        assert (await ada.get("/prompt"))["exec_info"]["queue_remaining"] == 2
        assert await ben.history(second["prompt_id"]) is None
        assert (await ben.get(f"/api/jobs/{second['prompt_id']}"))["status"] == "pending"
        # The engine has one job at a time.
        assert (await in_engine(url))[0] == [first["prompt_id"]]
        assert (await ben.ended(second["prompt_id"]))["status"]["completed"]


async def test_an_id_of_the_callers_is_kept_unless_it_is_taken_or_none() -> None:
    async with two() as (_, _, ada, ben):
        wanted = str(uuid.uuid4())
        assert (await ada.post(graph(1), prompt_id=wanted))[1]["prompt_id"] == wanted
        await ada.ended(wanted)
        _, again = await ben.post(graph(1, 2), prompt_id=wanted)
        assert again["prompt_id"] != wanted
        await ben.ended(again["prompt_id"])
        assert await ben.history(wanted) is None
        for odd in ("mine", wanted.upper(), wanted.replace("-", ""), 7, None, "../x"):
            _, told = await ada.post(graph(1, 3), prompt_id=odd)
            assert str(uuid.UUID(told["prompt_id"])) == told["prompt_id"]


async def test_nobody_jumps_the_queue() -> None:
    async with two(seconds_per_step=0.05) as (url, _, ada, ben):
        first = (await ada.post(graph(20)))[1]["prompt_id"]
        second = (await ben.post(graph(1)))[1]["prompt_id"]
        third = (await ada.post(graph(1, 5), front=True, number=-100))[1]["prompt_id"]
        await ada.ended(third)
        assert (await in_engine(url))[1] == [first, second, third]


async def test_a_flood_delays_nobody_by_more_than_two_rounds() -> None:
    async with two(seconds_per_step=0.01) as (url, g, ada, ben):
        flood = {(await ada.post(graph(2, seed)))[1]["prompt_id"] for seed in range(60)}
        light = [ben, *[await Caller.make(g, f"light{n}") for n in range(28)]]
        mine: dict[str, int] = {}
        for one in light:
            ended = len((await in_engine(url))[1])
            mine[(await one.post(graph(1, 99)))[1]["prompt_id"]] = ended
        for one, job in zip(light, mine, strict=True):
            await one.ended(job)
        order = (await in_engine(url))[1]
        for job, posted in mine.items():
            before = order[posted : order.index(job)]
            # Of a flooder one job a round, after the one that ran when this one came.
            assert len(flood.intersection(before)) <= 3
        assert len(flood.intersection(order)) < len(flood)


async def test_what_was_measured_goes_into_the_record() -> None:
    notes: list[Generation] = []
    async with demo_engine() as url, gateway(record=Record(note=notes.append)) as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        await ada.post(graph(1, batch=2))
        await soon(lambda: len(notes) == 1 and g.doors.queue.remaining("comfyui") == 0)
        await ada.post(graph(0))
        await soon(lambda: len(notes) == 2)
    made, refused = notes
    assert (made.person, made.kind, made.outcome) == ("ada", "comfyui", "done")
    assert (made.pictures, made.model, made.service) == (2, CHECKPOINT, "comfyui")
    assert made.seconds > 0
    assert (refused.outcome, refused.code) == ("failed", "engine_refused")


# -- what passes -----------------------------------------------------------------------------------


async def test_accounts_and_unknown_fields_do_not_reach_the_engine() -> None:
    async with OddComfyUI.run() as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        extra = {
            "api_key_comfy_org": "secret",
            "auth_token_comfy_org": "secret",
            "anything": "else",
            "extra_pnginfo": {"workflow": {"nodes": []}},
            "preview_method": "auto",
        }
        _, told = await ada.post(SMALL, extra_data=extra, more="fields", client_id=7)
        await ada.ended(told["prompt_id"])
    (sent,) = odd.posts
    assert set(sent) == {"prompt", "client_id", "prompt_id", "extra_data"}
    assert set(sent["extra_data"]) == {"extra_pnginfo", "preview_method"}
    assert sent["prompt"] == SMALL


BIG = 2**16
REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("a huge picture", {"5": {"width": BIG, "height": BIG}}, "5", "width"),
    ("as text", {"5": {"width": str(BIG), "height": str(BIG)}}, "5", "width"),
    ("a huge batch", {"5": {"batch_size": 4096}}, "5", "batch_size"),
    ("endless steps", {"3": {"steps": 10_000}}, "3", "steps"),
    (
        "much of everything",
        {"5": {"width": 2048, "height": 2048, "batch_size": 64}, "3": {"steps": 150}},
        "3",
        "width x height x batch_size x steps",
    ),
    ("a file outside", {"9": {"filename_prefix": "../../etc/x"}}, "9", "filename_prefix"),
    ("an absolute file", {"4": {"ckpt_name": "/etc/passwd"}}, "4", "ckpt_name"),
    ("a drive", {"4": {"ckpt_name": "C:\\secret.safetensors"}}, "4", "ckpt_name"),
]


@pytest.mark.parametrize(
    ("change", "node", "name"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
async def test_too_much_is_refused_in_comfyuis_words(
    change: dict[str, Any], node: str, name: str
) -> None:
    asked = graph()
    for key, inputs in change.items():
        asked[key]["inputs"].update(inputs)
    async with OddComfyUI.run() as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        status, told = await ada.post(asked)
        assert status == 400
        assert told["error"]["type"] == "prompt_outputs_failed_validation"
        (problem,) = told["node_errors"][node]["errors"]
        assert problem["type"] in ("value_bigger_than_max", "custom_validation_failed")
        assert problem["details"].split(" - ")[0] == name
    assert odd.posts == []


async def test_a_number_that_a_node_of_its_own_holds_is_seen() -> None:
    asked = graph()
    asked["20"] = {"class_type": "PrimitiveInt", "inputs": {"value": 10_000}}
    asked["3"]["inputs"]["steps"] = ["20", 0]
    async with OddComfyUI.run() as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        status, told = await ada.post(asked)
        assert (status, set(told["node_errors"])) == (400, {"3"})
    assert odd.posts == []


BROKEN: list[tuple[str, bytes, str]] = [
    ("no JSON", b"{", "invalid_json"),
    ("no object", b"[]", "invalid_json"),
    ("no number", b'{"prompt": {"1": {"class_type": "X", "inputs": {"a": NaN}}}}', "invalid_json"),
    ("half a character", b'{"prompt": {"1": {"inputs": {"text": "\\ud83d"}}}}', "invalid_json"),
    ("too deep", b'{"prompt": ' + b"[" * 100_000, "invalid_json"),
    ("too many values", b'{"prompt": [' + b"{}," * 300_000 + b"{}]}", "invalid_prompt"),
    ("no prompt", b"{}", "no_prompt"),
    ("no graph", b'{"prompt": []}', "invalid_prompt"),
    ("an editor's workflow", b'{"prompt": {"nodes": [], "links": []}}', "invalid_prompt"),
    ("odd nodes", b'{"prompt": {"1": 3}}', "invalid_prompt"),
]


@pytest.mark.parametrize(
    ("body", "kind"), [one[1:] for one in BROKEN], ids=[one[0] for one in BROKEN]
)
async def test_what_is_no_prompt_is_refused_in_comfyuis_shape(body: bytes, kind: str) -> None:
    async with OddComfyUI.run() as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        async with g.http.post(f"{ada.door}/prompt", data=body, headers=ada.headers) as got:
            assert got.status == 400
            told = await got.json()
        assert told["error"]["type"] == kind
        assert told["node_errors"] == {}
    assert odd.posts == []


async def test_who_would_wait_in_vain_is_told_so_before() -> None:
    async with two(seconds_per_step=0.1) as (_, g, ada, ben):
        await ada.post(graph(LONG))
        unknown = {**graph(), "7": {"class_type": "NoSuchNode", "inputs": {}}}
        status, told = await ben.post(unknown)
        assert (status, told["error"]["type"]) == (400, "missing_node_type")
        assert told["error"]["extra_info"]["class_type"] == "NoSuchNode"
        absent = graph()
        absent["4"]["inputs"]["ckpt_name"] = "absent.safetensors"
        status, told = await ben.post(absent)
        assert status == 400
        (problem,) = told["node_errors"]["4"]["errors"]
        assert problem["type"] == "value_not_in_list"
        assert problem["extra_info"]["received_value"] == "absent.safetensors"
        assert await ben.queue() == ([], [])
        assert g.doors.queue.remaining("comfyui") == 1


# -- one's own jobs --------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["/queue", "/api/jobs/{}/cancel"])
async def test_a_waiting_job_is_taken_back_by_its_owner_only(way: str) -> None:
    async with two(seconds_per_step=0.1) as (url, g, ada, ben):
        running = (await ada.post(graph(LONG)))[1]["prompt_id"]
        waiting = (await ada.post(graph(1)))[1]["prompt_id"]
        body = {"delete": [waiting]} if way == "/queue" else {}
        path = way.format(waiting)
        assert (await ben.send(path, body))[0] == (200 if way == "/queue" else 404)
        assert await ada.queue() == ([running], [waiting])
        status, told = await ada.send(path, body)
        assert status == 200
        assert told in ({}, {"cancelled": True})
        await soon(lambda: g.doors.queue.remaining("comfyui") == 1)
        assert await ada.queue() == ([running], [])
        assert await ada.history(waiting) is None
        async with g.http.get(f"{ada.door}/api/jobs/{waiting}", headers=ada.headers) as got:
            assert got.status == 404
        assert await in_engine(url) == ([running], [])


@pytest.mark.parametrize("body", [{}, None, {"prompt_id": "its own"}])
async def test_an_interrupt_stops_ones_own_job_only(body: dict[str, str] | None) -> None:
    async with two(seconds_per_step=0.1) as (_, g, ada, ben):
        async with ada.listen("a") as ear:
            job = (await ada.post(graph(LONG), client_id="a"))[1]["prompt_id"]
            await ear.until(lambda ear: bool(ear.told("progress")))
            named = {"prompt_id": job} if body else body
            for caller in (ben, ada):
                async with g.http.post(
                    f"{caller.door}/interrupt",
                    json=named,
                    headers=caller.headers,
                ) as got:
                    assert got.status == 200
                if caller is ben:
                    assert await ada.queue() == ([job], [])
            await ear.until_over(job)
            assert ear.told("execution_interrupted")[0]["prompt_id"] == job
        assert (await ada.ended(job))["status"]["status_str"] == "error"


async def test_a_job_is_cancelled_from_the_panel_wherever_it_stands() -> None:
    async with two(seconds_per_step=0.1) as (url, g, ada, _):
        running = (await ada.post(graph(LONG)))[1]["prompt_id"]
        waiting = (await ada.post(graph(LONG)))[1]["prompt_id"]
        views = g.doors.queue.view("ada")
        assert [view.kind for view in views] == ["comfyui", "comfyui"]
        assert {view.model for view in views} == {CHECKPOINT}
        for view in reversed(views):
            await g.doors.queue.cancel(view.id, "ada")
        await soon(lambda: g.doors.queue.remaining("comfyui") == 0)
        assert (await ada.ended(running))["status"]["messages"][-1][0] == "execution_interrupted"
        assert await ada.history(waiting) is None
        await gone_from_engine(url)


async def test_one_forgets_ones_own_history_only() -> None:
    async with two() as (url, _, ada, ben):
        job = (await ada.post(graph(1)))[1]["prompt_id"]
        await ada.ended(job)
        assert (await ben.send("/history", {"delete": [job]}))[0] == 200
        assert await ada.history(job) is not None
        assert (await ada.send("/history", {"delete": [job]}))[0] == 200
        assert await ada.history(job) is None
        assert (await in_engine(url))[1] == []


# -- bad hours -------------------------------------------------------------------------------------


async def test_a_job_that_comfyui_refuses_in_its_turn_ends_as_comfyui_ends_jobs() -> None:
    async with two(seconds_per_step=0.05) as (_, _, ada, ben):
        async with ben.listen("b") as ear:
            await ada.post(graph(20))
            status, told = await ben.post(graph(0), client_id="b")
            assert status == 200
            job = told["prompt_id"]
            await ear.until_over(job)
            (error,) = ear.told("execution_error")
            assert error["prompt_id"] == job
            assert error["exception_type"] == "prompt_outputs_failed_validation"
            assert "steps" in error["exception_message"]
            assert error["node_type"] == "KSampler"
        entry = await ben.ended(job)
        assert entry["status"]["status_str"] == "error"
        assert entry["status"]["messages"][-1] == ["execution_error", error]
        assert (await ben.get(f"/api/jobs/{job}"))["status"] == "failed"


@pytest.mark.parametrize("end", ["off", "lease"])
async def test_jobs_end_with_their_notebook_and_with_the_mode(end: str) -> None:
    async with two(seconds_per_step=0.1) as (url, g, ada, ben):
        await ada.post(graph(LONG))
        await ada.post(graph(LONG))
        kept = (await ben.post(graph(1)))[1]["prompt_id"]
        if end == "off":
            g.lab.switch("off")
            await soon(lambda: g.doors.queue.remaining("comfyui") == 0)
            await gone_from_engine(url)
        else:
            g.lab.leases.drop(ada.lease_id)
            assert (await ben.ended(kept))["status"]["completed"]
            assert (await in_engine(url))[1][-1] == kept
        await soon(lambda: not [one for one in g.lab.leases.standing() if one.kind == "job"])


@pytest.mark.parametrize("stage", ["before its turn", "while it is posted", "while it runs"])
async def test_a_job_goes_on_when_its_connection_is_cut(stage: str) -> None:
    reached, release = asyncio.Event(), asyncio.Event()

    async def hold(request: web.Request) -> web.StreamResponse | None:
        if request.path == "/prompt" and stage == "while it is posted":
            reached.set()
            await asyncio.wait_for(release.wait(), BOUND)
        return None

    async def work(odd: OddComfyUI, post: dict[str, Any]) -> None:
        if not reached.is_set():
            reached.set()
            await asyncio.wait_for(release.wait(), BOUND)
        await odd.work(post)

    async with OddComfyUI.run(work) as odd, gateway() as g:
        odd.answer = hold
        g.lab.is_ready("comfyui", odd.url)
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        if stage == "before its turn":
            await ben.post(SMALL)
        wanted = str(uuid.uuid4())
        async with ClientSession() as own:
            posting = asyncio.ensure_future(
                own.post(
                    f"{ada.door}/prompt",
                    json={"prompt": SMALL, "prompt_id": wanted},
                    headers=ada.headers,
                )
            )
            await asyncio.wait_for(reached.wait(), BOUND)
            if stage != "while it is posted":
                (await posting).close()
        if stage == "while it is posted":
            posting.cancel()
            await asyncio.gather(posting, return_exceptions=True)
        release.set()
        assert (await ada.ended(wanted))["status"]["completed"]
        assert len(odd.posts) == (2 if stage == "before its turn" else 1)


async def test_a_waiting_job_outlives_a_restart_and_a_running_one_fails_clearly(
    start_demo: StartDemo,
) -> None:
    first = start_demo("--seconds-per-step", "0.5", token=CREDENTIAL)
    second = start_demo("--seconds-per-step", "0", token=CREDENTIAL)
    async with gateway() as g:
        g.lab.is_ready("comfyui", first.url)
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        async with ada.listen("a") as ear:
            running = (await ada.post(graph(LONG), client_id="a"))[1]["prompt_id"]
            waiting = (await ben.post(graph(1)))[1]["prompt_id"]
            await ear.until(lambda ear: bool(ear.told("progress")))
            first.process.kill()
            await ear.until_over(running)
            (error,) = ear.told("execution_error")
            assert error["exception_type"] == "service_died"
            assert "Send the job again" in error["exception_message"]
        # Nobody has noticed yet; the next job meets the dead address, and waits.
        assert await ben.queue() == ([], [waiting])
        g.lab.is_ready("comfyui", second.url)
        assert (await ben.ended(waiting))["status"]["completed"]
        entry = await ada.history(running)
        assert entry is not None
        assert entry["status"]["status_str"] == "error"


async def test_a_waiting_job_whose_service_does_not_come_back_fails_clearly() -> None:
    async with gateway() as g:
        async with demo_engine(seconds_per_step=0.2) as url:
            g.lab.is_ready("comfyui", url)
            ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
            await ada.post(graph(LONG))
            waiting = (await ben.post(graph(1)))[1]["prompt_id"]
        g.lab.is_gone("comfyui")
        g.lab.has_failed(StartTimedOut("ComfyUI did not answer in time.", "Read its log."))
        await soon(lambda: not [one for one in g.lab.leases.standing() if one.kind == "job"])
        g.lab.is_ready("comfyui", url)
        entry = await ben.history(waiting)
        assert entry is not None
        error = entry["status"]["messages"][-1][1]
        assert error["exception_message"] == "ComfyUI did not answer in time. Read its log."


async def test_a_job_that_vanishes_in_the_engine_is_told_as_lost() -> None:
    async def lose(odd: OddComfyUI, post: dict[str, Any]) -> None:
        await odd.say("execution_start", {"prompt_id": post["prompt_id"]})
        odd.running.discard(post["prompt_id"])

    async with OddComfyUI.run(lose) as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            job = (await ada.post(SMALL, client_id="a"))[1]["prompt_id"]
            await ear.until_over(job)
            assert ear.told("execution_error")[0]["exception_type"] == "job_lost"
        assert (await ada.ended(job))["status"]["status_str"] == "error"


async def test_a_silent_socket_hides_no_end() -> None:
    async def mute(odd: OddComfyUI, post: dict[str, Any]) -> None:
        odd.done(post)

    async with OddComfyUI.run(mute) as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            job = (await ada.post(SMALL, client_id="a"))[1]["prompt_id"]
            await ear.until_over(job)
            assert ear.remaining() == [0, 1, 0]


@pytest.mark.parametrize(
    "answer",
    [b"<html>", b"[]", b'{"prompt_id": 7}', b"", b'{"prompt_id": "\\ud800"}'],
    ids=["a page", "a list", "a number", "nothing", "half a character"],
)
async def test_an_engine_that_takes_a_job_and_lies_about_it_is_not_believed(answer: bytes) -> None:
    async def lie(request: web.Request) -> web.StreamResponse | None:
        if request.path != "/prompt":
            return None
        return web.Response(body=answer, content_type="application/json")

    async with OddComfyUI.run() as odd, gateway() as g:
        odd.answer = lie
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        status, told = await ada.post(SMALL)
        assert (status, told["coursia"]["code"]) == (503, "wrong_answer")
        await soon(lambda: g.doors.queue.remaining("comfyui") == 0)
        assert await ada.queue() == ([], [])


TROUBLES = [
    ("out-of-memory", "torch.OutOfMemoryError", "out of memory"),
    ("refusal", "Exception", "moderation"),
    ("die", "service_died", "Send the job again"),
]


@pytest.mark.parametrize(("trouble", "kind", "words"), TROUBLES)
async def test_trouble_in_the_engine_reaches_the_socket_and_the_history_of_its_owner(
    trouble: str, kind: str, words: str
) -> None:
    notes: list[Generation] = []
    record = Record(note=notes.append)
    async with demo_engine(trouble=trouble) as url, gateway(record=record) as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            _, told = await ada.post(graph(), client_id="a")
            await ear.until_over(told["prompt_id"])
            (error,) = ear.told("execution_error")
            assert error["exception_type"] == kind
            assert words in error["exception_message"]
        await soon(lambda: len(notes) == 1)
        assert notes[0].outcome == "failed"
        assert notes[0].code
        if trouble != "die":
            entry = await ada.ended(told["prompt_id"])
            assert entry["status"]["messages"][-1][1]["exception_type"] == kind


async def test_a_job_that_hangs_is_ended_by_its_owner_and_lets_the_next_have_its_turn() -> None:
    async with demo_engine(trouble="hang", trouble_times=1) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        _, hung = await ada.post(graph())
        _, next_one = await ben.post(graph(1, 2))
        assert await ben.queue() == ([], [next_one["prompt_id"]])
        assert (await ada.send("/interrupt", {"prompt_id": hung["prompt_id"]}))[0] == 200
        assert (await ben.ended(next_one["prompt_id"]))["status"]["completed"]


async def test_an_engine_that_hangs_up_on_a_post_is_named_so_and_asked_once() -> None:
    async def hang_up(request: web.Request) -> web.StreamResponse | None:
        if request.path == "/prompt" and request.transport is not None:
            request.transport.abort()
        return None

    async with OddComfyUI.run() as odd, gateway() as g:
        odd.answer = hang_up
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        status, told = await ada.post(SMALL)
        posts = [one for one in odd.asked if one == ("POST", "/prompt")]
        assert len(posts) == 1
        if status != 200:
            assert told["error"]["message"]
        await soon(lambda: g.doors.queue.remaining("comfyui") == 0)


async def test_a_job_whose_post_ends_the_engine_is_not_sent_to_the_next_one() -> None:
    async with OddComfyUI.run() as good, gateway() as g:
        async with OddComfyUI.run() as first:

            async def die(request: web.Request) -> web.StreamResponse | None:
                if request.path != "/ws" and first.posts and request.transport is not None:
                    request.transport.abort()
                if request.path == "/prompt":
                    first.posts.append({})
                    g.lab.is_ready("comfyui", good.url)
                    assert request.transport is not None
                    request.transport.abort()
                return None

            first.answer = die
            g.lab.is_ready("comfyui", first.url)
            ada = await Caller.make(g, "ada")
            status, told = await ada.post(SMALL)
            assert status in (502, 503)
            assert told["error"]["message"]
            await soon(lambda: g.doors.queue.remaining("comfyui") == 0)
        assert good.posts == []


async def test_closing_the_doors_ends_the_jobs_in_the_engine() -> None:
    async with demo_engine(seconds_per_step=0.1) as url:
        async with gateway() as g:
            g.lab.is_ready("comfyui", url)
            ada = await Caller.make(g, "ada")
            await ada.post(graph(LONG))
            await ada.post(graph(LONG))
        await gone_from_engine(url)
        assert len((await in_engine(url))[1]) == 1
