"""The OpenAI Images API of the demo engine: what its own clients see."""

from __future__ import annotations

import base64
import io
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from PIL import Image, ImageChops, ImageDraw
from servers.demo.harness import PATIENCE, TOKEN, Engine, picture, png, until

SMALL_MASK = png((1, 1, 1, 0), (9, 9))
SMALL = {"prompt": "a red fox", "model": "demo", "size": "128x96"}


def make(engine: Engine, **order: Any) -> dict[str, Any]:
    answer = engine.http.post("/v1/images/generations", json={**SMALL, **order})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def file_of(answer: dict[str, Any], index: int = 0) -> bytes:
    return base64.b64decode(answer["data"][index]["b64_json"])


def refused(engine: Engine, order: Any, status: int = 400) -> dict[str, Any]:
    answer = engine.http.post("/v1/images/generations", json=order)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    return dict(error)


def events(answer: Iterator[str]) -> list[tuple[str, dict[str, Any]]]:
    found, name = [], ""
    for line in answer:
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            found.append((name, json.loads(line[6:])))
    return found


def streamed(engine: Engine, **order: Any) -> list[tuple[str, dict[str, Any]]]:
    body = {**SMALL, "stream": True, **order}
    with engine.http.stream("POST", "/v1/images/generations", json=body) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        return events(answer.iter_lines())


def test_a_generation_answers_in_openais_shape(engine: Engine) -> None:
    answer = make(engine, n=2, quality="low")

    assert set(answer) == {
        "created", "data", "size", "quality", "background", "output_format", "usage",
    }  # fmt: skip
    assert [picture(file_of(answer, i)).size for i in (0, 1)] == [(128, 96), (128, 96)]
    assert file_of(answer, 0) != file_of(answer, 1)
    assert (answer["size"], answer["quality"]) == ("128x96", "low")
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_equal_requests_give_equal_bytes(engine: Engine) -> None:
    assert file_of(make(engine)) == file_of(make(engine))


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 5}, {"prompt": "the sea"}, {"guidance": 9}, {"negative_prompt": "fox"},
        {"steps": 1}, {"size": "96x128"},
    ],
)  # fmt: skip
def test_each_wish_changes_the_picture(engine: Engine, changes: dict[str, Any]) -> None:
    assert file_of(make(engine, **changes)) != file_of(make(engine))


@pytest.mark.parametrize(("name", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_the_format_can_be_chosen(engine: Engine, name: str, kind: str) -> None:
    made = picture(file_of(make(engine, output_format=name, output_compression=40)))

    assert made.format == kind
    about = made.info.get("Description") or made.getexif().get(0x010E)
    assert "Demo picture" in str(about)


def test_a_transparent_ground_is_transparent(engine: Engine) -> None:
    made = picture(file_of(make(engine, background="transparent", size="256x256")))

    alpha = made.getchannel("A")
    assert alpha.getpixel((2, 60)) == 0
    assert alpha.getextrema() == (0, 255)


def test_no_model_and_no_size_are_fine(engine: Engine) -> None:
    answer = engine.http.post("/v1/images/generations", json={"prompt": "x"}).json()

    assert answer["size"] == "1024x1024"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "   "}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": "x" * 32001}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": 11}, "n"),
        ({"n": "many"}, "n"),
        ({"n": 1.5}, "n"),
        ({"n": True}, "n"),
        ({"n": [1]}, "n"),
        ({"size": "1x1"}, "size"),
        ({"size": "99999x99999"}, "size"),
        ({"size": "64x4096"}, "size"),
        ({"size": "large"}, "size"),
        ({"size": 512}, "size"),
        ({"quality": "best"}, "quality"),
        ({"output_format": "svg"}, "output_format"),
        ({"output_compression": 101}, "output_compression"),
        ({"background": "pink"}, "background"),
        ({"background": "transparent", "output_format": "jpeg"}, "background"),
        ({"partial_images": 4}, "partial_images"),
        ({"stream": "perhaps"}, "stream"),
        ({"seed": -1}, "seed"),
        ({"seed": 2**70}, "seed"),
        ({"steps": 10**9}, "steps"),
        ({"guidance": "NaN"}, "guidance"),
        ({"negative_prompt": 7}, "negative_prompt"),
    ],
)
def test_bad_values_are_named(engine: Engine, changes: dict[str, Any], param: str) -> None:
    error = refused(engine, {**SMALL, **changes})

    assert error["param"] == param
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b"\xff\xfe", b'"text"', b'{"n":' * 5000])
def test_a_body_that_is_no_json_is_refused(engine: Engine, body: bytes) -> None:
    answer = engine.http.post("/v1/images/generations", content=body)

    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]["message"]


