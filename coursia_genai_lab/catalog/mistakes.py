"""What is wrong in a file of ours: the line, the field, and what it may have meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from .fields import WORDS
from .lines import Place, line_at
from .spec import ServiceSpec

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is no key of {a_file}",
    "string_type": "is to be a text in quotes",
    "int_type": "is to be a whole number",
    "int_parsing": "is to be a whole number",
    "int_from_float": "is to be a whole number",
    "float_type": "is to be a number",
    "float_parsing": "is to be a number",
    "finite_number": "is to be a finite number",
    "bool_type": "is to be true or false",
    "bool_parsing": "is to be true or false",
    "list_type": "is to be a list in [ ]",
    "dict_type": "is to be a table",
    "model_type": "is to be a table",
    "greater_than": "is to be more than {gt}",
    "greater_than_equal": "is to be {ge} or more",
    "less_than": "is to be less than {lt}",
    "less_than_equal": "is to be {le} or less",
    "string_too_short": "is too short",
    "string_too_long": "is longer than {max_length} characters",
    "too_long": "has more than {max_length} entries",
    "too_short": "is empty",
    "literal_error": "is to be {expected}",
}
_MOST_TOLD = 20


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong in a file."""

    file: str
    message: str
    """What is wrong, beginning with the field where there is one."""
    line: int | None = None
    """From 1; None: the file as a whole."""
    field: str = ""
    """Dotted, `models.0.files.1.sha256`; empty for the whole."""
    suggestion: str | None = None
    """A key that may have been meant."""

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return asdict(self)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line is not None else self.file
        hint = f"; did you mean {self.suggestion}?" if self.suggestion else ""
        return f"{place}: {self.message}{hint}"


def mistakes_of(
    file: str,
    error: ValidationError,
    lines: Mapping[Place, int],
    *,
    shape: type[BaseModel] = ServiceSpec,
    thing: str = "service",
) -> tuple[Mistake, ...]:
    """Return what pydantic says of a table, with lines and in plain words; the first twenty.

    `shape` is what the table was to be, `thing` the word for it. Without lines none is told.
    """
    found = []
    for item in error.errors(include_url=False, include_input=False)[:_MOST_TOLD]:
        place = tuple(part for part in item["loc"] if part != "[key]")
        field = ".".join(str(part) for part in place)
        suggestion = _meant(place, shape) if item["type"] == "extra_forbidden" else None
        message = f"{field or f'the {thing}'} {_words(item, thing)}"
        line = (line_at(lines, place) or 1) if lines else None
        found.append(Mistake(file, message, line, field, suggestion))
    return tuple(sorted(found, key=lambda mistake: mistake.line or 0))


def _words(item: Any, thing: str) -> str:
    context = {**(item.get("ctx") or {}), "a_file": f"a {thing} file"}
    kind = item["type"]
    if kind == "value_error":
        return str(context.get("error", item["msg"]))
    if kind == "string_pattern_mismatch":
        return WORDS.get(context.get("pattern", ""), "is not as it is to be")
    sentence = _SENTENCES.get(kind)
    return sentence.format(**context) if sentence else f"is wrong: {item['msg']}"


def _meant(place: Place, shape: type[BaseModel]) -> str | None:
    # Mistakes are rare, and every start of a server would pay for it.
    import difflib

    names = _keys_at(place[:-1], shape)
    near = difflib.get_close_matches(str(place[-1]), names, n=1, cutoff=0.6)
    return near[0] if near else None


def _keys_at(place: Place, shape: type[BaseModel]) -> list[str]:
    table: type[BaseModel] | None = shape
    for part in place:
        if isinstance(part, int) or table is None:
            continue
        described = table.model_fields.get(part)
        table = _table_in([described.annotation]) if described else None
    return list(table.model_fields) if table else []


def _table_in(annotations: Iterable[Any]) -> type[BaseModel] | None:
    """Return the first table among annotations, `list[ModelSpec]` or `GPUSpec | None`."""
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return annotation
        inner = _table_in(get_args(annotation))
        if inner is not None:
            return inner
    return None
