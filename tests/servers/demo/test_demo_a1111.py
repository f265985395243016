"""The AUTOMATIC1111 API of the demo engine."""

from __future__ import annotations

import base64
import json
import socket
import threading
from typing import Any

import pytest
from servers.demo.harness import (
    PATIENCE,
    TOKEN,
    Engine,
    picture,
    png,
    running,
    text_graph,
    until,
)

from coursia_genai_lab.servers.demo.settings import Settings

SMALL = {"prompt": "a red fox", "width": 128, "height": 96, "steps": 2, "cfg_scale": 1}


def make(engine: Engine, **order: Any) -> dict[str, Any]:
    answer = engine.http.post("/sdapi/v1/txt2img", json={**SMALL, **order})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_text_becomes_pictures_and_an_info_text(engine: Engine) -> None:
    answer = make(engine, batch_size=2, n_iter=2, seed=5)

    files = [base64.b64decode(text) for text in answer["images"]]
    assert [picture(data).size for data in files] == [(128, 96)] * 4
    assert len(set(files)) == 4
    info = json.loads(answer["info"])
    assert info["all_seeds"] == [5, 6, 7, 8]
    assert answer["parameters"]["steps"] == 2


def test_equal_calls_give_equal_pictures(engine: Engine) -> None:
    assert make(engine)["images"] == make(engine)["images"]
    assert make(engine, send_images=False)["images"] == []


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_a_picture_can_be_changed(engine: Engine, prefix: str) -> None:
    given = png((220, 180, 90), (128, 96))
    body = {**SMALL, "prompt": "blue", "init_images": [prefix + base64.b64encode(given).decode()]}

    answer = engine.http.post("/sdapi/v1/img2img", json=body).json()

    edited = picture(base64.b64decode(answer["images"][0])).convert("RGB")
    red, _, blue = edited.getpixel((20, 60))  # type: ignore[misc]
    assert blue - red > 90 - 220


@pytest.mark.parametrize(
    ("path", "changes", "status"),
    [
        ("txt2img", {"sampler_name": "Magic"}, 400),
        ("txt2img", {"alwayson_scripts": {"ControlNet": {}}}, 422),
        ("txt2img", {"script_name": "x/y plot"}, 422),
        ("txt2img", {"override_settings": {"sd_model_checkpoint": "absent"}}, 500),
        ("img2img", {}, 404),
        ("img2img", {"init_images": ["!!!"]}, 500),
        ("img2img", {"init_images": ["http://127.0.0.1/a.png"]}, 500),
    ],
)
def test_errors_keep_the_shape_of_the_real_server(
    engine: Engine, path: str, changes: dict[str, Any], status: int
) -> None:
    answer = engine.http.post(f"/sdapi/v1/{path}", json={**SMALL, **changes})

    assert answer.status_code == status
    assert set(answer.json()) == {"error", "detail", "body", "errors"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"width": 99999}, "width"),
        ({"steps": "x"}, "steps"),
        ({"steps": 0}, "steps"),
        ({"cfg_scale": True}, "cfg_scale"),
        ({"prompt": 5}, "prompt"),
        ({"batch_size": 16, "n_iter": 16}, "n_iter"),
        ({"enable_hr": True, "width": 2048}, "hr_scale"),
    ],
)
def test_a_wrong_field_is_named_as_fastapi_does(
    engine: Engine, changes: dict[str, Any], field: str
) -> None:
    answer = engine.http.post("/sdapi/v1/txt2img", json={**SMALL, **changes})

    assert answer.status_code == 422
    assert [one["loc"] for one in answer.json()["detail"]] == [["body", field]]


def test_a_failing_step_is_an_error_of_the_server(failing_engine: Engine) -> None:
    answer = failing_engine.http.post("/sdapi/v1/txt2img", json=SMALL)

    assert answer.status_code == 500
    assert answer.json()["detail"] == ""
    assert "step 2" in answer.json()["errors"]
    assert failing_engine.http.post("/sdapi/v1/txt2img", content=b"{").status_code == 422


