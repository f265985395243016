"""Which text calls pass: no field may name another model, a tool, a file, or keep something."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image

from coursia_genai_lab.engines.text_prices import TextPrice, listed_price, openai_price, told_cost
from coursia_genai_lab.errors import InvalidRequest, NotAllowed
from coursia_genai_lab.gateway.text_order import TextOrder, read_text_order
from coursia_genai_lab.lab.rules import TextRules

CHAT, RESPONSES, EMBEDDINGS = "/v1/chat/completions", "/v1/responses", "/v1/embeddings"
RULES = TextRules(("gpt-4o*", "openrouter/*", "text-embedding-3-*"), 1000, 100)
HELLO = [{"role": "user", "content": "hello"}]
PRICE = TextPrice(2.0, 8.0)


def read(path: str, given: dict[str, Any], rules: TextRules = RULES) -> TextOrder:
    return read_text_order(path, json.dumps(given).encode(), rules)


def chat(**more: Any) -> TextOrder:
    return read(CHAT, {"model": "gpt-4o-mini", "messages": HELLO, **more})


def response(**more: Any) -> TextOrder:
    return read(RESPONSES, {"model": "gpt-4o-mini", "input": "hello", **more})


def sent(order: TextOrder) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(order.sent("somebody", PRICE))
    return body


def picture(kind: str = "PNG", **more: Any) -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 30, 30)).save(out, kind, **more)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"


def shown(url: str) -> list[dict[str, Any]]:
    part = {"type": "image_url", "image_url": {"url": url}}
    return [{"role": "user", "content": [{"type": "text", "text": "what is it?"}, part]}]


# -- models ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "service", "model"),
    [
        ("gpt-4o-mini", "openai", "gpt-4o-mini"),
        ("openrouter/anthropic/claude-haiku-4.5", "openrouter", "anthropic/claude-haiku-4.5"),
        ("anthropic/claude-haiku-4.5", "openrouter", "anthropic/claude-haiku-4.5"),
        ("google/gemma-4:free", "openrouter", "google/gemma-4:free"),
    ],
)
def test_a_models_name_tells_who_is_asked(name: str, service: str, model: str) -> None:
    asked = chat(model=name).asked
    assert (asked.service, asked.model) == (service, model)


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        7,
        ["gpt-4o"],
        "gpt-4o:online",
        "openai/gpt-4o:online",
        "openai/gpt-4o:nitro",
        "@preset/mine",
        "~anthropic/claude-latest",
        "ft:gpt-4o:me::1",
        "openrouter/gpt-4o",
        "a/b/c",
        "../x",
        "gpt-4o?x=1",
        "gpt-4o\r\nx: y",
        "x" * 300,
    ],
)
def test_a_name_that_may_mean_more_than_one_model_is_refused(name: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        chat(model=name)
    assert (refused.value.error_code, refused.value.param) == ("invalid_value", "model")


def test_only_models_of_the_policy_may_be_asked_and_none_by_default() -> None:
    with pytest.raises(NotAllowed) as refused:
        chat(model="gpt-5")
    assert refused.value.error_code == "text_model_not_allowed"
    assert "gpt-4o*" in refused.value.remedy
    with pytest.raises(NotAllowed) as off:
        read(CHAT, {"model": "gpt-4o", "messages": HELLO}, TextRules())
    assert off.value.error_code == "text_off"
    assert "text_models" in off.value.remedy


# -- fields ----------------------------------------------------------------------------------------

REFUSED_IN_CHAT: dict[str, Any] = {
    "models": ["openai/gpt-5"],
    "route": "fallback",
    "provider": {"order": ["x"]},
    "plugins": [{"id": "web"}],
    "transforms": ["middle-out"],
    "preset": "mine",
    "web_search_options": {},
    "store": True,
    "metadata": {"a": "b"},
    "service_tier": "priority",
    "n": 2,
    "prediction": {"type": "content", "content": "x"},
    "modalities": ["text", "image"],
    "audio": {"voice": "x"},
    "image_config": {},
    "usage": {"include": False},
    "best_of": 3,
    "some_field_of_tomorrow": 1,
}


@pytest.mark.parametrize("name", REFUSED_IN_CHAT)
def test_a_field_of_a_chat_that_does_not_pass_is_named(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        chat(**{name: REFUSED_IN_CHAT[name]})
    assert (refused.value.error_code, refused.value.param) == ("field_refused", name)
    assert refused.value.remedy


REFUSED_IN_RESPONSES: dict[str, Any] = {
    "store": True,
    "background": True,
    "previous_response_id": "resp_1",
    "conversation": "conv_1",
    "prompt": {"id": "pmpt_1"},
    "metadata": {"a": "b"},
    "truncation": "odd",
    "service_tier": "flex",
    "include": ["file_search_call.results"],
    "max_tool_calls": 3,
    "context_management": [{"type": "compaction"}],
    "models": ["x"],
}


@pytest.mark.parametrize("name", REFUSED_IN_RESPONSES)
def test_a_field_of_a_response_that_does_not_pass_is_named(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        response(**{name: REFUSED_IN_RESPONSES[name]})
    assert (refused.value.error_code, refused.value.param) == ("field_refused", name)


@pytest.mark.parametrize(
    "kind",
    [
        *("web_search", "web_search_preview", "file_search", "mcp", "computer_use_preview"),
        *("code_interpreter", "image_generation", "local_shell", "shell", "apply_patch", "custom"),
        *("openrouter:web_search", "tool_search", "namespace", "", None, 3),
    ],
)
def test_tools_that_a_provider_would_run_are_refused(kind: Any) -> None:
    tool = {"type": kind, "name": "x", "server_url": "https://example.invalid"}
    for call in (chat, response):
        with pytest.raises(InvalidRequest) as refused:
            call(tools=[tool])
        assert refused.value.error_code == "field_refused"
        with pytest.raises(InvalidRequest):
            call(tool_choice={"type": kind or "x"})


def test_the_form_of_an_answer_brings_nothing_else_along() -> None:
    schema = {"name": "fox", "schema": {"type": "object"}, "strict": True}
    asked = {"type": "json_schema", "json_schema": schema}
    assert sent(chat(response_format=asked))["response_format"] == asked
    form = {"format": {"type": "json_schema", **schema}}
    assert sent(response(text=form))["text"] == form
    for more in ({"plugins": [{"id": "web"}]}, {"model": "gpt-5"}, {"url": "http://x.invalid"}):
        with pytest.raises(InvalidRequest) as refused:
            chat(response_format={**asked, **more})
        assert refused.value.error_code == "field_refused"
        with pytest.raises(InvalidRequest):
            response(text={"format": {**form["format"], **more}})


def test_functions_pass_as_they_are() -> None:
    function = {"name": "add", "description": "adds", "parameters": {"type": "object"}}
    tools = [{"type": "function", "function": function}]
    choice = {"type": "function", "function": {"name": "add"}}
    body = sent(chat(tools=tools, tool_choice=choice, parallel_tool_calls=False))
    assert (body["tools"], body["tool_choice"]) == (tools, choice)
    flat = [{"type": "function", **function}]
    assert sent(response(tools=flat, tool_choice="auto"))["tools"] == flat


def test_what_the_sdks_write_back_of_an_answer_passes() -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    answer = {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "annotations": [],
        "audio": None,
        "function_call": None,
        "tool_calls": [call],
    }
    result = {"role": "tool", "tool_call_id": "call_1", "content": "3"}
    body = sent(chat(messages=[*HELLO, answer, result]))
    assert body["messages"][1] == {"role": "assistant", "tool_calls": [call]}
    said: dict[str, Any] = {
        "type": "output_text",
        "text": "hi",
        "annotations": [],
        "logprobs": None,
    }
    items = [
        {"type": "message", "role": "assistant", "id": "msg_1", "content": [said]},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abc"},
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": ""},
    ]
    passed = sent(response(input=items))["input"]
    assert [one.get("id") for one in passed] == [None, "rs_1", None, None]
    assert passed[0]["content"] == [{"type": "output_text", "text": "hi"}]
    assert passed[1]["summary"] == []
    assert passed[3]["output"] == ""


@pytest.mark.parametrize(
    "item",
    [
        {"type": "item_reference", "id": "msg_1"},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "web_search_call", "id": "ws_1"},
        {"type": "mcp_approval_response", "approve": True},
        {"type": "computer_call_output", "call_id": "c", "output": {}},
        {"type": "message", "role": "user", "content": [{"type": "input_file", "file_id": "f"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_image", "file_id": "f"}]},
        {"type": "message", "role": "user", "content": [{"type": "input_audio"}]},
        {"role": "user", "content": [{"type": "input_file", "file_url": "https://x.invalid"}]},
    ],
)
def test_items_that_refer_to_what_a_provider_keeps_are_refused(item: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        response(input=[item])
    assert refused.value.error_code == "field_refused"


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "audio": {"id": "audio_1"}},
        {"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "x"}}]},
        {"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {"a": 1}}]},
        {"role": "assistant", "tool_calls": [{"type": "custom", "custom": {}}]},
        {"role": "user", "content": "x", "some_field_of_tomorrow": 1},
    ],
)
def test_parts_of_messages_that_do_not_pass_are_refused(message: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        chat(messages=[message])
    assert refused.value.error_code == "field_refused"


# -- pictures --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://example.invalid/fox.png",
        "http://127.0.0.1:8888/api",
        "file:///etc/passwd",
        "data:text/html;base64,PGI+",
        "data:image/png,plain",
        "data:image/png;base64,AAAA",
        "data:image/svg+xml;base64,PHN2Zy8+",
    ],
)
def test_addresses_and_what_is_no_picture_are_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        chat(messages=shown(url))
    item = {"role": "user", "content": [{"type": "input_image", "image_url": url}]}
    with pytest.raises(InvalidRequest):
        response(input=[item])


def test_pictures_go_on_without_what_their_files_hide() -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    order = chat(messages=shown(picture("JPEG", exif=exif)))
    url = sent(order)["messages"][0]["content"][1]["image_url"]["url"]
    data = base64.b64decode(url.partition(",")[2])
    assert data.startswith(b"\x89PNG")
    assert b"where I live" not in data
    assert order.pictures == 1
    assert order.characters < 200, "pictures are counted apart"
    with pytest.raises(InvalidRequest):
        chat(messages=shown(picture()) * 9)


def test_text_that_looks_like_a_picture_counts_as_text() -> None:
    with pytest.raises(InvalidRequest) as refused:
        chat(messages=[{"role": "user", "content": "data:image/png;base64," + "A" * 2000}])
    assert refused.value.error_code == "text_too_long"


# -- caps and what is sent -------------------------------------------------------------------------


def test_what_is_sent_is_bounded_wherever_it_stands() -> None:
    long = "x" * 1001
    for more in (
        {"messages": [{"role": "user", "content": long}]},
        {"tools": [{"type": "function", "function": {"name": "f", "description": long}}]},
        {"stop": long},
    ):
        with pytest.raises(InvalidRequest) as refused:
            chat(**more)
        assert refused.value.error_code == "text_too_long"
    with pytest.raises(InvalidRequest):
        read(EMBEDDINGS, {"model": "text-embedding-3-small", "input": list(range(1000))})


def test_output_is_capped_and_usage_forced_and_nothing_is_kept() -> None:
    body = sent(chat(stream=True))
    assert body["max_completion_tokens"] == 100
    assert body["stream_options"] == {"include_usage": True}
    assert body["service_tier"] == "default"
    assert body["safety_identifier"] == "somebody"
    assert sent(chat(max_tokens=10_000))["max_completion_tokens"] == 100
    assert sent(chat(max_tokens=7, user="ada"))["max_completion_tokens"] == 7
    assert "user" not in sent(chat(user="ada"))
    body = sent(response())
    assert (body["store"], body["max_output_tokens"]) == (False, 100)
    routed = sent(chat(model="anthropic/claude-haiku-4.5"))
    assert routed["max_tokens"] == 100
    assert routed["provider"] == {"max_price": {"prompt": 2.0, "completion": 8.0}}
    assert routed["usage"] == {"include": True}


def test_embeddings_pass_as_text_or_tokens() -> None:
    for given in ("hello", ["hello", "you"], [1, 2, 3], [[1, 2], [3]]):
        body = sent(read(EMBEDDINGS, {"model": "text-embedding-3-small", "input": given}))
        assert body == {"model": "text-embedding-3-small", "input": given, "user": "somebody"}
    wrongs: list[Any] = [None, [], [{}], [True], 3, [[["a"]]]]
    for wrong in wrongs:
        with pytest.raises(InvalidRequest):
            read(EMBEDDINGS, {"model": "text-embedding-3-small", "input": wrong})
    with pytest.raises(InvalidRequest):
        read(EMBEDDINGS, {"model": "text-embedding-3-small", "input": "x", "stream": True})


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b'{"a":' * 200 + b"1" + b"}" * 200])
def test_a_body_that_is_no_call_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidRequest):
        read_text_order(CHAT, body, RULES)


# -- prices ----------------------------------------------------------------------------------------


def test_a_call_is_reckoned_at_its_worst_and_counted_by_its_tokens() -> None:
    price = TextPrice(input=2.0, output=8.0, cached=0.5, cache_write=2.5)
    assert price.worst(1000, 100) == 2500 + 800
    assert price.spent(1000, 400, 10) == 600 * 2.5 + 400 * 0.5 + 80
    assert price.worst(300_000, 1) is None
    mini = openai_price("gpt-4o-mini-2024-07-18")
    assert mini is not None
    assert mini.output == 0.60
    assert openai_price("gpt-4o-search-preview") is None
    assert openai_price("gpt-4o-mini-2024-07-18-x") is None


def test_a_list_that_says_it_depends_or_says_nonsense_is_no_price() -> None:
    told = {"prompt": "0.000001", "completion": "0.000004", "request": "0.01", "image": "0"}
    price = listed_price({"pricing": told})
    assert price is not None
    assert (price.input, price.output, price.call) == (1.0, 4.0, 0.01)
    for wrong in ("-1", "nan", "inf", "x", None, True):
        assert listed_price({"pricing": {**told, "prompt": wrong}}) is None
    rows: list[dict[str, Any]] = [{}, {"pricing": None}, {"pricing": []}]
    for row in [*rows, {"pricing": {"prompt": "1"}}]:
        assert listed_price(row) is None
    assert told_cost({"cost": 0.00012}) == 120
    assert told_cost({"cost": -1}) is None
    assert told_cost({"cost": "free"}) is None
