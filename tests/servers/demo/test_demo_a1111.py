"""The AUTOMATIC1111 API of the demo engine."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any

import pytest
from servers.demo.harness import PATIENCE, Engine, picture, png, until

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
        ("txt2img", {"width": 99999}, 422),
        ("txt2img", {"steps": "x"}, 422),
        ("txt2img", {"cfg_scale": True}, 422),
        ("txt2img", {"batch_size": 16, "n_iter": 16}, 422),
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


def test_a_failing_step_is_an_error_of_the_server(failing_engine: Engine) -> None:
    answer = failing_engine.http.post("/sdapi/v1/txt2img", json=SMALL)

    assert answer.status_code == 500
    assert "step 2" in answer.json()["detail"]
    assert failing_engine.http.post("/sdapi/v1/txt2img", content=b"{").status_code == 422


def test_the_model_can_be_chosen(engine: Engine) -> None:
    models = [model["title"] for model in engine.http.get("/sdapi/v1/sd-models").json()]
    assert "sd_xl_turbo_1.0_fp16" in models

    answer = engine.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": models[0]})

    assert answer.status_code == 200
    options = engine.http.get("/sdapi/v1/options").json()
    assert options["sd_model_checkpoint"].startswith(models[0])
    bad = engine.http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "absent"})
    assert bad.status_code == 500


@pytest.mark.parametrize("what", ["samplers", "schedulers", "upscalers", "loras", "sd-modules"])
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
    assert answers[0].json()["images"] == []
    assert followed()["completed"] is True
    assert slow_engine.http.post("/internal/progress", content=b"{").status_code == 422