def test_the_model_can_be_chosen(engine: Engine) -> None:
    models = [model["title"] for model in engine.http.get("/sdapi/v1/sd-models").json()]
    assert any(title.startswith("sd_xl_turbo_1.0_fp16.safetensors [") for title in models)

    answer = engine.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": models[0]})

    assert answer.status_code == 200
    options = engine.http.get("/sdapi/v1/options").json()
    assert options["sd_model_checkpoint"] == models[0]
    bad = engine.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "absent"})
    assert bad.status_code == 500


@pytest.mark.parametrize(
    "what",
    [
        "samplers",
        "schedulers",
        "upscalers",
        "loras",
        "sd-modules",
        "sd-vae",
        "hypernetworks",
        "latent-upscale-modes",
        "face-restorers",
        "realesrgan-models",
        "prompt-styles",
        "script-info",
        "extensions",
    ],
)
def test_there_are_lists(engine: Engine, what: str) -> None:
    assert isinstance(engine.http.get(f"/sdapi/v1/{what}").json(), list)


def test_the_rest_answers_too(engine: Engine) -> None:
    assert engine.http.get("/internal/ping").json() == {}
    assert "ram" in engine.http.get("/sdapi/v1/memory").json()
    for what in ("unload-checkpoint", "reload-checkpoint", "refresh-checkpoints"):
        assert engine.http.post(f"/sdapi/v1/{what}").status_code == 200
    assert engine.http.get("/sdapi/v1/progress").json()["progress"] == 0


def test_a_call_can_be_followed_and_interrupted(slow_engine: Engine) -> None:
    answers: list[Any] = []
    body = {**SMALL, "force_task_id": "task(me)"}
    caller = threading.Thread(
        target=lambda: answers.append(slow_engine.http.post("/sdapi/v1/txt2img", json=body))
    )
    caller.start()

    def followed() -> Any:
        return slow_engine.http.post("/internal/progress", json={"id_task": "task(me)"}).json()

    until(lambda: followed()["active"])
    slow_engine.http.post("/sdapi/v1/interrupt")
    caller.join(PATIENCE)

    assert answers[0].status_code == 200
    assert len(answers[0].json()["images"]) == 1
    assert followed()["completed"] is True
    state = slow_engine.http.get("/sdapi/v1/progress").json()["state"]
    assert (state["interrupted"], state["job_count"]) == (True, 0)
    assert slow_engine.http.post("/internal/progress", content=b"{").status_code == 422


def followed_call(engine: Engine, answers: list[Any], **order: Any) -> threading.Thread:
    body = {**SMALL, **order, "force_task_id": "task(me)"}
    caller = threading.Thread(
        target=lambda: answers.append(engine.http.post("/sdapi/v1/txt2img", json=body))
    )
    caller.start()
    return caller


def test_a_skip_leaves_the_picture_at_hand_half_done_and_makes_the_others(engine: Engine) -> None:
    answers: list[Any] = []
    whole = make(engine, n_iter=2, steps=4)["images"]
    # Equal orders give equal pictures, however long their steps take.
    with running(Settings(seconds_per_step=1.5)) as engine:
        caller = followed_call(engine, answers, n_iter=2, steps=4)
        until(lambda: engine.http.get("/sdapi/v1/progress").json()["state"]["sampling_step"])
        assert engine.http.post("/sdapi/v1/skip").json() is None
        caller.join(PATIENCE)

    images = answers[0].json()["images"]
    assert len(images) == 2
    assert images[0] != whole[0]
    assert images[1] == whole[1]


