"""Trouble on purpose: what each dialect's own callers see of it."""

from __future__ import annotations

import base64
import io
import json
import socket
import subprocess
import sys
from typing import Any

import httpx
import pytest
from demo_process import StartDemo
from PIL import Image
from servers.demo.harness import PATIENCE, TOKEN, Engine, picture, running, text_graph, until

from coursia_genai_lab.servers.demo.settings import (
    TROUBLES,
    Settings,
    SettingsError,
    read_settings,
)

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "comfyui": ("/prompt", {"prompt": text_graph()}),
    "a1111": ("/sdapi/v1/txt2img", {"prompt": "a fox", "steps": 1, "width": 64, "height": 64}),
    "openai_images": ("/v1/images/generations", {"prompt": "a fox", "size": "64x64", "n": 1}),
}
BLOCKING = ("a1111", "openai_images")


def troubled(kind: str, **more: Any) -> Settings:
    return Settings(seconds_per_step=0, trouble=kind, trickle_seconds=0.01, **more)


def call(engine: Engine, dialect: str, **headers: str) -> httpx.Response:
    path, body = CALLS[dialect]
    return engine.http.post(path, json=body, headers=headers)


def failed(data: bytes) -> bool:
    try:
        Image.open(io.BytesIO(data)).load()
    except OSError:
        return True
    return False


# -- what jobs get into ----------------------------------------------------------------------------


def test_comfyui_tells_of_torchs_error_when_memory_is_out() -> None:
    with running(troubled("out-of-memory")) as engine:
        entry = engine.run(text_graph())
    assert entry["status"]["status_str"] == "error"
    report = dict(entry["status"]["messages"])["execution_error"]
    assert report["exception_type"] == "torch.OutOfMemoryError"
    assert "out of memory" in report["exception_message"]
    assert report["node_type"] == "KSampler"


