"""Model files over REST, from a server that cuts and stalls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from liar_server import Liar, Mood, liar_server
from model_catalogue import LARGE, SMALL, write_service
from waiting import until

from coursia_genai_lab.wire import WeightsList, WeightsView

Api = Callable[..., Any]
PATIENCE = 90


@pytest.fixture
def liar() -> Iterator[Liar]:
    with liar_server() as server:
        yield server


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def runtime() -> str:
    return "fake"


@pytest.fixture
def lab_traits(tmp_path: Path, root: Path, liar: Liar, runtime: str) -> dict[str, Any]:
    return {
        "runtime": runtime,
        "services_path": str(write_service(tmp_path / "services", liar)),
        "model_roots": [str(root)],
        "model_reserve_gib": 0,
    }


async def model(api: Api, model_id: str) -> WeightsView:
    code, body = await api("GET", "models")
    assert code == 200
    return next(one for one in WeightsList.model_validate(body).models if one.id == model_id)


async def until_state(api: Api, model_id: str, state: str) -> WeightsView:
    async def look() -> WeightsView:
        while True:
            view = await model(api, model_id)
            if view.state == state and view.phase is None:
                return view
            await asyncio.sleep(0.02)

    return await asyncio.wait_for(look(), PATIENCE)


async def test_every_model_is_listed_with_what_is_missing_of_it(api: Api, root: Path) -> None:
    large = await model(api, "large")
    assert (large.state, large.services, large.can_fetch) == ("missing", ["pictures"], True)
    assert large.missing_bytes == large.size_bytes == len(SMALL) + len(LARGE)
    assert [file.source for file in large.files] == ["127.0.0.1", "127.0.0.1"]
    assert not (await model(api, "unpublished")).can_fetch
    _, listed = await api("GET", "models")
    assert [one["path"] for one in listed["roots"]] == [str(root)]
    assert listed["problem"] is None


@pytest.mark.parametrize("runtime", ["process"])
async def test_a_fetch_brings_the_files_and_the_service_can_start(
    api: Api, root: Path, app: Any
) -> None:
    problems = app.parts.lab.survey.problems
    assert problems["pictures"].code == "models_missing"
    code, begun = await api("POST", "models", "large", "fetch")
    assert code == 202
    assert WeightsView.model_validate(begun).state in ("fetching", "present")
    here = await until_state(api, "large", "present")
    assert all(file.verified for file in here.files)
    assert (await model(api, "small")).state == "present"
    assert (root / "checkpoints" / "large.safetensors").read_bytes() == LARGE
    await until(lambda: problems["pictures"] is None)


async def test_a_fetch_shows_its_progress_and_ends_at_a_word(
    api: Api, liar: Liar, root: Path
) -> None:
    liar.moods = [Mood(), Mood(stall_after=2_000_000)]
    await api("POST", "models", "large", "fetch")
    await until(liar.reached.is_set)

    async def moving() -> WeightsView:
        while True:
            view = await model(api, "large")
            if view.phase == "fetching" and (view.percent or 0) > 20:
                return view
            await asyncio.sleep(0.02)

    view = await asyncio.wait_for(moving(), PATIENCE)
    assert view.state == "fetching"
    assert view.files[1].state == "fetching"
    code, _ = await api("POST", "models", "large", "fetch")
    assert code == 202
    code, ended = await api("DELETE", "models", "large", "fetch")
    assert (code, ended["state"], ended["phase"]) == (200, "partial", None)
    assert not (root / "checkpoints" / "large.safetensors").exists()
    await api("POST", "models", "large", "fetch")
    await until_state(api, "large", "present")
    assert liar.gets("/large")[-1].start > 0


async def test_a_failure_is_shown_until_the_next_try(api: Api, liar: Liar) -> None:
    liar.moods = [Mood(status=404)]
    await api("POST", "models", "small", "fetch")

    async def failed() -> WeightsView:
        while True:
            view = await model(api, "small")
            if view.problem is not None:
                return view
            await asyncio.sleep(0.02)

    view = await asyncio.wait_for(failed(), PATIENCE)
    assert view.problem is not None
    assert (view.problem.code, view.state) == ("model_file_not_found", "missing")
    await api("POST", "models", "small", "fetch")
    assert (await until_state(api, "small", "present")).problem is None


async def test_a_licence_is_accepted_once_and_by_whom_is_shown(api: Api) -> None:
    code, refused = await api("POST", "models", "closed", "fetch")
    assert (code, refused["error"]["code"]) == (409, "model_licence")
    assert (await model(api, "closed")).must_accept
    code, _ = await api("POST", "models", "closed", "fetch", body={"accept_licence": True})
    assert code == 202
    view = await until_state(api, "closed", "present")
    assert not view.must_accept
    assert view.accepted_by
    assert view.accepted_at


async def test_a_file_that_was_changed_is_found_by_a_check(api: Api, root: Path) -> None:
    await api("POST", "models", "small", "fetch")
    await until_state(api, "small", "present")
    (root / "checkpoints" / "small.safetensors").write_bytes(SMALL[::-1])
    assert not (await model(api, "small")).files[0].verified
    code, _ = await api("POST", "models", "small", "verify")
    assert code == 202
    view = await until_state(api, "small", "wrong")
    assert view.problem is not None
    assert view.problem.code == "model_hash_wrong"


async def test_a_file_that_is_deleted_is_missed(api: Api, root: Path) -> None:
    await api("POST", "models", "small", "fetch")
    await until_state(api, "small", "present")
    (root / "checkpoints" / "small.safetensors").unlink()
    assert (await model(api, "small")).state == "missing"


async def test_an_unknown_model_is_not_found(api: Api) -> None:
    for verb, word in (("POST", "fetch"), ("DELETE", "fetch"), ("POST", "verify")):
        code, body = await api(verb, "models", "nothing", word)
        assert (code, body["error"]["code"]) == (404, "not_found")


async def test_a_server_that_stops_keeps_what_came(
    api: Api, liar: Liar, app: Any, root: Path
) -> None:
    liar.moods = [Mood(), Mood(stall_after=2_000_000)]
    await api("POST", "models", "large", "fetch")
    await until(liar.reached.is_set)
    await asyncio.wait_for(app.parts.fetches.close(), PATIENCE)
    assert [task for task in asyncio.all_tasks() if "fetches" in repr(task)] == []
    assert not (root / "checkpoints" / "large.safetensors").exists()