@pytest.mark.parametrize("model", ["gpt-5", "openrouter/a/b", 7, ["demo"], "x" * 5000])
def test_an_unknown_model_is_answered_with_the_known_ones(engine: Engine, model: object) -> None:
    error = refused(engine, {**SMALL, "model": model}, 404)

    assert error["code"] == "model_not_found"
    assert "z-image-turbo" in error["message"]
    assert len(error["message"]) < 500


def test_the_models_of_the_catalogue_are_listed_and_accepted(engine: Engine) -> None:
    listed = engine.http.get("/v1/models").json()

    ids = [model["id"] for model in listed["data"]]
    assert {
        "flux-1-dev", "flux-1-schnell", "sd-3.5", "sdxl-turbo", "qwen-image-edit-2509",
        "z-image-turbo", "gpt-image-2", "gpt-image-1-mini", "gpt-image-1.5", "dall-e-3",
        "dall-e-2", "demo",
    } <= set(ids)  # fmt: skip
    for name in ids:
        assert make(engine, model=name, steps=1)["data"]
        assert engine.http.get(f"/v1/models/{name}").json()["id"] == name
    assert engine.http.get("/v1/models/absent").status_code == 404


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/embeddings"])
def test_text_calls_are_not_offered(engine: Engine, path: str) -> None:
    answer = engine.http.post(path, json={})

    assert answer.status_code == 404
    assert "pictures only" in answer.json()["error"]["message"]
    assert "Unknown" in engine.http.get("/v1/files").json()["error"]["message"]


def test_a_stream_brings_partial_images_and_then_the_picture(engine: Engine) -> None:
    found = streamed(engine, partial_images=3)

    names = [name for name, _ in found]
    assert names == ["image_generation.partial_image"] * 3 + ["image_generation.completed"]
    assert [data["type"] for _, data in found] == names
    assert [data["partial_image_index"] for _, data in found[:3]] == [0, 1, 2]
    for _, data in found:
        assert {"b64_json", "created_at", "size", "quality", "background", "output_format"} <= set(
            data
        )
        assert picture(base64.b64decode(data["b64_json"])).size == (128, 96)
    assert base64.b64decode(found[-1][1]["b64_json"]) == file_of(make(engine))
    assert found[-1][1]["usage"]["total_tokens"] > 0
    assert "usage" not in found[0][1]


def test_progress_is_told_only_to_those_who_ask(engine: Engine) -> None:
    assert all("progress" not in name for name, _ in streamed(engine, steps=3))

    found = streamed(engine, steps=3, n=2, progress=True)

    seen = [data for name, data in found if name == "image_generation.progress"]
    assert seen == [
        {"type": "image_generation.progress", "step": step, "steps": 3, "image_index": index}
        for index in (0, 1)
        for step in (1, 2, 3)
    ]
    assert [name for name, _ in found].count("image_generation.completed") == 2


def test_every_partial_image_comes_even_in_one_step(engine: Engine) -> None:
    assert len(streamed(engine, steps=1, partial_images=3)) == 4


def test_a_failing_step_is_a_server_error(failing_engine: Engine) -> None:
    answer = failing_engine.http.post("/v1/images/generations", json=SMALL)

    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert "step 2" in answer.json()["error"]["message"]
    assert answer.headers["x-should-retry"] == "false"
    (name, data) = streamed(failing_engine)[-1]
    assert name == "error"
    assert data["error"]["type"] == "server_error"


def test_an_interrupted_job_says_so(slow_engine: Engine) -> None:
    until(lambda: slow_engine.http.get("/prompt").status_code == 200)

    def interrupt() -> None:
        until(lambda: slow_engine.http.get("/queue").json()["queue_running"])
        slow_engine.http.post("/interrupt", json={})

    helper = threading.Thread(target=interrupt)
    helper.start()
    error = refused(slow_engine, SMALL, 503)
    helper.join(PATIENCE)

    assert error["code"] == "cancelled"


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_who_goes_away_takes_the_job_along(slow_engine: Engine, stream: bool) -> None:
    body = json.dumps({**SMALL, "stream": stream}).encode()
    caller = socket.create_connection(("127.0.0.1", slow_engine.port))
    head = f"POST /v1/images/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}"
    caller.sendall(head.encode() + b"\r\n\r\n" + body)
    until(lambda: slow_engine.http.get("/queue").json()["queue_running"])

    caller.close()

    until(lambda: slow_engine.http.get("/prompt").json()["exec_info"]["queue_remaining"] == 0)


def edit(engine: Engine, instruction: str, files: Any, **form: str) -> Any:
    return engine.http.post("/v1/images/edits", data={"prompt": instruction, **form}, files=files)


