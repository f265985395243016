"""What a ComfyUI client hears on its socket, and in what order."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageChops, ImageStat
from servers.demo.harness import Engine, Listener, picture, running, text_graph, until

from coursia_genai_lab.servers.demo.settings import Settings

Listen = Callable[..., Listener]


def kinds(messages: list[Any]) -> list[str]:
    return [m["type"] if isinstance(m, dict) else "binary" for m in messages]


def test_a_socket_is_greeted_with_the_status(listen: Listen) -> None:
    greeting = listen("me", metadata=False).greeting

    assert greeting["type"] == "status"
    assert greeting["data"]["sid"] == "me"
    assert greeting["data"]["status"]["exec_info"]["queue_remaining"] == 0


def test_messages_come_in_the_order_of_the_real_server(engine: Engine, listen: Listen) -> None:
    listener = listen("me")
    prompt_id = engine.submit(text_graph(steps=2), client_id="me")

    messages = listener.until_over()

    order = kinds(messages)
    assert order[:4] == ["status", "status", "execution_start", "execution_cached"]
    assert order[-3:] == ["execution_success", "status", "executing"]
    assert messages[-2]["data"]["status"]["exec_info"]["queue_remaining"] == 0
    ran = [m["data"]["node"] for m in messages if m["type"] == "executing"]
    assert ran == ["4", "6", "7", "5", "3", "8", "9", None]
    sampler = order[order.index("progress") - 3 : order.index("progress") + 4]
    assert sampler == [
        "progress_state", "executing", "progress_state", "progress",
        "progress_state", "progress", "progress_state",
    ]  # fmt: skip
    assert order.count("executed") == 1
    told = [m["data"]["prompt_id"] for m in messages if m["type"] != "status"]
    assert set(told) == {prompt_id}


def test_progress_counts_the_steps(engine: Engine, listen: Listen) -> None:
    listener = listen("me")
    engine.submit(text_graph(steps=3), client_id="me")

    messages = listener.until_over()

    steps = [m["data"] for m in messages if m["type"] == "progress"]
    assert [(s["value"], s["max"], s["node"]) for s in steps] == [(n, 3, "3") for n in (1, 2, 3)]
    last = [m["data"]["nodes"] for m in messages if m["type"] == "progress_state"][-1]
    assert {state["state"] for state in last.values()} == {"finished"}
    assert set(last) == set(text_graph())


def test_a_cached_prompt_repeats_what_was_saved(engine: Engine, listen: Listen) -> None:
    first = engine.run(text_graph())
    listener = listen("me")
    engine.submit(text_graph(), client_id="me")

    messages = listener.until_over()

    assert [k for k in kinds(messages) if k != "status"] == [
        "execution_start", "execution_cached", "executed", "execution_success", "executing",
    ]  # fmt: skip
    (executed,) = [m["data"] for m in messages if m["type"] == "executed"]
    assert executed["output"] == first["outputs"]["9"]


def test_previews_name_their_job_for_clients_that_understand(
    engine: Engine, listen: Listen
) -> None:
    listener = listen("me")
    extra = {"preview_method": "latent2rgb"}
    prompt_id = engine.submit(text_graph(steps=3), client_id="me", extra_data=extra)

    frames = [m for m in listener.until_over() if isinstance(m, bytes)]

    assert len(frames) == 3
    seen = []
    for frame in frames:
        event, length = struct.unpack(">II", frame[:8])
        about = json.loads(frame[8 : 8 + length])
        assert event == 4
        assert (about["node_id"], about["prompt_id"]) == ("3", prompt_id)
        assert about["image_type"] == "image/jpeg"
        shown = picture(frame[8 + length :])
        assert shown.format == "JPEG"
        seen.append(shown.convert("RGB"))
    entry: Any = until(lambda: engine.entry(prompt_id))
    final = picture(engine.images(entry)[0]).convert("RGB")
    far = [distance(shown, final) for shown in seen]
    assert far[0] > far[1] > far[2]
    assert far[0] > 20


def distance(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


def test_other_clients_get_bare_previews(engine: Engine, listen: Listen) -> None:
    listener = listen("me", metadata=False)
    engine.submit(text_graph(steps=1), client_id="me", extra_data={"preview_method": "auto"})

    (frame,) = [m for m in listener.until_over() if isinstance(m, bytes)]

    assert struct.unpack(">II", frame[:8]) == (1, 1)
    assert picture(frame[8:]).format == "JPEG"


def test_flags_count_only_as_the_first_message(engine: Engine, listen: Listen) -> None:
    listener = listen("me", metadata=False)
    listener._socket.send("hello")
    listener._socket.send(
        json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}})
    )
    engine.submit(text_graph(steps=1), client_id="me", extra_data={"preview_method": "auto"})

    (frame,) = [m for m in listener.until_over() if isinstance(m, bytes)]

    assert frame[:4] == struct.pack(">I", 1)


def test_there_are_no_previews_unless_they_are_asked_for(engine: Engine, listen: Listen) -> None:
    listener = listen("me")
    engine.submit(text_graph(), client_id="me")

    assert "binary" not in kinds(listener.until_over())


def test_the_engine_can_be_set_to_show_previews() -> None:
    with running(Settings(seconds_per_step=0, preview_method="auto")) as engine:
        listener = Listener(engine, "me")
        engine.submit(text_graph(steps=2), client_id="me")
        messages = listener.until_over()
        listener.close()

    assert kinds(messages).count("binary") == 2


def test_an_image_can_come_over_the_socket_alone(engine: Engine, listen: Listen) -> None:
    listener = listen("me")
    graph = text_graph()
    graph["9"] = {"class_type": "SaveImageWebsocket", "inputs": {"images": ["8", 0]}}
    prompt_id = engine.submit(graph, client_id="me")

    (frame,) = [m for m in listener.until_over() if isinstance(m, bytes)]

    assert struct.unpack(">II", frame[:8]) == (1, 2)
    assert picture(frame[8:]).size == (128, 96)
    entry: Any = until(lambda: engine.entry(prompt_id))
    assert entry["outputs"] == {}


def test_progress_goes_to_the_client_of_the_job_alone(engine: Engine, listen: Listen) -> None:
    other = listen("other")
    listener = listen("me")
    engine.submit(text_graph(), client_id="me")
    listener.until_over()
    engine.submit(text_graph(seed=1), client_id="other")

    heard = other.until_over()

    jobs = {m["data"]["prompt_id"] for m in heard if "prompt_id" in m["data"]}
    assert len(jobs) == 1


def test_without_a_client_id_only_states_are_told_to_everybody(
    engine: Engine, listen: Listen
) -> None:
    listener = listen("me")
    engine.run(text_graph())
    engine.submit(text_graph(seed=1), client_id="me")

    messages = listener.until_over()

    first = messages[: kinds(messages).index("execution_start") - 2]
    assert set(kinds(first)) == {"status", "progress_state"}


def test_a_failed_job_ends_with_the_error(failing_engine: Engine) -> None:
    listener = Listener(failing_engine, "me")
    failing_engine.submit(text_graph(), client_id="me")
    messages = listener.until_over()
    listener.close()

    assert kinds(messages)[-3:] == ["execution_error", "status", "executing"]


def test_an_interrupted_job_says_where_it_was(slow_engine: Engine) -> None:
    listener = Listener(slow_engine, "me")
    prompt_id = slow_engine.submit(text_graph(), client_id="me")
    messages = [listener.next()]
    while not (messages[-1]["type"] == "executing" and messages[-1]["data"]["node"] == "3"):
        messages.append(listener.next())
    slow_engine.http.post("/interrupt", json={"prompt_id": prompt_id})
    tail = listener.until_over()
    listener.close()

    assert kinds(tail) == ["execution_interrupted", "status", "executing"]
    assert tail[0]["data"]["node_id"] == "3"
    assert tail[0]["data"]["node_type"] == "KSampler"


def test_a_client_that_comes_back_hears_where_its_job_is(slow_engine: Engine) -> None:
    job = slow_engine.submit(text_graph(), client_id="me")
    until(lambda: slow_engine.state(job) == "in_progress")
    watcher = Listener(slow_engine, "watcher")
    watcher.close()

    def now() -> Any:
        listener = Listener(slow_engine, "me", metadata=False)
        listener._socket.settimeout(0.2)
        try:
            return listener.next()
        except OSError:
            return None
        finally:
            listener.close()

    message = until(now)
    assert message["type"] == "executing"


def test_a_later_socket_of_the_same_client_takes_over(engine: Engine, listen: Listen) -> None:
    first, second = listen("me"), listen("me")
    first.close()
    engine.submit(text_graph(), client_id="me")

    assert kinds(second.until_over())[-1] == "executing"


def test_there_is_an_end_to_the_number_of_sockets(engine: Engine, listen: Listen) -> None:
    for number in range(64):
        listen(f"client-{number}", metadata=False)

    assert engine.http.get("/ws", headers={
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }).status_code == 503  # fmt: skip
