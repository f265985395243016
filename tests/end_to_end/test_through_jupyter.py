"""The OpenAI API through Jupyter's own address, with the real SDK and a real server."""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from jupyter_process import TOKEN, JupyterProcess
from PIL import Image

from coursia_genai_lab.client import Access, Door, Picture, Step
from coursia_genai_lab.wire.images import GenerationRequest

pytestmark = pytest.mark.server
SECONDS = 120
KERNEL_TOKEN_START = "cgl_"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A server whose demo engine takes a quarter of a second a step."""
    traits = {"GenAILab": {"mode": "demo", "demo_seconds_per_step": 0.25}}
    with JupyterProcess.start(tmp_path_factory.mktemp("through"), traits=traits) as server:
        yield server


def root(jupyter: JupyterProcess) -> str:
    return f"{jupyter.base_url}coursia-genai/openai/v1"


@pytest.fixture
def sdk(jupyter: JupyterProcess) -> Iterator[openai.OpenAI]:
    """The SDK as a script has it that knows Jupyter's address and token."""
    headers = {"Authorization": f"token {TOKEN}"}
    http = httpx.Client(trust_env=False, timeout=SECONDS)
    with openai.OpenAI(
        base_url=root(jupyter),
        api_key="unused",
        default_headers=headers,
        max_retries=0,
        http_client=http,
    ) as client:
        yield client


def picture(text: str | None) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(text or "")))


def test_the_sdk_lists_makes_and_edits(sdk: openai.OpenAI) -> None:
    assert "demo" in {model.id for model in sdk.models.list()}
    made = sdk.images.generate(
        model="demo", prompt="a red fox", size="256x256", extra_body={"steps": 1}
    )
    assert made.data is not None
    first = picture(made.data[0].b64_json)
    assert first.size == (256, 256)
    out = io.BytesIO()
    first.save(out, "PNG")
    changed = sdk.images.edit(
        model="demo",
        image=("fox.png", out.getvalue(), "image/png"),
        prompt="a blue fox",
        size="256x256",
        extra_body={"steps": 1},
    )
    assert changed.data is not None
    assert picture(changed.data[0].b64_json).size == (256, 256)


def test_jupyters_token_may_also_stand_where_the_sdk_has_its_key(jupyter: JupyterProcess) -> None:
    http = httpx.Client(trust_env=False, timeout=SECONDS)
    with openai.OpenAI(base_url=root(jupyter), api_key=TOKEN, http_client=http) as client:
        assert client.models.retrieve("demo").id == "demo"


def test_a_stream_comes_step_by_step_and_not_at_the_end(jupyter: JupyterProcess) -> None:
    with Door(Access(root(jupyter), TOKEN, scheme="token")) as door:
        request = GenerationRequest(prompt="a fox", model="demo", size="64x64", steps=6)
        events = door.stream(request)
        first = next(event for event in events if isinstance(event, Step) and event.step)
        # Five steps of a quarter of a second are still to come: nobody has finished the picture.
        status = jupyter.api("GET", "coursia-genai/api/v1/status")
        holders = [holder["kind"] for one in status["services"] for holder in one["holders"]]
        assert "job" in holders
        assert first.steps == 6
        assert isinstance(list(events)[-1], Picture)


def test_the_sdk_streams_too(sdk: openai.OpenAI) -> None:
    stream = sdk.images.generate(
        model="demo",
        prompt="a red fox",
        size="256x256",
        stream=True,
        partial_images=2,
        extra_body={"steps": 4},
    )
    assert [event.type for event in stream] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]


def test_a_caller_who_leaves_ends_the_job(jupyter: JupyterProcess) -> None:
    def working() -> bool:
        status = jupyter.api("GET", "coursia-genai/api/v1/status")
        return any(
            holder["kind"] == "job" for one in status["services"] for holder in one["holders"]
        )

    request = GenerationRequest(prompt="a fox", model="demo", size="64x64", steps=150)
    with Door(Access(root(jupyter), TOKEN, scheme="token")) as door:
        events = door.stream(request)
        next(event for event in events if isinstance(event, Step) and event.step)
        assert working()
        events.close()
    jupyter.wait_until("the job has gone", lambda: not working())


