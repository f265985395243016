"""The OpenAI door, driven from OpenAI's own description of its API.

`openai_spec/openapi.json` is a cut-out of what OpenAI publishes. Where the door answers otherwise
on purpose, `DEVIATIONS` says so by name; everything else must be as it is written there.
"""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from door_harness import BOUND, demo_engine, gateway
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from PIL import Image
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

# Its members are typed as plain texts.
FITTING: Any = GenerationMode.POSITIVE
WRONG: Any = GenerationMode.NEGATIVE
SPEC = Path(__file__).parent / "openai_spec" / "openapi.json"
MODELS = ("flux-1-dev", "gpt-image-2", "demo", None)
"""What replaces a model's name, most of the time; None leaves what was made up."""
SIZES = ("64x64", "96x64", None)


def _png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


PNG = _png()


def _any_size(schemas: dict[str, Any]) -> None:
    for name in ("ImagesResponse", *EVENTS.values()):
        schemas[name]["properties"]["size"] = {"type": "string", "pattern": r"^(\d+x\d+|auto)$"}


def _any_quality(schemas: dict[str, Any]) -> None:
    for name in ("ImagesResponse", *EVENTS.values()):
        schemas[name]["properties"]["quality"]["enum"].append("auto")


def _no_usage(schemas: dict[str, Any]) -> None:
    for name in ("ImageGenCompletedEvent", "ImageEditCompletedEvent"):
        schemas[name]["required"].remove("usage")


DEVIATIONS: dict[str, Callable[[dict[str, Any]], None]] = {
    "engines here make any size, so an answer names any": _any_size,
    "engines here know no quality, so an answer may say auto": _any_quality,
    "nothing here is counted in tokens, so an answer has no usage": _no_usage,
}
"""What is loosened in OpenAI's schemas of answers; besides:

- answers always carry `b64_json`, also where `response_format` is `url`, which is optional there;
- an unknown model is a 404, a size that a model cannot do a 400: OpenAI describes no error at all;
- an edit in JSON, whose pictures are addresses or files of OpenAI, is a 400.
"""
EVENTS = {
    "image_generation.partial_image": "ImageGenPartialImageEvent",
    "image_generation.completed": "ImageGenCompletedEvent",
    "image_edit.partial_image": "ImageEditPartialImageEvent",
    "image_edit.completed": "ImageEditCompletedEvent",
}


def loosened() -> dict[str, Any]:
    spec: dict[str, Any] = json.loads(SPEC.read_text("utf-8"))
    for loosen in DEVIATIONS.values():
        loosen(spec["components"]["schemas"])
    return spec


@contextmanager
def door() -> Iterator[tuple[str, dict[str, str]]]:
    """Run a real door before a real demo engine in a thread; give its address and a token."""
    opened: list[tuple[str, dict[str, str]]] = []
    ready, done = threading.Event(), threading.Event()

    async def serve() -> None:
        async with demo_engine() as url, gateway() as g:
            g.lab.stand_in_for = set(g.lab.catalog)
            g.lab.is_ready("demo", url)
            opened.append((await g.doors.open_openai(), g.bearer()))
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(BOUND)
        yield opened[0]
    finally:
        done.set()
        thread.join(BOUND)


@pytest.fixture(scope="module")
def at() -> Iterator[tuple[str, dict[str, str]]]:
    with door() as opened:
        yield opened


SCHEMA = schemathesis.openapi.from_dict(loosened())
BOUNDED = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


def ask(case: Case[Any], at: tuple[str, dict[str, str]]) -> int:
    """Send a case; check its answer against the description; return the status."""
    base, proof = at
    answer = case.call(base_url=base, headers=proof, timeout=BOUND)
    case.validate_response(answer, checks=[not_a_server_error])
    if answer.status_code == 200:
        checks = [content_type_conformance]
        if "event-stream" not in str(answer.headers.get("content-type")):
            checks.append(response_schema_conformance)
        case.validate_response(answer, checks=checks)
    else:
        assert answer.status_code in (400, 401, 404, 405, 413), answer.text
        error = answer.json()["error"]
        assert set(error) >= {"message", "type", "param", "code", "remedy"}
        assert error["type"] == "invalid_request_error"
        assert error["message"]
    return int(answer.status_code)


def bounded(case: Case[Any], model: str | None, size: str | None) -> Case[Any]:
    """Let a case ask for something that this machine makes quickly."""
    body: Any = case.body
    if isinstance(body, dict):
        if model is not None:
            body["model"] = model
        if size is not None or body.get("size") in (None, "auto"):
            body["size"] = size or "64x64"
        if isinstance(body.get("n"), int):
            body["n"] = min(body["n"], 2)
    return case


