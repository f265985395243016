"""GET jobs and DELETE jobs/{id} on a real Jupyter server."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Callable
from typing import Any

import pytest

from coursia_genai_lab.errors import GenerationCancelled

Api = Callable[..., Any]
ME = getpass.getuser()


async def test_jobs_are_listed_with_their_places_and_ones_own_by_name(api: Api, app: Any) -> None:
    queue = app.parts.doors.queue
    mine = queue.join("demo", ME, holder="a", label="a.ipynb", model="demo")
    theirs = queue.join("demo", "ben", holder="b", label="private.ipynb", model="demo")
    code, body = await api("GET", "jobs")
    assert code == 200
    assert [(one["id"], one["state"], one["position"]) for one in body["jobs"]] == [
        (mine.id, "working", 0),
        (theirs.id, "waiting", 1),
    ]
    assert [(one["mine"], one["label"]) for one in body["jobs"]] == [(True, "a.ipynb"), (False, "")]
    for one in (theirs, mine):
        one.leave()
    assert (await api("GET", "jobs")) == (200, {"jobs": []})


async def test_a_waiting_job_is_cancelled_and_then_it_is_over(api: Api, app: Any) -> None:
    queue = app.parts.doors.queue
    working = queue.join("demo", ME, holder="a")
    waiting = queue.join("demo", ME, holder="a")
    turn = asyncio.ensure_future(waiting.turn())
    code, body = await api("DELETE", "jobs", waiting.id)
    assert code == 202
    assert body["revision"] == app.parts.lab.revision
    with pytest.raises(GenerationCancelled):
        await turn
    code, body = await api("DELETE", "jobs", waiting.id)
    assert (code, body["error"]["code"]) == (404, "not_found")
    working.leave()


async def test_a_job_at_work_is_cancelled_in_its_engine(api: Api, app: Any) -> None:
    ended: list[bool] = []

    async def cancel() -> None:
        ended.append(True)

    working = app.parts.doors.queue.join("demo", ME, holder="a", cancel=cancel)
    assert (await api("DELETE", "jobs", working.id))[0] == 202
    assert ended == [True]
    working.leave()


async def test_whoever_administers_the_server_ends_anybodys_job(api: Api, app: Any) -> None:
    queue = app.parts.doors.queue
    working = queue.join("demo", "ben", holder="b")
    waiting = queue.join("demo", "ben", holder="b")
    turn = asyncio.ensure_future(waiting.turn())
    assert (await api("DELETE", "jobs", waiting.id))[0] == 202
    with pytest.raises(GenerationCancelled):
        await turn
    working.leave()


async def test_the_estimate_before_the_first_job_is_that_of_earlier_days(
    api: Api, app: Any
) -> None:
    app.parts.memory.jobs.ended("demo", 0.0, 12.0)
    queue = app.parts.doors.queue
    working, waiting = (queue.join("demo", ME, holder="a") for _ in range(2))
    _, body = await api("GET", "jobs")
    assert 10 < body["jobs"][1]["seconds"] <= 12
    for one in (waiting, working):
        one.leave()