def test_a_caller_who_leaves_before_the_answer_begins_ends_the_job_too(
    jupyter: JupyterProcess,
) -> None:
    wish = {"prompt": "a fox", "model": "demo", "size": "64x64", "steps": 150}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{root(jupyter)}/images/generations",
            json=wish,
            headers={"Authorization": f"token {TOKEN}"},
            timeout=httpx.Timeout(SECONDS, read=1),
            trust_env=False,
        )

    def idle() -> bool:
        status = jupyter.api("GET", "coursia-genai/api/v1/status")
        return not any(
            holder["kind"] == "job" for one in status["services"] for holder in one["holders"]
        )

    jupyter.wait_until("the job has gone", idle)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "token wrong"},
        {"Authorization": f"Bearer {KERNEL_TOKEN_START}{'x' * 43}"},
        {"Cookie": "username-127-0-0-1=nobody"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_anonymous_callers_are_refused(
    jupyter: JupyterProcess, method: str, headers: dict[str, str]
) -> None:
    answer = httpx.request(
        method,
        f"{root(jupyter)}/images/generations",
        headers=headers,
        timeout=SECONDS,
        trust_env=False,
    )
    assert answer.status_code == 403
    assert set(answer.json()["error"]) >= {"message", "type", "code", "param"}


@pytest.fixture
def browser(jupyter: JupyterProcess) -> Iterator[httpx.Client]:
    """A browser that has signed in: it sends its cookie, and no token."""
    with httpx.Client(trust_env=False, timeout=SECONDS, follow_redirects=True) as signed_in:
        signed_in.get(f"{jupyter.base_url}api/status", params={"token": TOKEN})
        assert signed_in.cookies
        yield signed_in


def test_a_page_of_jupyter_may_call_and_one_of_elsewhere_may_not(
    jupyter: JupyterProcess, browser: httpx.Client
) -> None:
    url = f"{root(jupyter)}/models"
    assert browser.get(url).status_code == 200
    foreign = browser.get(url, headers={"Origin": "https://evil.example"})
    assert foreign.status_code in (403, 404)
    wish = {"prompt": "x", "model": "demo", "size": "64x64", "steps": 1}
    make = f"{root(jupyter)}/images/generations"
    assert browser.post(make, json=wish).status_code == 403
    browser.get(f"{jupyter.base_url}login")
    xsrf = {"X-XSRFToken": browser.cookies["_xsrf"]}
    assert browser.post(make, json=wish, headers=xsrf).status_code == 200


def raw_post(jupyter: JupyterProcess, headers: dict[str, str]) -> tuple[int, Any]:
    """Send the head of a request and no body; return status and JSON of the answer."""
    parts = urlsplit(root(jupyter))
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.putrequest("POST", f"{parts.path}/images/edits")
        for name, value in {"Authorization": f"token {TOKEN}", **headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_a_body_that_is_too_large_is_refused_before_it_comes(jupyter: JupyterProcess) -> None:
    status, answer = raw_post(jupyter, {"Content-Length": str(400 * 2**20)})
    assert (status, answer["error"]["code"]) == (413, "request_too_large")


def test_a_body_in_pieces_is_counted(jupyter: JupyterProcess) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(112):
            yield bytes(2**20)

    answer = httpx.post(
        f"{root(jupyter)}/images/edits",
        content=endless(),
        headers={"Authorization": f"token {TOKEN}"},
        timeout=SECONDS,
        trust_env=False,
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")


def test_no_token_is_told_or_logged(jupyter: JupyterProcess) -> None:
    told = httpx.get(
        f"{root(jupyter)}/coursia/status",
        headers={"Authorization": f"token {TOKEN}"},
        timeout=SECONDS,
        trust_env=False,
    )
    assert told.status_code == 200
    assert TOKEN not in told.text
    assert "cgl_" not in told.text
    assert "cgl_" not in jupyter.log_file.read_text(encoding="utf-8")
