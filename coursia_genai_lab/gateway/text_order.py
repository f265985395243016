"""Reads text calls: which provider and model, how much goes there, and what is sent on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..engines.text_prices import PICTURE_TOKENS, TextPrice
from ..lab.patterns import matches
from ..lab.rules import TextRules
from .json_bodies import json_object, refuse_deep
from .text_fields import checked_fields
from .text_messages import Pictures
from .text_refusals import not_allowed, switched_off, too_long, wrong

Kind = Literal["chat", "responses", "embeddings"]
PATHS: Mapping[str, Kind] = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/embeddings": "embeddings",
}
OPENROUTER = "openrouter"
OPENAI = "openai"
MOST_BYTES = 24 * 2**20
"""Of a call: eight pictures beside its text."""
OVERHEAD_TOKENS = 400
"""Of input that a provider adds, and then some."""
TOKENS_A_VALUE = 8
"""Of input for whatever is no text: numbers, names of fields."""
LONGEST_WORD = 20
"""What is longer, or more than a word, is somebody's own text, and no error repeats it."""
_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")
# A name after a colon (`:online`) lets OpenRouter search the web; a leading `~` or `@` chooses.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?(:free)?")


@dataclass(frozen=True)
class Asked:
    """Who is asked for a model, and by which name it is known there."""

    service: str
    model: str


@dataclass(frozen=True)
class TextOrder:
    """One checked call."""

    kind: Kind
    asked: Asked
    fields: dict[str, Any] = field(repr=False)
    """What is sent on, the model and what the Lab says itself apart."""
    characters: int
    pictures: int
    input_tokens: int
    """At most; none is shorter than a byte."""
    output_tokens: int
    """At most: what the caller wants, or the cap."""
    stream: bool
    wants_usage: bool
    """Whether the caller asked to be told the usage at the end of a stream."""
    texts: tuple[str, ...] = field(repr=False)
    """What no error may repeat."""

    def sent(self, person: str, price: TextPrice) -> bytes:
        """Return the body for the provider; `person` is a name that tells nobody who it is."""
        body: dict[str, Any] = {"model": self.asked.model, **self.fields}
        routed = self.asked.service == OPENROUTER
        if self.kind == "chat":
            body["max_tokens" if routed else "max_completion_tokens"] = self.output_tokens
            if self.stream:
                body["stream_options"] = {**body.get("stream_options", {}), "include_usage": True}
        elif self.kind == "responses":
            body["max_output_tokens"] = self.output_tokens
            # It would be kept for a month otherwise.
            body["store"] = False
        if routed:
            # Others that run the model may be dearer than the list says.
            most = {"prompt": price.input, "completion": price.output}
            body["provider"] = {"max_price": most}
            body["usage"] = {"include": True}
            body["user"] = person
        elif self.kind == "embeddings":
            body["user"] = person
        else:
            body["safety_identifier"] = person
            # The account may be set to a dearer one.
            body["service_tier"] = "default"
        return json.dumps(body).encode()


def read_model(value: object) -> Asked:
    """Return who is asked for a model.

    Raises:
        InvalidRequest: it is no name of one model.
    """
    name = value.strip() if isinstance(value, str) else ""
    inner = name.removeprefix(f"{OPENROUTER}/")
    if not _NAME.fullmatch(inner) or len(inner) > 200:
        raise wrong("model", "must be the name of one model")
    if "/" in inner:
        return Asked(OPENROUTER, inner)
    if inner != name or ":" in inner:
        raise wrong("model", "must be the name of one model, with its author")
    return Asked(OPENAI, inner)


def refuse_model(name: object, asked: Asked, rules: TextRules) -> None:
    """Return where a model may be asked.

    Raises:
        NotAllowed: code `text_off` or `text_model_not_allowed`.
    """
    if not rules.models:
        raise switched_off()
    known = {str(name), asked.model, f"{asked.service}/{asked.model}"}
    if not any(matches(one, rules.models) for one in known):
        raise not_allowed(asked.model, tuple(rules.models))


def read_text_order(path: str, sent: bytes, rules: TextRules) -> TextOrder:
    """Return a call that may be made; takes processor time, so call it in a thread.

    Raises:
        InvalidRequest: a field does not pass, or it says too much.
        NotAllowed: the model may not be asked.
    """
    kind = PATHS[path]
    given = json_object(sent)
    refuse_deep(given)
    asked = read_model(given.get("model"))
    refuse_model(given.get("model"), asked, rules)
    pictures = Pictures()
    fields = checked_fields(kind, given, pictures)
    wanted = [fields.pop(name) for name in _LIMITS if name in fields]
    size = _Size(pictures)
    size.take(fields)
    if size.characters > rules.max_input_characters:
        raise too_long(size.characters, rules.max_input_characters)
    return TextOrder(
        kind=kind,
        asked=asked,
        fields=fields,
        characters=size.characters,
        pictures=pictures.count,
        input_tokens=size.tokens + PICTURE_TOKENS * pictures.count + OVERHEAD_TOKENS,
        output_tokens=0 if kind == "embeddings" else min([*wanted, rules.max_output_tokens]),
        stream=bool(fields.get("stream")),
        wants_usage=bool(fields.get("stream_options", {}).get("include_usage")),
        texts=tuple(size.texts),
    )


class _Size:
    """How much a call says; its pictures apart."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        self.characters = self.tokens = 0
        self.texts: list[str] = []

    def take(self, value: Any) -> None:
        """Count everything within a value."""
        for one in _leaves(value):
            if not isinstance(one, str):
                self.characters += 4
                self.tokens += TOKENS_A_VALUE
            elif one not in self._pictures.urls:
                self.characters += len(one)
                self.tokens += len(one.encode("utf-8", "replace")) + TOKENS_A_VALUE
                if len(one) > LONGEST_WORD or (len(one) > 3 and not one.isidentifier()):
                    self.texts.append(one)


def _leaves(value: Any) -> Iterator[Any]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting.extend(one.keys())
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
        else:
            yield one