def test_progress_shows_the_picture_as_it_looks_now() -> None:
    answers: list[Any] = []
    with running(Settings(seconds_per_step=0.5)) as engine:
        caller = followed_call(engine, answers, steps=150)
        task = {"id_task": "task(me)", "id_live_preview": -1}
        shown = until(
            lambda: progress_of(engine, task).get("live_preview") and progress_of(engine, task)
        )
        assert shown["live_preview"].startswith("data:image/jpeg;base64,")
        assert 0 < shown["progress"] <= 1
        assert shown["eta"] > 0
        told = engine.http.get("/sdapi/v1/progress").json()
        assert told["current_task"] == "task(me)"
        assert picture(base64.b64decode(told["current_image"])).format == "JPEG"
        plain = engine.http.get("/sdapi/v1/progress?skip_current_image=true").json()
        assert plain["current_image"] is None
        assert plain["state"]["sampling_steps"] == 150
        engine.http.post("/sdapi/v1/interrupt")
        caller.join(PATIENCE)


def progress_of(engine: Engine, task: dict[str, Any]) -> dict[str, Any]:
    return dict(engine.http.post("/internal/progress", json=task).json())


def test_an_interrupt_stops_no_job_of_another_dialect(slow_engine: Engine) -> None:
    prompt_id = slow_engine.submit(text_graph())
    until(lambda: slow_engine.state(prompt_id) == "in_progress")
    for path in ("interrupt", "skip"):
        assert slow_engine.http.post(f"/sdapi/v1/{path}").status_code == 200
    assert slow_engine.state(prompt_id) == "in_progress"
    assert slow_engine.http.get("/sdapi/v1/progress").json()["progress"] == 0


def test_waiting_tasks_know_their_place(slow_engine: Engine) -> None:
    slow_engine.submit(text_graph())
    answers: list[Any] = []
    caller = followed_call(slow_engine, answers)
    task = {"id_task": "task(me)"}
    until(lambda: progress_of(slow_engine, task)["queued"])
    assert progress_of(slow_engine, task)["textinfo"] == "In queue: 1/1"
    assert slow_engine.http.get("/internal/pending-tasks").json()["tasks"] == ["task(me)"]
    slow_engine.http.post("/queue", json={"clear": True})
    caller.join(PATIENCE)
    assert answers[0].json()["images"] == []


def test_how_a_picture_was_made_stands_in_it_and_can_be_read_again(engine: Engine) -> None:
    made = make(engine, seed=5, negative_prompt="a dog", prompt="a fox, in\nthe snow")

    told = engine.http.post("/sdapi/v1/png-info", json={"image": made["images"][0]}).json()

    assert told["info"] == json.loads(made["info"])["infotexts"][0]
    assert told["parameters"]["Prompt"] == "a fox, in\nthe snow"
    assert told["parameters"]["Negative prompt"] == "a dog"
    assert told["parameters"]["Seed"] == "5"
    assert (told["parameters"]["Size-1"], told["parameters"]["Size-2"]) == ("128", "96")
    assert "DEMO" in told["items"]["Software"].upper()
    plain = base64.b64encode(png((1, 2, 3))).decode()
    none = engine.http.post("/sdapi/v1/png-info", json={"image": plain}).json()
    assert (none["info"], none["parameters"]) == ("", {})
    bad = engine.http.post("/sdapi/v1/png-info", json={"image": "!!!"})
    assert bad.status_code == 500