def test_an_edit_changes_the_picture_and_keeps_its_size(engine: Engine) -> None:
    given = file_of(make(engine, size="200x120"))

    answer = edit(engine, "make it night", {"image": ("a.png", given)})

    edited = picture(file_of(answer.json())).convert("RGB")
    assert edited.size == (200, 120)
    before = picture(given).convert("L").resize((1, 1)).getpixel((0, 0))
    after = edited.convert("L").resize((1, 1)).getpixel((0, 0))
    assert isinstance(before, int)
    assert isinstance(after, int)
    assert after < before - 15


def test_only_what_the_mask_leaves_open_changes(engine: Engine) -> None:
    given = png((220, 180, 90), (256, 256))
    mask = Image.new("RGBA", (256, 256), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((64, 64, 191, 191), fill=(0, 0, 0, 0))
    out = io.BytesIO()
    mask.save(out, "PNG")
    files = {"image": ("a.png", given), "mask": ("m.png", out.getvalue())}

    edited = picture(file_of(edit(engine, "turn it blue", files).json())).convert("RGB")

    changed = ImageChops.difference(edited, picture(given).convert("RGB"))
    assert changed.getbbox() == (64, 64, 192, 192)


def test_several_images_can_be_sent_in_both_spellings(engine: Engine) -> None:
    one, two = png((220, 180, 90), (256, 256)), png((20, 80, 190), (64, 64))

    twice = [("image[]", ("a.png", one)), ("image[]", ("b.png", two))]
    answer = edit(engine, "combine them", twice)

    assert answer.status_code == 200
    alone = edit(engine, "combine them", {"image": ("a.png", one)})
    assert file_of(answer.json()) != file_of(alone.json())


def test_an_edit_streams_events_of_its_own(engine: Engine) -> None:
    form = {"prompt": "sepia", "stream": "true", "partial_images": "1"}
    files = {"image": ("a.png", png((1, 200, 3)))}
    with engine.http.stream("POST", "/v1/images/edits", data=form, files=files) as answer:
        found = events(answer.iter_lines())

    assert [name for name, _ in found] == ["image_edit.partial_image", "image_edit.completed"]


@pytest.mark.parametrize(
    ("files", "param"),
    [
        ({}, "image"),
        ({"image": ("a.png", b"no picture")}, "image"),
        ({"image": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>")}, "image"),
        ({"image": ("a.png", png((1, 1, 1))), "mask": ("m.png", b"x")}, "mask"),
        ({"image": ("a.png", png((1, 1, 1))), "mask": ("m.png", png((1, 1, 1)))}, "mask"),
        (
            {"image": ("a.png", png((1, 1, 1))), "mask": ("m.png", png((1, 1, 1, 0), (9, 9)))},
            "mask",
        ),
        ([("image[]", ("a.png", png((1, 1, 1))))] * 17, "image"),
    ],
)
def test_an_edit_of_nothing_usable_is_refused(engine: Engine, files: Any, param: str) -> None:
    answer = edit(engine, "make it blue", files)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_the_real_sdk_generates_edits_and_streams(locked_engine: Engine) -> None:
    with openai.OpenAI(
        base_url=f"{locked_engine.url}/v1", api_key=TOKEN, max_retries=0, timeout=PATIENCE
    ) as client:
        made = client.images.generate(model="gpt-image-2", prompt="a red fox", size="1024x1024")
        assert made.data is not None
        text = made.data[0].b64_json
        assert text is not None
        given = io.BytesIO(base64.b64decode(text))
        given.name = "fox.png"
        edited = client.images.edit(model="qwen-image-edit-2509", image=given, prompt="at night")
        assert edited.data
        kinds = [
            event.type
            for event in client.images.generate(
                model="gpt-image-2", prompt="a cat", stream=True, partial_images=2
            )
        ]
        models = [model.id for model in client.models.list()]
        with pytest.raises(openai.NotFoundError) as unknown:
            client.images.generate(model="absent", prompt="x")

    assert kinds == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert "demo" in models
    assert unknown.value.code == "model_not_found"


def test_the_real_sdk_understands_a_wrong_key_and_a_failure(
    locked_engine: Engine, failing_engine: Engine
) -> None:
    stranger = openai.OpenAI(base_url=f"{locked_engine.url}/v1", api_key="wrong")
    with stranger, pytest.raises(openai.AuthenticationError):
        stranger.images.generate(prompt="x")
    with openai.OpenAI(base_url=f"{failing_engine.url}/v1", api_key="any") as client:
        with pytest.raises(openai.InternalServerError):
            client.images.generate(prompt="x")
        with pytest.raises(openai.APIError):
            list(client.images.generate(model="demo", prompt="x", stream=True))