def test_the_webui_tells_of_torchs_error_when_memory_is_out() -> None:
    with running(troubled("out-of-memory")) as engine:
        answer = call(engine, "a1111")
    assert answer.status_code == 500
    assert answer.json()["error"] == "OutOfMemoryError"
    assert "CUDA out of memory" in answer.json()["errors"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_images_api_tells_when_memory_is_out(stream: bool) -> None:
    path, body = CALLS["openai_images"]
    with running(troubled("out-of-memory")) as engine:
        answer = engine.http.post(path, json={**body, "stream": stream})
    if stream:
        last = answer.text.strip().split("\n\n")[-1]
        error = json.loads(last.partition("data: ")[2])["error"]
    else:
        assert answer.status_code == 500
        error = answer.json()["error"]
    assert "CUDA out of memory" in error["message"]


def test_a_refusal_is_worded_by_each_dialect() -> None:
    with running(troubled("refusal")) as engine:
        error = call(engine, "openai_images").json()["error"]
        assert error["code"] == "moderation_blocked"
        assert error["type"] == "image_generation_user_error"
        webui = call(engine, "a1111")
        assert webui.status_code == 400
        assert "moderation" in webui.json()["detail"]
        report = dict(engine.run(text_graph())["status"]["messages"])["execution_error"]
        assert "moderation" in report["exception_message"]


def test_a_wrong_picture_begins_as_a_good_one_and_is_cut() -> None:
    with running(troubled("wrong-picture")) as engine:
        files = [
            base64.b64decode(call(engine, "openai_images").json()["data"][0]["b64_json"]),
            base64.b64decode(call(engine, "a1111").json()["images"][0]),
            engine.images(engine.run(text_graph()))[0],
        ]
    assert all(data.startswith(b"\x89PNG") for data in files)
    assert all(failed(data) for data in files)


def test_a_job_that_hangs_keeps_the_queue_until_it_is_ended() -> None:
    with running(troubled("hang", trouble_times=1)) as engine:
        first, second = engine.submit(text_graph()), engine.submit(text_graph(seed=8))
        until(lambda: engine.state(first) == "in_progress")
        assert engine.state(second) == "pending"
        engine.http.post("/interrupt", json={"prompt_id": first})
        until(lambda: engine.state(second) == "completed")
        assert engine.state(first) == "cancelled"


@pytest.mark.parametrize("dialect", CALLS)
def test_an_engine_dies_at_the_job_after_those_that_go_well(
    start_demo: StartDemo, dialect: str
) -> None:
    demo = start_demo("--seconds-per-step", "0", "--trouble", "die", "--trouble-after", "1")
    path, body = CALLS[dialect]
    headers = {"Authorization": f"Bearer {demo.token}"}
    with httpx.Client(base_url=demo.url, headers=headers, timeout=PATIENCE) as http:
        assert http.post(path, json=body).status_code == 200
        try:
            # ComfyUI answers before it works; the others never do.
            assert http.post(path, json=_with_another_seed(body)).status_code == 200
            assert dialect == "comfyui"
        except httpx.TransportError:
            assert dialect in BLOCKING
    assert demo.process.wait(PATIENCE) == 70


def _with_another_seed(body: dict[str, Any]) -> dict[str, Any]:
    return {"prompt": text_graph(seed=9)} if isinstance(body["prompt"], dict) else body


def test_an_engine_in_this_process_dies_by_cutting_its_connections() -> None:
    with running(troubled("die")) as engine:
        with pytest.raises(httpx.TransportError):
            call(engine, "openai_images")
        with pytest.raises(httpx.ConnectError):
            engine.http.get("/health")


# -- what calls get --------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", CALLS)
def test_garbage_is_no_json(dialect: str) -> None:
    with running(troubled("garbage")) as engine:
        answer = call(engine, dialect)
    assert answer.status_code == 200
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        answer.json()


def said(engine: Engine, dialect: str) -> socket.socket:
    """Return the connection of a call that has been sent."""
    path, body = CALLS[dialect]
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{engine.port}\r\nContent-Length: {len(data)}"
    sent = socket.create_connection(("127.0.0.1", engine.port), timeout=PATIENCE)
    sent.sendall(f"{head}\r\n\r\n".encode() + data)
    return sent


@pytest.mark.parametrize("dialect", CALLS)
@pytest.mark.parametrize("kind", ["no-answer", "silence", "trickle"])
def test_an_answer_can_keep_its_caller_waiting_and_no_job_comes_of_it(
    kind: str, dialect: str
) -> None:
    with running(troubled(kind)) as engine, said(engine, dialect) as sent:
        heard = b""
        if kind != "no-answer":
            while b"\r\n\r\n" not in heard:
                heard += sent.recv(4096)
            assert heard.startswith(b"HTTP/1.1 200")
        if kind == "trickle":
            while heard.count(b"1\r\n \r\n") < 3:
                heard += sent.recv(4096)
        # Whoever asks meanwhile is answered, and finds nothing queued.
        assert engine.http.get("/prompt").json()["exec_info"]["queue_remaining"] == 0
        sent.settimeout(0.2)
        if kind != "trickle":
            with pytest.raises(TimeoutError):
                sent.recv(1)


# -- who gets into it ------------------------------------------------------------------------------


def outcomes(engine: Engine, count: int) -> list[int]:
    return [call(engine, "openai_images").status_code for _ in range(count)]


def test_trouble_begins_after_so_many_jobs_and_ends_after_so_many() -> None:
    with running(troubled("out-of-memory", trouble_after=1, trouble_times=2)) as engine:
        assert outcomes(engine, 5) == [200, 500, 500, 200, 200]


def test_a_call_may_ask_for_trouble_where_it_shows_the_credential() -> None:
    with running(Settings(seconds_per_step=0, token=TOKEN, trouble_header=True)) as engine:
        headers = {"Authorization": f"Bearer {TOKEN}", "X-Demo-Trouble": "refusal"}
        assert call(engine, "openai_images", **headers).status_code == 400
        headers["X-Demo-Trouble"] = "out-of-memory"
        assert call(engine, "a1111", **headers).json()["error"] == "OutOfMemoryError"
        headers["X-Demo-Trouble"] = "earthquake"
        unknown = call(engine, "openai_images", **headers)
        assert unknown.status_code == 400
        assert "wrong-picture" in unknown.json()["error"]["message"]
        del headers["X-Demo-Trouble"]
        assert call(engine, "openai_images", **headers).status_code == 200


@pytest.mark.parametrize(
    "settings",
    [
        Settings(seconds_per_step=0, token=TOKEN),
        Settings(seconds_per_step=0, trouble_header=True),
    ],
    ids=["it is not opened", "nobody has a credential"],
)
def test_no_call_may_ask_for_trouble_otherwise(settings: Settings) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Demo-Trouble": "out-of-memory"}
    with running(settings) as engine:
        answer = call(engine, "openai_images", **headers)
    assert answer.status_code == 200
    assert picture(base64.b64decode(answer.json()["data"][0]["b64_json"])).size == (64, 64)


def test_a_prompt_brings_nobody_into_trouble(engine: Engine) -> None:
    body = {"prompt": " ".join(TROUBLES), "size": "64x64", "trouble": "die"}
    assert engine.http.post("/v1/images/generations", json=body).status_code == 200


def test_trouble_is_set_by_switches_or_by_the_environment() -> None:
    switches = ["--trouble", "trickle", "--trouble-after", "3", "--trickle-seconds", "2"]
    set_so = read_settings(switches, {})
    assert (set_so.trouble, set_so.trouble_after, set_so.trickle_seconds) == ("trickle", 3, 2.0)
    assert set_so.trouble_times is None
    environment = {
        "GENAI_DEMO_TROUBLE": "die",
        "GENAI_DEMO_TROUBLE_TIMES": "1",
        "GENAI_DEMO_TROUBLE_HEADER": "1",
    }
    of_it = read_settings([], environment)
    assert (of_it.trouble, of_it.trouble_times, of_it.trouble_header) == ("die", 1, True)
    with pytest.raises(SettingsError, match="TROUBLE"):
        read_settings([], {"GENAI_DEMO_TROUBLE": "earthquake"})
    done = subprocess.run(
        [sys.executable, "-m", "coursia_genai_lab.servers.demo", "--trouble", "earthquake"],
        capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 2