def test_pictures_can_be_enlarged(engine: Engine) -> None:
    given = base64.b64encode(png((200, 30, 30))).decode()

    one = engine.http.post(
        "/sdapi/v1/extra-single-image",
        json={"image": given, "upscaling_resize": 3, "upscaler_1": "Lanczos"},
    ).json()
    several = engine.http.post(
        "/sdapi/v1/extra-batch-images",
        json={
            "imageList": [{"data": given, "name": "a"}, {"data": given, "name": "b"}],
            "resize_mode": 1, "upscaling_resize_w": 50, "upscaling_resize_h": 50,
        },
    ).json()  # fmt: skip

    assert picture(base64.b64decode(one["image"])).size == (288, 192)
    sizes = [picture(base64.b64decode(text)).size for text in several["images"]]
    assert sizes == [(50, 50)] * 2


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"upscaler_1": "Magic"}, 500),
        ({"upscaling_resize": 100}, 422),
        ({"resize_mode": 1, "upscaling_resize_w": 16384, "upscaling_resize_h": 16384}, 422),
        ({"image": "!!!"}, 500),
        ({"image": "http://127.0.0.1/a.png"}, 500),
    ],
)
def test_what_cannot_be_enlarged_is_told(
    engine: Engine, changes: dict[str, Any], status: int
) -> None:
    given = base64.b64encode(png((200, 30, 30))).decode()
    body = {"image": given, **changes}
    assert engine.http.post("/sdapi/v1/extra-single-image", json=body).status_code == status


def test_a_picture_is_described_by_what_is_seen(engine: Engine) -> None:
    given = base64.b64encode(png((200, 30, 30))).decode()
    told = engine.http.post("/sdapi/v1/interrogate", json={"image": given, "model": "clip"})
    assert told.json()["caption"] == "a wide picture, mostly red"
    for body, status in (({}, 404), ({"image": given, "model": "x"}, 404)):
        assert engine.http.post("/sdapi/v1/interrogate", json=body).status_code == status


def test_settings_can_be_changed_for_one_call_or_for_good(engine: Engine) -> None:
    models = [model["title"] for model in engine.http.get("/sdapi/v1/sd-models").json()]
    override = {"sd_model_checkpoint": models[0], "samples_format": "jpg"}

    def chosen() -> str:
        return str(engine.http.get("/sdapi/v1/options").json()["sd_model_checkpoint"])

    before = chosen()
    made = make(engine, override_settings=override)
    assert picture(base64.b64decode(made["images"][0])).format == "JPEG"
    assert models[0].startswith(json.loads(made["info"])["sd_model_name"])
    assert chosen() == before
    make(engine, override_settings=override, override_settings_restore_afterwards=False)
    assert chosen() == models[0]
    engine.http.post("/sdapi/v1/options", json={"absent": 1, "jpeg_quality": "best"})
    options = engine.http.get("/sdapi/v1/options").json()
    assert "absent" not in options
    assert options["jpeg_quality"] == 80


def test_a_second_pass_makes_the_picture_larger(engine: Engine) -> None:
    made = make(engine, enable_hr=True, hr_scale=1.5)
    assert picture(base64.b64decode(made["images"][0])).size == (192, 144)


def test_basic_auth_is_taken_and_its_refusal_is_worded_as_the_webui_does(
    locked_engine: Engine,
) -> None:
    good = locked_engine.http.get("/sdapi/v1/options", auth=("genai", TOKEN))
    bad = locked_engine.http.get("/sdapi/v1/options", auth=("genai", "wrong"))
    assert (good.status_code, bad.status_code) == (200, 401)
    assert bad.json()["detail"] == "Incorrect username or password"
    assert "WWW-Authenticate" not in bad.headers


def test_callers_who_leave_while_their_order_is_read_leave_no_job(slow_engine: Engine) -> None:
    body = json.dumps(SMALL).encode()
    head = f"POST /sdapi/v1/txt2img HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", slow_engine.port)) as caller:
            caller.sendall(head.encode() + b"\r\n\r\n" + body)
    with socket.create_connection(("127.0.0.1", slow_engine.port)) as caller:
        caller.sendall(head.encode() + b"\r\n\r\n" + body)
        # Orders are read one after the other, so those of the others have been.
        until(lambda: slow_engine.http.get("/queue").json()["queue_running"])
        until(lambda: not slow_engine.http.get("/queue").json()["queue_pending"])
    until(lambda: slow_engine.http.get("/prompt").json()["exec_info"]["queue_remaining"] == 0)
