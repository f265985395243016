"""The fields of text calls: for each address those that pass, and what each may hold.

Whatever is not listed is refused, so a new field of a provider stays shut until somebody has looked
at what it does. What is null or empty says nothing, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .text_messages import Pictures, items, messages
from .text_refusals import DEARER, ELSEWHERE, FILES, STATE, TOOLS, refused, wrong

Fields = dict[str, Any]
Check = Callable[[str, Any], Any]
"""Takes name and value, returns what is sent on; None leaves it out. Raises InvalidRequest."""
MOST_TOKENS = 10_000_000
_FORMATS = ("text", "json_object", "json_schema")
_FORMAT = frozenset({"type", "json_schema", "name", "description", "schema", "strict"})
_CHOICES = ("none", "auto", "required")
_FUNCTION = frozenset({"type", "function", "name", "description", "parameters", "strict"})


def _number(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong(name, "must be a number")
    return value


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < MOST_TOKENS:
        raise wrong(name, "must be a whole number above 0")
    return value


def _switch(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise wrong(name, "must be true or false")
    return value


def _word(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > 100:
        raise wrong(name, "must be a word")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise wrong(name, "must be a text")
    return value


def _stop(name: str, value: Any) -> Any:
    several = value if isinstance(value, list) else [value]
    return [_text(name, one) for one in several] if isinstance(value, list) else _text(name, value)


def _biases(name: str, value: Any) -> Any:
    if not isinstance(value, dict):
        raise wrong(name, "must be an object")
    return {str(key): _number(name, one) for key, one in value.items()}


def only(allowed: tuple[Any, ...], why: str, *, sent: bool = False) -> Check:
    """Return a check that lets values pass which change nothing; `sent` sends them on."""

    def check(name: str, value: Any) -> Any:
        # 1 and True are equal, and mean different things here.
        if not any(value == one and type(value) is type(one) for one in allowed):
            raise refused(name, why)
        return value if sent else None

    return check


def keys(*known: str) -> Check:
    """Return a check that lets an object of words and switches pass."""

    def check(name: str, value: Any) -> Fields:
        if not isinstance(value, dict):
            raise wrong(name, "must be an object")
        kept = {key: one for key, one in value.items() if one is not None}
        for key, one in kept.items():
            if key not in known or not isinstance(one, (str, bool)):
                raise refused(f"{name}.{key}")
        return kept

    return check


def _left_out(name: str, value: Any) -> None:
    """Take what the Lab replaces by its own word, such as who asks."""


def _format(name: str, value: Any) -> Any:
    if not isinstance(value, dict) or value.get("type") not in _FORMATS:
        raise refused(name)
    if unknown := value.keys() - _FORMAT:
        raise refused(f"{name}.{min(unknown)}")
    return value


def _writing(name: str, value: Any) -> Fields:
    if not isinstance(value, dict) or not value.keys() <= {"format", "verbosity"}:
        raise refused(name)
    kept: Fields = {}
    if value.get("format") is not None:
        kept["format"] = _format("text.format", value["format"])
    if value.get("verbosity") is not None:
        kept["verbosity"] = _word("text.verbosity", value["verbosity"])
    return kept


def _tools(name: str, value: Any) -> list[Fields]:
    if not isinstance(value, list):
        raise wrong(name, "must be a list")
    for one in value:
        if not isinstance(one, dict) or one.get("type") != "function":
            raise refused(name, TOOLS)
        if not one.keys() <= _FUNCTION or not isinstance(one.get("function", {}), dict):
            raise refused(name, TOOLS)
        if not one.get("function", {}).keys() <= _FUNCTION:
            raise refused(name, TOOLS)
    return value


def _functions(name: str, value: Any) -> list[Fields]:
    if not isinstance(value, list) or not all(
        isinstance(one, dict) and one.keys() <= _FUNCTION - {"type", "function"} for one in value
    ):
        raise refused(name, TOOLS)
    return value


def _choice(name: str, value: Any) -> Any:
    if value in _CHOICES:
        return value
    if isinstance(value, dict) and value.keys() <= {"type", "function", "name"}:
        inner = value.get("function", {})
        named = isinstance(inner, dict) and inner.keys() <= {"name"}
        if named and value.get("type", "function") == "function":
            return value
    raise refused(name, TOOLS)


def _included(name: str, value: Any) -> list[str]:
    known = ("reasoning.encrypted_content", "message.output_text.logprobs")
    if not isinstance(value, list) or any(one not in known for one in value):
        raise refused(name)
    return value


def _embedded(name: str, value: Any) -> Any:
    """Let a text pass, or a list of texts, or tokens as numbers, or a list of lists of them."""
    if isinstance(value, str):
        return value
    rows = value if isinstance(value, list) else []
    for one in rows:
        numbers = one if isinstance(one, list) else [one]
        tokens = all(isinstance(n, int) and not isinstance(n, bool) for n in numbers)
        if not (isinstance(one, str) or tokens):
            raise wrong(name, "must be texts or tokens")
    if not rows:
        raise wrong(name, "must be texts or tokens")
    return value


_REPLACED: Mapping[str, Check] = {
    **dict.fromkeys(("user", "safety_identifier", "prompt_cache_key"), _left_out),
    "prompt_cache_retention": _left_out,
}
_SAMPLING: Mapping[str, Check] = {
    **dict.fromkeys(("temperature", "top_p", "top_logprobs"), _number),
    "parallel_tool_calls": _switch,
    "stream": _switch,
    "tools": _tools,
    "tool_choice": _choice,
    "store": only((False,), STATE),
    "service_tier": only(("auto", "default"), DEARER),
}
CHAT: Mapping[str, Check] = {
    **_REPLACED,
    **_SAMPLING,
    **dict.fromkeys(("top_k", "min_p", "top_a", "seed"), _number),
    **dict.fromkeys(("frequency_penalty", "presence_penalty", "repetition_penalty"), _number),
    "stop": _stop,
    "logit_bias": _biases,
    "logprobs": _switch,
    "response_format": _format,
    **dict.fromkeys(("reasoning_effort", "verbosity"), _word),
    "reasoning": keys("effort", "exclude", "enabled"),
    "functions": _functions,
    "function_call": _choice,
    "stream_options": keys("include_usage", "include_obfuscation"),
    "n": only((1,), DEARER),
    "modalities": only((["text"],), FILES),
    **dict.fromkeys(("max_tokens", "max_completion_tokens"), _whole),
}
RESPONSES: Mapping[str, Check] = {
    **_REPLACED,
    **_SAMPLING,
    "instructions": _text,
    "text": _writing,
    "reasoning": keys("effort", "summary", "generate_summary"),
    "include": _included,
    "truncation": only(("auto", "disabled"), ELSEWHERE, sent=True),
    "background": only((False,), STATE),
    "stream_options": keys("include_obfuscation"),
    "max_output_tokens": _whole,
}
EMBEDDINGS: Mapping[str, Check] = {
    **_REPLACED,
    "input": _embedded,
    "encoding_format": _word,
    "dimensions": _whole,
}


def checked_fields(kind: str, given: Fields, pictures: Pictures) -> Fields:
    """Return what is sent on of a call of one kind, its model apart.

    Raises:
        InvalidRequest: code `field_refused` for what does not pass, `invalid_value` for nonsense.
    """
    table = {"chat": CHAT, "responses": RESPONSES, "embeddings": EMBEDDINGS}[kind]
    kept: Fields = {}
    for name, value in given.items():
        if name == "model" or value is None:
            continue
        if kind == "chat" and name == "messages":
            kept[name] = messages(value, pictures)
        elif kind == "responses" and name == "input":
            kept[name] = items(value, pictures)
        elif name not in table:
            raise refused(name)
        elif (found := table[name](name, value)) is not None:
            kept[name] = found
    needed = "messages" if kind == "chat" else "input"
    if needed not in kept:
        raise wrong(needed, "is missing")
    return kept
