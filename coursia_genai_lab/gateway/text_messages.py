"""What is said in a text call: its messages and items, of which only text and pictures pass."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from typing import Any

from .picture_heads import head_of
from .text_refusals import FILES, STATE, TOOLS, refused, wrong

Fields = dict[str, Any]
MOST_PICTURES = 8
MOST_PIXELS = 2**26
"""Of all pictures of a call."""
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_MESSAGE = frozenset(
    {
        *("role", "content", "name", "tool_calls", "tool_call_id", "refusal", "function_call"),
        *("reasoning", "reasoning_content", "reasoning_details", "phase"),
    }
)
_CALL = frozenset({"id", "type", "function", "index"})
_SAID = frozenset({"input_text", "output_text", "text", "refusal", "summary_text"})
_ITEMS = {
    "message": {"type", "role", "content", "status", "phase"},
    "function_call": {"type", "call_id", "name", "arguments", "status"},
    "function_call_output": {"type", "call_id", "output", "status"},
    "reasoning": {"type", "id", "summary", "content", "encrypted_content", "status"},
}


class Pictures:
    """Take pictures out of data: URLs and make them plain; nothing is fetched."""

    def __init__(self) -> None:
        self.count = 0
        self.urls: set[str] = set()
        """Those that were taken, as they are sent on."""
        self._pixels = 0

    def plain(self, url: object) -> str:
        """Return a picture as a data: URL of a PNG without whatever else its file held.

        Takes processor time.

        Raises:
            InvalidRequest: it is an address, no picture, or one too many or too large.
        """
        # Pillow is loaded by the first picture, not with the door.
        from .openai_pictures import upright_png

        if not isinstance(url, str) or not url.startswith("data:image/"):
            raise refused("image_url", FILES)
        head, _, text = url.partition(",")
        try:
            data = base64.b64decode(text, validate=True) if head.endswith(";base64") else b""
        except (binascii.Error, ValueError):
            data = b""
        self.count += 1
        if self.count > MOST_PICTURES:
            raise wrong("image_url", f"may be there at most {MOST_PICTURES} times")
        self._pixels += head_of(data, lambda what: wrong("image_url", what)).pixels
        if self._pixels > MOST_PIXELS:
            raise wrong("image_url", "has too many pixels together with the others")
        plain = base64.b64encode(upright_png(data, "image_url")).decode()
        self.urls.add(taken := f"data:image/png;base64,{plain}")
        return taken


def messages(value: Any, pictures: Pictures) -> list[Fields]:
    """Return the messages of a chat; raises InvalidRequest for what does not pass."""
    if not isinstance(value, list) or not value:
        raise wrong("messages", "must be a list of messages")
    return [_message(one, pictures) for one in value]


def items(value: Any, pictures: Pictures) -> Any:
    """Return the input of a response; raises InvalidRequest for what does not pass."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise wrong("input", "must be a text or a list of items")
    return [_item(one, pictures) for one in value]


def _message(one: Any, pictures: Pictures) -> Fields:
    told = _filled(one, "messages")
    _refuse_unknown(told, _MESSAGE, "messages")
    if told.get("role") not in ROLES:
        raise wrong("messages.role", "is unknown")
    if "content" in told:
        told["content"] = _content(told["content"], pictures)
    for call in _list(told.get("tool_calls"), "messages.tool_calls"):
        if not isinstance(call, dict) or call.get("type", "function") != "function":
            raise refused("messages.tool_calls", TOOLS)
        _refuse_unknown(call, _CALL, "messages.tool_calls")
    return told


def _item(one: Any, pictures: Pictures) -> Fields:
    told = _filled(one, "input")
    kind = told.get("type", "message")
    if kind == "item_reference":
        raise refused("input.item_reference", STATE)
    known = _ITEMS.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise refused(f"input.{kind}", TOOLS)
    if kind != "reasoning":
        # A name under which the provider may have kept it is not needed: it is sent whole.
        told.pop("id", None)
    elif not isinstance(told.get("encrypted_content"), str):
        raise refused("input.reasoning", STATE)
    _refuse_unknown(told, known, "input")
    if kind == "message" and told.get("role") not in ROLES:
        raise wrong("input.role", "is unknown")
    for name in ("content", "output", "summary"):
        if name in told:
            told[name] = _content(told[name], pictures)
    if kind == "reasoning":
        told.setdefault("summary", [])
    return told


def _content(value: Any, pictures: Pictures) -> Any:
    if isinstance(value, str):
        return value
    return [_part(one, pictures) for one in _list(value, "content")]


def _part(one: Any, pictures: Pictures) -> Fields:
    told = _filled(one, "content")
    kind = told.get("type")
    if kind in _SAID or kind == "reasoning_text":
        words = "refusal" if kind == "refusal" else "text"
        kept = {"type": kind, words: one.get(words, "")}
        if not isinstance(kept[words], str):
            raise wrong(f"content.{words}", "must be a text")
        _refuse_unknown(told, {"type", words, "annotations", "logprobs"}, "content")
        return kept
    if kind == "image_url":
        inner = _filled(told.get("image_url"), "image_url")
        _refuse_unknown(told, {"type", "image_url"}, "content")
        _refuse_unknown(inner, {"url", "detail"}, "image_url")
        return {"type": kind, "image_url": {**inner, "url": pictures.plain(inner.get("url"))}}
    if kind == "input_image":
        _refuse_unknown(told, {"type", "image_url", "detail"}, "content")
        return {**told, "image_url": pictures.plain(told.get("image_url"))}
    raise refused(f"content.{kind}", FILES)


def _filled(one: Any, name: str) -> Fields:
    """Return an object without what says nothing: SDKs write down every field that they know."""
    if not isinstance(one, dict):
        raise wrong(name, "must hold objects")
    return {key: value for key, value in one.items() if value not in (None, [], {})}


def _refuse_unknown(told: Fields, known: Iterable[str], where: str) -> None:
    for name in told.keys() - set(known):
        raise refused(f"{where}.{name}", None if name != "cache_control" else "it costs more")


def _list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong(name, "must be a list")
    return value
