"""The policy of a class: a TOML or JSON document, checked by pydantic.

It can narrow what the operator allows and nothing else: there is no field for a path, a command,
an address or a key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..catalog.fields import Line, ServiceName, Title
from ..catalog.lines import lines_of
from ..catalog.mistakes import Mistake, mistakes_of
from ..catalog.read import BadSpec, table_of, text_of
from ..wire.policy import Fallback, Mode, Quota, Scope, TextPolicy, Window
from ..wire.services import Role
from .rules import Rules, TextRules

Name = Annotated[Line, Field(min_length=1, max_length=200)]
Pattern = Annotated[Line, Field(min_length=1, max_length=300)]
Patterns = Annotated[list[Pattern], Field(max_length=500)]
Names = Annotated[list[Name], Field(max_length=5000)]
Cents = Annotated[float, Field(ge=0, le=100_000_000, allow_inf_nan=False)]


class _Part(BaseModel):
    # Strict about keys: a misspelt one would leave a limit out that somebody relies on.
    model_config = ConfigDict(extra="forbid", frozen=True)


class QuotaPart(_Part):
    """What may be used in one window. 0 allows nothing; what is left out has no limit."""

    scope: Scope
    """Whose use is counted: a person's, a group's, everybody's of the course, or all that one
    provider is paid for."""
    name: Annotated[Line, Field(max_length=200)] = "*"
    """A person, `@group` (each person of it), a group, or a provider; `*` is each by itself. Who
    is named is not counted under `*` as well."""
    window: Window = "day"
    """hour, day, week, month in UTC, or course: from its beginning."""
    pictures: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    gpu_seconds: Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)] | None = None
    cents: Cents | None = None
    """US cents."""

    @model_validator(mode="after")
    def _is_a_quota(self) -> QuotaPart:
        if self.scope == "course" and self.name not in ("*", ""):
            raise ValueError("is the course's and takes no name; leave it out")
        if not self.name and self.scope != "course":
            raise ValueError("needs a name, or `*` for each")
        limits = (self.pictures, self.gpu_seconds, self.cents)
        if self.name == "*" and all(one is None for one in limits):
            raise ValueError("needs pictures, gpu_seconds or cents, for it names nobody")
        return self


class TextPart(_Part):
    """What may be asked of text models beside pictures; the operator must allow them, too."""

    models: Patterns = Field(default_factory=list)
    """Models, with `*` for anything; empty: none."""
    max_input_characters: Annotated[int, Field(ge=1, le=10_000_000)] = (
        TextPolicy().max_input_characters
    )
    max_output_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = TextPolicy().max_output_tokens


class ProviderPart(_Part):
    """What holds for one cloud."""

    daily_cents: Cents
    """US cents that everybody together may spend there a day (UTC); 0: nothing is bought."""


class PolicyDocument(_Part):
    """The policy of a class."""

    schema_: str = Field(default="", alias="$schema", max_length=2000)
    """For editors; it is not read."""
    course: Title | None = None
    """What the class is called."""
    mode: Mode | None = None
    """auto, local, cloud, demo or off; `off` is final. Left out: the operator's."""
    fallback: Fallback | None = None
    """ask, auto or never, when a local service cannot answer."""
    queue_seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] | None = None
    """A wait in line that is expected to be longer counts as not to be had in time."""
    teachers: Names = Field(default_factory=list)
    """Who teaches: names, or `@group`."""
    groups: Annotated[dict[Name, Names], Field(max_length=1000)] = Field(default_factory=dict)
    """Group -> its members; a hub's groups need not be repeated."""
    models: dict[Role, Patterns] = Field(default_factory=dict)
    """Role -> the models that it may use, with `*` for anything; a role that is not named: all."""
    quotas: Annotated[list[QuotaPart], Field(max_length=2000)] = Field(default_factory=list)
    text: TextPart | None = None
    providers: Annotated[dict[ServiceName, ProviderPart], Field(max_length=200)] = Field(
        default_factory=dict
    )

    def to_rules(self) -> Rules:
        """Return the rules that doors ask."""
        return Rules(
            course=self.course or "",
            mode=self.mode,
            fallback=self.fallback,
            queue_seconds=self.queue_seconds,
            teachers=frozenset(self.teachers),
            groups={name: frozenset(members) for name, members in self.groups.items()},
            models={role: tuple(patterns) for role, patterns in self.models.items()},
            quotas=tuple(Quota(**quota.model_dump()) for quota in self.quotas),
            text=None
            if self.text is None
            else TextRules(
                models=tuple(self.text.models),
                max_input_characters=self.text.max_input_characters,
                max_output_tokens=self.text.max_output_tokens,
            ),
            daily_cents={name: part.daily_cents for name, part in self.providers.items()},
        )


def read_document(name: str, data: bytes) -> PolicyDocument:
    """Return the policy in the bytes of a file called `name`; what begins with `{` is JSON.

    Raises:
        BadSpec: it is no policy; the mistakes have line and field, in JSON the field alone.
    """
    text = text_of(name, data.removeprefix(b"\xef\xbb\xbf"))
    if not text.strip():
        # Most likely its writer has only begun; an empty policy would forbid nothing.
        raise BadSpec((Mistake(name, "is empty"),))
    as_json = text.lstrip().startswith("{")
    table = _json(name, text) if as_json else table_of(name, text)
    lines: Mapping[Any, int] = {} if as_json else lines_of(text)
    try:
        return PolicyDocument.model_validate(table)
    except ValidationError as error:
        raise BadSpec(
            mistakes_of(name, error, lines, shape=PolicyDocument, thing="policy")
        ) from None


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise BadSpec((Mistake(name, f"no JSON: {error.msg}", error.lineno),)) from None
    except _Twice as twice:
        raise BadSpec((Mistake(name, f"{twice} stands there twice", None, str(twice)),)) from None
    except (ValueError, RecursionError):
        message = "holds a number that is too long, or nests too deeply"
        raise BadSpec((Mistake(name, message),)) from None


class _Twice(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key[:100])
        found[key] = value
    return found
