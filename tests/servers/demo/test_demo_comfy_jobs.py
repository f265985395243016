"""What becomes of prompts: history, jobs, cache, cancel, interrupt, order, failure."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from servers.demo.harness import Engine, Graph, picture, png, text_graph, until


def test_a_prompt_leaves_a_picture_of_the_size_asked_for(engine: Engine) -> None:
    entry = engine.run(text_graph(batch_size=2))

    files = engine.images(entry)
    assert [picture(data).size for data in files] == [(128, 96), (128, 96)]
    assert files[0] != files[1]
    assert entry["status"]["status_str"] == "success"
    assert entry["status"]["completed"] is True
    kinds = [kind for kind, _ in entry["status"]["messages"]]
    assert kinds == ["execution_start", "execution_cached", "execution_success"]
    assert entry["prompt"][2]["6"]["inputs"]["text"] == "a red fox"
    assert entry["meta"]["9"]["node_id"] == "9"


def test_the_saved_file_says_what_it_is_and_carries_its_graph(engine: Engine) -> None:
    graph = text_graph()

    saved = picture(engine.images(engine.run(graph))[0])

    assert "Demo picture" in saved.info["Description"]
    assert saved.info["DigitalSourceType"].endswith("/algorithmicMedia")
    assert json.loads(saved.info["prompt"])["6"] == graph["6"]


def test_two_engines_draw_the_same_bytes(engine: Engine, failing_engine: Engine) -> None:
    graph = text_graph(steps=1)

    first = engine.images(engine.run(graph))

    assert first == failing_engine.images(failing_engine.run(graph))


@pytest.mark.parametrize(
    "changes", [{"seed": 8}, {"width": 160}, {"cfg": 9.0}, {"prompt": "the sea"}]
)
def test_what_the_graph_says_decides_the_picture(engine: Engine, changes: dict[str, Any]) -> None:
    plain = engine.images(engine.run(text_graph()))

    assert engine.images(engine.run(text_graph(**changes))) != plain


def test_an_identical_graph_is_served_from_the_cache(engine: Engine) -> None:
    first = engine.run(text_graph())
    second = engine.run(text_graph())

    assert second["outputs"] == first["outputs"]
    messages = dict(second["status"]["messages"])
    assert sorted(messages["execution_cached"]["nodes"]) == sorted(text_graph())


def test_a_changed_seed_keeps_only_what_does_not_depend_on_it(engine: Engine) -> None:
    engine.run(text_graph())
    second = engine.run(text_graph(seed=99))

    messages = dict(second["status"]["messages"])
    assert sorted(messages["execution_cached"]["nodes"]) == ["4", "5", "6", "7"]
    assert second["outputs"]["9"]["images"][0]["filename"] == "ComfyUI_00002_.png"


def test_freeing_memory_forgets_the_cache(engine: Engine) -> None:
    engine.run(text_graph())
    engine.http.post("/free", json={"unload_models": True, "free_memory": True})

    messages = dict(engine.run(text_graph())["status"]["messages"])
    assert messages["execution_cached"]["nodes"] == []


def test_a_replaced_upload_is_not_served_from_the_cache(engine: Engine) -> None:
    graph: Graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "in.png"}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
    }

    def shown(colour: tuple[int, int, int]) -> tuple[int, ...]:
        files = {"image": ("in.png", png(colour))}
        engine.http.post("/upload/image", files=files, data={"overwrite": "true"})
        pixel = picture(engine.images(engine.run(graph))[0]).convert("RGB").getpixel((0, 0))
        assert isinstance(pixel, tuple)
        return tuple(int(part) for part in pixel)

    assert shown((255, 0, 0)) == (255, 0, 0)
    assert shown((0, 0, 255)) == (0, 0, 255)


def test_jobs_run_one_after_the_other_and_a_front_job_jumps_the_queue(slow_engine: Engine) -> None:
    first, second = slow_engine.submit(text_graph()), slow_engine.submit(text_graph())
    urgent = slow_engine.submit(text_graph(), front=True)
    until(lambda: slow_engine.state(first) == "in_progress")

    queue = slow_engine.http.get("/queue").json()

    assert [row[1] for row in queue["queue_running"]] == [first]
    assert [row[1] for row in queue["queue_pending"]] == [urgent, second]
    assert queue["queue_pending"][0][0] < 0
    assert slow_engine.http.get("/prompt").json() == {"exec_info": {"queue_remaining": 3}}
    assert slow_engine.state(second) == "pending"


def test_a_job_that_runs_can_be_cancelled(slow_engine: Engine) -> None:
    job = slow_engine.submit(text_graph())
    until(lambda: slow_engine.state(job) == "in_progress")
    assert slow_engine.entry(job) is None

    answer = slow_engine.http.post(f"/api/jobs/{job}/cancel")

    assert answer.json() == {"cancelled": True}
    entry: dict[str, Any] = until(lambda: slow_engine.entry(job))
    assert entry["status"]["status_str"] == "error"
    assert entry["status"]["completed"] is False
    assert entry["status"]["messages"][-1][0] == "execution_interrupted"
    assert slow_engine.state(job) == "cancelled"
    assert slow_engine.http.post(f"/api/jobs/{job}/cancel").json() == {"cancelled": False}


def test_a_job_that_waits_vanishes_when_it_is_cancelled(slow_engine: Engine) -> None:
    slow_engine.submit(text_graph())
    waiting = slow_engine.submit(text_graph())

    assert slow_engine.http.post(f"/api/jobs/{waiting}/cancel").json() == {"cancelled": True}

    answer = slow_engine.http.get(f"/api/jobs/{waiting}")
    assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})
    assert slow_engine.entry(waiting) is None


def test_deleting_from_the_queue_spares_the_running_job(slow_engine: Engine) -> None:
    first, second, third = (slow_engine.submit(text_graph()) for _ in range(3))
    until(lambda: slow_engine.state(first) == "in_progress")

    slow_engine.http.post("/queue", json={"delete": [first, second, "unknown"]})
    assert [slow_engine.state(job) for job in (first, second, third)] == [
        "in_progress", None, "pending",
    ]  # fmt: skip
    slow_engine.http.post("/queue", json={"clear": True})
    assert slow_engine.state(third) is None


def test_an_interrupt_can_name_its_job(slow_engine: Engine) -> None:
    first, second = slow_engine.submit(text_graph()), slow_engine.submit(text_graph())
    until(lambda: slow_engine.state(first) == "in_progress")

    for other in (second, str(uuid.uuid4())):
        answer = slow_engine.http.post("/interrupt", json={"prompt_id": other})
        assert (answer.status_code, answer.content) == (200, b"")
    assert slow_engine.state(first) == "in_progress"
    slow_engine.http.post("/interrupt", json={"prompt_id": first})
    until(lambda: slow_engine.state(first) == "cancelled")
    until(lambda: slow_engine.state(second) == "in_progress")


def test_a_bare_interrupt_stops_whatever_runs(slow_engine: Engine) -> None:
    assert slow_engine.http.post("/interrupt").status_code == 200
    job = slow_engine.submit(text_graph())
    until(lambda: slow_engine.state(job) == "in_progress")

    assert slow_engine.http.post("/interrupt", content=b"no json").status_code == 200

    until(lambda: slow_engine.state(job) == "cancelled")


def test_a_failing_step_fails_the_job_as_a_real_one(failing_engine: Engine) -> None:
    entry = failing_engine.run(text_graph())

    kind, report = entry["status"]["messages"][-1]
    assert kind == "execution_error"
    assert report["node_id"] == "3"
    assert report["node_type"] == "KSampler"
    assert set(report["executed"]) == {"4", "5", "6", "7"}
    assert "step 2" in report["exception_message"]
    assert entry["outputs"] == {}
    job = failing_engine.http.get(f"/api/jobs/{report['prompt_id']}").json()
    assert job["status"] == "failed"
    assert job["execution_error"]["node_id"] == "3"
    assert failing_engine.run(text_graph(steps=1))["status"]["completed"]


@pytest.mark.parametrize(
    "changes",
    [{"width": 16384}, {"batch_size": 4096}, {"width": 2048, "height": 2048, "batch_size": 9}],
)
def test_pictures_beyond_the_engines_size_fail_with_a_sentence(
    engine: Engine, changes: dict[str, Any]
) -> None:
    entry = engine.run(text_graph(**changes))

    kind, report = entry["status"]["messages"][-1]
    assert kind == "execution_error"
    assert "This demo engine draws" in report["exception_message"]


@pytest.mark.parametrize("prefix", ["../../escape", "/../../escape", "a/../../../b", "x" * 400])
def test_saving_outside_the_folder_fails(engine: Engine, prefix: str) -> None:
    graph = text_graph()
    graph["9"]["inputs"]["filename_prefix"] = prefix

    assert engine.run(graph)["status"]["messages"][-1][0] == "execution_error"


def test_a_prefix_may_name_a_subfolder(engine: Engine) -> None:
    graph = text_graph()
    graph["9"]["inputs"]["filename_prefix"] = "mine/fox"

    (saved,) = engine.run(graph)["outputs"]["9"]["images"]

    assert saved == {"filename": "fox_00001_.png", "subfolder": "mine", "type": "output"}


def test_history_can_be_read_in_part_and_forgotten(engine: Engine) -> None:
    ids = []
    for seed in range(3):
        ids.append(engine.submit(text_graph(seed=seed)))
        until(lambda: engine.entry(ids[-1]))

    assert list(engine.http.get("/history").json()) == ids
    assert list(engine.http.get("/history", params={"max_items": 2}).json()) == ids[1:]
    engine.http.post("/history", json={"delete": [ids[0]]})
    assert list(engine.http.get("/history").json()) == ids[1:]
    engine.http.post("/history", json={"clear": True})
    assert engine.http.get("/history").json() == {}


def test_keys_for_partner_services_are_kept_out_of_the_history(engine: Engine) -> None:
    entry = engine.run(text_graph(), extra_data={"api_key_comfy_org": "secret", "mine": 1})

    assert entry["prompt"][3]["mine"] == 1
    assert "secret" not in json.dumps(entry)


def test_jobs_are_listed_in_pages_and_by_state(slow_engine: Engine) -> None:
    ids = [slow_engine.submit(text_graph()) for _ in range(3)]
    until(lambda: slow_engine.state(ids[0]) == "in_progress")

    def listed(**query: Any) -> Any:
        return slow_engine.http.get("/api/jobs", params=query).json()

    assert {job["id"] for job in listed()["jobs"]} == set(ids)
    assert {job["id"] for job in listed(status="pending")["jobs"]} == set(ids[1:])
    page = listed(limit=2, offset=1, sort_order="asc")
    assert len(page["jobs"]) == 2
    assert page["pagination"] == {"offset": 1, "limit": 2, "total": 3, "has_more": False}


@pytest.mark.parametrize(
    "query",
    [{"status": "happy"}, {"sort_by": "name"}, {"limit": "x"}, {"limit": 0}, {"sort_order": "up"}],
)
def test_a_filter_that_there_is_not_is_refused(engine: Engine, query: dict[str, Any]) -> None:
    assert engine.http.get("/api/jobs", params=query).status_code == 400


def test_a_completed_job_tells_its_outputs(engine: Engine) -> None:
    job_id = engine.submit(text_graph())
    until(lambda: engine.state(job_id) == "completed")

    job = engine.http.get(f"/api/jobs/{job_id}").json()

    assert job["outputs_count"] == 1
    assert job["preview_output"]["filename"] == "ComfyUI_00001_.png"
    assert job["execution_end_time"] >= job["execution_start_time"]
    assert job["workflow"]["prompt"]["3"]["class_type"] == "KSampler"
    assert engine.http.post("/api/jobs/unknown/cancel").status_code == 404


@pytest.mark.parametrize("number", ["x", None, [], {}])
def test_a_number_that_is_none_is_refused(engine: Engine, number: object) -> None:
    answer = engine.http.post("/prompt", json={"prompt": text_graph(), "number": number})

    assert answer.status_code == 400