def test_generations_answer_as_described(at: tuple[str, dict[str, str]]) -> None:
    statuses: list[int] = []
    made = SCHEMA["/images/generations"]["POST"].as_strategy(FITTING)

    @BOUNDED
    @given(case=made, model=st.sampled_from(MODELS), size=st.sampled_from(SIZES))
    def run(case: Case[Any], model: str | None, size: str | None) -> None:
        statuses.append(ask(bounded(case, model, size), at))

    run()
    assert statuses.count(200) >= 10
    assert 400 in statuses


def test_what_does_not_fit_the_description_is_no_error_of_ours(
    at: tuple[str, dict[str, str]],
) -> None:
    statuses: list[int] = []
    made = SCHEMA["/images/generations"]["POST"].as_strategy(WRONG)

    @BOUNDED
    @given(case=made)
    def run(case: Case[Any]) -> None:
        statuses.append(ask(bounded(case, None, None), at))

    run()
    assert statuses.count(400) >= 30


EDITS = SCHEMA["/images/edits"]["POST"]


def test_edits_answer_as_described(at: tuple[str, dict[str, str]]) -> None:
    statuses: list[int] = []
    forms = EDITS.as_strategy(FITTING).filter(lambda case: case.media_type != "application/json")

    @BOUNDED
    @given(
        case=forms,
        model=st.sampled_from(MODELS),
        size=st.sampled_from(SIZES),
        image=st.sampled_from([PNG, PNG, None]),
        prompt=st.sampled_from(["a fox", None]),
    )
    def run(
        case: Case[Any],
        model: str | None,
        size: str | None,
        image: bytes | None,
        prompt: str | None,
    ) -> None:
        body: Any = bounded(case, model, size).body
        if image is not None:
            body["image"] = image
            body.pop("mask", None)
        if prompt is not None:
            body["prompt"] = prompt
        statuses.append(ask(case, at))

    run()
    assert statuses.count(200) >= 5
    assert 400 in statuses


def test_edits_that_do_not_fit_are_no_error_of_ours(at: tuple[str, dict[str, str]]) -> None:
    statuses: list[int] = []

    @BOUNDED
    @given(case=EDITS.as_strategy(WRONG))
    def run(case: Case[Any]) -> None:
        statuses.append(ask(bounded(case, None, None), at))

    run()
    assert statuses.count(400) >= 30


def test_models_answer_as_described(at: tuple[str, dict[str, str]]) -> None:
    every = SCHEMA["/models"]["GET"].as_strategy(FITTING)
    one = SCHEMA["/models/{model}"]["GET"].as_strategy(FITTING)
    names = [info["id"] for info in requests.get(f"{at[0]}/models", headers=at[1]).json()["data"]]
    statuses: list[int] = []

    @settings(BOUNDED, max_examples=5)
    @given(case=every)
    def listed(case: Case[Any]) -> None:
        assert ask(case, at) == 200

    @BOUNDED
    @given(case=one, name=st.sampled_from([None, *names]))
    def found(case: Case[Any], name: str | None) -> None:
        if name is not None:
            case.path_parameters["model"] = name
        statuses.append(ask(case, at))

    listed()
    found()
    assert {200, 404} <= set(statuses)


@pytest.mark.parametrize("kind", ["generations", "edits"])
def test_each_event_of_a_stream_is_as_described(kind: str, at: tuple[str, dict[str, str]]) -> None:
    base, proof = at
    order = {"model": "gpt-image-2", "prompt": "a fox", "size": "64x64"}
    order |= {"stream": "true", "partial_images": "2"}
    url = f"{base}/images/{kind}"
    if kind == "edits":
        answer = requests.post(
            url, data=order, files={"image": ("a.png", PNG)}, headers=proof, timeout=BOUND
        )
    else:
        typed = {**order, "stream": True, "partial_images": 2}
        answer = requests.post(url, json=typed, headers=proof, timeout=BOUND)
    assert answer.status_code == 200, answer.text
    schemas = loosened()
    seen = []
    for block in answer.text.strip().split("\n\n"):
        lines = [line for line in block.split("\n") if not line.startswith(":")]
        name, data = lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))
        schema = {"$ref": f"#/components/schemas/{EVENTS[name]}", **schemas}
        Draft202012Validator(schema).validate(data)
        seen.append(name.rpartition(".")[2])
    assert seen[-1] == "completed"
    assert "partial_image" in seen


def test_the_cut_out_is_small_and_bears_its_licence() -> None:
    assert SPEC.stat().st_size < 200_000
    assert "MIT" in (SPEC.parent / "LICENSE").read_text("utf-8")
    assert "openai/openai-openapi" in json.loads(SPEC.read_text("utf-8"))["info"]["description"]
